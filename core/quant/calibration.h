// Calibration: statistics of a model's own FP tensors on training text, reduced to static scales.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/quant/plan.h"

namespace herosweep::quant {

enum class ObserverKind : uint8_t { absmax, percentile, momentum, mse };

struct CalibrationSettings {
  int batches = 100;
  int batch_size = 16;
  int seq_len = 128;
  ObserverKind observer = ObserverKind::absmax;
  double percentile = 99.9;  // read by ObserverKind::percentile
  uint64_t seed = 0;
  bool operator==(const CalibrationSettings&) const = default;
};

/// Tensors whose statistics are taken in every layer.
enum class Site : uint8_t {
  query,
  key,
  value,                 // tensor-wise: S_q, S_k, S_v
  context,               // attention's output, feature-wise: S_attn; tensor-wise: static input of
                         // attention_output
  attention_projection,  // attention_output's result before the residual, feature-wise: S_o
  gelu,                  // fc1 after GELU, feature-wise: S_gelu; tensor-wise: static input of fc2
  feed_forward,          // fc2's result before the residual, feature-wise: S_2
  qkv_input,
  fc1_input,  // layer norm outputs, tensor-wise: static inputs of PTQ
};
inline constexpr int kSites = 9;

/// amax of one site: `feature` [cols] from the configured observer (empty where only the tensor's
/// is used), `tensor` from the configured observer, `momentum` by 0.95 m + 0.05 amax over batches
/// (PTQ).
struct SiteStatistics {
  std::vector<float> feature;
  float tensor = 0.0f;
  float momentum = 0.0f;
};

struct Calibration {
  CalibrationSettings settings;
  int rows = 0;           // sequences that were seen (may be fewer than batches * batch_size)
  std::string cache_key;  // hash of (weights, data, tokenizer, settings)
  std::vector<std::array<SiteStatistics, kSites>> layers;

  const SiteStatistics& at(int layer, Site site) const {
    return layers[layer][static_cast<size_t>(site)];
  }
};

/// Feature scales from amax: floored at 0.25 * median(amax) / divisor; a zero scale becomes 1.
/// `floored` counts the features that the floor raised.
std::vector<float> feature_scales(const std::vector<float>& amax, kernels::Int8Range range,
                                  int* floored);
/// amax / divisor, or 1 when that is zero or below FLT_MIN.
float tensor_scale(float amax, kernels::Int8Range range);

/// Stored as safetensors with the settings in its metadata. Both throw ModelError.
void save_calibration(const Calibration& calibration, const std::filesystem::path& file);
Calibration load_calibration(const std::filesystem::path& file);

std::string_view name(Site site);
/// "absmax", "percentile(99.9)", "momentum" or "mse".
std::string observer_text(const CalibrationSettings& settings);
/// The inverse ("percentile" alone keeps its default); `settings` is unchanged when it throws
/// PlanError.
void set_observer(CalibrationSettings& settings, std::string_view text);
nlohmann::json to_json(const CalibrationSettings& settings);
/// Throws PlanError.
CalibrationSettings settings_from_json(const nlohmann::json& json);

}  // namespace herosweep::quant
