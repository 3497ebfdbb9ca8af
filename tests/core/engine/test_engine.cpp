// The engine on a small random BERT: every plan on both backends, and what must be refused.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "core/engine/engine.h"
#include "core/util/half.h"
#include "tests/catch.h"
#include "tests/core/engine/small_bert.h"

using namespace herosweep;
using engine::Engine;

namespace {

std::vector<float> hidden_of(const model::BertModel& model, const quant::Plan& plan,
                             const quant::Calibration& calibration, const kernels::Backend& backend,
                             const engine::Batch& batch) {
  Engine engine(model, plan, &calibration, backend);
  const float* hidden = engine.forward(batch);
  return {hidden, hidden + static_cast<size_t>(batch.tokens()) * model.config.hidden};
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<kernels::GemmArgs>& seen_gemms() {
  static std::vector<kernels::GemmArgs> gemms;
  return gemms;
}

bool holds(const kernels::Upcoming& upcoming, const void* data) {
  return std::any_of(std::begin(upcoming.ranges), std::end(upcoming.ranges),
                     [&](const auto& range) { return range.data == data && range.bytes > 0; });
}

}  // namespace

TEST_CASE("Every named plan agrees between the reference and the CPU backend") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 5);
  const auto calibration = test::calibrate_small(model);
  const auto fp = hidden_of(model, quant::named_plan("fp16", model.config.layers), calibration,
                            kernels::reference_backend(), batch);
  for (const std::string& name : quant::all_plan_names()) {
    INFO(name);
    const auto plan = quant::named_plan(name, model.config.layers);
    const auto slow = hidden_of(model, plan, calibration, kernels::reference_backend(), batch);
    const auto cpu = hidden_of(model, plan, calibration, kernels::cpu_backend(), batch);
    CHECK(cosine(slow, cpu) >= 0.999);
    CHECK(cosine(fp, cpu) >=
          (name.find("w4") != std::string::npos || name.find("w48") != std::string::npos ? 0.90
                                                                                         : 0.98));
  }
}

TEST_CASE("Options change the numbers of plans they apply to") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 3);
  const auto calibration = test::calibrate_small(model);
  const auto plan = quant::named_plan("M3", model.config.layers);
  const auto base = hidden_of(model, plan, calibration, kernels::cpu_backend(), batch);
  auto changed = plan;
  SECTION("softmax") { changed.options.softmax = kernels::SoftmaxMode::static_range; }
  SECTION("residual") { changed.options.residual = quant::ResidualFormat::fp16; }
  SECTION("range") { changed.options.range = quant::RangeKind::deepspeed; }
  const auto other = hidden_of(model, changed, calibration, kernels::cpu_backend(), batch);
  CHECK(other != base);
  CHECK(cosine(other, base) > 0.98);
}

TEST_CASE("A pass does not depend on the batch around a sequence") {
  const auto model = test::small_bert();
  const auto calibration = test::calibrate_small(model);
  const auto batch = test::ragged_batch(model, 4);
  engine::Batch last;
  last.ids.assign(batch.ids.begin() + batch.offsets[3], batch.ids.end());
  last.types.assign(last.ids.size(), 0);
  last.offsets = {0, static_cast<int32_t>(last.ids.size())};
  for (const char* name : {"fp16", "M1", "M3", "zq-w8a8", "ptq-w8a8"}) {
    INFO(name);
    const auto plan = quant::named_plan(name, model.config.layers);
    const auto together = hidden_of(model, plan, calibration, kernels::cpu_backend(), batch);
    const auto alone = hidden_of(model, plan, calibration, kernels::cpu_backend(), last);
    const std::vector<float> tail(together.end() - static_cast<long>(alone.size()), together.end());
    CHECK(cosine(tail, alone) > 0.99999);
  }
}

TEST_CASE("Engines of one store share weights and keep their results apart") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 2);
  const auto calibration = test::calibrate_small(model);
  auto store = engine::make_weight_store();
  const auto m3 = quant::named_plan("M3", model.config.layers);
  Engine fp(model, quant::named_plan("fp16", model.config.layers), &calibration,
            kernels::cpu_backend(), store);
  Engine int8(model, m3, &calibration, kernels::cpu_backend(), store);
  const size_t size = static_cast<size_t>(batch.tokens()) * model.config.hidden;
  fp.forward(batch);
  const float* hidden = int8.forward(batch);
  CHECK(std::vector<float>(hidden, hidden + size) ==
        hidden_of(model, m3, calibration, kernels::cpu_backend(), batch));
  CHECK(int8.weight_bytes() < fp.weight_bytes() / 2);
  CHECK(int8.workspace_bytes() < fp.workspace_bytes());
}

TEST_CASE("Tables beside an INT8 token table hold FP16 values, others what the model has") {
  const auto model = test::small_bert();
  auto rounded = model;
  for (auto* table : {&rounded.position_embedding, &rounded.type_embedding})
    for (float& v : table->values) v = util::half_to_float(util::float_to_half(v));
  rounded.weights_hash += "-rounded";
  const auto calibration = test::calibrate_small(model);
  const auto batch = test::ragged_batch(model, 3);
  const auto hidden = [&](const model::BertModel& of, const char* plan) {
    return hidden_of(of, quant::named_plan(plan, of.config.layers), calibration,
                     kernels::cpu_backend(), batch);
  };
  CHECK(hidden(model, "M1") == hidden(rounded, "M1"));
  CHECK(hidden(model, "fp16") != hidden(rounded, "fp16"));
}

TEST_CASE("Every GEMM is told what the next one reads") {
  const auto model = test::small_bert();
  const auto calibration = test::calibrate_small(model);
  kernels::Backend backend = kernels::cpu_backend();
  backend.gemm = [](const kernels::GemmArgs& args) {
    seen_gemms().push_back(args);
    kernels::cpu_backend().gemm(args);
  };
  for (const std::string name : {"fp16", "M2", "M3", "zq-w8a8", "ptq-w8a8"}) {
    INFO(name);
    seen_gemms().clear();
    Engine engine(model, quant::named_plan(name, model.config.layers), &calibration, backend);
    engine.forward(test::ragged_batch(model, 2));
    const auto& gemms = seen_gemms();
    REQUIRE(gemms.size() == size_t{4} * 3);
    for (size_t i = 0; i + 1 < gemms.size(); ++i) {
      CHECK(holds(gemms[i].upcoming, gemms[i + 1].w.data));
      CHECK(holds(gemms[i].upcoming, gemms[i + 1].bias));
      if (gemms[i + 1].row_scale != nullptr)
        CHECK(holds(gemms[i].upcoming, gemms[i + 1].row_scale));
    }
    CHECK_FALSE(holds(gemms.back().upcoming, gemms.front().w.data));
  }
}

TEST_CASE("Bad input is refused with what and where") {
  const auto model = test::small_bert();
  const auto fp16 = quant::named_plan("fp16", model.config.layers);
  Engine engine(model, fp16, nullptr, kernels::cpu_backend());
  auto batch = test::ragged_batch(model, 2);
  SECTION("token id") {
    batch.ids[1] = model.config.vocabulary;
    CHECK_THROWS_WITH(engine.forward(batch), ContainsSubstring("outside the vocabulary"));
  }
  SECTION("length") {
    batch.ids.assign(model.config.max_positions + 1, 1);
    batch.types.assign(batch.ids.size(), 0);
    batch.offsets = {0, batch.tokens()};
    CHECK_THROWS_WITH(engine.forward(batch), ContainsSubstring("lower max_length"));
  }
  SECTION("offsets") {
    batch.offsets.back() -= 1;
    CHECK_THROWS_WITH(engine.forward(batch), ContainsSubstring("malformed batch"));
  }
  SECTION("no calibration") {
    const auto m3 = quant::named_plan("M3", model.config.layers);
    CHECK_THROWS_WITH(Engine(model, m3, nullptr, kernels::cpu_backend()),
                      ContainsSubstring("needs calibrated scales"));
  }
  SECTION("another model's calibration") {
    const auto m3 = quant::named_plan("M3", model.config.layers);
    auto calibration = test::calibrate_small(model);
    calibration.layers[2][static_cast<size_t>(quant::Site::gelu)].feature.pop_back();
    CHECK_THROWS_WITH(Engine(model, m3, &calibration, kernels::cpu_backend()),
                      ContainsSubstring("calibrate again"));
  }
}

TEST_CASE("M1 runs without calibration") {
  const auto model = test::small_bert();
  Engine engine(model, quant::named_plan("M1", model.config.layers), nullptr,
                kernels::cpu_backend());
  const auto batch = test::ragged_batch(model, 2);
  CHECK(std::isfinite(engine.forward(batch)[0]));
}

TEST_CASE("A non-finite tensor fails the pass by name") {
  auto model = test::small_bert();
  const auto calibration = test::calibrate_small(model);
  model.layers[1].fc1.bias[3] = std::numeric_limits<float>::infinity();
  for (const char* name : {"fp16", "M1", "M3", "zq-w8a8", "ptq-w8a8"}) {
    INFO(name);
    Engine engine(model, quant::named_plan(name, model.config.layers), &calibration,
                  kernels::cpu_backend());
    CHECK_THROWS_WITH(engine.forward(test::ragged_batch(model, 2)), ContainsSubstring("layer 1"));
  }
}

TEST_CASE("Empty sequences and an empty batch run") {
  const auto model = test::small_bert();
  const auto calibration = test::calibrate_small(model);
  Engine engine(model, quant::named_plan("M3", model.config.layers), &calibration,
                kernels::cpu_backend());
  engine::Batch batch = test::ragged_batch(model, 2);
  batch.offsets.insert(batch.offsets.begin() + 1, 0);
  CHECK(std::isfinite(engine.forward(batch)[0]));
  batch = {.ids = {}, .types = {}, .offsets = {0}};
  CHECK_NOTHROW(engine.forward(batch));
}

TEST_CASE("Saturation is counted on static INT8 tensors only") {
  const auto model = test::small_bert();
  const auto calibration = test::calibrate_small(model);
  const auto batch = test::ragged_batch(model, 4);
  Engine m3(model, quant::named_plan("M3", model.config.layers), &calibration,
            kernels::cpu_backend());
  m3.count_saturation(true);
  m3.forward(batch);
  for (const auto& count : m3.saturation()) {
    CHECK(count.site != quant::Site::qkv_input);
    CHECK(count.elements >= int64_t{batch.tokens()} * model.config.hidden);
    // Calibrated on other text: few values of the first layer lie outside.
    if (count.layer == 0) CHECK(count.at_limit < count.elements / 100);
  }
  CHECK(m3.saturation().size() == static_cast<size_t>(7 * model.config.layers));

  Engine m1(model, quant::named_plan("M1", model.config.layers), nullptr, kernels::cpu_backend());
  m1.count_saturation(true);
  m1.forward(batch);
  CHECK(m1.saturation().empty());
}
