#include "core/engine/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/quant/quantizer.h"
#include "core/quant/weights.h"
#include "core/util/error.h"

namespace herosweep::engine {

namespace {

using quant::InputFormat;
using quant::Module;
using quant::Site;

/// Static scales of one layer, from calibration statistics.
class Scales {
 public:
  Scales(const quant::Calibration* calibration, int layer, kernels::Int8Range range, int* floored)
      : calibration_(calibration), layer_(layer), range_(range), floored_(floored) {}

  float tensor(Site site) const { return quant::tensor_scale(at(site).tensor, range_); }
  float momentum(Site site) const { return quant::tensor_scale(at(site).momentum, range_); }
  std::vector<float> feature(Site site) const {
    int floored = 0;
    auto scales = quant::feature_scales(at(site).feature, range_, &floored);
    *floored_ += floored;
    return scales;
  }

 private:
  const quant::SiteStatistics& at(Site site) const { return calibration_->at(layer_, site); }

  const quant::Calibration* calibration_;
  int layer_;
  kernels::Int8Range range_;
  int* floored_;
};

std::vector<float> inverse(const std::vector<float>& scales) {
  std::vector<float> result(scales.size());
  std::transform(scales.begin(), scales.end(), result.begin(), [](float s) { return 1.0f / s; });
  return result;
}

/// The static scale of a GEMM's input: a vector for feature-wise, one number for tensor-wise.
struct InputScale {
  std::vector<float> feature;
  float tensor = 1.0f;

  InputScale(InputFormat format, Site site, const Scales& scales) {
    if (format == InputFormat::feature_wise) feature = scales.feature(site);
    if (format == InputFormat::tensor_wise) tensor = scales.momentum(site);
  }
  const std::vector<float>* folded() const { return feature.empty() ? nullptr : &feature; }
  /// [cols] reciprocals for the producer's epilogue.
  std::vector<float> producer_scale(int cols) const {
    return feature.empty() ? std::vector<float>(cols, tensor) : feature;
  }
};

class LayerBuilder {
 public:
  LayerBuilder(const model::BertModel& model, const quant::Plan& plan, int layer,
               const LayerEdges& edges, const Scales& scales, const kernels::Backend& backend,
               WeightStore& store)
      : model_(model),
        plan_(plan),
        layer_(layer),
        scales_(scales),
        backend_(backend),
        store_(store) {
    program_.edges = edges;
  }

  LayerProgram build() {
    build_qkv();
    build_attention_output();
    build_feed_forward();
    return std::move(program_);
  }

 private:
  LinearSpec spec(Module module, const model::Linear& linear) const {
    return {.key = fmt::format("{}/{}/{}", model_.weights_hash, layer_, quant::name(module)),
            .linear = &linear,
            .traits = *quant::traits(module, plan_.scheme(layer_, module)),
            .options = plan_.options};
  }

  void build_qkv() {
    const LayerEdges& edges = program_.edges;
    const int hidden = model_.config.hidden;
    LinearSpec qkv = spec(Module::qkv, model_.layers[layer_].qkv);
    const InputScale input(edges.input.gemm_input, Site::qkv_input, scales_);
    qkv.parts = 3;
    qkv.input_tensor_scale = input.tensor;
    if (edges.input.gemm_input == InputFormat::tensor_wise)
      program_.input_inverse_scale = inverse(input.producer_scale(hidden));

    std::vector<float> output_scale;
    if (edges.attention_s8) {
      program_.scale_q = scales_.tensor(Site::query);
      program_.scale_k = scales_.tensor(Site::key);
      program_.scale_v = scales_.tensor(Site::value);
      for (float scale : {program_.scale_q, program_.scale_k, program_.scale_v})
        output_scale.insert(output_scale.end(), hidden, scale);
      qkv.output_scale = &output_scale;
    }
    program_.qkv = PreparedLinear(qkv, backend_, store_);
  }

  void build_attention_output() {
    const LayerEdges& edges = program_.edges;
    LinearSpec output = spec(Module::attention_output, model_.layers[layer_].attention_output);
    const InputScale input(edges.context.gemm_input, Site::context, scales_);
    output.input_scale = input.folded();
    output.input_tensor_scale = input.tensor;
    if (edges.context.producer_writes_s8())
      program_.context_inverse_scale = inverse(input.producer_scale(model_.config.hidden));
    if (edges.projection_s8) {
      program_.projection_scale = scales_.feature(Site::attention_projection);
      output.output_scale = &program_.projection_scale;
    }
    program_.attention_output = PreparedLinear(output, backend_, store_);
  }

  void build_feed_forward() {
    const LayerEdges& edges = program_.edges;
    const model::BertLayer& layer = model_.layers[layer_];
    const InputScale middle(edges.middle.gemm_input, Site::fc1_input, scales_);
    const InputScale gelu(edges.gelu.gemm_input, Site::gelu, scales_);
    if (edges.middle.gemm_input == InputFormat::tensor_wise)
      program_.middle_inverse_scale = inverse(middle.producer_scale(model_.config.hidden));

    LinearSpec fc1 = spec(Module::fc1, layer.fc1);
    const std::vector<float> gelu_scale = gelu.producer_scale(model_.config.intermediate);
    fc1.input_tensor_scale = middle.tensor;
    if (!edges.gelu.quantize_operator) fc1.activation = model_.config.activation;
    if (edges.gelu.producer_writes_s8()) fc1.output_scale = &gelu_scale;
    program_.fc1 = PreparedLinear(fc1, backend_, store_);

    LinearSpec fc2 = spec(Module::fc2, layer.fc2);
    fc2.input_scale = gelu.folded();
    fc2.input_tensor_scale = gelu.tensor;
    if (edges.feed_forward_s8) {
      program_.feed_forward_scale = scales_.feature(Site::feed_forward);
      fc2.output_scale = &program_.feed_forward_scale;
    }
    program_.fc2 = PreparedLinear(fc2, backend_, store_);
  }

  const model::BertModel& model_;
  const quant::Plan& plan_;
  int layer_;
  const Scales& scales_;
  const kernels::Backend& backend_;
  WeightStore& store_;
  LayerProgram program_;
};

int64_t float_bytes(std::initializer_list<const std::vector<float>*> vectors) {
  size_t count = 0;
  for (const auto* v : vectors) count += v->size();
  return static_cast<int64_t>(count * sizeof(float));
}

int64_t layer_bytes(const LayerProgram& program, const model::BertLayer& layer) {
  return program.qkv.bytes() + program.attention_output.bytes() + program.fc1.bytes() +
         program.fc2.bytes() +
         float_bytes({&program.input_inverse_scale, &program.context_inverse_scale,
                      &program.projection_scale, &program.middle_inverse_scale,
                      &program.feed_forward_scale, &layer.attention_norm.gamma,
                      &layer.attention_norm.beta, &layer.output_norm.gamma,
                      &layer.output_norm.beta});
}

std::shared_ptr<const PackedTensor> quantized_table(const model::BertModel& model,
                                                    const quant::Plan& plan, WeightStore& store) {
  const auto traits = *quant::traits(Module::embedding, plan.embedding);
  if (traits.weight == kernels::ElementType::f32) return nullptr;
  const auto key =
      fmt::format("{}/embedding/{}", model.weights_hash, static_cast<int>(plan.options.range));
  return store.get(key, [&] {
    quant::QuantizedWeights q = quant::quantize_weights(
        model.token_embedding.values.data(), model.token_embedding.rows, model.token_embedding.cols,
        {.type = traits.weight, .granularity = traits.granularity, .range = plan.options.range});
    PackedTensor table;
    table.buffer = util::AlignedBuffer(q.values.size());
    std::memcpy(table.buffer.data(), q.values.data(), q.values.size());
    table.row_scale = std::move(q.row_scale);
    return table;
  });
}

void check_calibration(const model::BertConfig& config, const quant::Plan& plan,
                       const quant::Calibration* calibration) {
  if (!quant::needs_calibration(plan)) return;
  if (calibration == nullptr || calibration->rows == 0)
    throw PlanError(
        fmt::format("plan {} needs calibrated scales, but there is no calibration data; "
                    "give the task a train split or a calibration file",
                    plan.name));
  const auto fits = [&config](const std::array<quant::SiteStatistics, quant::kSites>& layer) {
    const auto width = [&layer](Site site) {
      return static_cast<int>(layer[static_cast<size_t>(site)].feature.size());
    };
    return width(Site::context) == config.hidden &&
           width(Site::attention_projection) == config.hidden &&
           width(Site::gelu) == config.intermediate && width(Site::feed_forward) == config.hidden;
  };
  if (calibration->layers.size() != plan.layers.size() ||
      !std::all_of(calibration->layers.begin(), calibration->layers.end(), fits))
    throw PlanError(fmt::format(
        "the calibration was made for a model of another shape ({} layers); calibrate again",
        calibration->layers.size()));
}

}  // namespace

Program build_program(const model::BertModel& model, const quant::Plan& plan,
                      const quant::Calibration* calibration, const kernels::Backend& backend,
                      WeightStore& store) {
  if (plan.layers.size() != model.layers.size())
    throw PlanError(fmt::format("plan {} has {} layers, the model {}", plan.name,
                                plan.layers.size(), model.layers.size()));
  check_calibration(model.config, plan, calibration);

  Program program;
  program.range = quant::quantized_range(kernels::ElementType::s8, plan.options.range);
  program.token_table = quantized_table(model, plan, store);
  program.weight_bytes =
      (program.token_table ? program.token_table->bytes()
                           : float_bytes({&model.token_embedding.values})) +
      float_bytes({&model.position_embedding.values, &model.type_embedding.values,
                   &model.embedding_norm.gamma, &model.embedding_norm.beta});
  const auto edges = resolve_edges(plan);
  for (int layer = 0; layer < static_cast<int>(edges.size()); ++layer) {
    const Scales scales(calibration, layer, program.range, &program.floored_scales);
    program.layers.push_back(
        LayerBuilder(model, plan, layer, edges[layer], scales, backend, store).build());
    program.weight_bytes += layer_bytes(program.layers.back(), model.layers[layer]);
  }
  return program;
}

}  // namespace herosweep::engine
