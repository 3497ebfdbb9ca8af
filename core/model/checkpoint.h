// The tensors of a Hugging Face directory, whether in one file or in shards.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/safetensors.h"

namespace herosweep::model {

struct CheckpointTensor {
  std::filesystem::path file;  // for messages
  const TensorView* view = nullptr;
};

/// model.safetensors, or model.safetensors.index.json with the shards that it names; the single
/// file wins when both are there, as in `transformers`. Throws ModelError for a missing or damaged
/// file, a shard outside the directory, a tensor that its shard lacks, and two tensors of one name.
class Checkpoint {
 public:
  /// `canonical` maps a name in the file to the family's own ("bert.pooler..." to "pooler...").
  using CanonicalName = std::function<std::string(std::string_view)>;
  Checkpoint(const std::filesystem::path& directory, const CanonicalName& canonical);

  /// Null when there is none.
  const CheckpointTensor* find(std::string_view name) const;
  const std::filesystem::path& directory() const { return directory_; }

 private:
  void add(const SafetensorsFile& file, const TensorView& view, const CanonicalName& canonical);
  void open_shards(const std::filesystem::path& index, const CanonicalName& canonical);

  std::filesystem::path directory_;
  std::map<std::string, SafetensorsFile> files_;  // views point into their maps
  std::map<std::string, CheckpointTensor, std::less<>> tensors_;
};

}  // namespace herosweep::model
