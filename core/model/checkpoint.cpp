#include "core/model/checkpoint.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/model/safetensors_header.h"
#include "core/util/error.h"

namespace herosweep::model {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw ModelError(fmt::format("{}: {}", file.string(), what));
}

json weight_map(const std::filesystem::path& index) {
  std::ifstream in(index, std::ios::binary);
  if (!in) fail(index, "cannot be read; check its permissions");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto map = parsed.is_object() ? parsed.find("weight_map") : parsed.end();
  if (map == parsed.end() || !map->is_object())
    fail(index, "has no weight_map from tensors to shards; fetch it again");
  return *map;
}

// A shard is named without folders: an index must not reach outside its own directory.
std::string shard_name(const std::filesystem::path& index, const std::string& tensor,
                       const json& value) {
  std::string shard = value.is_string() ? value.get<std::string>() : "";
  if (shard.empty() || std::filesystem::path(shard).filename() != shard || shard == "." ||
      shard == "..")
    fail(index, fmt::format("tensor '{}' has no plain file name for its shard: {}",
                            printable(tensor), printable(value.dump())));
  return shard;
}

}  // namespace

Checkpoint::Checkpoint(const std::filesystem::path& directory, const CanonicalName& canonical)
    : directory_(directory) {
  const std::filesystem::path single = directory / "model.safetensors";
  const std::filesystem::path index = directory / "model.safetensors.index.json";
  if (std::filesystem::exists(single)) {
    const auto file = files_.emplace("model.safetensors", SafetensorsFile(single)).first;
    for (const auto& [name, view] : file->second.tensors()) add(file->second, view, canonical);
  } else if (std::filesystem::exists(index)) {
    open_shards(index, canonical);
  } else {
    const bool pickled = std::filesystem::exists(directory / "pytorch_model.bin");
    fail(directory, pickled ? "has weights only as pytorch_model.bin; load it in transformers and "
                              "call save_pretrained, which writes model.safetensors"
                            : "has neither model.safetensors nor model.safetensors.index.json");
  }
}

void Checkpoint::open_shards(const std::filesystem::path& index, const CanonicalName& canonical) {
  const json map = weight_map(index);
  for (const auto& [tensor, value] : map.items()) {
    const std::string shard = shard_name(index, tensor, value);
    auto file = files_.find(shard);
    if (file == files_.end())
      file = files_.emplace(shard, SafetensorsFile(directory_ / shard)).first;
    add(file->second, file->second.at(tensor), canonical);
  }
}

void Checkpoint::add(const SafetensorsFile& file, const TensorView& view,
                     const CanonicalName& canonical) {
  const auto [place, fresh] =
      tensors_.emplace(canonical(view.name), CheckpointTensor{file.path(), &view});
  if (!fresh)
    fail(file.path(), fmt::format("tensors '{}' and '{}' mean the same weight; keep one",
                                  printable(place->second.view->name), printable(view.name)));
}

const CheckpointTensor* Checkpoint::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace herosweep::model
