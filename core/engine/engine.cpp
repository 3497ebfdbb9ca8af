#include "core/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/engine/pass.h"
#include "core/engine/recordings.h"
#include "core/util/error.h"

namespace herosweep::engine {

struct Engine::Impl {
  const model::BertModel& model;
  const kernels::Backend& backend;
  std::shared_ptr<WeightStore> store;
  quant::Plan plan;
  Program program;
  WorkspaceLayout layout;
  NonFiniteFlags flags;
  Inputs inputs;
  Recordings recordings;
  Observers observers;
  std::vector<SaturationCount> saturation;
  std::vector<float> hidden;  // the last result
  int64_t workspace_bytes = 0;

  Impl(const model::BertModel& m, const quant::Plan& p, const quant::Calibration* calibration,
       const kernels::Backend& b, std::shared_ptr<WeightStore> s)
      : model(m),
        backend(b),
        store(s ? std::move(s) : make_weight_store()),
        plan(checked(p, m)),
        program(build_program(m, plan, calibration, b, *store)),
        layout(m.config, resolve_edges(plan), quant::execution(plan) == quant::Execution::simulated,
               floating_bytes(b)),
        flags(static_cast<int>(m.layers.size()), b),
        inputs(b) {}

  static quant::Plan checked(const quant::Plan& plan, const model::BertModel& model) {
    quant::validate(plan, model.config.hidden, model.config.intermediate);
    return plan;
  }

  void check(const Batch& batch) const;
  Workspace workspace() {
    const int tokens = inputs.shape().tokens;
    return layout.carve(store->workspace(backend, layout.bytes(tokens)), tokens);
  }
  void pass(const Workspace& workspace);
  bool observed() const {
    return observers.hidden || observers.site || observers.saturation != nullptr;
  }
};

Engine::Engine(const model::BertModel& model, const quant::Plan& plan,
               const quant::Calibration* calibration, const kernels::Backend& backend,
               std::shared_ptr<WeightStore> weights)
    : impl_(std::make_unique<Impl>(model, plan, calibration, backend, std::move(weights))) {}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;

void Engine::Impl::check(const Batch& batch) const {
  const auto& config = model.config;
  if (batch.types.size() != batch.ids.size() || batch.offsets.empty() ||
      batch.offsets.front() != 0 || batch.offsets.back() != batch.tokens() ||
      !std::is_sorted(batch.offsets.begin(), batch.offsets.end()))
    throw ModelError("malformed batch: ids, types and offsets do not describe the same tokens");
  for (int s = 0; s < batch.sequences(); ++s) {
    const int length = batch.offsets[s + 1] - batch.offsets[s];
    if (length > config.max_positions)
      throw ModelError(
          fmt::format("sequence {} has {} tokens, the model takes at most {}; lower "
                      "max_length",
                      s, length, config.max_positions));
  }
  const auto outside = [](const std::vector<int32_t>& values, int size) {
    return std::find_if(values.begin(), values.end(),
                        [size](int32_t v) { return v < 0 || v >= size; });
  };
  if (auto id = outside(batch.ids, config.vocabulary); id != batch.ids.end())
    throw ModelError(
        fmt::format("token id {} is outside the vocabulary of {}; is this the "
                    "model's own tokenizer?",
                    *id, config.vocabulary));
  if (auto type = outside(batch.types, config.type_vocabulary); type != batch.types.end())
    throw ModelError(fmt::format("token type {} is outside the model's {} types", *type,
                                 config.type_vocabulary));
}

void Engine::Impl::pass(const Workspace& workspace) {
  Pass pass{.model = model,
            .program = program,
            .backend = backend,
            .inputs = inputs,
            .workspace = workspace,
            .softmax = plan.options.softmax,
            .flags = flags,
            .observers = observers};
  pass.run();
}

void Engine::load(const Batch& batch) {
  Impl& impl = *impl_;
  impl.check(batch);
  impl.inputs.load(batch);
  const auto bytes = static_cast<int64_t>(impl.layout.bytes(impl.inputs.shape().tokens));
  impl.workspace_bytes = std::max(impl.workspace_bytes, bytes);
}

void Engine::run() {
  Impl& impl = *impl_;
  const Workspace workspace = impl.workspace();
  // A simulated plan computes a part on the host, which no recording holds.
  if (impl.backend.record == nullptr || impl.observed() ||
      quant::execution(impl.plan) == quant::Execution::simulated) {
    impl.pass(workspace);
    return;
  }
  const RecordingKey key{impl.inputs.shape(), impl.inputs.address(), workspace.stream.floating};
  impl.recordings.replay(key, impl.backend, [&] { impl.pass(workspace); });
}

const float* Engine::finish() {
  Impl& impl = *impl_;
  impl.flags.check();
  impl.hidden =
      download_floating(impl.backend, impl.workspace().stream.floating,
                        static_cast<size_t>(impl.inputs.real_tokens()) * impl.model.config.hidden);
  return impl.hidden.data();
}

const float* Engine::forward(const Batch& batch) {
  load(batch);
  run();
  return finish();
}

void Engine::observe_hidden(HiddenObserver observer) {
  impl_->observers.hidden = std::move(observer);
}

void Engine::observe_sites(SiteObserver observer) {
  const quant::Plan& plan = impl_->plan;
  const auto edges = resolve_edges(plan);
  const bool floating = std::all_of(edges.begin(), edges.end(), [](const LayerEdges& e) {
    return !e.input.writes_s8() && !e.attention_s8 && !e.projection_s8 && !e.middle.writes_s8() &&
           !e.feed_forward_s8 && e.context.gemm_input == quant::InputFormat::floating &&
           e.gelu.gemm_input == quant::InputFormat::floating;
  });
  if (!floating)
    throw PlanError("calibration reads floating-point tensors; plan " + plan.name + " has none");
  impl_->observers.site = std::move(observer);
}

void Engine::count_saturation(bool on) {
  Impl& impl = *impl_;
  if (on && impl.saturation.empty())
    for (int layer = 0; layer < static_cast<int>(impl.model.layers.size()); ++layer)
      for (int site = 0; site < quant::kSites; ++site)
        impl.saturation.push_back({layer, static_cast<quant::Site>(site), 0, 0});
  impl.observers.saturation = on ? &impl.saturation : nullptr;
}

std::vector<SaturationCount> Engine::saturation() const {
  std::vector<SaturationCount> seen;
  std::copy_if(impl_->saturation.begin(), impl_->saturation.end(), std::back_inserter(seen),
               [](const SaturationCount& count) { return count.elements > 0; });
  return seen;
}

int64_t Engine::weight_bytes() const { return impl_->program.weight_bytes; }
int64_t Engine::workspace_bytes() const { return impl_->workspace_bytes; }
int Engine::floored_scales() const { return impl_->program.floored_scales; }

int Engine::launches_per_layer() const {
  int most = 0;
  for (const LayerProgram& layer : impl_->program.layers)
    most = std::max(most, layer.edges.launches());
  return most;
}

int Engine::quantize_operators() const {
  int count = 0;
  for (const LayerProgram& layer : impl_->program.layers)
    count += layer.edges.context.quantize_operator + layer.edges.gelu.quantize_operator;
  return count;
}

}  // namespace herosweep::engine
