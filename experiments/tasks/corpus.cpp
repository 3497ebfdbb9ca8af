#include "experiments/tasks/corpus.h"

#include <algorithm>
#include <numeric>

namespace herosweep::tasks {
namespace {

int length(const engine::Batch& batch, int sequence) {
  const size_t s = static_cast<size_t>(sequence);
  return batch.offsets[s + 1] - batch.offsets[s];
}

void append(engine::Batch& to, const engine::Batch& from, int sequence) {
  const auto begin = from.offsets[static_cast<size_t>(sequence)];
  const auto end = from.offsets[static_cast<size_t>(sequence) + 1];
  to.ids.insert(to.ids.end(), from.ids.begin() + begin, from.ids.begin() + end);
  to.types.insert(to.types.end(), from.types.begin() + begin, from.types.begin() + end);
  to.offsets.push_back(to.tokens());
}

std::string key_of(const engine::Batch& batch, int sequence) {
  const auto begin = static_cast<size_t>(batch.offsets[static_cast<size_t>(sequence)]);
  const size_t bytes = static_cast<size_t>(length(batch, sequence)) * sizeof(int32_t);
  std::string key(reinterpret_cast<const char*>(batch.ids.data() + begin), bytes);
  return key.append(reinterpret_cast<const char*>(batch.types.data() + begin), bytes);
}

}  // namespace

std::vector<int> Corpus::add(const engine::Batch& sequences) {
  std::vector<int> row_of_sequence;
  for (int s = 0; s < sequences.sequences(); ++s) {
    const auto [entry, is_new] = row_of_.try_emplace(key_of(sequences, s), rows());
    if (is_new) append(tokens_, sequences, s);
    row_of_sequence.push_back(entry->second);
  }
  return row_of_sequence;
}

std::vector<Pass> length_sorted_passes(const engine::Batch& tokens, int token_budget) {
  std::vector<int> order(static_cast<size_t>(tokens.sequences()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return length(tokens, a) < length(tokens, b); });
  std::vector<Pass> passes;
  for (int row : order) {
    if (passes.empty() || passes.back().tokens.tokens() + length(tokens, row) > token_budget)
      passes.push_back({engine::Batch{{}, {}, {0}}, {}});
    append(passes.back().tokens, tokens, row);
    passes.back().rows.push_back(row);
  }
  return passes;
}

}  // namespace herosweep::tasks
