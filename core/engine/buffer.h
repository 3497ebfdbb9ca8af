// Memory of a backend, owned; or host memory that a backend reads in place.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernels/backend.h"

namespace herosweep::engine {

class Buffer {
 public:
  Buffer() = default;
  /// Uninitialised. Throws std::bad_alloc.
  Buffer(const kernels::Backend& backend, size_t bytes)
      : backend_(&backend), data_(backend.allocate(bytes)), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~Buffer() {
    if (backend_ != nullptr) backend_->release(data_);
  }

  /// A copy of host memory.
  static Buffer copy_of(const kernels::Backend& backend, const void* host, size_t bytes);
  /// FP32 values as operators read them: a copy, or the vector itself where the backend works in
  /// host memory (it must outlive the buffer then). Empty for an empty vector.
  static Buffer floats(const kernels::Backend& backend, const std::vector<float>& values);
  /// A table in the backend's floating-point format, as `floats` holds one.
  static Buffer floating(const kernels::Backend& backend, const std::vector<float>& values);

  bool empty() const { return data_ == nullptr; }
  size_t bytes() const { return bytes_; }
  void* data() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  const kernels::Backend* backend_ = nullptr;  // null: the memory is not owned
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

/// Bytes of one floating-point value of this backend.
size_t floating_bytes(const kernels::Backend& backend);

/// `count` values of the backend's floating-point format at `data`, as FP32 on the host.
std::vector<float> download_floating(const kernels::Backend& backend, const void* data,
                                     size_t count);
/// The inverse, rounding to nearest even.
void upload_floating(const kernels::Backend& backend, void* data, const std::vector<float>& values);

}  // namespace herosweep::engine
