// What packed tokens gain on real text: the same batches of a task's sequences, once laid end to
// end and once padded to the longest of the batch, interleaved in random order. A padded token
// costs what a real one does, as in an engine that computes whole rectangles. Prints a Markdown
// table.
//   herosweep_bench_ragged MODEL_DIR TASK [--backend cpu|cuda] [--batches 8 16 64] [--count 20] ...
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <random>

#include "core/util/error.h"
#include "experiments/config/config.h"
#include "experiments/measure/encoder.h"
#include "experiments/measure/latency.h"
#include "experiments/stats/stats.h"

using namespace herosweep;

namespace {

struct Options {
  std::string model, task, cache = ".cache";
  measure::Setting setting;
  std::vector<std::string> plans{"fp16", "M3"};
  std::vector<int> batches{8, 16, 64};
  int count = 20;
  unsigned seed = 0;
};

/// Sequences of the task in random order: sorting by length would be another way to save padding.
engine::Batch shuffled(const engine::Batch& tokens, unsigned seed) {
  std::vector<int> order = measure::round_order(tokens.sequences(), 0, seed);
  engine::Batch out;
  out.offsets = {0};
  for (const int s : order) {
    const engine::Batch one = measure::slice(tokens, s, s + 1);
    out.ids.insert(out.ids.end(), one.ids.begin(), one.ids.end());
    out.types.insert(out.types.end(), one.types.begin(), one.types.end());
    out.offsets.push_back(out.tokens());
  }
  return out;
}

engine::Batch padded_to_longest(const engine::Batch& batch) {
  constexpr int kPad = 0;
  int longest = 0;
  for (int s = 0; s < batch.sequences(); ++s)
    longest = std::max(longest, batch.offsets[s + 1] - batch.offsets[s]);
  engine::Batch out;
  out.offsets = {0};
  for (int s = 0; s < batch.sequences(); ++s) {
    const engine::Batch one = measure::slice(batch, s, s + 1);
    out.ids.insert(out.ids.end(), one.ids.begin(), one.ids.end());
    out.types.insert(out.types.end(), one.types.begin(), one.types.end());
    out.ids.resize(static_cast<size_t>(longest) * (s + 1), kPad);
    out.types.resize(out.ids.size(), 0);
    out.offsets.push_back(out.tokens());
  }
  return out;
}

/// Milliseconds of a pass over `batch`.
double timed(engine::Engine& engine, const kernels::Backend& backend, const engine::Batch& batch) {
  constexpr double kSampleNanoseconds = 2e6;
  constexpr int kMostRepeats = 64;
  engine.load(batch);
  // Where passes are recorded, the first runs as it is and the second records.
  for (int i = 0; i < 2; ++i) engine.run();
  const auto pass = static_cast<double>(backend.time([&] { engine.run(); }));
  const int repeats = std::clamp(static_cast<int>(kSampleNanoseconds / pass) + 1, 1, kMostRepeats);
  const auto all = static_cast<double>(backend.time([&] {
    for (int i = 0; i < repeats; ++i) engine.run();
  }));
  return 1e-6 * all / repeats;
}

struct Row {
  std::vector<double> packed, padded;  // ms, by batch of sequences
  int64_t real_tokens = 0, padded_tokens = 0;
};

Row measure_row(engine::Engine& engine, const kernels::Backend& backend, const engine::Batch& text,
                int sequences, const Options& options) {
  Row row;
  std::mt19937 coin(options.seed);
  for (int b = 0; b < options.count && (b + 1) * sequences <= text.sequences(); ++b) {
    const engine::Batch packed = measure::slice(text, b * sequences, (b + 1) * sequences);
    const engine::Batch padded = padded_to_longest(packed);
    row.real_tokens += packed.tokens();
    row.padded_tokens += padded.tokens();
    const bool packed_first = coin() % 2 == 0;
    if (packed_first) row.packed.push_back(timed(engine, backend, packed));
    row.padded.push_back(timed(engine, backend, padded));
    if (!packed_first) row.packed.push_back(timed(engine, backend, packed));
  }
  if (row.packed.empty())
    throw DataError(fmt::format("the task has {} sequences, fewer than a batch of {}",
                                text.sequences(), sequences));
  return row;
}

void print_row(const std::string& plan, int sequences, const Row& row) {
  const stats::Ratio gain = stats::paired_ratio(row.padded, row.packed);
  fmt::print("| {} | {} | {} | {:.2f} | {:.3f} | {:.3f} | {:.2f} [{:.2f}, {:.2f}] |\n", plan,
             sequences, row.packed.size(),
             static_cast<double>(row.padded_tokens) / static_cast<double>(row.real_tokens),
             stats::median(row.packed), stats::median(row.padded), gain.ratio, gain.interval.low,
             gain.interval.high);
  std::fflush(stdout);
}

void run(const Options& options) {
  measure::Resources resources;
  measure::Setting setting = options.setting;
  setting.model = options.model;
  setting.cache = std::filesystem::absolute(options.cache);
  const auto& model = resources.model(setting);
  const auto& task = resources.task(config::load_task(options.task, "."), setting);
  const engine::Batch text = shuffled(task.eval.tokens, options.seed);
  const engine::Batch sample = measure::slice(text, 0, std::min(64, text.sequences()));
  const auto scales = engine::calibrate(model, {&sample, 1}, {}, measure::fp32_backend(setting));
  const auto& backend = measure::use_backend(setting);
  const auto weights = engine::make_weight_store();
  fmt::print("{}, {} sequences of {}, backend {} ({})\n\n", options.model, text.sequences(),
             task.spec.name, backend.name, backend.isa);
  fmt::print(
      "| plan | batch | batches | padded / real tokens | packed ms | padded ms | padded / packed "
      "time |\n|---|---|---|---|---|---|---|\n");
  for (const std::string& name : options.plans) {
    const auto plan = quant::named_plan(name, model.config.layers);
    engine::Engine engine(model, plan, &scales, backend, weights);
    for (const int sequences : options.batches)
      print_row(name, sequences, measure_row(engine, backend, text, sequences, options));
  }
}

int parse_and_run(int argc, char** argv) {
  Options options;
  CLI::App app("Times packed batches of a task's real text against padded ones");
  app.add_option("model", options.model, "A Hugging Face directory")->required();
  app.add_option("task", options.task, "A task's name or file")->required();
  app.add_option("--backend", options.setting.backend, "cpu (default) or cuda");
  app.add_option("--threads", options.setting.threads, "Threads of the cpu backend");
  app.add_option("--plans", options.plans, "Named plans (fp16 M3)");
  app.add_option("--batches", options.batches, "Sequences in a batch (8 16 64)");
  app.add_option("--count", options.count, "Batches of each size (20)");
  app.add_option("--seed", options.seed, "Of the order of sequences");
  app.add_option("--cache", options.cache, "Folder of tokenized text (.cache)");
  CLI11_PARSE(app, argc, argv);
  run(options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 3;
  }
}
