// Whole passes on the GPU against the CPU's integer plans, on random BERTs whose shapes take both
// GEMM families.
#include <cmath>

#include "core/engine/engine.h"
#include "kernels/cuda/cuda.h"
#include "tests/catch.h"
#include "tests/core/engine/small_bert.h"

using namespace herosweep;
using engine::Engine;

namespace {

/// Rows of 16 bytes and more: TMA can address every operand.
model::BertModel aligned_bert() {
  model::BertConfig config;
  config.layers = 3;
  config.hidden = 128;
  config.heads = 4;
  config.intermediate = 512;
  config.vocabulary = 211;
  config.max_positions = 160;
  config.type_vocabulary = 2;
  return model::random_bert(config, 11);
}

std::vector<float> copy_of(const float* hidden, const engine::Batch& batch, int size) {
  return {hidden, hidden + static_cast<size_t>(batch.tokens()) * size};
}

/// Mean over tokens.
double mean_cosine(const std::vector<float>& a, const std::vector<float>& b, int hidden) {
  double sum = 0;
  const size_t tokens = a.size() / hidden;
  for (size_t t = 0; t < tokens; ++t) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t j = t * hidden; j < (t + 1) * hidden; ++j) {
      ab += double{a[j]} * b[j];
      aa += double{a[j]} * a[j];
      bb += double{b[j]} * b[j];
    }
    sum += ab / std::sqrt(aa * bb);
  }
  return sum / static_cast<double>(tokens);
}

void check_all_plans(const model::BertModel& model) {
  const auto batch = test::ragged_batch(model, 9);
  const auto calibration = test::calibrate_small(model);
  const int hidden = model.config.hidden;
  for (const std::string& name : quant::all_plan_names()) {
    CAPTURE(name);
    const auto plan = quant::named_plan(name, model.config.layers);
    Engine cpu(model, plan, &calibration, kernels::cpu_backend());
    Engine cuda(model, plan, &calibration, kernels::cuda_backend());
    const auto expected = copy_of(cpu.forward(batch), batch, hidden);
    const auto first = copy_of(cuda.forward(batch), batch, hidden);
    CHECK(mean_cosine(expected, first, hidden) >= 0.999);
    // The second pass is recorded, the third a replay.
    for (int pass = 0; pass < 2; ++pass)
      CHECK(copy_of(cuda.forward(batch), batch, hidden) == first);
    CHECK(cuda.launches_per_layer() == cpu.launches_per_layer());
  }
}

}  // namespace

TEST_CASE("Every named plan agrees between the CPU and CUDA, on unaligned shapes") {
  check_all_plans(test::small_bert());
}

TEST_CASE("Every named plan agrees between the CPU and CUDA, on aligned shapes") {
  check_all_plans(aligned_bert());
}

TEST_CASE("Options and simulated schemes run on CUDA") {
  const auto model = aligned_bert();
  const auto batch = test::ragged_batch(model, 4);
  const auto calibration = test::calibrate_small(model);
  auto plan = quant::named_plan("M3", model.config.layers);
  SECTION("softmax") { plan.options.softmax = kernels::SoftmaxMode::static_range; }
  SECTION("residual") { plan.options.residual = quant::ResidualFormat::fp16; }
  SECTION("range") { plan.options.range = quant::RangeKind::deepspeed; }
  SECTION("w16a8") {
    for (int layer = 0; layer < model.config.layers; ++layer)
      plan.set(layer, quant::Module::fc2, quant::Scheme::w16a8);
  }
  Engine cpu(model, plan, &calibration, kernels::cpu_backend());
  Engine cuda(model, plan, &calibration, kernels::cuda_backend());
  const int hidden = model.config.hidden;
  CHECK(mean_cosine(copy_of(cpu.forward(batch), batch, hidden),
                    copy_of(cuda.forward(batch), batch, hidden), hidden) >= 0.999);
}

TEST_CASE("Recordings of engines that share a workspace follow it when it grows") {
  const auto model = aligned_bert();
  const auto calibration = test::calibrate_small(model);
  const auto small = test::ragged_batch(model, 2), large = test::ragged_batch(model, 12);
  auto store = engine::make_weight_store();
  Engine m3(model, quant::named_plan("M3", model.config.layers), &calibration,
            kernels::cuda_backend(), store);
  Engine fp(model, quant::named_plan("fp16", model.config.layers), nullptr, kernels::cuda_backend(),
            store);
  const int hidden = model.config.hidden;
  const auto expected = copy_of(m3.forward(small), small, hidden);
  m3.forward(small);
  fp.forward(large);
  for (int pass = 0; pass < 3; ++pass) CHECK(copy_of(m3.forward(small), small, hidden) == expected);
}

TEST_CASE("A weight beyond FP16 is refused by name") {
  auto model = test::small_bert();
  model.layers[1].fc1.weight.values[3] = 7e4f;
  CHECK_THROWS_WITH(Engine(model, quant::named_plan("fp16", model.config.layers), nullptr,
                           kernels::cuda_backend()),
                    ContainsSubstring("too large for FP16"));
}

TEST_CASE("Overflow inside a pass fails it, and the next pass is clean") {
  auto model = test::small_bert();
  const auto good = model.layers[1].fc1.bias;
  model.layers[1].fc1.bias.assign(good.size(), 7e4f);
  const auto batch = test::ragged_batch(model, 2);
  Engine engine(model, quant::named_plan("fp16", model.config.layers), nullptr,
                kernels::cuda_backend());
  CHECK_THROWS_AS(engine.forward(batch), engine::NonFiniteError);
}
