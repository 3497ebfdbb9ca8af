// Copies of the committed checkpoints, with something changed.
#pragma once

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model/safetensors.h"
#include "tests/golden/golden.h"
#include "tests/temporary_directory.h"

namespace herosweep::test {

struct OwnedTensor {
  model::DType dtype;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;
};
using Tensors = std::map<std::string, OwnedTensor>;

inline Tensors read_tensors(const std::filesystem::path& file) {
  Tensors tensors;
  const model::SafetensorsFile opened(file);
  for (const auto& [name, view] : opened.tensors())
    tensors[name] = {view.dtype, view.shape, {view.data, view.data + view.bytes}};
  return tensors;
}

inline void write_tensors(const std::filesystem::path& file, const Tensors& tensors) {
  std::vector<model::TensorSource> sources;
  for (const auto& [name, tensor] : tensors)
    sources.push_back({name, tensor.dtype, tensor.shape, tensor.bytes.data(), tensor.bytes.size()});
  model::write_safetensors(file, sources, {{"format", "pt"}});
}

/// tests/golden/bert/NAME in a folder of its own, to be changed through `tensors` and `config`.
struct CheckpointCopy {
  TemporaryDirectory folder;
  Tensors tensors;
  nlohmann::json config;

  explicit CheckpointCopy(const std::string& name)
      : tensors(read_tensors(golden::directory() / name / "model.safetensors")),
        config(nlohmann::json::parse(std::ifstream(golden::directory() / name / "config.json"))) {}

  /// Writes both files; the directory.
  std::filesystem::path save() const {
    write_tensors(folder.path() / "model.safetensors", tensors);
    folder.write("config.json", config.dump());
    return folder.path();
  }

  void rename(const std::function<std::string(const std::string&)>& new_name) {
    Tensors renamed;
    for (auto& [name, tensor] : tensors) renamed[new_name(name)] = std::move(tensor);
    tensors = std::move(renamed);
  }
};

}  // namespace herosweep::test
