// config.json and model.safetensors.index.json of a model directory: any bytes are refused with
// ModelError, or give sizes that later code may multiply.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/model/bert_config.h"
#include "core/model/checkpoint.h"
#include "core/util/error.h"
#include "tests/fuzz/scratch.h"

using namespace herosweep;

namespace {

/// A directory in which `name` is a file of these bytes.
class ModelDirectory {
 public:
  explicit ModelDirectory(const char* name) {
    std::string pattern = "/dev/shm/herosweep-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) abort();
    path_ = pattern;
    link_ = path_ / name;
  }
  ~ModelDirectory() { std::filesystem::remove_all(path_); }

  template <class Read>
  void read(const fuzz::MemoryFile& file, const Read& read) const {
    std::filesystem::remove(link_);
    std::filesystem::create_symlink(file.path(), link_);
    try {
      read(path_);
    } catch (const ModelError& error) {
      if (*error.what() == '\0') abort();
    }
  }

 private:
  std::filesystem::path path_, link_;
};

void check(const model::BertConfig& config) {
  const int64_t limit = int64_t{1} << 24;
  for (const int64_t size : {config.layers, config.hidden, config.heads, config.intermediate,
                             config.vocabulary, config.max_positions, config.type_vocabulary})
    if (size < 1 || size > limit) abort();
  if (config.hidden % config.heads != 0) abort();
  const auto json = model::to_json(config);
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.empty()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ModelDirectory config("config.json"), index("model.safetensors.index.json");
  const fuzz::MemoryFile file(data, size);
  config.read(file, [](const auto& path) { check(model::read_bert_config(path).config); });
  index.read(file, [](const auto& path) {
    model::Checkpoint(path, [](std::string_view name) { return std::string(name); });
  });
  return 0;
}
