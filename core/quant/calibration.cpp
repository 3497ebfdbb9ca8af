#include "core/quant/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/quant/json_number.h"
#include "core/quant/quantizer.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

using nlohmann::json;

// Raises the scale of a feature that hardly fired in calibration, which would clip all it meets
// later. Against the median: a floor against the maximum flattens healthy features.
constexpr float kFloorOfMedian = 0.25f;

constexpr std::array<std::string_view, kSites> kSiteNames{
    "query", "key",          "value",     "context",  "attention_projection",
    "gelu",  "feed_forward", "qkv_input", "fc1_input"};

constexpr std::string_view kPercentile = "percentile";
constexpr int kLargestCount = 1 << 24;

/// Mean of the middle two for an even count. `values` is reordered.
float median(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5f * (*std::max_element(values.begin(), middle) + *middle);
}

int positive(const json& value, const char* key) {
  if (const auto number = whole_number(value.at(key), 1, kLargestCount)) {
    return static_cast<int>(*number);
  }
  throw PlanError(fmt::format("calibration JSON: {}: expected a whole number from 1 to {}", key,
                              kLargestCount));
}

/// P of "percentile(P)"; "percentile" alone means its default.
std::optional<double> percentile_of(std::string_view text) {
  if (text == kPercentile) return CalibrationSettings{}.percentile;
  if (!text.starts_with(kPercentile)) return std::nullopt;
  text.remove_prefix(kPercentile.size());
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') return std::nullopt;
  const char* end = text.data() + text.size() - 1;
  double percent = 0;
  const auto [stop, error] = std::from_chars(text.data() + 1, end, percent);
  if (error != std::errc() || stop != end || !(percent > 0 && percent <= 100)) return std::nullopt;
  return percent;
}

}  // namespace

std::vector<float> feature_scales(const std::vector<float>& amax, kernels::Int8Range range,
                                  int* floored) {
  int raised = 0;
  std::vector<float> scales(amax.size());
  const float floor = amax.empty() ? 0.0f : kFloorOfMedian * median(amax) / range.divisor;
  for (size_t j = 0; j < amax.size(); ++j) {
    if (amax[j] / range.divisor < floor) {
      ++raised;
      scales[j] = scale_of(floor * range.divisor, range);
    } else {
      scales[j] = scale_of(amax[j], range);
    }
  }
  if (floored != nullptr) *floored = raised;
  return scales;
}

float tensor_scale(float amax, kernels::Int8Range range) { return scale_of(amax, range); }

std::string_view name(Site site) { return kSiteNames.at(static_cast<size_t>(site)); }

std::string observer_text(const CalibrationSettings& settings) {
  switch (settings.observer) {
    case ObserverKind::absmax:
      return "absmax";
    case ObserverKind::percentile:
      return fmt::format("{}({})", kPercentile, settings.percentile);
    case ObserverKind::momentum:
      return "momentum";
    case ObserverKind::mse:
      return "mse";
  }
  throw PlanError("calibration: unknown observer");
}

void set_observer(CalibrationSettings& settings, std::string_view text) {
  CalibrationSettings changed = settings;
  changed.percentile = CalibrationSettings{}.percentile;
  if (const auto percent = percentile_of(text)) {
    changed.observer = ObserverKind::percentile;
    changed.percentile = *percent;
  } else if (text == "absmax") {
    changed.observer = ObserverKind::absmax;
  } else if (text == "momentum") {
    changed.observer = ObserverKind::momentum;
  } else if (text == "mse") {
    changed.observer = ObserverKind::mse;
  } else {
    throw PlanError(fmt::format(
        "calibration observer '{}': use absmax, percentile(P) with P above 0 and at most 100, "
        "momentum or mse",
        text.substr(0, 64)));
  }
  settings = changed;
}

json to_json(const CalibrationSettings& settings) {
  return {{"batches", settings.batches},
          {"batch_size", settings.batch_size},
          {"seq_len", settings.seq_len},
          {"observer", observer_text(settings)},
          {"seed", settings.seed}};
}

CalibrationSettings settings_from_json(const json& value) {
  if (!value.is_object()) throw PlanError("calibration JSON: expected an object");
  const json known = to_json(CalibrationSettings{});
  for (const auto& item : known.items()) {
    if (value.contains(item.key())) continue;
    throw PlanError(fmt::format("calibration JSON: key '{}' is missing", item.key()));
  }
  for (const auto& item : value.items()) {
    if (known.contains(item.key())) continue;
    throw PlanError(fmt::format("calibration JSON: unknown key '{}'", item.key().substr(0, 64)));
  }
  CalibrationSettings settings;
  settings.batches = positive(value, "batches");
  settings.batch_size = positive(value, "batch_size");
  settings.seq_len = positive(value, "seq_len");
  if (!value.at("observer").is_string()) {
    throw PlanError("calibration JSON: observer: expected a word");
  }
  set_observer(settings, value.at("observer").get<std::string>());
  const json& seed = value.at("seed");
  if (!seed.is_number_unsigned() && !whole_number(seed, 0, INT64_MAX)) {
    throw PlanError("calibration JSON: seed: expected a whole number from 0 up");
  }
  settings.seed = seed.get<uint64_t>();
  return settings;
}

}  // namespace herosweep::quant
