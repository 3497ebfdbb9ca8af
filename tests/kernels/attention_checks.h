// What every backend's attention must fulfil: one function a property, each for one backend. The
// tests of kernels/cpu and of kernels/cuda call the same ones.
#pragma once

#include "tests/kernels/attention_case.h"

namespace herosweep::kernels {

/// How a backend computes floating-point attention and writes floating-point outputs.
struct AttentionArithmetic {
  /// Largest relative error of rounding to the format of floating-point outputs; 0: FP32.
  double output_rounding = 0.0;
  /// The same of probabilities in front of P V, where qkv is floating point.
  double probability_rounding = 0.0;
};
/// FP32 throughout.
inline constexpr AttentionArithmetic kSingle{};
/// kernels/cuda: FP16 outputs and probabilities. Cases are rounded to FP16 before they run.
inline constexpr AttentionArithmetic kHalf{0x1p-11, 0x1p-11};

/// Every output format against the reference, with the tolerances of docs/numerics.md.
void check_attention(const AttentionCase& c, const Backend& backend,
                     const AttentionArithmetic& arithmetic);

/// UINT8 probabilities against the reference's: at most max(2, 0.1 %) differ, by at most 1.
void check_probabilities(const AttentionCase& c, const Backend& backend,
                         const AttentionArithmetic& arithmetic);

/// Probabilities [rows, heads, keys] of a single INT8 sequence in units of 1 / 255, made visible:
/// with V one-hot and scale_v 1, output (i, c) is the probability of the key whose V has its 1 in
/// feature c, over 255 (times the row's sum).
std::vector<int> probabilities(AttentionCase c, const Backend& backend,
                               const AttentionArithmetic& arithmetic);
/// Sum of exp(score - max) of every row of a single sequence: [rows, heads].
std::vector<double> exponential_sums(const AttentionCase& c);

void check_keys_beyond_length_are_ignored(const Backend& backend, ElementType type, int head_size);
void check_rows_without_keys_are_zero(const Backend& backend, ElementType type);
void check_one_key_returns_its_value(const Backend& backend, SoftmaxMode mode);
void check_zeros_stay_zero(const Backend& backend, ElementType type);
void check_nonfinite_values_are_flagged(const Backend& backend, Format format);

/// INT8 cases whose scores and sums are at the ends of what INT32 and FP32 hold exactly.
AttentionCase case_with_cancelling_extremes(int head_size);
AttentionCase case_with_largest_scores(int head_size, int q);
/// One channel of V, K and Q at the ends of the INT8 range, so that one key takes everything.
AttentionCase case_with_int8_outliers();
/// One channel of V is 10^4.
AttentionCase case_with_f32_outlier();

}  // namespace herosweep::kernels
