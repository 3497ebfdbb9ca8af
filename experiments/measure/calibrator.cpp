#include "experiments/measure/calibrator.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/quant/sampling.h"
#include "core/util/error.h"
#include "core/util/sha256.h"
#include "experiments/measure/encoder.h"
#include "experiments/measure/files.h"
#include "experiments/sweep/identity.h"

namespace herosweep::measure {

namespace {

void append(const engine::Batch& sequence, engine::Batch* batch) {
  if (batch->offsets.empty()) batch->offsets.push_back(0);
  batch->ids.insert(batch->ids.end(), sequence.ids.begin(), sequence.ids.end());
  batch->types.insert(batch->types.end(), sequence.types.begin(), sequence.types.end());
  batch->offsets.push_back(batch->tokens());
}

void keep(engine::Batch* sequence, const std::vector<int>& positions) {
  engine::Batch kept;
  for (const int p : positions) {
    kept.ids.push_back(sequence->ids[p]);
    kept.types.push_back(sequence->types[p]);
  }
  kept.offsets = {0, static_cast<int>(positions.size())};
  *sequence = std::move(kept);
}

/// How many tokens of two texts stay: the shorter one whole when it fits, else half each, the odd
/// one to the longer (the tokenizers library's "longest first").
std::pair<int, int> share(int first, int second, int limit) {
  const bool swapped = first > second;
  int shorter = std::min(first, second);
  int longer = std::max(shorter, limit - shorter);
  if (shorter + longer > limit) {
    shorter = limit / 2;
    longer = shorter + limit % 2;
  }
  return swapped ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

std::string cache_key(const model::BertModel& model, const std::vector<engine::Batch>& batches,
                      const quant::CalibrationSettings& settings, const kernels::Backend& backend) {
  util::Sha256 tokens;
  for (const auto& batch : batches) tokens.update(hash_tokens(batch));
  return sweep::canonical_hash({{"kind", "calibration"},
                                {"weights", model.weights_hash},
                                {"tokens", tokens.hex()},
                                {"settings", quant::to_json(settings)},
                                {"arithmetic", arithmetic(backend)},
                                {"numerics", sweep::kNumericsVersion}});
}

}  // namespace

engine::Batch truncated(const engine::Batch& batch, int s, int limit) {
  engine::Batch sequence = slice(batch, s, s + 1);
  const int tokens = sequence.tokens();
  if (tokens <= limit) return sequence;
  const int second = static_cast<int>(std::count(sequence.types.begin(), sequence.types.end(), 1));
  std::vector<int> positions;
  if (second == 0) {
    for (int p = 0; p < limit - 1; ++p) positions.push_back(p);
  } else {
    // [CLS] a [SEP] b [SEP]: three special tokens, the last two of which end their texts.
    const int border = tokens - second;
    const auto [a, b] = share(border - 2, second - 1, std::max(limit - 3, 0));
    for (int p = 0; p < a + 1; ++p) positions.push_back(p);
    positions.push_back(border - 1);
    for (int p = 0; p < b; ++p) positions.push_back(border + p);
  }
  positions.push_back(tokens - 1);
  keep(&sequence, positions);
  return sequence;
}

std::vector<engine::Batch> calibration_batches(const tasks::PreparedTask& task,
                                               const quant::CalibrationSettings& settings) {
  const engine::Batch& tokens = task.train.tokens;
  std::vector<engine::Batch> batches;
  if (tokens.offsets.empty() || tokens.sequences() == 0) return batches;
  const int limit = std::min(settings.seq_len, task.spec.max_length);
  const auto rows = quant::calibration_rows(tokens.sequences(), settings.seed,
                                            settings.batches * settings.batch_size);
  for (const int64_t row : rows) {
    if (batches.empty() || batches.back().sequences() == settings.batch_size)
      batches.emplace_back();
    append(truncated(tokens, static_cast<int>(row), limit), &batches.back());
  }
  return batches;
}

quant::Calibration obtain_calibration(const model::BertModel& model,
                                      const quant::CalibrationSettings& settings,
                                      const std::vector<tasks::TaskSpec>& specs,
                                      Resources& resources, const Setting& setting) {
  std::vector<engine::Batch> batches;
  if (const auto source = sweep::calibration_source(specs))
    batches = calibration_batches(resources.task(specs[*source], setting), settings);
  if (batches.empty())
    throw PlanError(
        "this plan needs calibrated scales, and no task of the sweep has a train split to take "
        "calibration rows from; declare one in the task file, or put a task that has one first");
  const auto& backend = fp32_backend(setting);
  const std::string key = cache_key(model, batches, settings, backend);
  const auto file = cache_file(setting.cache, "calibration", key);
  if (auto cached = read_cached(file, [&] { return quant::load_calibration(file); }))
    return *std::move(cached);
  quant::Calibration calibration = engine::calibrate(model, batches, settings, backend);
  calibration.cache_key = key;
  quant::save_calibration(calibration, file);
  return calibration;
}

}  // namespace herosweep::measure
