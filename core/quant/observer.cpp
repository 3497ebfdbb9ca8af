#include "core/quant/observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/quant/histogram.h"
#include "core/quant/quantizer.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

constexpr float kMomentum = 0.95f;

std::string place(int layer, Site site) { return fmt::format("layer {}, {}", layer, name(site)); }

/// m = a on the first batch, then 0.95 m + 0.05 a.
void average(float* mean, float amax, bool first) {
  *mean = first ? amax : kMomentum * *mean + (1.0f - kMomentum) * amax;
}

/// First pass over one site of one layer: amax of every feature, batch by batch.
class RangeObserver {
 public:
  /// False when a value of the batch so far is not finite.
  bool add(const float* values, int rows, int cols) {
    if (batch_bits_.empty()) batch_bits_.resize(cols);
    for (int r = 0; r < rows; ++r) {
      const float* row = values + static_cast<size_t>(r) * cols;
      int32_t* bits = batch_bits_.data();
      for (int j = 0; j < cols; ++j) bits[j] = std::max(bits[j], magnitude_bits(row[j]));
    }
    rows_ += rows;
    rows_in_batch_ += rows;
    return *std::max_element(batch_bits_.begin(), batch_bits_.end()) < kInfinityBits;
  }

  void end_batch() {
    if (rows_in_batch_ == 0) return;
    amax_.resize(batch_bits_.size());
    mean_.resize(batch_bits_.size());
    float tensor = 0.0f;
    for (size_t j = 0; j < batch_bits_.size(); ++j) {
      const float amax = std::bit_cast<float>(batch_bits_[j]);
      amax_[j] = std::max(amax_[j], amax);
      average(&mean_[j], amax, first_batch_);
      tensor = std::max(tensor, amax);
    }
    average(&tensor_mean_, tensor, first_batch_);
    std::fill(batch_bits_.begin(), batch_bits_.end(), 0);
    first_batch_ = false;
    rows_in_batch_ = 0;
  }

  int cols() const { return static_cast<int>(batch_bits_.size()); }
  int64_t rows() const { return rows_; }
  const std::vector<float>& amax() const { return amax_; }
  float tensor_amax() const { return *std::max_element(amax_.begin(), amax_.end()); }
  const std::vector<float>& mean() const { return mean_; }
  float tensor_mean() const { return tensor_mean_; }

 private:
  std::vector<int32_t> batch_bits_;  // of the amax of the current batch, by feature
  std::vector<float> amax_;
  std::vector<float> mean_;
  float tensor_mean_ = 0.0f;
  bool first_batch_ = true;
  int64_t rows_ = 0;
  int64_t rows_in_batch_ = 0;
};

/// Both passes over one site of one layer.
class SiteObserver {
 public:
  void begin_second_pass(SiteUse use) {
    if (ranges_.rows() == 0) return;
    if (use.feature) histograms_.emplace_back(kFeatureBins, ranges_.amax());
    if (use.tensor) histograms_.emplace_back(kTensorBins, std::vector{ranges_.tensor_amax()});
  }

  bool add_range(const float* values, int rows, int cols) {
    return ranges_.add(values, rows, cols);
  }
  void add_counts(const float* values, int rows, int cols) {
    for (Histograms& histogram : histograms_) histogram.add(values, rows, cols);
    counted_rows_ += rows;
  }
  void end_batch() { ranges_.end_batch(); }

  int cols() const { return ranges_.cols(); }
  bool seen() const { return ranges_.rows() > 0; }
  bool complete(int passes) const { return passes == 1 || counted_rows_ == ranges_.rows(); }

  SiteStatistics statistics(SiteUse use, const CalibrationSettings& settings) const {
    SiteStatistics result;
    if (use.momentum) result.momentum = ranges_.tensor_mean();
    switch (settings.observer) {
      case ObserverKind::absmax:
        if (use.feature) result.feature = ranges_.amax();
        if (use.tensor) result.tensor = ranges_.tensor_amax();
        break;
      case ObserverKind::momentum:
        if (use.feature) result.feature = ranges_.mean();
        if (use.tensor) result.tensor = ranges_.tensor_mean();
        break;
      case ObserverKind::percentile:
      case ObserverKind::mse:
        if (use.feature) result.feature = clips(histograms_.front(), cols(), settings);
        if (use.tensor) result.tensor = clips(histograms_.back(), 1, settings).front();
        break;
    }
    return result;
  }

 private:
  static std::vector<float> clips(const Histograms& histograms, int columns,
                                  const CalibrationSettings& settings) {
    std::vector<float> result(columns);
    for (int c = 0; c < columns; ++c) {
      result[c] = settings.observer == ObserverKind::mse
                      ? histograms.least_error_clip(c)
                      : histograms.percentile(c, settings.percentile);
    }
    return result;
  }

  RangeObserver ranges_;
  std::vector<Histograms> histograms_;  // of the features, then of the tensor, as the site is used
  int64_t counted_rows_ = 0;
};

}  // namespace

SiteUse site_use(Site site) {
  switch (site) {
    case Site::query:
    case Site::key:
    case Site::value:
      return {.tensor = true};
    case Site::context:
    case Site::gelu:
      return {.feature = true, .tensor = true, .momentum = true};
    case Site::attention_projection:
    case Site::feed_forward:
      return {.feature = true};
    case Site::qkv_input:
    case Site::fc1_input:
      return {.tensor = true, .momentum = true};
  }
  throw std::logic_error("unknown calibration site");
}

struct CalibrationObserver::Impl {
  CalibrationSettings settings;
  std::vector<std::array<SiteObserver, kSites>> layers;
  int pass = -1;  // before the first

  SiteObserver& at(int layer, Site site) { return layers.at(layer)[static_cast<size_t>(site)]; }

  template <class Function>
  void for_each_site(Function function) {
    for (int layer = 0; layer < static_cast<int>(layers.size()); ++layer) {
      for (int site = 0; site < kSites; ++site) function(layer, static_cast<Site>(site));
    }
  }
};

CalibrationObserver::CalibrationObserver(const CalibrationSettings& settings, int layers)
    : impl_(std::make_unique<Impl>()) {
  impl_->settings = settings;
  impl_->layers.resize(layers);
}
CalibrationObserver::~CalibrationObserver() = default;
CalibrationObserver::CalibrationObserver(CalibrationObserver&&) noexcept = default;

int CalibrationObserver::passes() const {
  const ObserverKind kind = impl_->settings.observer;
  return kind == ObserverKind::percentile || kind == ObserverKind::mse ? 2 : 1;
}

void CalibrationObserver::begin_pass() {
  if (++impl_->pass >= passes()) throw std::logic_error("calibration has no further pass");
  if (impl_->pass == 0) return;
  impl_->for_each_site(
      [&](int layer, Site site) { impl_->at(layer, site).begin_second_pass(site_use(site)); });
}

void CalibrationObserver::observe(int layer, Site site, const float* values, int rows, int cols) {
  if (rows <= 0) return;
  SiteObserver& observer = impl_->at(layer, site);
  if (observer.cols() != 0 && observer.cols() != cols) {
    throw ModelError(fmt::format("calibration: {} had {} features and now has {}",
                                 place(layer, site), observer.cols(), cols));
  }
  if (impl_->pass == 1) {
    observer.add_counts(values, rows, cols);
  } else if (!observer.add_range(values, rows, cols)) {
    throw ModelError(
        fmt::format("calibration: {} became NaN or infinite in the FP pass; the checkpoint or this "
                    "text cannot be calibrated on",
                    place(layer, site)));
  }
}

void CalibrationObserver::end_batch() {
  if (impl_->pass != 0) return;
  impl_->for_each_site([&](int layer, Site site) { impl_->at(layer, site).end_batch(); });
}

Calibration CalibrationObserver::finish() {
  Calibration result;
  result.settings = impl_->settings;
  result.layers.resize(impl_->layers.size());
  impl_->for_each_site([&](int layer, Site site) {
    const SiteObserver& observer = impl_->at(layer, site);
    if (!observer.seen()) {
      throw PlanError(
          fmt::format("calibration: {} was never seen; there were no batches", place(layer, site)));
    }
    if (!observer.complete(passes())) {
      throw PlanError(fmt::format(
          "calibration: {}: the second pass showed other rows than the first", place(layer, site)));
    }
    result.layers[layer][static_cast<size_t>(site)] =
        observer.statistics(site_use(site), impl_->settings);
  });
  return result;
}

}  // namespace herosweep::quant
