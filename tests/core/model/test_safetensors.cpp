#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/model/safetensors.h"
#include "tests/catch.h"
#include "tests/core/model/model_errors.h"
#include "tests/temporary_directory.h"

using namespace herosweep;
using model::DType;
using model::SafetensorsFile;
using model::tensor_source;
using test::model_error;
using test::TemporaryDirectory;

namespace {

// IEEE 754 binary16 by its definition.
float half_by_definition(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31)
    return mantissa == 0 ? sign * INFINITY : std::numeric_limits<float>::quiet_NaN();
  const int significand = exponent == 0 ? mantissa : mantissa + 1024;
  return sign * std::ldexp(static_cast<float>(significand), std::max(exponent, 1) - 25);
}

bool same_bits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

model::TensorView view_of(const std::vector<uint16_t>& values, DType dtype) {
  return {"x",
          dtype,
          {static_cast<int64_t>(values.size())},
          reinterpret_cast<const std::byte*>(values.data()),
          2 * values.size()};
}

}  // namespace

TEST_CASE("Tensors of every written type come back with their shapes and metadata") {
  const TemporaryDirectory folder;
  const std::vector<float> floats{1.5f, -0.0f, 3e38f, 1e-45f, 5.0f, 6.0f};
  const std::vector<int64_t> longs{-1, std::numeric_limits<int64_t>::min()};
  const std::vector<int32_t> ints{7};
  const std::vector<uint8_t> bytes{0, 255, 3};
  const std::vector<int8_t> signed_bytes{-128};
  const std::vector<float> none;
  const std::vector<model::TensorSource> sources{
      tensor_source("i8", {1}, signed_bytes), tensor_source("u8", {3, 1}, bytes),
      tensor_source("i32", {}, ints),         tensor_source("f32", {2, 3}, floats),
      tensor_source("i64", {2}, longs),       tensor_source("none", {4, 0}, none)};
  const auto path = folder.path() / "all.safetensors";
  model::write_safetensors(path, sources, {{"observer", "absmax \"q\"\n"}});

  const SafetensorsFile file(path);
  CHECK(file.tensors().size() == 6);
  CHECK(file.metadata().at("observer") == "absmax \"q\"\n");
  CHECK(file.at("f32").shape == std::vector<int64_t>{2, 3});
  CHECK(file.at("i32").shape.empty());
  CHECK(file.values<int32_t>("i32") == ints);
  CHECK(file.values<int64_t>("i64") == longs);
  CHECK(file.values<uint8_t>("u8") == bytes);
  CHECK(file.values<int8_t>("i8") == signed_bytes);
  CHECK(file.values<float>("none").empty());
  const std::vector<float> read = file.values<float>("f32");
  REQUIRE(read.size() == floats.size());
  for (size_t i = 0; i < read.size(); ++i) CHECK(same_bits(read[i], floats[i]));
  for (const auto& [name, view] : file.tensors())
    CHECK(reinterpret_cast<uintptr_t>(view.data) % model::element_bytes(view.dtype) == 0);
}

TEST_CASE("A file without tensors or metadata can be written and read") {
  const TemporaryDirectory folder;
  model::write_safetensors(folder.path() / "empty", {});
  CHECK(SafetensorsFile(folder.path() / "empty").tensors().empty());
}

TEST_CASE("An unaligned data section is read correctly") {
  const TemporaryDirectory folder;
  std::string json = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  while (json.size() % 4 != 1) json += ' ';
  const uint64_t length = json.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  bytes += json;
  const float values[2] = {1.25f, -7.0f};
  bytes.append(reinterpret_cast<const char*>(values), sizeof values);
  const SafetensorsFile file(folder.write("odd", bytes));
  CHECK(file.values<float>("x") == std::vector<float>{1.25f, -7.0f});
}

TEST_CASE("Every F16 value converts exactly, subnormals included") {
  std::vector<uint16_t> halves(65536);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  std::vector<float> floats(halves.size());
  CHECK_FALSE(model::to_f32(view_of(halves, DType::f16), floats.data()));
  size_t wrong = 0;
  for (size_t i = 0; i < halves.size(); ++i) {
    const float expected = half_by_definition(halves[i]);
    const bool right =
        std::isnan(expected) ? std::isnan(floats[i]) : same_bits(floats[i], expected);
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("BF16 converts by its upper half, and non-finite values are reported") {
  std::vector<float> out(2);
  CHECK(model::to_f32(view_of({0x3fc0, 0x8001}, DType::bf16), out.data()));
  CHECK(same_bits(out[0], 1.5f));
  CHECK(same_bits(out[1], std::bit_cast<float>(0x80010000u)));
  CHECK_FALSE(model::to_f32(view_of({0x3fc0, 0x7f80}, DType::bf16), out.data()));
  CHECK_FALSE(model::to_f32(view_of({0xffc1, 0x3fc0}, DType::bf16), out.data()));
  CHECK_FALSE(model::to_f32(view_of({0x7c00}, DType::f16), out.data()));
}

TEST_CASE("Asking for what a file does not hold names file, tensor and types") {
  const TemporaryDirectory folder;
  const std::vector<int32_t> ids{1, 2};
  const auto path = folder.path() / "ids.safetensors";
  const std::vector<model::TensorSource> sources{tensor_source("ids", {2}, ids)};
  model::write_safetensors(path, sources);
  const SafetensorsFile file(path);
  const std::string missing = model_error([&] { file.at("mask"); });
  CHECK_THAT(missing, ContainsSubstring("ids.safetensors") && ContainsSubstring("'mask'"));
  const std::string type = model_error([&] { file.values<float>("ids"); });
  CHECK_THAT(type, ContainsSubstring("'ids' is I32, not F32"));
  CHECK(file.find("mask") == nullptr);
}

TEST_CASE("The writer refuses what no reader could read") {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "x.safetensors";
  const std::vector<float> values{1, 2, 3};
  const auto error = [&](const std::vector<model::TensorSource>& sources) {
    return model_error([&] { model::write_safetensors(path, sources); });
  };
  CHECK_THAT(error({tensor_source("x", {2}, values)}), ContainsSubstring("cannot have 12 bytes"));
  CHECK_THAT(error({tensor_source("x", {-3}, values)}), ContainsSubstring("[-3]"));
  CHECK_THAT(error({tensor_source("x", {3}, values), tensor_source("x", {3}, values)}),
             ContainsSubstring("taken already"));
  CHECK_THAT(error({tensor_source("__metadata__", {3}, values)}),
             ContainsSubstring("taken already"));
  CHECK_THAT(error({tensor_source("\xff\xfe", {3}, values)}), ContainsSubstring("UTF-8"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("A failed write leaves the old file and no temporary one") {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "x.safetensors";
  const std::vector<float> values{1, 2, 3};
  const std::vector<model::TensorSource> good{tensor_source("x", {3}, values)};
  model::write_safetensors(path, good);
  const std::vector<model::TensorSource> bad{tensor_source("x", {4}, values)};
  CHECK_THROWS_AS(model::write_safetensors(path, bad), ModelError);
  CHECK(SafetensorsFile(path).values<float>("x") == values);
  const auto entries = std::filesystem::directory_iterator(folder.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);
  CHECK_THAT(model_error([&] { model::write_safetensors(folder.path() / "no/x", good); }),
             ContainsSubstring("make its folder first"));
}
