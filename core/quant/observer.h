// Reduces what an FP pass shows of a model's tensors to the statistics of calibration.
//
//   CalibrationObserver observer(settings, layers);
//   for (int pass = 0; pass < observer.passes(); ++pass) {
//     observer.begin_pass();
//     for (batch : batches) { ... observer.observe(layer, site, values, rows, cols); ...
//                             observer.end_batch(); }
//   }
//   Calibration calibration = observer.finish();
//
// Observers (a is the tensor's or the feature's amax over a batch):
//   absmax     : maximum of a over the batches
//   momentum   : m = a of the first batch, then m = 0.95 m + 0.05 a
//   percentile : the p-th percentile of |x| from a histogram over [0, absmax], linear inside a bin
//   mse        : ratio * absmax with the smallest mean squared error of quantizing to +-127, over
//                100 ratios from 0.5 to 1, from the same histogram taken as uniform inside a bin
// The last two show the batches twice: the range of a histogram must be known before it is filled.
#pragma once

#include <memory>

#include "core/quant/calibration.h"

namespace herosweep::quant {

/// What is kept of a site; the rest of its SiteStatistics stays empty or zero.
struct SiteUse {
  bool feature = false;
  bool tensor = false;
  bool momentum = false;  // static input of a PTQ module
};
SiteUse site_use(Site site);

class CalibrationObserver {
 public:
  CalibrationObserver(const CalibrationSettings& settings, int layers);
  ~CalibrationObserver();
  CalibrationObserver(CalibrationObserver&&) noexcept;

  /// How often the same batches have to be shown: 1 or 2.
  int passes() const;
  void begin_pass();
  /// values [rows, cols] row-major, without padding rows. May be called several times a batch for
  /// one site. Throws ModelError naming site and layer for a non-finite value or when `cols`
  /// changes.
  void observe(int layer, Site site, const float* values, int rows, int cols);
  /// Ends a batch, the unit of `momentum`.
  void end_batch();
  /// Statistics after the last pass; `rows` and `cache_key` are the caller's to set. Throws
  /// PlanError for a site that was never shown, or whose second pass was not the first again.
  Calibration finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace herosweep::quant
