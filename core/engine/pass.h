// One forward pass: a program's operators in order, over one batch.
#pragma once

#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/engine/inputs.h"
#include "core/engine/program.h"
#include "core/engine/workspace.h"

namespace herosweep::engine {

/// Sticky flags that operators set when they meet a NaN or infinite value, named for the error.
class NonFiniteFlags {
 public:
  NonFiniteFlags(int layers, const kernels::Backend& backend);
  /// The flag of one tensor; `layer` -1 is the embedding.
  bool* flag(int layer, int tensor) const;
  /// Throws NonFiniteError naming the first tensor that was flagged, and clears all.
  void check();

 private:
  void clear();

  const kernels::Backend& backend_;
  size_t count_;
  Buffer flags_;
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
  const Inputs& inputs;
  Workspace workspace;
  kernels::SoftmaxMode softmax;
  NonFiniteFlags& flags;
  const Observers& observers;

  /// Leaves the last hidden state in workspace.stream.floating.
  void run();

 private:
  void embed();
  void layer(int index);
  void attention_block(int index, const LayerProgram& layer);
  void feed_forward_block(int index, const LayerProgram& layer);
  void gemm(const PreparedLinear& linear, kernels::Upcoming upcoming, const Activations& x,
            int cols, quant::InputFormat format, const Activations& out, bool out_s8, bool* flag);
  /// What the operators behind fc2 of layer `index` read, up to and with the next layer's GEMM.
  kernels::Upcoming behind_layer(int index) const;
  /// INT8 activations as floating point, for a GEMM with FP weights (simulated schemes only).
  void dequantize(const Activations& x, int cols);
  void layer_norm(const Activations& residual, const StreamFormat& residual_format,
                  const Buffer& projection_scale, const NormProgram& norm, const Activations& out,
                  const StreamFormat& out_format, const Buffer& inverse_scale, bool* flag);
  void quantize(const Activations& x, int cols, kernels::Activation activation, bool* flag);
  kernels::Output stream_output(const Activations& out, const StreamFormat& format,
                                const Buffer& inverse_scale) const;
  /// Points `output` at `data`, in the backend's floating-point format.
  void set_floating(kernels::Output* output, void* data) const;
  void report_stream(int layer, quant::Site site, const Activations& x, const StreamFormat& format);
  const StreamFormat& input_format(int layer) const;
  const Buffer& input_inverse_scale(int layer) const;

  void report_site(int layer, quant::Site site, const Activations& x, bool static_s8, int cols);
  void report_qkv(int layer, const LayerProgram& program);
  void report_hidden(int layer, const StreamFormat& format);
  std::vector<float> floats_of(const Activations& x, int cols) const;
  std::vector<int8_t> bytes_of(const Activations& x, int cols) const;
};

}  // namespace herosweep::engine
