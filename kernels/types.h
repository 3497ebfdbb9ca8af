// Vocabulary shared by every operator: element types, quantization ranges, activations.
#pragma once

#include <cstddef>
#include <cstdint>

namespace herosweep::kernels {

/// Storage of one matrix element. `s4` packs two values a byte, low nibble first.
/// Floating-point edges are `f32` on the CPU ("fp16" modules compute in float32 there) and `f16`
/// (IEEE binary16) on CUDA.
enum class ElementType : uint8_t { f32, s8, s4, f16 };

/// Function applied in FP32 to a GEMM's result, or in front of a quantize operator.
enum class Activation : uint8_t { none, gelu_erf, gelu_tanh };

/// How attention turns scores into UINT8 probabilities.
///   rowmax:       E = rint(255 * exp(a - max)), O = (E V) * S_v / (255 * sum exp(a - max))
///   static_range: P = rint(255 * p),            O = (P V) * S_v / 255
enum class SoftmaxMode : uint8_t { rowmax, static_range };

/// Symmetric INT8 range: scale = amax / divisor, q = clamp(rint(x / scale), low, high).
struct Int8Range {
  float divisor = 127.0f;
  int low = -127;
  int high = 127;
};
/// Range of the released DeepSpeed `SymQuantizer`: amax / 128, [-128, 127].
inline constexpr Int8Range kDeepSpeedRange{128.0f, -128, 127};

/// Where an operator writes its result, and in which format. Exactly the pointers that are set are
/// written; both may be (a fresh token scale and both outputs come from the same FP32 value).
///
/// INT8 output is one of
///   token-wise   : `token_scale` set; amax of each row is measured here and its scale stored there
///                  (needs an operator that holds the whole row: layer norm, embedding, quantize);
///   feature-wise : `inverse_scale` [cols] set; q = clamp(rint(y * inverse_scale[j]));
///   folded       : neither set; the scale is already inside the operands: q = clamp(rint(y)).
struct Output {
  float* f32 = nullptr;                  // [rows, cols] row-major
  void* f16 = nullptr;                   // [rows, cols] row-major; CUDA only, in place of f32
  int8_t* s8 = nullptr;                  // [rows, cols] row-major
  float* token_scale = nullptr;          // [rows], written
  const float* inverse_scale = nullptr;  // [cols], read
  Int8Range range;
};

/// A [rows, cols] input that may be floating point or INT8 with a scale per row, per column, or
/// both absent (absent = 1).
struct Operand {
  ElementType type = ElementType::f32;   // f32, f16 or s8
  const void* data = nullptr;            // [rows, cols] row-major
  const float* token_scale = nullptr;    // [rows]
  const float* feature_scale = nullptr;  // [cols]
};

/// Memory that later operators will read and no operator writes: a backend may bring it closer in
/// the meantime. A hint, which changes no result.
struct Upcoming {
  struct Range {
    const void* data = nullptr;  // aligned to 16 bytes
    size_t bytes = 0;            // 0: nothing
  };
  static constexpr int kMost = 8;
  Range ranges[kMost];
};

}  // namespace herosweep::kernels
