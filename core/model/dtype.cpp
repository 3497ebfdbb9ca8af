#include <array>
#include <bit>
#include <cstring>

#include "core/model/safetensors.h"
#include "core/util/half.h"

namespace herosweep::model {
namespace {

struct DTypeRow {
  std::string_view name;
  size_t bytes;
};
// Indexed by DType.
constexpr std::array<DTypeRow, 15> kTypes{{{"BOOL", 1},
                                           {"U8", 1},
                                           {"I8", 1},
                                           {"F8_E4M3", 1},
                                           {"F8_E5M2", 1},
                                           {"U16", 2},
                                           {"I16", 2},
                                           {"F16", 2},
                                           {"BF16", 2},
                                           {"U32", 4},
                                           {"I32", 4},
                                           {"F32", 4},
                                           {"U64", 8},
                                           {"I64", 8},
                                           {"F64", 8}}};

float bfloat_to_float(uint16_t bfloat) {
  return std::bit_cast<float>(static_cast<uint32_t>(bfloat) << 16);
}

bool all_finite(const float* values, size_t count) {
  uint32_t bad = 0;
  for (size_t i = 0; i < count; ++i)
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(values[i]) & 0x7f800000) == 0x7f800000);
  return bad == 0;
}

template <float (*convert)(uint16_t)>
void convert_all(const std::byte* data, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, data + 2 * i, sizeof bits);  // the data may be unaligned
    out[i] = convert(bits);
  }
}

}  // namespace

std::string_view name(DType dtype) { return kTypes[static_cast<size_t>(dtype)].name; }
size_t element_bytes(DType dtype) { return kTypes[static_cast<size_t>(dtype)].bytes; }

std::optional<DType> parse_dtype(std::string_view text) {
  for (size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i].name == text) return static_cast<DType>(i);
  return std::nullopt;
}

bool converts_to_f32(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

bool to_f32(const TensorView& view, float* out) {
  const size_t count = view.elements();
  if (view.dtype == DType::f16)
    convert_all<util::half_to_float>(view.data, count, out);
  else if (view.dtype == DType::bf16)
    convert_all<bfloat_to_float>(view.data, count, out);
  else if (count > 0)
    std::memcpy(out, view.data, view.bytes);
  return all_finite(out, count);
}

}  // namespace herosweep::model
