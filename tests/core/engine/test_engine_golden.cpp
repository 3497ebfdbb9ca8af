// The FP plan against Hugging Face transformers: max |difference| <= 1e-5 * max |value| in FP32.
#include <vector>

#include "core/engine/engine.h"
#include "core/model/bert.h"
#include "core/quant/plan.h"
#include "kernels/backend.h"
#include "tests/catch.h"
#include "tests/golden/golden.h"

using namespace herosweep;

namespace {

constexpr double kFp32Tolerance = 1e-5;

engine::Engine fp_engine(const model::BertModel& bert, const kernels::Backend& backend) {
  return {bert, quant::named_plan("fp16", bert.config.layers), nullptr, backend};
}

std::vector<float> first_rows(const float* hidden, const engine::Batch& batch, int hidden_size) {
  std::vector<float> rows;
  for (int s = 0; s < batch.sequences(); ++s) {
    const float* row = hidden + static_cast<size_t>(batch.offsets[static_cast<size_t>(s)]) *
                                    static_cast<size_t>(hidden_size);
    rows.insert(rows.end(), row, row + hidden_size);
  }
  return rows;
}

void check_outputs(const model::BertModel& bert, const golden::Golden& golden,
                   const kernels::Backend& backend) {
  engine::Engine engine = fp_engine(bert, backend);
  const engine::Batch& batch = golden.batch;
  const float* hidden = engine.forward(batch);
  const int size = bert.config.hidden;
  CHECK(golden::relative_error(first_rows(hidden, batch, size).data(), golden.values("first")) <=
        kFp32Tolerance);

  const auto sequences = static_cast<size_t>(batch.sequences());
  std::vector<float> mean(sequences * static_cast<size_t>(size));
  engine::mean_pool(hidden, batch, size, mean.data());
  CHECK(golden::relative_error(mean.data(), golden.values("mean")) <= kFp32Tolerance);

  REQUIRE(golden.has("logits") == bert.has_classifier());
  if (!bert.has_classifier()) return;
  std::vector<float> logits(sequences * static_cast<size_t>(bert.classifier.weight.rows));
  engine::classify(bert, hidden, batch, logits.data());
  CHECK(golden::relative_error(logits.data(), golden.values("logits")) <= kFp32Tolerance);
}

void check_real(const std::string& name) {
  const auto directory = golden::find_model(name);
  if (!directory) {
    WARN("skipped: no models/" << name << ", nor under HEROSWEEP_TEST_MODELS");
    return;
  }
  check_outputs(model::load_bert(*directory), golden::Golden(name), kernels::cpu_backend());
}

}  // namespace

TEST_CASE("Small checkpoints give the outputs of transformers on both backends") {
  for (const char* name : {"classifier", "legacy-encoder"})
    for (const kernels::Backend* backend :
         {&kernels::reference_backend(), &kernels::cpu_backend()}) {
      INFO(name << " on " << backend->name);
      check_outputs(model::load_bert(golden::directory() / name), golden::Golden(name), *backend);
    }
}

TEST_CASE("Every layer's hidden state is that of transformers") {
  for (const char* name : {"classifier", "legacy-encoder"}) {
    const model::BertModel bert = model::load_bert(golden::directory() / name);
    const golden::Golden golden(name);
    engine::Engine engine = fp_engine(bert, kernels::cpu_backend());
    std::vector<double> errors;
    engine.observe_hidden([&](int layer, const float* hidden, int tokens) {
      CHECK(tokens == golden.batch.tokens());
      CHECK(layer == static_cast<int>(errors.size()));
      errors.push_back(
          golden::relative_error(hidden, golden.values("hidden." + std::to_string(layer))));
    });
    engine.forward(golden.batch);
    REQUIRE(errors.size() == bert.layers.size() + 1);
    for (const double error : errors) CHECK(error <= kFp32Tolerance);
  }
}

TEST_CASE("A sequence gives the same outputs alone as in a batch") {
  const model::BertModel bert = model::load_bert(golden::directory() / "classifier");
  const golden::Golden golden("classifier");
  engine::Engine engine = fp_engine(bert, kernels::cpu_backend());
  const std::vector<float> expected = golden.values("first");
  for (size_t s = 0; s + 1 < golden.batch.offsets.size(); ++s) {
    const auto begin = golden.batch.offsets[s];
    const auto end = golden.batch.offsets[s + 1];
    const engine::Batch alone{
        {golden.batch.ids.begin() + begin, golden.batch.ids.begin() + end},
        {golden.batch.types.begin() + begin, golden.batch.types.begin() + end},
        {0, end - begin}};
    const std::vector<float> row(expected.begin() + static_cast<long>(32 * s),
                                 expected.begin() + static_cast<long>(32 * (s + 1)));
    CHECK(golden::relative_error(engine.forward(alone), row) <= kFp32Tolerance);
  }
}

TEST_CASE("MiniLM's embeddings of real sentences are those of transformers") {
  check_real("minilm-l6");
}

TEST_CASE("The SST-2 classifier's logits of real sentences are those of transformers") {
  check_real("minilm-sst2");
}
