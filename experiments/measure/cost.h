// How long a sweep may take: operations of an encoder pass over an assumed, then observed, rate.
#pragma once

#include "core/model/bert.h"

namespace herosweep::measure {

/// Multiplications and additions of one pass over sequences of `seq_len` tokens, `tokens` in all:
/// 2 tokens (4 D^2 + 2 D F) a layer for the GEMMs and 4 tokens seq_len D for attention.
double pass_operations(const model::BertConfig& config, double tokens, double seq_len);

/// Operations a second of one thread before anything has been observed: between the FP32 and the
/// INT8 rate of a current server core with AVX512-VNNI.
inline constexpr double kAssumedOperationsPerSecond = 1.2e11;

}  // namespace herosweep::measure
