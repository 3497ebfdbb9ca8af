#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <random>

#include "core/quant/observer.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;

namespace {

/// Batches of [rows, cols] values that every site of one layer sees alike.
struct Shown {
  int cols;
  std::vector<std::vector<float>> batches;
};

Calibration observe(const CalibrationSettings& settings, const Shown& shown) {
  CalibrationObserver observer(settings, 1);
  for (int pass = 0; pass < observer.passes(); ++pass) {
    observer.begin_pass();
    for (const std::vector<float>& batch : shown.batches) {
      for (int site = 0; site < kSites; ++site) {
        observer.observe(0, static_cast<Site>(site), batch.data(),
                         static_cast<int>(batch.size()) / shown.cols, shown.cols);
      }
      observer.end_batch();
    }
  }
  return observer.finish();
}

CalibrationSettings with(ObserverKind kind, double percentile = 99.9) {
  CalibrationSettings settings;
  settings.observer = kind;
  settings.percentile = percentile;
  return settings;
}

/// x[k] = ((7919 k) mod 4001 - 2000) / 512, three times that where 97 divides k; [1000, 4].
std::vector<float> table() {
  std::vector<float> x(4000);
  for (int64_t k = 0; k < 4000; ++k) {
    const auto base = static_cast<float>(k * 7919 % 4001 - 2000) / 512.0f;
    x[k] = base * (k % 97 == 0 ? 3.0f : 1.0f);
  }
  return x;
}

double squared_error(const std::vector<float>& x, double clip) {
  const double scale = clip / 127;
  double sum = 0;
  for (float value : x) {
    const double q = std::clamp(std::nearbyint(value / scale), -127.0, 127.0);
    sum += std::pow(value - q * scale, 2);
  }
  return sum;
}

/// The least error over 100 clip ratios from 0.5 to 1, element by element.
double least_squared_error(const std::vector<float>& x) {
  float amax = 0;
  for (float value : x) amax = std::max(amax, std::fabs(value));
  double least = INFINITY;
  for (int i = 0; i < 100; ++i) {
    least = std::min(least, squared_error(x, amax * (0.5 + 0.5 * i / 99)));
  }
  return least;
}

}  // namespace

TEST_CASE("absmax keeps the largest magnitude of tensor and features", "[observer]") {
  const Calibration c = observe(with(ObserverKind::absmax),
                                {3, {{1, -2, 0, -4, 0.5f, 0}, {2, 3, -0.0f}, {-1, 1, 0}}});
  REQUIRE(c.at(0, Site::context).feature == std::vector<float>{4, 3, 0});
  REQUIRE(c.at(0, Site::context).tensor == 4);
  REQUIRE(c.at(0, Site::query).tensor == 4);
}

TEST_CASE("a site keeps what its readers use", "[observer]") {
  const Calibration c = observe(with(ObserverKind::absmax), {2, {{1, 2}}});
  for (Site site : {Site::query, Site::key, Site::value}) {
    REQUIRE(c.at(0, site).feature.empty());
    REQUIRE(c.at(0, site).tensor == 2);
    REQUIRE(c.at(0, site).momentum == 0);
  }
  for (Site site : {Site::attention_projection, Site::feed_forward}) {
    REQUIRE(c.at(0, site).feature.size() == 2);
    REQUIRE(c.at(0, site).tensor == 0);
    REQUIRE(c.at(0, site).momentum == 0);
  }
  for (Site site : {Site::context, Site::gelu}) {
    REQUIRE(c.at(0, site).feature.size() == 2);
    REQUIRE(c.at(0, site).momentum == 2);
  }
  for (Site site : {Site::qkv_input, Site::fc1_input}) {
    REQUIRE(c.at(0, site).feature.empty());
    REQUIRE(c.at(0, site).tensor == 2);
    REQUIRE(c.at(0, site).momentum == 2);
  }
}

TEST_CASE("momentum starts at the first batch and takes one amax a batch", "[observer]") {
  // m = 8; 0.95 * 8 + 0.05 * 2 = 7.7; 0.95 * 7.7 + 0.05 * 10 = 7.815
  const Shown shown{2, {{8, 0, -4, 1}, {0, -2}, {10, 5}}};
  for (ObserverKind kind : {ObserverKind::absmax, ObserverKind::percentile}) {
    REQUIRE(observe(with(kind), shown).at(0, Site::qkv_input).momentum == Approx(7.815));
  }
  const Calibration c = observe(with(ObserverKind::momentum), shown);
  REQUIRE(c.at(0, Site::query).tensor == Approx(7.815));
  // Features 8, 0, 10 and 1, 2, 5.
  REQUIRE(c.at(0, Site::gelu).feature[0] == Approx(7.72));
  REQUIRE(c.at(0, Site::gelu).feature[1] == Approx(0.95 * 1.05 + 0.05 * 5));
}

TEST_CASE("several observations make one batch", "[observer]") {
  CalibrationObserver observer(with(ObserverKind::momentum), 1);
  observer.begin_pass();
  const float rows[] = {1, -8, 2};
  for (int site = 0; site < kSites; ++site) {
    for (const float& row : rows) observer.observe(0, static_cast<Site>(site), &row, 1, 1);
  }
  observer.end_batch();
  REQUIRE(observer.finish().at(0, Site::value).tensor == 8);
}

TEST_CASE("percentiles are linear inside the bin that they fall into", "[observer]") {
  // numpy: c = histogram(|x|, bins, (0, max)); b = first bin with cumsum(c) >= p/100 * n;
  //        (b + (p/100 * n - cumsum(c)[b-1]) / c[b]) / bins * max; 2048 bins for the tensor, 512
  //        for a feature
  struct Expected {
    double percent, tensor;
    std::array<double, 4> feature;
  };
  const Expected rows[] = {
      {99.9,
       10.860443115234375,
       {11.695861816406252, 11.415161132812502, 11.128612518310549, 10.842063903808596}},
      {99,
       3.8938522338867188,
       {3.8909912109375, 3.8958984375, 3.8982810974121094, 3.893383026123047}},
      {50,
       1.9667489188058036,
       {1.96075439453125, 1.9658203125, 1.9687408447265626, 1.9647262573242186}},
      {100, 11.71875, {11.71875, 11.4375, 11.150390625, 10.86328125}}};
  for (const Expected& row : rows) {
    INFO(row.percent);
    const Calibration c = observe(with(ObserverKind::percentile, row.percent), {4, {table()}});
    REQUIRE(c.at(0, Site::query).tensor == Approx(row.tensor).epsilon(1e-5));
    for (int j = 0; j < 4; ++j) {
      REQUIRE(c.at(0, Site::gelu).feature[j] == Approx(row.feature[j]).epsilon(1e-5));
    }
  }
}

TEST_CASE("splitting into batches changes neither absmax nor percentile nor mse", "[observer]") {
  const std::vector<float> x = table();
  Shown split{4, {}};
  for (size_t begin = 0; begin < x.size(); begin += 400) {
    split.batches.emplace_back(x.begin() + begin, x.begin() + begin + 400);
  }
  for (ObserverKind kind : {ObserverKind::absmax, ObserverKind::percentile, ObserverKind::mse}) {
    const Calibration whole = observe(with(kind), {4, {x}});
    const Calibration parts = observe(with(kind), split);
    for (Site site : {Site::query, Site::context, Site::feed_forward}) {
      REQUIRE(whole.at(0, site).feature == parts.at(0, site).feature);
      REQUIRE(whole.at(0, site).tensor == parts.at(0, site).tensor);
    }
  }
}

TEST_CASE("mse clips nearly as well as the best ratio element by element", "[observer]") {
  std::mt19937 generator(7);
  std::normal_distribution<float> normal;
  const auto sample = [&](auto shape) {
    std::vector<float> x(60000);
    for (float& value : x) value = shape(normal(generator));
    return x;
  };
  const std::vector<float> cases[] = {
      sample([](float z) { return z; }), sample([](float z) { return 3 * z * z * z; }),
      sample([](float z) { return z > 0 ? z : 0.0f; }),
      sample([](float z) { return std::copysign(std::exp(std::fabs(z)), z); }),
      sample([](float z) { return std::fabs(z) > 4.2f ? 2 * z : z; })};
  for (const std::vector<float>& x : cases) {
    const Calibration c = observe(with(ObserverKind::mse), {1, {x}});
    const double least = least_squared_error(x);
    // Exact would be 1; a feature has four bins a quantization step, a tensor sixteen.
    REQUIRE(squared_error(x, c.at(0, Site::query).tensor) <= 1.002 * least);
    REQUIRE(squared_error(x, c.at(0, Site::gelu).feature[0]) <= 1.01 * least);
  }
}

TEST_CASE("mse gives up a lone outlier where many values gain", "[observer]") {
  std::vector<float> x(2000000);
  for (size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k % 997) / 997.0f;
  x[5] = 2.0f;
  const Calibration c = observe(with(ObserverKind::mse), {1, {x}});
  REQUIRE(c.at(0, Site::query).tensor == Approx(1.0f).margin(0.02));
  REQUIRE(observe(with(ObserverKind::absmax), {1, {x}}).at(0, Site::query).tensor == 2);
}

TEST_CASE("zeros and denormals stay finite under every observer", "[observer]") {
  for (ObserverKind kind : {ObserverKind::absmax, ObserverKind::percentile, ObserverKind::momentum,
                            ObserverKind::mse}) {
    const Calibration c = observe(with(kind), {2, {{0, 1e-40f, 0, FLT_MIN}, {0, 0}}});
    for (int site = 0; site < kSites; ++site) {
      const SiteStatistics& s = c.at(0, static_cast<Site>(site));
      REQUIRE(s.tensor >= 0);
      REQUIRE(s.tensor <= FLT_MIN);
      if (!s.feature.empty()) REQUIRE(s.feature[0] == 0);
    }
    REQUIRE_NOTHROW(observe(with(kind), {1, {{FLT_MAX, -FLT_MAX}}}));
  }
}

TEST_CASE("a non-finite value names site and layer", "[observer]") {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), INFINITY, -INFINITY}) {
    for (int place : {0, 3, 5}) {
      CalibrationObserver observer(with(ObserverKind::absmax), 4);
      observer.begin_pass();
      std::vector<float> values(6, 1.0f);
      values[place] = bad;
      REQUIRE_THROWS_WITH(observer.observe(2, Site::gelu, values.data(), 2, 3),
                          ContainsSubstring("layer 2, gelu became NaN or infinite"));
    }
  }
}

TEST_CASE("incomplete observations are refused", "[observer]") {
  CalibrationObserver nothing(with(ObserverKind::absmax), 2);
  nothing.begin_pass();
  REQUIRE_THROWS_WITH(nothing.finish(), ContainsSubstring("never seen"));
  REQUIRE_THROWS_AS(nothing.begin_pass(), std::logic_error);

  CalibrationObserver once(with(ObserverKind::mse), 1);
  REQUIRE(once.passes() == 2);
  once.begin_pass();
  const float values[] = {1, 2};
  for (int site = 0; site < kSites; ++site) {
    once.observe(0, static_cast<Site>(site), values, 2, 1);
  }
  once.end_batch();
  REQUIRE_THROWS_WITH(once.observe(0, Site::key, values, 1, 2),
                      ContainsSubstring("layer 0, key had 1 features and now has 2"));
  once.begin_pass();
  once.observe(0, Site::query, values, 1, 1);
  REQUIRE_THROWS_WITH(once.finish(), ContainsSubstring("second pass showed other rows"));
}
