#include "experiments/measure/cost.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/measure/latency.h"
#include "experiments/sweep/space.h"

namespace herosweep::measure {

namespace {

constexpr double kBytesPerToken = 4.5;   // English text in WordPiece
constexpr double kTypicalLength = 32.0;  // tokens of an evaluation sequence, for attention's share
constexpr double kTestShare = 0.2;       // of sha256_mod5

/// Tasks on the same file share their passes.
double evaluation_tokens(const sweep::Sweep& sweep) {
  std::set<std::filesystem::path> seen;
  double bytes = 0;
  for (const tasks::TaskSpec& task : sweep.tasks) {
    const bool split = task.split_rule == tasks::SplitRule::sha256_mod5;
    const auto file = task.files.find(split ? "all" : task.eval_split);
    if (file == task.files.end() || !seen.insert(file->second).second) continue;
    std::error_code missing;
    const auto size = std::filesystem::file_size(file->second, missing);
    if (!missing) bytes += static_cast<double>(size) * (split ? kTestShare : 1.0);
  }
  return bytes / kBytesPerToken;
}

double weight_bytes(const model::BertConfig& config) {
  const double hidden = config.hidden, intermediate = config.intermediate;
  const double layer = 4.0 * hidden * hidden + 2.0 * hidden * intermediate;
  return 4.0 * (config.layers * layer + hidden * (config.vocabulary + config.max_positions));
}

}  // namespace

double pass_operations(const model::BertConfig& config, double tokens, double seq_len) {
  const double hidden = config.hidden, intermediate = config.intermediate;
  const double gemm = 2.0 * tokens * (4.0 * hidden * hidden + 2.0 * hidden * intermediate);
  const double attention = 4.0 * tokens * seq_len * hidden;
  return config.layers * (gemm + attention);
}

double latency_passes(int rounds, int tokens) {
  return (needs_warm_caches(tokens) ? 2.0 : 1.0) * rounds + 4.0;
}

Estimate estimate(const sweep::Sweep& sweep, int workers) {
  Estimate total;
  const double tokens = evaluation_tokens(sweep);
  auto variants = static_cast<double>(sweep.variants.size());
  // A search has named hardly any of its plans yet.
  if (sweep.search)
    variants = std::max(variants, static_cast<double>(sweep.search->request.space.search.trials));
  total.accuracy_seconds = variants * pass_operations(sweep.model.config, tokens, kTypicalLength) /
                           (kAssumedOperationsPerSecond * std::max(workers, 1));
  const sweep::LatencySettings& latency = sweep.latency;
  const double contenders = variants + static_cast<double>(sweep.peers.size());
  if (latency.enabled)
    for (const int threads : latency.threads)
      for (const int seq_len : latency.seq_len)
        for (size_t b = 0; b < latency.batch.size(); ++b) {
          const int rounds = latency.rounds[std::min(b, latency.rounds.size() - 1)];
          const double batch_tokens = static_cast<double>(latency.batch[b]) * seq_len;
          total.latency_seconds += contenders * latency_passes(rounds, latency.batch[b] * seq_len) *
                                   pass_operations(sweep.model.config, batch_tokens, seq_len) /
                                   (kAssumedOperationsPerSecond * threads);
        }
  // A process holds the checkpoint, the packed twin and a plan; the latency process the packed
  // weights of every scheme.
  const double weights = weight_bytes(sweep.model.config);
  total.memory_bytes = std::max(2.5 * weights * std::max(workers, 1), 4.0 * weights);
  return total;
}

}  // namespace herosweep::measure
