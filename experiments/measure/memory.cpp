#include "experiments/measure/memory.h"

#include <fstream>
#include <string>

#include "kernels/cuda/cuda.h"

namespace herosweep::measure {

int64_t peak_memory_bytes(const kernels::Backend& backend) {
  if (!backend.host_memory) return kernels::cuda_peak_bytes();
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

void reset_peak_memory(const kernels::Backend& backend) {
  if (!backend.host_memory) return kernels::reset_cuda_peak();
  // "5" resets the peak resident set (proc(5), clear_refs).
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace herosweep::measure
