// A plan and weights become an executable: every edge's format is decided once, then run many
// times.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/model/bert.h"
#include "core/quant/calibration.h"
#include "core/quant/plan.h"
#include "kernels/backend.h"

namespace herosweep::engine {

/// Sequences laid end to end without padding.
struct Batch {
  std::vector<int32_t> ids;      // [tokens]
  std::vector<int32_t> types;    // [tokens]
  std::vector<int32_t> offsets;  // [sequences + 1]
  int tokens() const { return static_cast<int>(ids.size()); }
  int sequences() const { return static_cast<int>(offsets.size()) - 1; }
};

/// Packed weights that engines of one process share by (tensor, scheme, scales).
class WeightStore;
std::shared_ptr<WeightStore> make_weight_store();

/// Counts of one static INT8 tensor over all that an engine has run.
struct SaturationCount {
  int layer;
  quant::Site site;
  int64_t elements;
  int64_t at_limit;  // |q| at the end of the range
};

class Engine {
 public:
  /// `calibration` may be null when the plan needs none. Throws PlanError or ModelError.
  Engine(const model::BertModel& model, const quant::Plan& plan,
         const quant::Calibration* calibration, const kernels::Backend& backend,
         std::shared_ptr<WeightStore> weights = nullptr);
  ~Engine();
  Engine(Engine&&) noexcept;

  /// Runs one pass; the result is the last hidden state [tokens, hidden] in FP32 on the host, valid
  /// until the next call. Throws ModelError for an id or length out of range, NonFiniteError naming
  /// tensor and layer.
  const float* forward(const Batch& batch);

  // The same in three steps, for timing: only `run` is the pass itself.
  /// Checks the batch and puts it where operators read it.
  void load(const Batch& batch);
  /// Runs a pass over what was loaded; may return before the device has finished. Where the backend
  /// can record, the second pass of a shape records it and later ones replay.
  void run();
  /// Waits for the pass and gives what `forward` gives. REQUIRES that no other engine of the same
  /// store ran in between.
  const float* finish();

  /// Called with every layer's input hidden state (layer 0 .. layers, the last being the output),
  /// FP32.
  using HiddenObserver = std::function<void(int layer, const float* hidden, int tokens)>;
  void observe_hidden(HiddenObserver observer);
  /// FP plans only: called with each calibration site's FP32 tensor [rows, cols] as it is produced.
  using SiteObserver =
      std::function<void(int layer, quant::Site site, const float* values, int rows, int cols)>;
  void observe_sites(SiteObserver observer);
  /// Counts saturated elements from now on (an extra read of every static INT8 tensor).
  void count_saturation(bool on);
  std::vector<SaturationCount> saturation() const;

  int64_t weight_bytes() const;     // packed weights, tables and scales that this plan reads
  int64_t workspace_bytes() const;  // activations of the largest pass so far
  int launches_per_layer() const;   // operators a layer runs, separate quantize operators included
  int quantize_operators() const;   // of them, over all layers
  int floored_scales() const;       // feature scales raised by the floor

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A tensor became NaN or infinite inside a pass.
struct NonFiniteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs the FP plan over `batches` and reduces what it sees.
quant::Calibration calibrate(const model::BertModel& model, std::span<const Batch> batches,
                             const quant::CalibrationSettings& settings,
                             const kernels::Backend& backend);

/// out [sequences, hidden]: mean over each sequence's rows.
void mean_pool(const float* hidden, const Batch& batch, int hidden_size, float* out);
/// out [sequences, labels]: classifier(tanh(pooler(first row))). Throws ModelError without the
/// head.
void classify(const model::BertModel& model, const float* hidden, const Batch& batch, float* out);

}  // namespace herosweep::engine
