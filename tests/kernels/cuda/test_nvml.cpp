#include <cstdlib>
#include <string>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/nvml.h"
#include "tests/catch.h"

using namespace herosweep::kernels;

namespace {

/// Sets CUDA_VISIBLE_DEVICES for one scope.
class VisibleDevices {
 public:
  explicit VisibleDevices(const char* value) {
    if (const char* held = std::getenv(kName)) before_ = held;
    setenv(kName, value, 1);
  }
  ~VisibleDevices() {
    if (before_)
      setenv(kName, before_->c_str(), 1);
    else
      unsetenv(kName);
  }

 private:
  static constexpr const char* kName = "CUDA_VISIBLE_DEVICES";
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("nvml reads the first device where there is one, and nothing elsewhere") {
  const CudaStatus status = cuda_status();
  const std::optional<NvmlReading> reading = read_nvml();
  if (!status.usable) {
    // A driver without a device that CUDA can use may still answer; then it must name it.
    CHECK((!reading || !reading->name.empty()));
    return;
  }
  REQUIRE(reading);
  CHECK(reading->name == status.device);
  CHECK(reading->uuid.rfind("GPU-", 0) == 0);
  CHECK(reading->driver_version.find('.') != std::string::npos);
  if (reading->sm_clock_mhz) CHECK((*reading->sm_clock_mhz > 50 && *reading->sm_clock_mhz < 5000));
  if (reading->memory_clock_mhz) CHECK(*reading->memory_clock_mhz > 50);
  if (reading->power_watts) CHECK((*reading->power_watts > 1.0 && *reading->power_watts < 3000.0));
  if (reading->temperature_celsius)
    CHECK((*reading->temperature_celsius > 0 && *reading->temperature_celsius < 120));
  WARN(reading->name << ": " << reading->sm_clock_mhz.value_or(-1) << " of "
                     << reading->sm_clock_max_mhz.value_or(-1) << " MHz, "
                     << reading->power_watts.value_or(-1) << " of "
                     << reading->power_limit_watts.value_or(-1) << " W, "
                     << reading->temperature_celsius.value_or(-1) << " C, reasons "
                     << reading->throttle_reasons.value_or(0));
}

TEST_CASE("nvml reads nothing when no device is visible to CUDA") {
  for (const char* hidden : {"", "-1", "GPU-00000000-0000-0000-0000-000000000000", "9999"}) {
    const VisibleDevices scope(hidden);
    CAPTURE(hidden);
    CHECK_FALSE(read_nvml());
  }
}

TEST_CASE("nvml names what slowed a device down, and ignores idling") {
  CHECK(slowdown_text(0).empty());
  CHECK(slowdown_text(0x1).empty());
  CHECK(slowdown_text(kNvmlPowerCap | 0x1) == "power cap");
  CHECK(slowdown_text(kNvmlSlowdowns) ==
        "power cap, hardware slowdown, thermal (software), thermal (hardware), power brake");
}
