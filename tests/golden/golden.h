// Golden files of tests/golden/bert (made by make_bert_golden.py) and the models they belong to.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/model/safetensors.h"

namespace herosweep::golden {

inline std::filesystem::path directory() {
  return std::filesystem::path(HEROSWEEP_SOURCE_DIR) / "tests/golden/bert";
}

/// Packed sequences and what `transformers` makes of them, in float64 rounded to FP32 at the end.
struct Golden {
  model::SafetensorsFile file;
  engine::Batch batch;

  explicit Golden(const std::string& name)
      : file(directory() / (name + ".golden.safetensors")),
        batch{file.values<int32_t>("ids"), file.values<int32_t>("types"),
              file.values<int32_t>("offsets")} {}

  /// "mean", "first" [sequences, hidden]; "logits" [sequences, labels] where there is a classifier;
  /// "hidden.0" ... (small models only) [tokens, hidden].
  std::vector<float> values(const std::string& name) const { return file.values<float>(name); }
  bool has(const std::string& name) const { return file.find(name) != nullptr; }
};

/// max |a - b| / max |expected|, the measure of the FP32 acceptance; infinite for NaN.
inline double relative_error(const float* values, const std::vector<float>& expected) {
  double error = 0.0;
  double largest = 0.0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - expected[i]);
    if (!std::isfinite(difference)) return INFINITY;
    error = std::max(error, difference);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return error / largest;
}

/// A real checkpoint, which the repository does not hold: looked for under the environment variable
/// HEROSWEEP_TEST_MODELS, models/ of the source tree, and shared/models beside it.
inline std::optional<std::filesystem::path> find_model(const std::string& name) {
  const std::filesystem::path source(HEROSWEEP_SOURCE_DIR);
  std::vector<std::filesystem::path> places{source / "models",
                                            source.parent_path() / "shared/models"};
  if (const char* given = std::getenv("HEROSWEEP_TEST_MODELS"))
    places.insert(places.begin(), given);
  for (const std::filesystem::path& place : places)
    if (std::filesystem::exists(place / name / "config.json")) return place / name;
  return std::nullopt;
}

}  // namespace herosweep::golden
