// What the engines of one process share: packed weights, by (tensor, scheme, folded scales), and
// the workspace (engines of one process run one after the other, on one backend).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/buffer.h"
#include "kernels/backend.h"

namespace herosweep::engine {

/// Weights as the backend's `gemm` reads them, or a table or vector as it was.
struct PackedTensor {
  kernels::PackedWeights view;  // points into `buffer`; unused for tables
  Buffer buffer;
  std::vector<float> row_scale;  // [rows], on the host; empty for FP
  int64_t bytes() const {
    return static_cast<int64_t>(buffer.bytes() + row_scale.size() * sizeof(float));
  }
};

class WeightStore {
 public:
  using Make = std::function<PackedTensor()>;
  /// The tensor called `key`, made at the first request and kept as long as an engine holds it.
  std::shared_ptr<const PackedTensor> get(const std::string& key, const Make& make);

  /// Scratch memory of at least `bytes`; its contents last for one forward pass, its address until
  /// a larger block is asked for.
  void* workspace(const kernels::Backend& backend, size_t bytes);

 private:
  std::map<std::string, std::weak_ptr<const PackedTensor>> tensors_;
  Buffer workspace_;
};

}  // namespace herosweep::engine
