// A batch where operators read it. Backends that record passes get shapes rounded up to a few
// buckets, so that few recordings serve ragged text: rows that no sequence owns follow the real
// ones, as sequences without valid keys, whose attention is 0.
#pragma once

#include <cstdint>

#include "core/engine/buffer.h"
#include "core/engine/engine.h"

namespace herosweep::engine {

/// What a recorded pass depends on.
struct PassShape {
  int tokens = 0;
  int sequences = 0;
  int longest = 0;
  // clang-tidy 14 takes what this compares with 0 for a null pointer.
  auto operator<=>(const PassShape&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// Smallest bucket that holds `count`: steps of an eighth of a power of two, at least `step`.
int bucket(int count, int step);

class Inputs {
 public:
  explicit Inputs(const kernels::Backend& backend) : backend_(backend) {}

  /// Uploads `batch`. REQUIRES a checked batch.
  void load(const Batch& batch);

  const PassShape& shape() const { return shape_; }
  int real_tokens() const { return real_tokens_; }  // the first rows; the rest is padding
  const int32_t* ids() const { return at(0); }
  const int32_t* types() const { return at(1); }
  const int32_t* positions() const { return at(2); }
  const int32_t* offsets() const { return at(3); }
  /// [sequences] valid keys, or null: all rows of each.
  const int32_t* lengths() const {
    return backend_.record == nullptr ? nullptr : offsets() + shape_.sequences + 1;
  }
  /// Changes only when a larger batch is loaded.
  const void* address() const { return buffer_.data(); }

 private:
  const int32_t* at(int column) const {
    return buffer_.as<const int32_t>() + static_cast<size_t>(column) * shape_.tokens;
  }

  const kernels::Backend& backend_;
  Buffer buffer_;  // ids, types, positions [tokens], offsets [sequences + 1], lengths [sequences]
  PassShape shape_;
  int real_tokens_ = 0;
};

}  // namespace herosweep::engine
