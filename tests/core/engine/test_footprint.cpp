#include "core/engine/footprint.h"
#include "tests/catch.h"
#include "tests/core/engine/small_bert.h"

using namespace herosweep;

TEST_CASE("A plan's footprint is known before it is built") {
  const auto model = test::small_bert();
  const auto batch = test::ragged_batch(model, 5);
  const auto calibration = test::calibrate_small(model);
  auto names = quant::all_plan_names();
  for (const auto* backend : {&kernels::cpu_backend(), &kernels::reference_backend()}) {
    for (const std::string& name : names) {
      INFO(backend->name << " " << name);
      const auto plan = quant::named_plan(name, model.config.layers);
      engine::Engine engine(model, plan, &calibration, *backend);
      engine.forward(batch);
      const auto expected = engine::footprint(model.config, plan, *backend, batch.tokens());
      CHECK(expected.weight_bytes == engine.weight_bytes());
      CHECK(expected.activation_bytes == engine.workspace_bytes());
    }
  }
}
