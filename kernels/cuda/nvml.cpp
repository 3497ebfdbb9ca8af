#include "kernels/cuda/nvml.h"

#include <dlfcn.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace herosweep::kernels {
namespace {

// Declarations of NVML's C interface, as its reference manual gives them: only what is used here,
// so that no header of the driver is needed to build.
using NvmlReturn = int;  // 0: success
using NvmlDevice = void*;
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kSensorGpu = 0;
constexpr unsigned kTextBytes = 96;

struct Library {
  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*driver_version)(char*, unsigned) = nullptr;
  NvmlReturn (*device_by_index)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*device_by_uuid)(const char*, NvmlDevice*) = nullptr;
  NvmlReturn (*name)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*clock)(NvmlDevice, int, unsigned*) = nullptr;
  NvmlReturn (*clock_max)(NvmlDevice, int, unsigned*) = nullptr;
  NvmlReturn (*power)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*power_limit)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*temperature)(NvmlDevice, int, unsigned*) = nullptr;
  NvmlReturn (*throttle_reasons)(NvmlDevice, unsigned long long*) = nullptr;
  bool usable = false;
};

template <class Function>
bool find(void* handle, const char* symbol, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(handle, symbol));
  return *function != nullptr;
}

Library open_library() {
  Library nvml;
  void* handle = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return nvml;
  const bool complete =
      find(handle, "nvmlInit_v2", &nvml.init) &&
      find(handle, "nvmlSystemGetDriverVersion", &nvml.driver_version) &&
      find(handle, "nvmlDeviceGetHandleByIndex_v2", &nvml.device_by_index) &&
      find(handle, "nvmlDeviceGetHandleByUUID", &nvml.device_by_uuid) &&
      find(handle, "nvmlDeviceGetName", &nvml.name) &&
      find(handle, "nvmlDeviceGetUUID", &nvml.uuid) &&
      find(handle, "nvmlDeviceGetClockInfo", &nvml.clock) &&
      find(handle, "nvmlDeviceGetMaxClockInfo", &nvml.clock_max) &&
      find(handle, "nvmlDeviceGetPowerUsage", &nvml.power) &&
      find(handle, "nvmlDeviceGetEnforcedPowerLimit", &nvml.power_limit) &&
      find(handle, "nvmlDeviceGetTemperature", &nvml.temperature) &&
      find(handle, "nvmlDeviceGetCurrentClocksThrottleReasons", &nvml.throttle_reasons);
  nvml.usable = complete && nvml.init() == 0;
  return nvml;
}

const Library& library() {
  static const Library nvml = open_library();
  return nvml;
}

/// The first entry of CUDA_VISIBLE_DEVICES is an index or the beginning of a UUID. NVML counts in
/// the order of the PCI bus, CUDA fastest first unless told otherwise: the same where all devices
/// of a machine are alike.
std::optional<NvmlDevice> first_visible(const Library& nvml) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string_view list = visible != nullptr ? visible : "0";
  const std::string first(list.substr(0, list.find(',')));
  NvmlDevice device = nullptr;
  if (first.rfind("GPU-", 0) == 0)
    return nvml.device_by_uuid(first.c_str(), &device) == 0 ? std::optional(device) : std::nullopt;
  char* end = nullptr;
  const long index = std::strtol(first.c_str(), &end, 10);
  if (first.empty() || *end != '\0' || index < 0) return std::nullopt;
  if (nvml.device_by_index(static_cast<unsigned>(index), &device) != 0) return std::nullopt;
  return device;
}

template <class Value, class Query, class... Arguments>
std::optional<Value> ask(Query query, Arguments... arguments) {
  Value value{};
  if (query(arguments..., &value) != 0) return std::nullopt;
  return value;
}

std::optional<int> as_int(std::optional<unsigned> value) {
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<double> watts(std::optional<unsigned> milliwatts) {
  if (!milliwatts) return std::nullopt;
  return *milliwatts / 1000.0;
}

template <class Query, class... Subject>
std::string text(Query query, Subject... subject) {
  std::array<char, kTextBytes> buffer{};
  return query(subject..., buffer.data(), kTextBytes) == 0 ? buffer.data() : "";
}

}  // namespace

std::optional<NvmlReading> read_nvml() {
  const Library& nvml = library();
  if (!nvml.usable) return std::nullopt;
  const std::optional<NvmlDevice> found = first_visible(nvml);
  if (!found) return std::nullopt;
  const NvmlDevice device = *found;
  NvmlReading reading;
  reading.name = text(nvml.name, device);
  reading.uuid = text(nvml.uuid, device);
  reading.driver_version = text(nvml.driver_version);
  reading.sm_clock_mhz = as_int(ask<unsigned>(nvml.clock, device, kClockSm));
  reading.sm_clock_max_mhz = as_int(ask<unsigned>(nvml.clock_max, device, kClockSm));
  reading.memory_clock_mhz = as_int(ask<unsigned>(nvml.clock, device, kClockMemory));
  reading.power_watts = watts(ask<unsigned>(nvml.power, device));
  reading.power_limit_watts = watts(ask<unsigned>(nvml.power_limit, device));
  reading.temperature_celsius = as_int(ask<unsigned>(nvml.temperature, device, kSensorGpu));
  reading.throttle_reasons = ask<unsigned long long>(nvml.throttle_reasons, device);
  return reading;
}

std::string slowdown_text(uint64_t throttle_reasons) {
  struct Reason {
    uint64_t bit;
    const char* text;
  };
  constexpr Reason kReasons[] = {{kNvmlPowerCap, "power cap"},
                                 {kNvmlHardwareSlowdown, "hardware slowdown"},
                                 {kNvmlThermalSoftware, "thermal (software)"},
                                 {kNvmlThermalHardware, "thermal (hardware)"},
                                 {kNvmlPowerBrake, "power brake"}};
  std::string joined;
  for (const Reason& reason : kReasons) {
    if ((throttle_reasons & reason.bit) == 0) continue;
    if (!joined.empty()) joined += ", ";
    joined += reason.text;
  }
  return joined;
}

}  // namespace herosweep::kernels
