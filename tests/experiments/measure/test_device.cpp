#include <cstdlib>
#include <optional>
#include <string>

#include "experiments/measure/device.h"
#include "tests/catch.h"

using namespace herosweep;

namespace {

/// CUDA_VISIBLE_DEVICES as it was, at the end of a test.
class VisibleDevices {
 public:
  VisibleDevices() {
    if (const char* value = std::getenv(kName)) before_ = value;
  }
  ~VisibleDevices() {
    if (before_)
      setenv(kName, before_->c_str(), 1);
    else
      unsetenv(kName);
  }
  std::string after(const char* visible, int index) const {
    if (visible == nullptr)
      unsetenv(kName);
    else
      setenv(kName, visible, 1);
    measure::use_device(index);
    return std::getenv(kName);
  }

 private:
  static constexpr char kName[] = "CUDA_VISIBLE_DEVICES";
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("a worker sees one of the devices that the user left visible") {
  const VisibleDevices devices;
  CHECK(devices.after(nullptr, 1) == "1");
  CHECK(devices.after("4,6", 0) == "4");
  CHECK(devices.after("4,6", 1) == "6");
  CHECK(devices.after("GPU-aa,GPU-bb,GPU-cc", 2) == "GPU-cc");
}

TEST_CASE("the host is one device") { CHECK(measure::device_count("cpu") == 1); }
