// What the NVIDIA driver says about the device while it works: clocks, power, temperature. Read
// through libnvidia-ml.so.1, which comes with the driver and is opened at run time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace herosweep::kernels {

/// Bits of `NvmlReading::throttle_reasons` that say a measurement was slowed down; the others
/// (idle, clocks set by an application) are the driver's ordinary business.
inline constexpr uint64_t kNvmlPowerCap = 0x4;
inline constexpr uint64_t kNvmlHardwareSlowdown = 0x8;
inline constexpr uint64_t kNvmlThermalSoftware = 0x20;
inline constexpr uint64_t kNvmlThermalHardware = 0x40;
inline constexpr uint64_t kNvmlPowerBrake = 0x80;
inline constexpr uint64_t kNvmlSlowdowns = kNvmlPowerCap | kNvmlHardwareSlowdown |
                                           kNvmlThermalSoftware | kNvmlThermalHardware |
                                           kNvmlPowerBrake;

/// The first device that CUDA sees. What the driver does not tell (some virtual machines hide
/// power or clocks) is empty.
struct NvmlReading {
  std::string name;            // "NVIDIA H200"
  std::string uuid;            // "GPU-..."
  std::string driver_version;  // "580.82.07"
  std::optional<int> sm_clock_mhz;
  std::optional<int> sm_clock_max_mhz;
  std::optional<int> memory_clock_mhz;
  std::optional<double> power_watts;
  std::optional<double> power_limit_watts;
  std::optional<int> temperature_celsius;
  std::optional<uint64_t> throttle_reasons;  // NVML's bits, see kNvmlSlowdowns
};

/// Nothing where there is no driver, no device, or CUDA sees none. Takes some microseconds to
/// milliseconds; creates no CUDA context. The library stays open for the life of the process.
std::optional<NvmlReading> read_nvml();

/// "power cap, thermal (hardware)" for the bits of kNvmlSlowdowns; empty when there are none.
std::string slowdown_text(uint64_t throttle_reasons);

}  // namespace herosweep::kernels
