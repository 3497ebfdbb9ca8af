// Uninitialised memory aligned to a cache line.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace herosweep::util {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;  // a cache line, and one AVX-512 register

  AlignedBuffer() = default;
  /// Throws std::bad_alloc.
  explicit AlignedBuffer(size_t bytes) : bytes_(bytes) {
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset(std::aligned_alloc(kAlignment, rounded > 0 ? rounded : kAlignment));
    if (!data_) throw std::bad_alloc();
  }

  void* data() { return data_.get(); }
  const void* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }

  /// Makes the buffer at least `bytes` large; the contents are lost when it grows.
  void reserve(size_t bytes) {
    if (bytes > bytes_) *this = AlignedBuffer(bytes);
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> data_;
  size_t bytes_ = 0;
};

}  // namespace herosweep::util
