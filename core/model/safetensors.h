// Reading and writing safetensors files: 8 bytes header length (little endian), a JSON header, then
// the tensors' bytes without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace herosweep::model {

/// Element types of the format. Only F32, F16 and BF16 convert to FP32.
enum class DType : uint8_t {
  boolean,
  u8,
  i8,
  f8_e4m3,
  f8_e5m2,
  u16,
  i16,
  f16,
  bf16,
  u32,
  i32,
  f32,
  u64,
  i64,
  f64,
};

/// "F32", "BF16", ... as the header spells it.
std::string_view name(DType dtype);
size_t element_bytes(DType dtype);
std::optional<DType> parse_dtype(std::string_view text);

template <typename T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::i64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::u8;
}
template <>
constexpr DType dtype_of<int8_t>() {
  return DType::i8;
}

/// One tensor of an open file. `data` may be unaligned (old writers did not pad the header).
struct TensorView {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;  // row-major; empty for a scalar
  const std::byte* data = nullptr;
  size_t bytes = 0;
  size_t elements() const { return bytes / element_bytes(dtype); }
};

/// A safetensors file mapped into memory; views point into the map and live as long as this object.
/// The constructor checks every number of the header against the file, so that a view can be read
/// without further checks. Throws ModelError naming file, tensor and the numbers that disagree.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::filesystem::path& path() const { return path_; }
  /// In order of their names.
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  /// Null when the file has no such tensor.
  const TensorView* find(std::string_view name) const;
  /// Throws ModelError when the file has no such tensor.
  const TensorView& at(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A copy of the values of a tensor whose element type is T's (float: F32, F16 or BF16). Throws
  /// ModelError when the tensor is missing or of another type.
  template <typename T>
  std::vector<T> values(std::string_view name) const {
    const TensorView& view = at(name);
    require_type(view, dtype_of<T>());
    std::vector<T> copy(view.elements());
    copy_values(view, dtype_of<T>(), copy.data());
    return copy;
  }

 private:
  struct Mapping;
  void require_type(const TensorView& view, DType dtype) const;
  static void copy_values(const TensorView& view, DType dtype, void* out);

  std::filesystem::path path_;
  std::unique_ptr<Mapping> mapping_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Converts F32, F16 or BF16 to FP32; out [view.elements()]. Returns false when a value is NaN or
/// infinite (all are written all the same). REQUIRES: converts_to_f32(view.dtype).
bool to_f32(const TensorView& view, float* out);
bool converts_to_f32(DType dtype);

/// A tensor to be written; the caller keeps `data` alive.
struct TensorSource {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  const void* data = nullptr;
  size_t bytes = 0;
};

/// A source from contiguous values (std::vector, std::span).
template <typename Values>
TensorSource tensor_source(std::string name, std::vector<int64_t> shape, const Values& values) {
  using T = std::remove_cv_t<typename Values::value_type>;
  return {std::move(name), dtype_of<T>(), std::move(shape), values.data(),
          values.size() * sizeof(T)};
}

/// Writes a file that appears whole or not at all (temporary file, then rename). Throws ModelError
/// when a name repeats, a shape and its bytes disagree, or the file cannot be written.
void write_safetensors(const std::filesystem::path& path, std::span<const TensorSource> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace herosweep::model
