// Recorded passes of one engine, by what their operators' arguments depend on.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "core/engine/inputs.h"

namespace herosweep::engine {

struct RecordingKey {
  PassShape shape;
  const void* inputs = nullptr;
  const void* workspace = nullptr;
  // clang-tidy 14 takes what this compares with 0 for a null pointer.
  auto operator<=>(const RecordingKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

class Recordings {
 public:
  /// Runs `pass`: the first time as it is, then recorded.
  void replay(const RecordingKey& key, const kernels::Backend& backend,
              const std::function<void()>& pass);

 private:
  std::map<RecordingKey, std::unique_ptr<kernels::Recording>> recordings_;  // null: seen once
};

}  // namespace herosweep::engine
