#include "core/engine/weight_store.h"

#include "core/engine/engine.h"

namespace herosweep::engine {

std::shared_ptr<const PackedTensor> WeightStore::get(const std::string& key, const Make& make) {
  auto& slot = tensors_[key];
  if (auto held = slot.lock()) return held;
  auto made = std::make_shared<const PackedTensor>(make());
  slot = made;
  return made;
}

void* WeightStore::workspace(const kernels::Backend& backend, size_t bytes) {
  if (bytes > workspace_.bytes()) {
    workspace_ = {};  // never two blocks at a time
    workspace_ = Buffer(backend, bytes);
  }
  return workspace_.data();
}

std::shared_ptr<WeightStore> make_weight_store() { return std::make_shared<WeightStore>(); }

}  // namespace herosweep::engine
