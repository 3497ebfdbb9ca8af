#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/model/safetensors.h"
#include "core/quant/calibration.h"
#include "core/quant/observer.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;
namespace fs = std::filesystem;

namespace {

/// A folder of this test's own that goes with it.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("herosweep-calibration-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

Calibration example() {
  CalibrationSettings settings;
  settings.observer = ObserverKind::percentile;
  settings.percentile = 99.99;
  settings.seed = 3;
  CalibrationObserver observer(settings, 2);
  for (int pass = 0; pass < 2; ++pass) {
    observer.begin_pass();
    for (int layer = 0; layer < 2; ++layer) {
      for (int site = 0; site < kSites; ++site) {
        const float x = 0.1f * static_cast<float>(1 + layer * kSites + site);
        const float values[] = {x, -2 * x, 3 * x, 1e-3f * x, 0, x};
        observer.observe(layer, static_cast<Site>(site), values, 2, 3);
      }
    }
    observer.end_batch();
  }
  Calibration calibration = observer.finish();
  calibration.rows = 2;
  calibration.cache_key = "0123abcd";
  return calibration;
}

void require_same(const Calibration& a, const Calibration& b) {
  REQUIRE(a.settings == b.settings);
  REQUIRE(a.rows == b.rows);
  REQUIRE(a.cache_key == b.cache_key);
  REQUIRE(a.layers.size() == b.layers.size());
  for (int layer = 0; layer < static_cast<int>(a.layers.size()); ++layer) {
    for (int site = 0; site < kSites; ++site) {
      const SiteStatistics& x = a.at(layer, static_cast<Site>(site));
      const SiteStatistics& y = b.at(layer, static_cast<Site>(site));
      REQUIRE(x.feature == y.feature);
      REQUIRE(x.tensor == y.tensor);
      REQUIRE(x.momentum == y.momentum);
    }
  }
}

/// The tensors of a saved calibration, to be damaged.
struct Contents {
  std::map<std::string, std::vector<float>> tensors;
  std::map<std::string, std::string> metadata;

  explicit Contents(const fs::path& file) {
    const model::SafetensorsFile open(file);
    for (const auto& [name, view] : open.tensors()) tensors[name] = open.values<float>(name);
    metadata = open.metadata();
  }
  void write(const fs::path& file) const {
    std::vector<model::TensorSource> sources;
    for (const auto& [name, values] : tensors) {
      sources.push_back(model::tensor_source(name, {static_cast<int64_t>(values.size())}, values));
    }
    model::write_safetensors(file, sources, metadata);
  }
};

}  // namespace

TEST_CASE("a calibration survives its file", "[calibration]") {
  const Folder folder;
  const fs::path file = folder.path / "c.safetensors";
  const Calibration calibration = example();
  save_calibration(calibration, file);
  require_same(load_calibration(file), calibration);
  save_calibration(load_calibration(file), file);  // over itself
  require_same(load_calibration(file), calibration);
}

TEST_CASE("a damaged calibration is refused with the file's name", "[calibration]") {
  const Folder folder;
  const fs::path good = folder.path / "good.safetensors";
  const fs::path bad = folder.path / "bad.safetensors";
  save_calibration(example(), good);
  const auto message = [&](const std::function<void(Contents&)>& damage) {
    Contents contents(good);
    damage(contents);
    contents.write(bad);
    try {
      load_calibration(bad);
    } catch (const ModelError& error) {
      REQUIRE_THAT(error.what(), ContainsSubstring("bad.safetensors"));
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  REQUIRE(message([](Contents&) {}) == "accepted");
  const auto with_metadata = [&](const char* field, const char* value) {
    return message([&](Contents& c) { c.metadata[field] = value; });
  };
  REQUIRE_THAT(with_metadata("format", "other"), ContainsSubstring("format 'other'"));
  REQUIRE_THAT(with_metadata("settings", "{"), ContainsSubstring("no JSON"));
  REQUIRE_THAT(with_metadata("settings", "{}"), ContainsSubstring("is missing"));
  for (const char* rows : {"", "0", "-4", "12x", "99999999999"}) {
    REQUIRE_THAT(with_metadata("rows", rows), ContainsSubstring("'rows'"));
  }
  REQUIRE_THAT(message([](Contents& c) { c.metadata.erase("settings"); }),
               ContainsSubstring("no 'settings'"));
  REQUIRE_THAT(message([](Contents& c) { c.tensors.erase("layer.1.gelu.feature"); }),
               ContainsSubstring("layer.1.gelu.feature"));
  REQUIRE_THAT(message([](Contents& c) { c.tensors.erase("layer.1.key.scalars"); }),
               ContainsSubstring("layer.1.key.scalars"));
  REQUIRE_THAT(message([](Contents& c) { c.tensors.clear(); }), ContainsSubstring("no layer"));
  REQUIRE_THAT(message([](Contents& c) { c.tensors["layer.0.key.scalars"] = {1}; }),
               ContainsSubstring("1 values, not 2"));
  REQUIRE_THAT(message([](Contents& c) { c.tensors["layer.1.gelu.feature"].pop_back(); }),
               ContainsSubstring("gelu has 2 features in layer 1 and 3 in layer 0"));
  for (float value : {-1.0f, NAN, INFINITY}) {
    REQUIRE_THAT(message([&](Contents& c) { c.tensors["layer.0.context.feature"][1] = value; }),
                 ContainsSubstring("holds no magnitudes"));
  }
}

TEST_CASE("a missing or foreign file is a model error", "[calibration]") {
  const Folder folder;
  REQUIRE_THROWS_AS(load_calibration(folder.path / "none.safetensors"), ModelError);
  std::ofstream(folder.path / "text.safetensors") << "hello";
  REQUIRE_THROWS_AS(load_calibration(folder.path / "text.safetensors"), ModelError);
  REQUIRE_THROWS_AS(save_calibration(example(), folder.path / "no" / "folder" / "c.safetensors"),
                    ModelError);
}
