#include "core/engine/inputs.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace herosweep::engine {

namespace {

// Rows come in whole tiles of the smallest GEMM; a pass of 128 n tokens is never padded for n up to
// 8, nor one of 1024 n behind it.
constexpr int kTokenStep = 64;
constexpr int kLengthStep = 64;

int longest_of(const std::vector<int32_t>& offsets) {
  int longest = 0;
  for (size_t s = 1; s < offsets.size(); ++s)
    longest = std::max(longest, offsets[s] - offsets[s - 1]);
  return longest;
}

/// Sequences of at most `longest` rows for the padding, then empty ones up to a bucket.
void pad_sequences(std::vector<int32_t>* offsets, int tokens, int longest) {
  while (offsets->back() < tokens) offsets->push_back(std::min(offsets->back() + longest, tokens));
  const int sequences = static_cast<int>(offsets->size()) - 1;
  offsets->resize(static_cast<size_t>(bucket(sequences, 1)) + 1, tokens);
}

}  // namespace

int bucket(int count, int step) {
  const auto power = std::bit_floor(static_cast<unsigned>(std::max(count, 1)));
  const int width = std::max(step, static_cast<int>(power / 8));
  return (count + width - 1) / width * width;
}

void Inputs::load(const Batch& batch) {
  real_tokens_ = batch.tokens();
  const bool padded = backend_.record != nullptr;
  std::vector<int32_t> offsets = batch.offsets;
  shape_.longest = longest_of(offsets);
  shape_.tokens = real_tokens_;
  if (padded) {
    shape_.longest = bucket(std::max(shape_.longest, 1), kLengthStep);
    shape_.tokens = bucket(real_tokens_, kTokenStep);
    pad_sequences(&offsets, shape_.tokens, shape_.longest);
  }
  shape_.sequences = static_cast<int>(offsets.size()) - 1;

  const auto tokens = static_cast<size_t>(shape_.tokens);
  const auto sequences = static_cast<size_t>(shape_.sequences);
  std::vector<int32_t> values(3 * tokens + 2 * sequences + 1, 0);
  std::copy(batch.ids.begin(), batch.ids.end(), values.begin());
  std::copy(batch.types.begin(), batch.types.end(), values.begin() + static_cast<long>(tokens));
  int32_t* positions = values.data() + 2 * tokens;
  int32_t* lengths = values.data() + 3 * tokens + sequences + 1;
  std::copy(offsets.begin(), offsets.end(), positions + tokens);
  for (int s = 0; s < batch.sequences(); ++s) {
    lengths[s] = batch.offsets[s + 1] - batch.offsets[s];
    for (int t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t)
      positions[t] = t - batch.offsets[s];
  }
  const size_t bytes = values.size() * sizeof(int32_t);
  if (bytes > buffer_.bytes()) buffer_ = Buffer(backend_, bytes);
  backend_.upload(buffer_.data(), values.data(), bytes);
}

}  // namespace herosweep::engine
