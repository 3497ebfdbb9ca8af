// Calibrations on disk: a safetensors file.
//   metadata: "format" = "herosweep-calibration-1", "settings" (JSON), "rows", "cache_key"
//   tensors : "layer.L.SITE.feature" [cols] where a site keeps one, and "layer.L.SITE.scalars" [2]
//             = tensor amax, momentum amax
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/model/safetensors.h"
#include "core/quant/calibration.h"
#include "core/quant/observer.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "herosweep-calibration-1";
constexpr int kMaxLayers = 4096;

std::string key(int layer, Site site, std::string_view part) {
  return fmt::format("layer.{}.{}.{}", layer, name(site), part);
}

[[noreturn]] void unusable(const fs::path& file, const std::string& what) {
  throw ModelError(fmt::format("{}: {}; remove the file and calibrate again", file.string(), what));
}

template <class Function>
void for_each_site(int layers, Function function) {
  for (int layer = 0; layer < layers; ++layer) {
    for (int site = 0; site < kSites; ++site) function(layer, static_cast<Site>(site));
  }
}

class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path), file_(path) {}

  const std::string& metadata(const std::string& field) const {
    const auto found = file_.metadata().find(field);
    if (found == file_.metadata().end()) {
      unusable(path_, fmt::format("no calibration, its metadata has no '{}'", field));
    }
    return found->second;
  }

  int rows() const {
    const std::string& text = metadata("rows");
    int rows = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
    if (error != std::errc() || end != text.data() + text.size() || rows < 1) {
      unusable(path_, "metadata 'rows' is no positive number");
    }
    return rows;
  }

  CalibrationSettings settings() const {
    const auto json = nlohmann::json::parse(metadata("settings"), nullptr, false);
    if (json.is_discarded()) unusable(path_, "metadata 'settings' is no JSON");
    try {
      return settings_from_json(json);
    } catch (const PlanError& error) {
      unusable(path_, error.what());
    }
  }

  int layers() const {
    int layers = 0;
    while (layers < kMaxLayers && file_.find(key(layers, Site{}, "scalars")) != nullptr) ++layers;
    if (layers == 0) unusable(path_, "it holds no layer");
    return layers;
  }

  SiteStatistics statistics(int layer, Site site) const {
    const std::vector<float> scalars = values(key(layer, site, "scalars"));
    if (scalars.size() != 2) {
      unusable(path_, fmt::format("tensor '{}' has {} values, not 2", key(layer, site, "scalars"),
                                  scalars.size()));
    }
    SiteStatistics result;
    result.tensor = scalars[0];
    result.momentum = scalars[1];
    if (site_use(site).feature) result.feature = values(key(layer, site, "feature"));
    return result;
  }

 private:
  /// An amax is never negative, NaN or infinite: such a scale would turn the model into noise.
  std::vector<float> values(const std::string& tensor) const {
    std::vector<float> values = file_.values<float>(tensor);
    const bool sane = std::all_of(values.begin(), values.end(),
                                  [](float v) { return std::isfinite(v) && v >= 0.0f; });
    if (!sane) unusable(path_, fmt::format("tensor '{}' holds no magnitudes", tensor));
    return values;
  }

  fs::path path_;
  model::SafetensorsFile file_;
};

/// Every layer must keep the same sites with the same widths.
void check_shapes(const fs::path& path, const Calibration& calibration) {
  for_each_site(static_cast<int>(calibration.layers.size()), [&](int layer, Site site) {
    const size_t width = calibration.at(layer, site).feature.size();
    const size_t first = calibration.at(0, site).feature.size();
    if (width != first) {
      unusable(path, fmt::format("{} has {} features in layer {} and {} in layer 0", name(site),
                                 width, layer, first));
    }
  });
}

}  // namespace

void save_calibration(const Calibration& calibration, const fs::path& file) {
  const int layers = static_cast<int>(calibration.layers.size());
  // The sources point into this, which therefore must not grow once they do.
  std::vector<std::array<float, 2>> scalars;
  scalars.reserve(static_cast<size_t>(layers) * kSites);
  std::vector<model::TensorSource> tensors;
  for_each_site(layers, [&](int layer, Site site) {
    const SiteStatistics& s = calibration.at(layer, site);
    scalars.push_back({s.tensor, s.momentum});
    tensors.push_back(model::tensor_source(key(layer, site, "scalars"), {2}, scalars.back()));
    if (s.feature.empty()) return;
    const auto cols = static_cast<int64_t>(s.feature.size());
    tensors.push_back(model::tensor_source(key(layer, site, "feature"), {cols}, s.feature));
  });
  model::write_safetensors(file, tensors,
                           {{"format", std::string(kFormat)},
                            {"settings", to_json(calibration.settings).dump()},
                            {"rows", std::to_string(calibration.rows)},
                            {"cache_key", calibration.cache_key}});
}

Calibration load_calibration(const fs::path& file) {
  const Reader reader(file);
  if (reader.metadata("format") != kFormat) {
    unusable(file, fmt::format("format '{}' instead of '{}'", reader.metadata("format"), kFormat));
  }
  Calibration calibration;
  calibration.settings = reader.settings();
  calibration.rows = reader.rows();
  calibration.cache_key = reader.metadata("cache_key");
  calibration.layers.resize(reader.layers());
  for_each_site(static_cast<int>(calibration.layers.size()), [&](int layer, Site site) {
    calibration.layers[layer][static_cast<size_t>(site)] = reader.statistics(layer, site);
  });
  check_shapes(file, calibration);
  return calibration;
}

}  // namespace herosweep::quant
