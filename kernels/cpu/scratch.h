// Memory that a kernel needs during one call, kept from call to call.
#pragma once

#include <cstddef>

namespace herosweep::kernels::cpu {

/// A growing, 64-byte aligned block. Meant for `static thread_local` objects: after the first pass
/// of a model no kernel allocates. Defined out of line, so that files compiled for one instruction
/// set instantiate nothing.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  /// At least `bytes`, uninitialised; earlier contents and pointers are lost when it grows.
  /// Throws std::bad_alloc.
  void* reserve(size_t bytes);

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace herosweep::kernels::cpu
