// One plan of a model as a contender in an interleaved comparison with other engines: prints
// "ready", then answers each line "run N" with N latencies in nanoseconds. Usage:
// herosweep_bench_model MODEL_DIR PLAN BATCH LENGTH THREADS [cpu|cuda]
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

#include "core/engine/engine.h"
#include "kernels/cuda/cuda.h"

using namespace herosweep;

namespace {

engine::Batch random_batch(const model::BertConfig& config, int sequences, int length,
                           unsigned seed) {
  std::mt19937 random(seed);
  engine::Batch batch;
  batch.offsets = {0};
  for (int s = 0; s < sequences; ++s) {
    for (int t = 0; t < length; ++t)
      batch.ids.push_back(static_cast<int32_t>(random() % config.vocabulary));
    batch.offsets.push_back(batch.tokens());
  }
  batch.types.assign(batch.ids.size(), 0);
  return batch;
}

/// Passes that fill one sample on a device clock; see kSampleNanoseconds in latency.cpp.
int repeats_for(engine::Engine& engine, const kernels::Backend& backend) {
  if (backend.record == nullptr) return 1;
  constexpr double kSampleNanoseconds = 2e6;
  const auto pass = static_cast<double>(backend.time([&engine] { engine.run(); }));
  return std::clamp(static_cast<int>(kSampleNanoseconds / pass) + 1, 1, 64);
}

void serve(const char* directory, const char* plan_name, int sequences, int length,
           const kernels::Backend& backend) {
  const auto model = model::load_bert(directory);
  std::vector<engine::Batch> calibration_batches;
  for (unsigned seed = 0; seed < 4; ++seed)
    calibration_batches.push_back(random_batch(model.config, 4, length, seed));
  const auto calibration =
      engine::calibrate(model, calibration_batches, {}, kernels::cpu_backend());
  engine::Engine engine(model, quant::named_plan(plan_name, model.config.layers), &calibration,
                        backend);
  const auto batch = random_batch(model.config, sequences, length, 99);
  for (int i = 0; i < 5; ++i) engine.forward(batch);
  const int repeats = repeats_for(engine, backend);
  std::cout << "ready" << std::endl;
  std::string word;
  int count = 0;
  while (std::cin >> word >> count) {
    engine.run();
    for (int i = 0; i < count; ++i)
      std::cout << backend.time([&] {
        for (int pass = 0; pass < repeats; ++pass) engine.run();
      }) / repeats
                << ' ';
    std::cout << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    std::fprintf(stderr, "usage: %s MODEL_DIR PLAN BATCH LENGTH THREADS [cpu|cuda]\n", argv[0]);
    return 2;
  }
  try {
    kernels::set_cpu_threads(std::stoi(argv[5]));
    const bool cuda = argc == 7 && std::string_view(argv[6]) == "cuda";
    serve(argv[1], argv[2], std::stoi(argv[3]), std::stoi(argv[4]),
          cuda ? kernels::cuda_backend() : kernels::cpu_backend());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 3;
  }
}
