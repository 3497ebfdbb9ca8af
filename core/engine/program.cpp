#include "core/engine/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/quant/quantizer.h"
#include "core/quant/weights.h"
#include "core/util/error.h"
#include "core/util/half.h"

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

Buffer upload(const kernels::Backend& backend, const std::vector<float>& values) {
  return Buffer::copy_of(backend, values.data(), values.size() * sizeof(float));
}

Buffer upload_inverse(const kernels::Backend& backend, const std::vector<float>& scales) {
  std::vector<float> result(scales.size());
  std::transform(scales.begin(), scales.end(), result.begin(), [](float s) { return 1.0f / s; });
  return upload(backend, result);
}

/// A vector or FP table of the model where operators read it, shared by the engines of a process.
class Residents {
 public:
  Residents(const model::BertModel& model, const kernels::Backend& backend, WeightStore& store)
      : model_(model), backend_(backend), store_(store) {}

  NormProgram norm(const std::string& name, const model::LayerNormParameters& norm) const {
    return {vector(name + "/gamma", norm.gamma), vector(name + "/beta", norm.beta)};
  }
  std::shared_ptr<const PackedTensor> table(const std::string& name,
                                            const model::Matrix& matrix) const {
    return store_.get(key(name), [&] {
      if (backend_.floating == kernels::ElementType::f16) require_halves(name, matrix);
      PackedTensor tensor;
      tensor.buffer = Buffer::floating(backend_, matrix.values);
      return tensor;
    });
  }
  /// A table of FP16 values, also where the backend keeps them as FP32.
  std::shared_ptr<const PackedTensor> half_table(const std::string& name,
                                                 const model::Matrix& matrix) const {
    if (backend_.floating == kernels::ElementType::f16) return table(name, matrix);
    return store_.get(key(name + "/fp16"), [&] {
      require_halves(name, matrix);
      std::vector<float> rounded(matrix.values.size());
      std::transform(matrix.values.begin(), matrix.values.end(), rounded.begin(),
                     [](float v) { return util::half_to_float(util::float_to_half(v)); });
      PackedTensor tensor;
      tensor.buffer = Buffer::copy_of(backend_, rounded.data(), rounded.size() * sizeof(float));
      return tensor;
    });
  }

 private:
  static void require_halves(const std::string& name, const model::Matrix& matrix) {
    if (std::any_of(matrix.values.begin(), matrix.values.end(),
                    [](float v) { return std::fabs(v) >= util::kHalfOverflow; }))
      throw ModelError(name + ": a value is too large for FP16");
  }
  std::shared_ptr<const PackedTensor> vector(const std::string& name,
                                             const std::vector<float>& values) const {
    return store_.get(key(name), [&] {
      PackedTensor tensor;
      tensor.buffer = Buffer::floats(backend_, values);
      return tensor;
    });
  }
  std::string key(const std::string& name) const {
    return fmt::format("{}/{}", model_.weights_hash, name);
  }

  const model::BertModel& model_;
  const kernels::Backend& backend_;
  WeightStore& store_;
};

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
    build_norms();
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
      program_.input_inverse_scale = upload_inverse(backend_, input.producer_scale(hidden));

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
      program_.context_inverse_scale =
          upload_inverse(backend_, input.producer_scale(model_.config.hidden));
    std::vector<float> projection_scale;
    if (edges.projection_s8) {
      projection_scale = scales_.feature(Site::attention_projection);
      program_.projection_scale = upload(backend_, projection_scale);
      output.output_scale = &projection_scale;
    }
    program_.attention_output = PreparedLinear(output, backend_, store_);
  }

  void build_feed_forward() {
    const LayerEdges& edges = program_.edges;
    const model::BertLayer& layer = model_.layers[layer_];
    const InputScale middle(edges.middle.gemm_input, Site::fc1_input, scales_);
    const InputScale gelu(edges.gelu.gemm_input, Site::gelu, scales_);
    if (edges.middle.gemm_input == InputFormat::tensor_wise)
      program_.middle_inverse_scale =
          upload_inverse(backend_, middle.producer_scale(model_.config.hidden));

    LinearSpec fc1 = spec(Module::fc1, layer.fc1);
    const std::vector<float> gelu_scale = gelu.producer_scale(model_.config.intermediate);
    fc1.input_tensor_scale = middle.tensor;
    if (!edges.gelu.quantize_operator) fc1.activation = model_.config.activation;
    if (edges.gelu.producer_writes_s8()) fc1.output_scale = &gelu_scale;
    program_.fc1 = PreparedLinear(fc1, backend_, store_);

    LinearSpec fc2 = spec(Module::fc2, layer.fc2);
    fc2.input_scale = gelu.folded();
    fc2.input_tensor_scale = gelu.tensor;
    std::vector<float> feed_forward_scale;
    if (edges.feed_forward_s8) {
      feed_forward_scale = scales_.feature(Site::feed_forward);
      program_.feed_forward_scale = upload(backend_, feed_forward_scale);
      fc2.output_scale = &feed_forward_scale;
    }
    program_.fc2 = PreparedLinear(fc2, backend_, store_);
  }

  void build_norms() {
    const model::BertLayer& layer = model_.layers[layer_];
    const Residents residents(model_, backend_, store_);
    program_.attention_norm =
        residents.norm(fmt::format("{}/attention_norm", layer_), layer.attention_norm);
    program_.output_norm = residents.norm(fmt::format("{}/output_norm", layer_), layer.output_norm);
  }

  const model::BertModel& model_;
  const quant::Plan& plan_;
  int layer_;
  const Scales& scales_;
  const kernels::Backend& backend_;
  WeightStore& store_;
  LayerProgram program_;
};

int64_t layer_bytes(const LayerProgram& program) {
  size_t scales = 0;
  for (const Buffer* scale :
       {&program.input_inverse_scale, &program.context_inverse_scale, &program.projection_scale,
        &program.middle_inverse_scale, &program.feed_forward_scale})
    scales += scale->bytes();
  return program.qkv.bytes() + program.attention_output.bytes() + program.fc1.bytes() +
         program.fc2.bytes() + program.attention_norm.bytes() + program.output_norm.bytes() +
         static_cast<int64_t>(scales);
}

std::shared_ptr<const PackedTensor> quantized_table(const model::BertModel& model,
                                                    const quant::WeightQuantization& quantization,
                                                    const kernels::Backend& backend,
                                                    WeightStore& store) {
  const auto key =
      fmt::format("{}/embedding/{}", model.weights_hash, static_cast<int>(quantization.range));
  return store.get(key, [&] {
    quant::QuantizedWeights q =
        quant::quantize_weights(model.token_embedding.values.data(), model.token_embedding.rows,
                                model.token_embedding.cols, quantization);
    PackedTensor table;
    table.buffer = Buffer::copy_of(backend, q.values.data(), q.values.size());
    table.row_scale = std::move(q.row_scale);
    return table;
  });
}

EmbeddingProgram build_embedding(const model::BertModel& model, const quant::Plan& plan,
                                 const kernels::Backend& backend, WeightStore& store) {
  const Residents residents(model, backend, store);
  const auto traits = *quant::traits(Module::embedding, plan.embedding);
  EmbeddingProgram embedding{.token_type = backend.floating,
                             .tokens = nullptr,
                             .positions = nullptr,
                             .types = nullptr,
                             .token_row_scale = {},
                             .norm = residents.norm("embedding_norm", model.embedding_norm)};
  if (traits.weight == kernels::ElementType::f32) {
    embedding.tokens = residents.table("token_embedding", model.token_embedding);
    embedding.positions = residents.table("position_embedding", model.position_embedding);
    embedding.types = residents.table("type_embedding", model.type_embedding);
  } else {
    // The sum is rounded to INT8 at once, or becomes a residual: tables of other values would be
    // other numbers, not a finer backend.
    embedding.positions = residents.half_table("position_embedding", model.position_embedding);
    embedding.types = residents.half_table("type_embedding", model.type_embedding);
    embedding.token_type = traits.weight;
    embedding.tokens = quantized_table(
        model,
        {.type = traits.weight, .granularity = traits.granularity, .range = plan.options.range},
        backend, store);
    embedding.token_row_scale = Buffer::floats(backend, embedding.tokens->row_scale);
  }
  return embedding;
}

int64_t embedding_bytes(const EmbeddingProgram& embedding) {
  return embedding.tokens->bytes() + embedding.positions->bytes() + embedding.types->bytes() +
         embedding.norm.bytes();
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
  program.embedding = build_embedding(model, plan, backend, store);
  program.weight_bytes = embedding_bytes(program.embedding);
  const auto edges = resolve_edges(plan);
  for (int layer = 0; layer < static_cast<int>(edges.size()); ++layer) {
    const Scales scales(calibration, layer, program.range, &program.floored_scales);
    program.layers.push_back(
        LayerBuilder(model, plan, layer, edges[layer], scales, backend, store).build());
    program.weight_bytes += layer_bytes(program.layers.back());
  }
  return program;
}

}  // namespace herosweep::engine
