#include "core/model/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "core/util/error.h"

namespace herosweep::model {
namespace {

constexpr const char* kRemedy = "the file is damaged or not a safetensors file; fetch it again";

// Events of nlohmann's parser, which keeps its own stack on the heap: a depth bomb ends here at the
// fourth level without ever becoming a tree.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderReader(const std::filesystem::path& file) : file_(file) {}
  SafetensorsHeader header;

  bool start_object(std::size_t) override {
    if (level_ == Level::start) return enter(Level::root);
    if (level_ != Level::root) fail("an object where a value belongs");
    if (entry_.name == "__metadata__") return enter(Level::metadata);
    return enter(Level::entry);
  }

  bool end_object() override {
    if (level_ == Level::entry) finish_entry();
    return enter(level_ == Level::root ? Level::done : Level::root);
  }

  bool start_array(std::size_t) override {
    if (level_ != Level::entry || (key_ != "shape" && key_ != "data_offsets"))
      fail("an array where none belongs");
    numbers_.clear();
    return enter(Level::numbers);
  }

  bool end_array() override {
    if (key_ == "shape") {
      entry_.shape.assign(numbers_.begin(), numbers_.end());
    } else {
      if (numbers_.size() != 2)
        fail(fmt::format("data_offsets has {} numbers instead of 2", numbers_.size()));
      entry_.begin = numbers_[0];
      entry_.end = numbers_[1];
    }
    return enter(Level::entry);
  }

  bool key(std::string& text) override {
    if (level_ == Level::root) {
      entry_ = HeaderEntry{text, DType::f32, {}, 0, 0};
      fields_.clear();
      if (!names_.insert(text).second) fail("the name appears twice");
    } else if (level_ == Level::entry) {
      if (text != "dtype" && text != "shape" && text != "data_offsets")
        fail(fmt::format("unknown field '{}'", printable(text)));
      if (!fields_.insert(text).second) fail(fmt::format("field '{}' appears twice", text));
    } else if (header.metadata.count(text) > 0) {
      fail(fmt::format("key '{}' appears twice", printable(text)));
    }
    key_ = text;
    return true;
  }

  bool string(std::string& text) override {
    if (level_ == Level::metadata) {
      header.metadata.emplace(key_, text);
      return true;
    }
    if (level_ != Level::entry || key_ != "dtype") fail("a string where none belongs");
    const std::optional<DType> dtype = parse_dtype(text);
    if (!dtype) fail(fmt::format("unknown dtype '{}'", printable(text)));
    entry_.dtype = *dtype;
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (level_ != Level::numbers) fail("a number where none belongs");
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      fail(fmt::format("{} in {} is too large", value, key_));
    numbers_.push_back(value);
    return true;
  }

  bool number_integer(int64_t value) override {
    fail(fmt::format("negative number {} in {}", value, key_));
  }
  bool number_float(double, const std::string& text) override {
    fail(fmt::format("{} in {} is not an integer of 64 bits", printable(text), key_));
  }
  bool null() override { fail("null where a value belongs"); }
  bool boolean(bool) override { fail("true or false where a value belongs"); }
  bool binary(nlohmann::json::binary_t&) override { fail("binary data in JSON"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    // The library quotes what it last read, which may be a megabyte of name.
    throw ModelError(fmt::format("{}: header is not JSON at byte {}: {}; {}", file_.string(),
                                 position, printable(error.what()), kRemedy));
  }

 private:
  enum class Level { start, root, metadata, entry, numbers, done };

  bool enter(Level level) {
    level_ = level;
    return true;
  }

  void finish_entry() {
    for (const char* field : {"dtype", "shape", "data_offsets"})
      if (fields_.count(field) == 0) fail(fmt::format("field '{}' is missing", field));
    header.entries.push_back(std::move(entry_));
  }

  [[noreturn]] void fail(const std::string& what) const {
    if (level_ == Level::start || names_.empty())
      throw ModelError(fmt::format("{}: header: {}; {}", file_.string(), what, kRemedy));
    throw ModelError(fmt::format("{}: tensor '{}': {}; {}", file_.string(), printable(entry_.name),
                                 what, kRemedy));
  }

  std::filesystem::path file_;
  Level level_ = Level::start;
  HeaderEntry entry_;
  std::string key_;
  std::vector<uint64_t> numbers_;
  std::set<std::string> names_;
  std::set<std::string> fields_;
};

[[noreturn]] void fail(const std::filesystem::path& file, const HeaderEntry& entry,
                       const std::string& what) {
  throw ModelError(
      fmt::format("{}: tensor '{}': {}; {}", file.string(), printable(entry.name), what, kRemedy));
}

void check_extent(const HeaderEntry& entry, uint64_t data_bytes,
                  const std::filesystem::path& file) {
  if (entry.begin > entry.end || entry.end > data_bytes)
    fail(file, entry,
         fmt::format("bytes [{}, {}) lie outside the {} bytes of data", entry.begin, entry.end,
                     data_bytes));
  uint64_t expected = 0;
  if (!shape_bytes(entry.shape, entry.dtype, &expected))
    fail(file, entry, fmt::format("shape {} is too large", shape_text(entry.shape)));
  if (expected != entry.end - entry.begin)
    fail(file, entry,
         fmt::format("shape {} of {} needs {} bytes, but has {}", shape_text(entry.shape),
                     name(entry.dtype), expected, entry.end - entry.begin));
}

void check_tiling(const SafetensorsHeader& header, uint64_t data_bytes,
                  const std::filesystem::path& file) {
  uint64_t covered = 0;
  for (const HeaderEntry& entry : header.entries) {
    if (entry.begin != covered)
      fail(file, entry,
           fmt::format("starts at byte {} where {} is due ({})", entry.begin, covered,
                       entry.begin < covered ? "it overlaps another tensor" : "there is a hole"));
    covered = entry.end;
  }
  if (covered != data_bytes)
    throw ModelError(fmt::format("{}: the tensors cover {} of {} bytes of data; {}", file.string(),
                                 covered, data_bytes, kRemedy));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_bytes,
                                           const std::filesystem::path& file) {
  HeaderReader reader(file);
  if (json.empty() || json.front() != '{')
    throw ModelError(
        fmt::format("{}: header does not start with '{{'; {}", file.string(), kRemedy));
  nlohmann::json::sax_parse(json, &reader);
  SafetensorsHeader header = std::move(reader.header);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const HeaderEntry& a, const HeaderEntry& b) {
              return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
            });
  for (const HeaderEntry& entry : header.entries) check_extent(entry, data_bytes, file);
  check_tiling(header, data_bytes, file);
  return header;
}

bool shape_bytes(const std::vector<int64_t>& shape, DType dtype, uint64_t* bytes) {
  uint64_t product = element_bytes(dtype);
  // Zero first, so that [2^62, 2^62, 0] is an empty tensor and not an overflow.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) product = 0;
  for (int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(product, static_cast<uint64_t>(size), &product))
      return false;
  }
  *bytes = product;
  return true;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < std::min(shape.size(), kShown); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return "[" + text + (shape.size() > kShown ? ", ...]" : "]");
}

std::string printable(std::string_view text) {
  constexpr size_t kShown = 120;
  std::string safe;
  for (char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e)
      safe += fmt::format("\\x{:02x}", byte);
    else
      safe += c;
  }
  if (text.size() > kShown) safe += "...";
  return safe;
}

}  // namespace herosweep::model
