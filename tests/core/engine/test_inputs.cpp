#include <numeric>

#include "core/engine/inputs.h"
#include "kernels/host_memory.h"
#include "tests/catch.h"
#include "tests/core/engine/small_bert.h"

using namespace herosweep;
using namespace herosweep::engine;

namespace {

/// A host backend that claims to record, so that its inputs are padded.
kernels::Backend recording_backend() {
  kernels::Backend backend = kernels::reference_backend();
  backend.record = [](const std::function<void()>&) -> std::unique_ptr<kernels::Recording> {
    return nullptr;
  };
  return backend;
}

}  // namespace

TEST_CASE("Buckets waste an eighth at most and keep whole batches as they are") {
  for (int count = 1; count < 20000; ++count) {
    const int held = bucket(count, 64);
    REQUIRE(held >= count);
    REQUIRE(held % 64 == 0);
    REQUIRE(held - count < std::max(64, count / 8 + 1));
    REQUIRE(bucket(held, 64) == held);
  }
  for (const int batch : {1, 2, 8, 16, 64, 128}) CHECK(bucket(128 * batch, 64) == 128 * batch);
}

TEST_CASE("Exact shapes reach backends that do not record") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 3);
  Inputs inputs(kernels::reference_backend());
  inputs.load(batch);
  CHECK(inputs.shape() == PassShape{batch.tokens(), 3, 15});
  CHECK(inputs.lengths() == nullptr);
  CHECK(std::equal(batch.ids.begin(), batch.ids.end(), inputs.ids()));
  CHECK(std::equal(batch.offsets.begin(), batch.offsets.end(), inputs.offsets()));
  CHECK(inputs.positions()[batch.offsets[2]] == 0);
  CHECK(inputs.positions()[batch.offsets[2] + 3] == 3);
}

TEST_CASE("Padding belongs to sequences without valid keys") {
  const auto model = test::small_bert();
  const auto backend = recording_backend();
  for (int sequences = 1; sequences < 60; ++sequences) {
    const auto batch = test::ragged_batch(model, sequences);
    Inputs inputs(backend);
    inputs.load(batch);
    const PassShape shape = inputs.shape();
    REQUIRE(inputs.real_tokens() == batch.tokens());
    REQUIRE(shape.tokens % 64 == 0);
    REQUIRE(inputs.offsets()[shape.sequences] == shape.tokens);
    for (int s = 0; s < shape.sequences; ++s) {
      const int rows = inputs.offsets()[s + 1] - inputs.offsets()[s];
      REQUIRE(rows >= 0);
      REQUIRE(rows <= shape.longest);
      REQUIRE(inputs.lengths()[s] == (s < sequences ? rows : 0));
    }
    for (int t = batch.tokens(); t < shape.tokens; ++t) REQUIRE(inputs.ids()[t] == 0);
  }
}

TEST_CASE("A padded pass gives what an exact one gives") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 5);
  const auto backend = recording_backend();
  const auto plan = quant::named_plan("M1", model.config.layers);
  Engine exact(model, plan, nullptr, kernels::reference_backend());
  // Observed passes are never recorded: this one runs the operators over the padded shape.
  Engine padded(model, plan, nullptr, backend);
  padded.observe_hidden([](int, const float*, int) {});
  const size_t size = static_cast<size_t>(batch.tokens()) * model.config.hidden;
  const float* expected = exact.forward(batch);
  const float* actual = padded.forward(batch);
  CHECK(std::vector<float>(actual, actual + size) == std::vector<float>(expected, expected + size));
}
