#include "kernels/cpu/scratch.h"

#include <cstdlib>
#include <new>

namespace herosweep::kernels::cpu {

Scratch::~Scratch() { std::free(data_); }

void* Scratch::reserve(size_t bytes) {
  if (bytes <= bytes_) return data_;
  const size_t rounded = (bytes + 63) / 64 * 64;
  std::free(data_);
  bytes_ = 0;
  data_ = std::aligned_alloc(64, rounded);
  if (data_ == nullptr) throw std::bad_alloc();
  bytes_ = rounded;
  return data_;
}

}  // namespace herosweep::kernels::cpu
