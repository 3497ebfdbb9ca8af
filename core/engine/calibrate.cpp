#include "core/engine/engine.h"
#include "core/quant/observer.h"

namespace herosweep::engine {

quant::Calibration calibrate(const model::BertModel& model, std::span<const Batch> batches,
                             const quant::CalibrationSettings& settings,
                             const kernels::Backend& backend) {
  const int layers = static_cast<int>(model.layers.size());
  Engine engine(model, quant::named_plan("fp16", layers), nullptr, backend);
  quant::CalibrationObserver observer(settings, layers);
  engine.observe_sites([&](int layer, quant::Site site, const float* values, int rows, int cols) {
    observer.observe(layer, site, values, rows, cols);
  });
  for (int pass = 0; pass < observer.passes(); ++pass) {
    observer.begin_pass();
    for (const Batch& batch : batches) {
      engine.forward(batch);
      observer.end_batch();
    }
  }
  quant::Calibration calibration = observer.finish();
  for (const Batch& batch : batches) calibration.rows += batch.sequences();
  return calibration;
}

}  // namespace herosweep::engine
