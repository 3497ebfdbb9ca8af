#include "experiments/measure/memory.h"

#include <fstream>
#include <string>

namespace herosweep::measure {

int64_t peak_memory_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

void reset_peak_memory() {
  // "5" resets the peak resident set (proc(5), clear_refs).
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace herosweep::measure
