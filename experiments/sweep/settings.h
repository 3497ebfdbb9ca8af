// The settings of a variant that axes vary, each with its words.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/quant/calibration.h"
#include "core/quant/plan.h"

namespace herosweep::sweep {

/// Everything but the schemes.
struct Settings {
  quant::PlanOptions options;
  quant::CalibrationSettings calibration;
  uint64_t seed = 0;
};

/// One setting: how its values are written, and where they go.
struct SettingKind {
  std::string name;  // "residual", "calibration.observer"
  std::string doc;
  std::vector<std::string> words;  // what may be written; empty: a whole number, low to high
  int64_t low = 0, high = 0;
  bool of_plan = false;  // a plan of the list may fix it in its `options`
  std::function<bool(Settings&, const std::string&)> set;  // false: not a value of this setting
  std::function<std::string(const Settings&)> get;
  /// "int8, fp16" or "a whole number, 1 to 100".
  std::string values_text() const;
};

/// residual, softmax, range, groups, calibration.{observer,batches,batch_size,seq_len}, seed.
const std::vector<SettingKind>& setting_kinds();
const SettingKind* find_setting(std::string_view name);

}  // namespace herosweep::sweep
