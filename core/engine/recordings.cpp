#include "core/engine/recordings.h"

#include <algorithm>

namespace herosweep::engine {

namespace {

// Ragged text needs a few dozen shapes; more would mean that memory moved and old ones are stale.
constexpr size_t kMostRecordings = 256;

}  // namespace

void Recordings::replay(const RecordingKey& key, const kernels::Backend& backend,
                        const std::function<void()>& pass) {
  const auto found = recordings_.find(key);
  if (found == recordings_.end()) {
    // Not recorded at once: a shape that never comes back would pay for nothing, and what operators
    // set up at their first call must not happen inside a recording.
    if (recordings_.size() >= kMostRecordings) recordings_.clear();
    recordings_[key] = nullptr;
    pass();
    return;
  }
  if (found->second == nullptr) found->second = backend.record(pass);
  found->second->replay();
}

}  // namespace herosweep::engine
