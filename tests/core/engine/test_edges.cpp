#include "core/engine/edges.h"
#include "tests/catch.h"

using namespace herosweep;
using engine::LayerEdges;
using engine::resolve_edges;
using quant::InputFormat;
using quant::Module;
using quant::Scheme;

namespace {

LayerEdges first_layer(const char* plan) { return resolve_edges(quant::named_plan(plan, 2))[0]; }

}  // namespace

TEST_CASE("The FP plan writes FP on every edge") {
  const LayerEdges edges = first_layer("fp16");
  CHECK_FALSE(edges.input.writes_s8());
  CHECK_FALSE(edges.attention_s8);
  CHECK(edges.context.gemm_input == InputFormat::floating);
  CHECK_FALSE(edges.projection_s8);
  CHECK_FALSE(edges.middle.writes_s8());
  CHECK(edges.gelu.gemm_input == InputFormat::floating);
  CHECK_FALSE(edges.feed_forward_s8);
}

TEST_CASE("M3 writes INT8 on every edge and keeps no FP copy of the residual") {
  const LayerEdges edges = first_layer("M3");
  CHECK(edges.input.gemm_input == InputFormat::token_wise);
  CHECK_FALSE(edges.input.writes_f32());
  CHECK(edges.attention_s8);
  CHECK(edges.context.gemm_input == InputFormat::feature_wise);
  CHECK(edges.context.producer_writes_s8());
  CHECK(edges.projection_s8);
  CHECK_FALSE(edges.middle.writes_f32());
  CHECK(edges.gelu.producer_writes_s8());
  CHECK(edges.feed_forward_s8);
}

TEST_CASE("residual: fp16 adds an FP copy beside the INT8 one") {
  quant::Plan plan = quant::named_plan("M3", 1);
  plan.options.residual = quant::ResidualFormat::fp16;
  const LayerEdges edges = resolve_edges(plan)[0];
  CHECK(edges.input.writes_s8());
  CHECK(edges.input.writes_f32());
  CHECK_FALSE(edges.input.quantized_residual);
}

TEST_CASE("No HERO plan launches a quantize operator") {
  for (const std::string& name : quant::all_plan_names()) {
    if (name.rfind("hero-", 0) != 0) continue;
    for (const LayerEdges& edges : resolve_edges(quant::named_plan(name, 3)))
      CHECK(edges.launches() == 7);
  }
}

TEST_CASE("ZeroQuant needs quantize operators behind attention and GELU") {
  const LayerEdges edges = first_layer("zq-w8a8");
  CHECK(edges.launches() == 9);
  CHECK(edges.input.writes_s8());
  CHECK(edges.input.writes_f32());  // the residual stays FP
  CHECK(edges.context.quantize_operator);
  CHECK(edges.gelu.quantize_operator);
  CHECK_FALSE(edges.projection_s8);
}

TEST_CASE("Static PTQ inputs are written by their producers") {
  const LayerEdges edges = first_layer("ptq-w8a8");
  CHECK(edges.launches() == 7);
  CHECK(edges.input.gemm_input == InputFormat::tensor_wise);
  CHECK(edges.input.writes_f32());
  CHECK(edges.context.producer_writes_s8());
}

TEST_CASE("Each layer's stream follows its own reader") {
  quant::Plan plan = quant::named_plan("fp16", 3);
  plan.set(1, Module::qkv, Scheme::int8);
  const auto edges = resolve_edges(plan);
  CHECK_FALSE(edges[0].input.writes_s8());
  CHECK(edges[1].input.quantized_residual);
  CHECK_FALSE(edges[1].middle.writes_s8());
  CHECK_FALSE(edges[2].input.writes_s8());
}
