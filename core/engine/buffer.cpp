#include "core/engine/buffer.h"

#include <cstdint>

#include "core/util/half.h"

namespace herosweep::engine {

namespace {

/// Element by element on all threads: tables and hidden states have tens of millions.
template <class From, class To>
void convert(const std::vector<From>& from, std::vector<To>& to, To (*one)(From)) {
#pragma omp parallel for
  for (size_t i = 0; i < from.size(); ++i) to[i] = one(from[i]);
}

std::vector<uint16_t> halves(const std::vector<float>& values) {
  std::vector<uint16_t> result(values.size());
  convert(values, result, util::float_to_half);
  return result;
}

}  // namespace

Buffer Buffer::copy_of(const kernels::Backend& backend, const void* host, size_t bytes) {
  Buffer buffer(backend, bytes);
  backend.upload(buffer.data(), host, bytes);
  return buffer;
}

Buffer Buffer::floats(const kernels::Backend& backend, const std::vector<float>& values) {
  if (values.empty()) return {};
  const size_t bytes = values.size() * sizeof(float);
  if (!backend.host_memory) return copy_of(backend, values.data(), bytes);
  Buffer view;
  view.data_ = const_cast<float*>(values.data());  // operators only read it
  view.bytes_ = bytes;
  return view;
}

Buffer Buffer::floating(const kernels::Backend& backend, const std::vector<float>& values) {
  if (backend.floating == kernels::ElementType::f32) return floats(backend, values);
  const auto rounded = halves(values);
  return copy_of(backend, rounded.data(), rounded.size() * sizeof(uint16_t));
}

size_t floating_bytes(const kernels::Backend& backend) {
  return backend.floating == kernels::ElementType::f32 ? sizeof(float) : sizeof(uint16_t);
}

std::vector<float> download_floating(const kernels::Backend& backend, const void* data,
                                     size_t count) {
  std::vector<float> values(count);
  if (backend.floating == kernels::ElementType::f32) {
    backend.download(values.data(), data, count * sizeof(float));
    return values;
  }
  std::vector<uint16_t> raw(count);
  backend.download(raw.data(), data, count * sizeof(uint16_t));
  convert(raw, values, util::half_to_float);
  return values;
}

void upload_floating(const kernels::Backend& backend, void* data,
                     const std::vector<float>& values) {
  if (backend.floating == kernels::ElementType::f32) {
    backend.upload(data, values.data(), values.size() * sizeof(float));
    return;
  }
  const auto rounded = halves(values);
  backend.upload(data, rounded.data(), rounded.size() * sizeof(uint16_t));
}

}  // namespace herosweep::engine
