#include <set>

#include "core/quant/scheme.h"
#include "tests/catch.h"

using namespace herosweep::quant;
using herosweep::kernels::ElementType;

namespace {

constexpr Scheme kAllSchemes[] = {
    Scheme::fp16, Scheme::int8,  Scheme::w8a8,        Scheme::w8a16,        Scheme::w16a8,
    Scheme::w4a8, Scheme::w4a16, Scheme::w8a8_static, Scheme::w8a16_tensor, Scheme::w4a16_tensor};

}  // namespace

TEST_CASE("names of modules and schemes are distinct and parse back", "[scheme]") {
  std::set<std::string_view> seen;
  for (Module module : kAllModules) {
    REQUIRE(parse_module(name(module)) == module);
    REQUIRE(seen.insert(name(module)).second);
  }
  for (Scheme scheme : kAllSchemes) {
    REQUIRE(parse_scheme(name(scheme)) == scheme);
    REQUIRE(seen.insert(name(scheme)).second);
  }
  REQUIRE(name(Scheme::w8a8_static) == "w8a8-static");
  REQUIRE(name(Execution::weight_only) == "weight-only");
  REQUIRE_FALSE(parse_scheme("INT8"));
  REQUIRE_FALSE(parse_scheme(""));
  REQUIRE_FALSE(parse_module("attn"));
}

TEST_CASE("embedding and attention know fp16 and int8, GEMMs every scheme", "[scheme]") {
  for (Module module : {Module::embedding, Module::attention}) {
    REQUIRE(legal_schemes(module) == std::vector<Scheme>{Scheme::fp16, Scheme::int8});
    REQUIRE_FALSE(traits(module, Scheme::w8a8));
  }
  for (Module module : {Module::qkv, Module::attention_output, Module::fc1, Module::fc2}) {
    REQUIRE(legal_schemes(module) ==
            std::vector<Scheme>(std::begin(kAllSchemes), std::end(kAllSchemes)));
  }
}

TEST_CASE("fp16 quantizes nothing in any module", "[scheme]") {
  for (Module module : kAllModules) {
    const SchemeTraits t = traits(module, Scheme::fp16).value();
    REQUIRE(t.weight == ElementType::f32);
    REQUIRE(t.input == InputFormat::floating);
    REQUIRE_FALSE(t.quantized_output);
    REQUIRE_FALSE(t.quantized_residual);
    REQUIRE(t.execution == Execution::integer);
  }
}

TEST_CASE("HERO reads token-wise after layer norm and feature-wise elsewhere", "[scheme]") {
  for (Module module : {Module::qkv, Module::fc1}) {
    REQUIRE(traits(module, Scheme::int8)->input == InputFormat::token_wise);
    REQUIRE(traits(module, Scheme::int8)->quantized_residual);
  }
  for (Module module : {Module::attention_output, Module::fc2}) {
    REQUIRE(traits(module, Scheme::int8)->input == InputFormat::feature_wise);
    REQUIRE_FALSE(traits(module, Scheme::int8)->quantized_residual);
    REQUIRE(traits(module, Scheme::int8)->quantized_output);
  }
  REQUIRE(traits(Module::attention, Scheme::int8)->input == InputFormat::tensor_wise);
  REQUIRE(traits(Module::attention, Scheme::int8)->weight == ElementType::f32);
  REQUIRE(traits(Module::embedding, Scheme::int8)->granularity == WeightGranularity::row);
}

TEST_CASE("only HERO keeps the residual stream in INT8", "[scheme]") {
  for (Module module : kAllModules) {
    for (Scheme scheme : legal_schemes(module)) {
      if (scheme != Scheme::int8) REQUIRE_FALSE(traits(module, scheme)->quantized_residual);
    }
  }
}

TEST_CASE("execution follows from the operands of the GEMM", "[scheme]") {
  // Integer when both operands are integers, weight-only when only the weight is.
  for (Module module : {Module::qkv, Module::attention_output, Module::fc1, Module::fc2}) {
    for (Scheme scheme : legal_schemes(module)) {
      const SchemeTraits t = traits(module, scheme).value();
      const bool weight = t.weight != ElementType::f32;
      const bool input = t.input != InputFormat::floating;
      const Execution expected = weight == input ? Execution::integer
                                 : weight        ? Execution::weight_only
                                                 : Execution::simulated;
      REQUIRE(t.execution == expected);
      REQUIRE((t.granularity == WeightGranularity::none) == !weight);
    }
  }
}
