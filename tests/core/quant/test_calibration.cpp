#include <cfloat>
#include <nlohmann/json.hpp>

#include "core/quant/calibration.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;
using nlohmann::json;

namespace {

const kernels::Int8Range kRange;

}  // namespace

TEST_CASE("a tensor's scale is amax / 127, or 1 for nothing", "[calibration]") {
  REQUIRE(tensor_scale(254.0f, kRange) == 2.0f);
  REQUIRE(tensor_scale(256.0f, kernels::kDeepSpeedRange) == 2.0f);
  REQUIRE(tensor_scale(0.0f, kRange) == 1.0f);
  REQUIRE(tensor_scale(1e-37f, kRange) == 1.0f);
  REQUIRE(tensor_scale(FLT_MIN * 127, kRange) == FLT_MIN);
}

TEST_CASE("features far below the median are floored at a quarter of it", "[calibration]") {
  int floored = -1;
  // Median 127 * 4: the floor is 127.
  const std::vector<float> amax{0, 12.7f, 127, 508, 635, 1270, 12700};
  const auto scales = feature_scales(amax, kRange, &floored);
  REQUIRE(floored == 2);
  const std::vector<float> expected{1, 1, 1, 4, 5, 10, 100};
  for (size_t j = 0; j < amax.size(); ++j) REQUIRE(scales[j] == Approx(expected[j]));
}

TEST_CASE("an even count takes the mean of the middle two", "[calibration]") {
  int floored = 0;
  // Middle two 254 and 762: median 508, floor 127 / 127 = 1.
  const auto scales = feature_scales({762, 1, 254, 1000}, kRange, &floored);
  REQUIRE(floored == 1);
  REQUIRE(scales[1] == Approx(1.0f));
  REQUIRE(scales[2] == Approx(2.0f));
}

TEST_CASE("the floor follows the range", "[calibration]") {
  const auto scales = feature_scales({0, 512, 512}, kernels::kDeepSpeedRange, nullptr);
  REQUIRE(scales == std::vector<float>{1, 4, 4});
}

TEST_CASE("features that are all zero get the scale 1", "[calibration]") {
  int floored = -1;
  REQUIRE(feature_scales({0, 0, 0, 5}, kRange, &floored) ==
          std::vector<float>{1, 1, 1, 5 / 127.0f});
  REQUIRE(floored == 0);  // a median of zero floors nothing
  REQUIRE(feature_scales({}, kRange, &floored).empty());
  REQUIRE(feature_scales({127}, kRange, &floored) == std::vector<float>{1});
  REQUIRE(feature_scales({1e-40f, 1e-40f}, kRange, &floored) == std::vector<float>{1, 1});
}

TEST_CASE("observers are written as in the configuration", "[calibration]") {
  CalibrationSettings settings;
  for (const char* text : {"absmax", "momentum", "mse", "percentile(99.9)", "percentile(99)",
                           "percentile(99.999)", "percentile(100)"}) {
    set_observer(settings, text);
    REQUIRE(observer_text(settings) == text);
  }
  set_observer(settings, "percentile");
  REQUIRE(observer_text(settings) == "percentile(99.9)");
  set_observer(settings, "percentile(99)");
  set_observer(settings, "absmax");
  REQUIRE(settings == CalibrationSettings{});  // the unused percentile is reset
  for (const char* bad :
       {"", "max", "percentile(", "percentile()", "percentile(0)", "percentile(101)",
        "percentile(-5)", "percentile(nan)", "percentile(99.9) ", "percentile(99,9)", "percentilee",
        "percentile(99.9))", "ABSMAX"}) {
    INFO(bad);
    REQUIRE_THROWS_AS(set_observer(settings, bad), PlanError);
    REQUIRE(settings == CalibrationSettings{});
  }
}

TEST_CASE("settings survive JSON, also as text", "[calibration]") {
  CalibrationSettings settings{7, 3, 512, ObserverKind::percentile, 99.99, UINT64_MAX};
  REQUIRE(settings_from_json(to_json(settings)) == settings);
  REQUIRE(settings_from_json(json::parse(to_json(settings).dump())) == settings);
  REQUIRE(to_json(CalibrationSettings{}) ==
          json::parse(R"({"batches": 100, "batch_size": 16, "seq_len": 128, "observer": "absmax",
                          "seed": 0})"));
}

TEST_CASE("hostile settings are refused", "[calibration]") {
  const auto accepts = [](const char* key, const json& value) {
    json bad = to_json(CalibrationSettings{});
    bad[key] = value;
    try {
      settings_from_json(bad);
    } catch (const PlanError&) {
      return false;
    }
    return true;
  };
  const json no_counts[] = {0,    -1,    1.5,       "16",       nullptr,
                            true, 1e300, INT64_MAX, UINT64_MAX, json::array({1})};
  for (const char* key : {"batches", "batch_size", "seq_len"}) {
    for (const json& value : no_counts) REQUIRE_FALSE(accepts(key, value));
    REQUIRE(accepts(key, 1));
  }
  for (const json& value : {json(-1), json(0.5), json("0"), json(nullptr)}) {
    REQUIRE_FALSE(accepts("seed", value));
  }
  REQUIRE_FALSE(accepts("observer", 3));
  REQUIRE_FALSE(accepts("observer", "minmax"));
  REQUIRE_FALSE(accepts("extra", 1));
  REQUIRE_THROWS_WITH(settings_from_json(json::object()), ContainsSubstring("is missing"));
  REQUIRE_THROWS_AS(settings_from_json(json::array()), PlanError);
}
