// How long a sweep may take and how much memory: operations of an encoder pass over an assumed,
// then observed, rate. Planning needs an order of magnitude; a running sweep corrects it.
#pragma once

#include "experiments/sweep/trial.h"

namespace herosweep::measure {

/// Multiplications and additions of one pass over sequences of `seq_len` tokens, `tokens` in all:
/// 2 tokens (4 D^2 + 2 D F) a layer for the GEMMs and 4 tokens seq_len D for attention.
double pass_operations(const model::BertConfig& config, double tokens, double seq_len);

/// Passes of one plan in a latency group: its samples, warming passes before them where `tokens`
/// are few, building and warm-up rounds.
double latency_passes(int rounds, int tokens);

/// Operations a second of one thread before anything has been observed: between the FP32 and the
/// INT8 rate of a current server core with AVX512-VNNI.
inline constexpr double kAssumedOperationsPerSecond = 1.2e11;

struct Estimate {
  double accuracy_seconds = 0, latency_seconds = 0;
  double memory_bytes = 0;  // of all processes at their peak
};
/// Evaluation tokens are guessed from the sizes of the tasks' files.
Estimate estimate(const sweep::Sweep& sweep, int workers);

}  // namespace herosweep::measure
