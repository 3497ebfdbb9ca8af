#include "kernels/host_memory.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

namespace herosweep::kernels::host {

void* allocate(size_t bytes) {
  constexpr size_t kAlignment = 64;  // a cache line, and one AVX-512 register
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = std::aligned_alloc(kAlignment, rounded > 0 ? rounded : kAlignment);
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

void release(void* data) { std::free(data); }

void copy(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

int64_t time(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
}

}  // namespace herosweep::kernels::host
