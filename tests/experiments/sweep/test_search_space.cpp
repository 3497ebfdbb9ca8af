#include "core/util/error.h"
#include "experiments/sweep/search_space.h"
#include "tests/catch.h"
#include "tests/experiments/sweep/request.h"

using namespace herosweep;
using namespace herosweep::sweep;

namespace {

SweepRequest search_request(bool by_layer) {
  SweepRequest request = test::small_request();
  test::use_all_modules(request.space);
  request.space.search.kind = SearchKind::nsga2;
  request.space.search.by_layer = by_layer;
  return request;
}

}  // namespace

TEST_CASE("a search starts from FP16 and the listed plans, and knows where more come from") {
  SweepRequest request = search_request(false);
  request.space.plans = {test::named("M3")};
  const Sweep sweep = test::expanded(request);
  CHECK(sweep.variants.size() == 2);
  REQUIRE(sweep.search != nullptr);
  CHECK(test::expanded(test::small_request()).search == nullptr);

  const PlanGenes genes(*sweep.search);
  CHECK(genes.space().choices == std::vector<int>(6, 2));
  const Sweep more =
      with_plans(*sweep.search, {genes.plan({0, 0, 0, 0, 0, 1}), genes.plan({1, 1, 1, 1, 1, 1})});
  REQUIRE(more.variants.size() == 3);
  CHECK(more.variants[1].plan.name == "hero-000001");
  CHECK(more.variants[2].plan.name == "hero-111111");
  CHECK(more.trials.size() == 3);
  // A plan has the hash that its genome says.
  CHECK(more.variants[1].plan_hash == genes.plan_hash({0, 0, 0, 0, 0, 1}));
  CHECK(more.variants[2].plan_hash == genes.plan_hash({1, 1, 1, 1, 1, 1}));
}

TEST_CASE("by layer every layer has genes of its own, and the name says which") {
  const Sweep sweep = test::expanded(search_request(true));
  const PlanGenes genes(*sweep.search);
  Genome genome(1 + 5 * 6, 0);
  CHECK(genes.space().choices.size() == genome.size());
  genome[0] = 1;       // embedding
  genome[1 + 5] = 1;   // qkv of the last layer
  genome[1 + 24] = 1;  // fc2 of the first
  const quant::Plan plan = genes.plan(genome);
  CHECK(plan.name == "mix-1-000001-000000-000000-000000-100000");
  CHECK(plan.embedding == quant::Scheme::int8);
  CHECK(plan.scheme(5, quant::Module::qkv) == quant::Scheme::int8);
  CHECK(plan.scheme(4, quant::Module::qkv) == quant::Scheme::fp16);
  CHECK(plan.scheme(0, quant::Module::fc2) == quant::Scheme::int8);
  const Sweep more = with_plans(*sweep.search, {plan});
  CHECK(more.variants.at(1).plan.name == plan.name);
  CHECK(more.variants.at(1).plan_hash == genes.plan_hash(genome));
}

TEST_CASE("FP16 is choice 0 wherever it stands, and constraints bound the space") {
  SweepRequest request = search_request(false);
  (*request.space.modules)[5] = {quant::Scheme::int8, quant::Scheme::w8a8, quant::Scheme::fp16};
  request.space.constraints.emplace_back("attention != int8 or attention_output == int8");
  const Sweep sweep = test::expanded(request);
  const PlanGenes genes(*sweep.search);
  CHECK(genes.space().choices.back() == 3);
  CHECK(genes.plan(Genome(6, 0)).scheme(0, quant::Module::fc2) == quant::Scheme::fp16);
  CHECK(genes.plan({0, 0, 0, 0, 0, 2}).scheme(0, quant::Module::fc2) == quant::Scheme::w8a8);
  CHECK(genes.space().allows({0, 0, 1, 1, 0, 0}));
  CHECK_FALSE(genes.space().allows({0, 0, 1, 0, 0, 0}));
}

TEST_CASE("a search that cannot be made says what to change") {
  SweepRequest request = search_request(false);
  request.space.modules.reset();
  request.space.axes = {{"seed", {"0", "1"}}};
  request.latency.enabled = false;
  CHECK_THROWS_WITH(test::expanded(request), ContainsSubstring("sweep.modules") &&
                                                 ContainsSubstring("sweep.axes") &&
                                                 ContainsSubstring("latency.enabled"));
  SweepRequest fidelity = search_request(false);
  fidelity.latency.enabled = false;
  fidelity.space.search.objectives = {"drift", "weight_bytes"};
  CHECK(test::expanded(fidelity).variants.size() == 1);
}
