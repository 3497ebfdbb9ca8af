#include "experiments/tasks/synthetic.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "core/util/sha256.h"

namespace herosweep::tasks {

namespace {

// Cosines of random sequences hardly differ: a few hundred settle their mean.
constexpr int kRows = 256;
constexpr int kShortest = 8;  // tokens

TokenizedSplit random_split(const TaskSpec& spec, uint64_t seed) {
  std::mt19937_64 bits(seed);  // its sequence is fixed by the standard
  const auto below = [&bits](int limit) {
    return static_cast<int32_t>(bits() % static_cast<uint64_t>(limit));
  };
  TokenizedSplit split;
  split.tokens.offsets.push_back(0);
  for (int row = 0; row < spec.random_rows; ++row) {
    const int length = std::min(kShortest + below(spec.max_length), spec.max_length);
    for (int t = 0; t < length; ++t) split.tokens.ids.push_back(below(spec.random_vocabulary));
    split.tokens.offsets.push_back(split.tokens.tokens());
  }
  split.tokens.types.assign(split.tokens.ids.size(), 0);
  split.labels.assign(static_cast<size_t>(spec.random_rows), 0.0);
  return split;
}

}  // namespace

TaskSpec synthetic_task(int vocabulary, int max_length) {
  TaskSpec spec;
  spec.name = "synthetic";
  spec.format = kRandomIds;
  spec.head = HeadKind::fidelity;
  spec.metric = Metric::mean;
  spec.max_length = max_length;
  spec.random_rows = kRows;
  spec.random_vocabulary = vocabulary;
  spec.source = "random token ids";
  return spec;
}

PreparedTask prepare_synthetic(const TaskSpec& spec) {
  PreparedTask task;
  task.spec = spec;
  task.data_hash = util::sha256(identity(spec).dump());
  task.tokenizer_hash = util::sha256("");
  constexpr uint64_t kTrainSeed = 1, kEvalSeed = 2;
  task.train = random_split(spec, kTrainSeed);
  task.eval = random_split(spec, kEvalSeed);
  return task;
}

}  // namespace herosweep::tasks
