// One forward pass: a program's operators in order, over one batch.
#pragma once

#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/engine/program.h"
#include "core/engine/workspace.h"

namespace herosweep::engine {

/// Sticky flags that operators set when they meet a NaN or infinite value, named for the error.
class NonFiniteFlags {
 public:
  explicit NonFiniteFlags(int layers);
  /// The flag of one tensor; `layer` -1 is the embedding.
  bool* flag(int layer, int tensor);
  /// Throws NonFiniteError naming the first tensor that was flagged, and clears all.
  void check();

 private:
  std::unique_ptr<bool[]> flags_;
  int layers_;
};

struct Observers {
  Engine::HiddenObserver hidden;
  Engine::SiteObserver site;
  std::vector<SaturationCount>* saturation = nullptr;  // [layers * kSites], null: not counted
};

struct Pass {
  const model::BertModel& model;
  const Program& program;
  const kernels::Backend& backend;
  const Batch& batch;
  const int32_t* positions;  // [tokens]
  Workspace workspace;
  kernels::SoftmaxMode softmax;
  NonFiniteFlags& flags;
  const Observers& observers;

  /// Leaves the last hidden state in workspace.stream.f32.
  void run();

 private:
  void embed();
  void layer(int index);
  void attention_block(int index, const LayerProgram& layer);
  void feed_forward_block(int index, const LayerProgram& layer);
  void gemm(const PreparedLinear& linear, const Activations& x, int cols, quant::InputFormat format,
            const Activations& out, bool out_s8, bool* flag);
  void layer_norm(const Activations& residual, const StreamFormat& residual_format,
                  const std::vector<float>& projection_scale,
                  const model::LayerNormParameters& norm, const Activations& out,
                  const StreamFormat& out_format, const std::vector<float>& inverse_scale,
                  bool* flag);
  void quantize(const Activations& x, int cols, kernels::Activation activation, bool* flag);
  kernels::Output stream_output(const Activations& out, const StreamFormat& format,
                                const std::vector<float>& inverse_scale) const;
  void report_stream(int layer, quant::Site site, const Activations& x, const StreamFormat& format);
  const StreamFormat& input_format(int layer) const;
  const std::vector<float>& input_inverse_scale(int layer) const;

  void report_site(int layer, quant::Site site, const Activations& x, bool static_s8, int cols);
  void report_qkv(int layer, const LayerProgram& program);
  void report_hidden(int layer, const StreamFormat& format);
};

}  // namespace herosweep::engine
