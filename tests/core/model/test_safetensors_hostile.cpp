// Files as an enemy, a full disk or a broken download would leave them.
#include <algorithm>
#include <random>

#include "core/model/safetensors.h"
#include "tests/catch.h"
#include "tests/core/model/model_errors.h"
#include "tests/temporary_directory.h"

using namespace herosweep;
using model::SafetensorsFile;
using test::TemporaryDirectory;

namespace {

std::string with_length(uint64_t length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + rest;
}

std::string with_header(const std::string& json, size_t data_bytes) {
  return with_length(json.size(), json + std::string(data_bytes, '\0'));
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

std::string repeat(const std::string& text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string opening_error(const TemporaryDirectory& folder, const std::string& bytes) {
  const auto path = folder.write("hostile.safetensors", bytes);
  return test::model_error([&] { SafetensorsFile{path}; });
}

struct HostileCase {
  const char* what;
  std::string bytes;
  const char* message;
};

const std::string kTwo = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                         R"("b":{"dtype":"U8","shape":[4],"data_offsets":)";

std::vector<HostileCase> header_lengths() {
  return {{"empty file", "", "it is empty"},
          {"five bytes", "abcde", "5 bytes are too few"},
          {"only a length", with_length(2, ""), "claims 2 bytes, but 0 follow"},
          {"header past the end", with_length(100, "{}"), "claims 100 bytes, but 2 follow"},
          {"largest length", with_length(~0ull, "{}"), "claims 18446744073709551615 bytes"},
          {"length of zero", with_length(0, ""), "does not start with '{'"},
          {"over the limit", with_length(100'000'001, "{}"), "100000000 are allowed"},
          {"a page of HTML", "<!DOCTYPE html><html><body>not found", "cut short"}};
}

std::vector<HostileCase> json_damage() {
  return {{"an array", with_header("[]", 0), "does not start with '{'"},
          {"cut off", with_header(R"({"t":{"dtype":"F3)", 0), "not JSON"},
          {"text behind", with_header("{} {}", 0), "not JSON"},
          {"NUL bytes", with_header(std::string("{\0}", 3), 0), "not JSON"},
          {"not UTF-8", with_header("{\"\xff\xfe\":{}}", 0), "not JSON"},
          {"NaN offset", with_header(entry("U8", "[4]", "[0,NaN]"), 4), "not JSON"},
          {"object bomb", with_header(repeat(R"({"a":)", 200'000), 0), "unknown field 'a'"},
          {"deeper object bomb", with_header(repeat(R"({"shape":)", 200'000), 0),
           "an object where a value"},
          {"array bomb", with_header(R"({"t":{"shape":)" + repeat("[", 1'000'000), 0),
           "an array where none"},
          {"list for a tensor", with_header(R"({"t":[1,2]})", 0), "an array where none"},
          {"null for a tensor", with_header(R"({"t":null})", 0), "null where a value"},
          {"number for a tensor", with_header(R"({"t":3})", 0), "a number where none"},
          {"metadata as text", with_header(R"({"__metadata__":"x"})", 0), "a string where none"},
          {"metadata number", with_header(R"({"__metadata__":{"x":1}})", 0), "a number where none"},
          {"metadata twice", with_header(R"({"__metadata__":{"x":"1","x":"2"}})", 0),
           "key 'x' appears twice"}};
}

std::vector<HostileCase> bad_entries() {
  return {
      {"no fields", with_header(R"({"t":{}})", 0), "'dtype' is missing"},
      {"no offsets", with_header(R"({"t":{"dtype":"U8","shape":[1]}})", 1),
       "'data_offsets' is missing"},
      {"unknown field", with_header(R"({"t":{"dtype":"U8","stride":[1]}})", 1), "field 'stride'"},
      {"field twice", with_header(R"({"t":{"dtype":"U8","dtype":"F32"}})", 1),
       "field 'dtype' appears twice"},
      {"tensor twice",
       with_header(kTwo + R"([4,8]},"a":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}})", 12),
       "tensor 'a': the name appears twice"},
      {"unknown dtype", with_header(entry("F33", "[1]", "[0,4]"), 4), "unknown dtype 'F33'"},
      {"dtype as a number", with_header(R"({"t":{"dtype":1}})", 0), "a number where none"},
      {"one offset", with_header(entry("U8", "[4]", "[4]"), 4), "1 numbers instead of 2"},
      {"three offsets", with_header(entry("U8", "[4]", "[0,4,4]"), 4), "3 numbers instead of 2"},
      {"negative offset", with_header(entry("U8", "[4]", "[-4,0]"), 4), "negative number -4"},
      {"negative size", with_header(entry("U8", "[-4]", "[0,4]"), 4),
       "negative number -4 in shape"},
      {"fraction", with_header(entry("U8", "[4.5]", "[0,4]"), 4), "4.5 in shape is not an integer"},
      {"past 64 bits", with_header(entry("U8", "[4]", "[0,18446744073709551616]"), 4),
       "is not an integer of 64 bits"},
      {"past 63 bits", with_header(entry("U8", "[9223372036854775808]", "[0,4]"), 4),
       "9223372036854775808 in shape is too large"},
      {"nested shape", with_header(entry("U8", "[[4]]", "[0,4]"), 4), "an array where none"}};
}

std::vector<HostileCase> bad_extents() {
  return {
      {"backwards", with_header(entry("U8", "[4]", "[4,0]"), 4), "bytes [4, 0) lie outside"},
      {"past the end", with_header(entry("U8", "[5]", "[0,5]"), 4), "outside the 4 bytes"},
      {"far past the end",
       with_header(entry("U8", "[4]", "[9223372036854775800,9223372036854775804]"), 4),
       "outside the 4 bytes"},
      {"product overflows", with_header(entry("U8", "[4294967296,4294967297]", "[0,4]"), 4),
       "[4294967296, 4294967297] is too large"},
      {"product wraps to the truth", with_header(entry("F32", "[4611686018427387905]", "[0,4]"), 4),
       "[4611686018427387905] is too large"},
      {"too few bytes", with_header(entry("F32", "[2]", "[0,4]"), 4),
       "shape [2] of F32 needs 8 bytes, but has 4"},
      {"a zero size", with_header(entry("F32", "[0,9223372036854775807]", "[0,4]"), 4),
       "needs 0 bytes, but has 4"},
      {"overlap", with_header(kTwo + "[2,6]}}", 6),
       "'b': starts at byte 2 where 4 is due (it over"},
      {"the same bytes", with_header(kTwo + "[0,4]}}", 4), "it overlaps another tensor"},
      {"hole", with_header(kTwo + "[5,9]}}", 9), "where 4 is due (there is a hole)"},
      {"hole at the start", with_header(entry("U8", "[4]", "[1,5]"), 5), "there is a hole"},
      {"bytes left over", with_header(entry("U8", "[4]", "[0,4]"), 6), "cover 4 of 6 bytes"},
      {"bytes without tensors", with_header("{}", 3), "cover 0 of 3 bytes"}};
}

void check_all(const std::vector<HostileCase>& cases) {
  const TemporaryDirectory folder;
  for (const HostileCase& hostile : cases) {
    INFO(hostile.what);
    const std::string message = opening_error(folder, hostile.bytes);
    CHECK_THAT(message, ContainsSubstring(hostile.message));
    CHECK_THAT(message, ContainsSubstring("hostile.safetensors"));
    CHECK(message.size() < 700);
  }
}

}  // namespace

TEST_CASE("Header lengths that cannot be are refused") { check_all(header_lengths()); }
TEST_CASE("Headers that are not the format's JSON are refused") { check_all(json_damage()); }
TEST_CASE("Entries with wrong fields are refused") { check_all(bad_entries()); }
TEST_CASE("Tensors that do not tile the data are refused") { check_all(bad_extents()); }

TEST_CASE("A header of exactly the allowed shape opens, however odd its order") {
  const TemporaryDirectory folder;
  const std::string json =
      R"( {"b":{"shape":[],"data_offsets":[4,5],"dtype":"I8"},"e":{"dtype":"F64","shape":[0,3],)"
      R"("data_offsets":[4,4]},"a":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1,1]}}  )";
  const SafetensorsFile file(folder.write("odd", with_header(json.substr(1), 5)));
  CHECK(file.tensors().size() == 3);
  CHECK(file.at("e").elements() == 0);
}

TEST_CASE("A hostile name cannot flood or corrupt the message") {
  const TemporaryDirectory folder;
  const std::string name = R"(\u001b[31m\n)" + std::string(100'000, 'x');
  const std::string message = opening_error(folder, with_header("{\"" + name + "\":[]}", 0));
  CHECK(message.size() < 700);
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK_THAT(message, ContainsSubstring("\\x1b[31m\\x0a"));
  const std::string invalid = opening_error(folder, with_header("{\"\xc3\x28\xff", 0));
  CHECK(std::all_of(invalid.begin(), invalid.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }));
}

TEST_CASE("What is not a readable file is refused") {
  const TemporaryDirectory folder;
  CHECK_THAT(test::model_error([&] { SafetensorsFile{folder.path() / "absent"}; }),
             ContainsSubstring("No such file"));
  CHECK_THAT(test::model_error([&] { SafetensorsFile{folder.path()}; }),
             ContainsSubstring("it is not a file"));
}

TEST_CASE("Every truncation and thousands of flipped bytes end in a file or a ModelError") {
  const TemporaryDirectory folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<int8_t> bytes{1, 2, 3};
  const std::vector<model::TensorSource> sources{model::tensor_source("w", {2, 3}, values),
                                                 model::tensor_source("q", {3}, bytes)};
  const auto path = folder.path() / "good";
  model::write_safetensors(path, sources, {{"k", "v"}});
  std::ifstream in(path, std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};

  for (size_t size = 0; size < good.size(); ++size)
    CHECK(opening_error(folder, good.substr(0, size)) != "(no error)");

  std::mt19937 random(1);
  int opened = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::string damaged = good;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random() % 256);
    // Reading every value makes a wrong extent visible to the sanitizers.
    const auto damaged_path = folder.write("damaged", damaged);
    try {
      const SafetensorsFile file(damaged_path);
      for (const auto& [name, view] : file.tensors())
        for (size_t i = 0; i < view.bytes; ++i) opened += static_cast<int>(view.data[i]) & 0;
      ++opened;
    } catch (const ModelError&) {
    }
  }
  CHECK(opened > 0);     // flips in the data do no harm
  CHECK(opened < 4000);  // flips in the header do
}
