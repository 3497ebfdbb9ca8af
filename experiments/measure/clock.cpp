#include "experiments/measure/clock.h"

#include <fmt/format.h>
#include <sched.h>

#include <fstream>
#include <string>

#include "kernels/cuda/nvml.h"

namespace herosweep::measure {

namespace {

double from_frequency_driver(int processor) {
  std::ifstream file(
      fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_cur_freq", processor));
  double kilohertz = 0;
  return file >> kilohertz ? kilohertz / 1000.0 : 0.0;
}

/// Lines "processor : 3" and "cpu MHz : 2450.0" of the same block.
double from_cpuinfo(int processor) {
  std::ifstream file("/proc/cpuinfo");
  int current = -1;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 1);
    if (line.starts_with("processor")) current = std::stoi(value);
    if (line.starts_with("cpu MHz") && current == processor) return std::stod(value);
  }
  return 0.0;
}

}  // namespace

double clock_mhz(const kernels::Backend& backend) {
  if (!backend.host_memory) {
    const auto reading = kernels::read_nvml();
    return reading && reading->sm_clock_mhz ? *reading->sm_clock_mhz : 0.0;
  }
  return clock_mhz();
}

double clock_mhz() {
  const int processor = sched_getcpu();
  const double mhz = from_frequency_driver(processor);
  return mhz > 0 ? mhz : from_cpuinfo(processor);
}

}  // namespace herosweep::measure
