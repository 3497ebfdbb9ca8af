// A Hugging Face directory becomes a BertModel. Checks, hash and conversion all walk the
// same list of tensors.
#include <fmt/format.h>

#include <future>
#include <nlohmann/json.hpp>

#include "core/model/bert.h"
#include "core/model/bert_config.h"
#include "core/model/bert_tensors.h"
#include "core/model/checkpoint.h"
#include "core/model/random_locator.h"
#include "core/model/safetensors_header.h"
#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::model {
namespace {

/// Drops "bert." and renames the LN parameters of checkpoints converted from TensorFlow.
std::string canonical_name(std::string_view name) {
  constexpr std::string_view kPrefix = "bert.";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  for (const auto& [old_end, end] : {std::pair{"LayerNorm.gamma", "LayerNorm.weight"},
                                     std::pair{"LayerNorm.beta", "LayerNorm.bias"}})
    if (name.ends_with(old_end))
      return std::string(name.substr(0, name.size() - std::string_view(old_end).size())) + end;
  return std::string(name);
}

/// A directory whose config and tensors have been checked against each other.
struct OpenBert {
  BertConfig config;
  Checkpoint checkpoint;
  bool pooler = false;
  int labels = 0;
  std::vector<Slot> slots;
};

/// Rows of the classifier, 0 when there is none or the architecture does not use it.
int classifier_rows(const Checkpoint& checkpoint, const BertConfigFile& file) {
  const CheckpointTensor* weight = checkpoint.find("classifier.weight");
  if (file.head == HeadKind::encoder || weight == nullptr) return 0;
  const std::vector<int64_t>& shape = weight->view->shape;
  const auto labels = static_cast<int64_t>(file.config.labels.size());
  if (shape.size() != 2 || shape[0] < 1 || shape[0] > file.config.vocabulary ||
      (labels > 0 && shape[0] != labels))
    throw ModelError(fmt::format(
        "{}: tensor '{}' has shape {}, but config.json names {} labels for hidden_size {}",
        weight->file.string(), weight->view->name, shape_text(shape), labels, file.config.hidden));
  return static_cast<int>(shape[0]);
}

void check_slot(const OpenBert& bert, const Slot& slot) {
  const CheckpointTensor* tensor = bert.checkpoint.find(slot.name);
  if (tensor == nullptr)
    throw ModelError(
        fmt::format("{}: tensor '{}' {} is missing; config.json describes another model, or the "
                    "download is incomplete",
                    bert.checkpoint.directory().string(), slot.name, shape_text(slot.shape)));
  const TensorView& view = *tensor->view;
  if (view.shape != slot.shape)
    throw ModelError(fmt::format("{}: tensor '{}' has shape {}, but config.json asks for {}",
                                 tensor->file.string(), view.name, shape_text(view.shape),
                                 shape_text(slot.shape)));
  if (!converts_to_f32(view.dtype))
    throw ModelError(fmt::format("{}: tensor '{}' is {}; weights must be F32, F16 or BF16",
                                 tensor->file.string(), view.name, name(view.dtype)));
}

OpenBert open_bert(const std::filesystem::path& directory) {
  const BertConfigFile file = read_bert_config(directory);
  OpenBert bert{file.config, Checkpoint(directory, canonical_name), false, 0, {}};
  bert.pooler = bert.checkpoint.find("pooler.dense.weight") != nullptr;
  bert.labels = classifier_rows(bert.checkpoint, file);
  // A classifier reads the pooler: without one the missing tensor is an error.
  bert.slots = bert_slots(bert.config, bert.pooler || bert.labels > 0, bert.labels);
  for (const Slot& slot : bert.slots) check_slot(bert, slot);
  return bert;
}

/// SHA-256 over the config's JSON and a line for each tensor in order of names: name, type, shape,
/// SHA-256 of its bytes.
std::string hash_weights(const OpenBert& bert) {
  util::Sha256 hash;
  hash.update(to_json(bert.config).dump() + "\n");
  for (const Slot& slot : bert.slots) {
    const TensorView& view = *bert.checkpoint.find(slot.name)->view;
    hash.update(fmt::format("{} {} {} {}\n", slot.name, name(view.dtype), shape_text(view.shape),
                            util::Sha256().update(view.data, view.bytes).hex()));
  }
  return hash.hex();
}

}  // namespace

BertModel load_bert(const std::filesystem::path& directory) {
  if (is_random(directory)) {
    const auto [config, seed] = parse_random_locator(directory);
    return random_bert(config, seed);
  }
  const OpenBert bert = open_bert(directory);
  // Hashing takes as long as converting; both read the same pages.
  std::future<std::string> hash =
      std::async(std::launch::async, [&bert] { return hash_weights(bert); });
  BertModel model = allocate_bert(bert.config, bert.pooler, bert.labels);
  for (const Slot& slot : bert.slots) {
    const CheckpointTensor& tensor = *bert.checkpoint.find(slot.name);
    if (!to_f32(*tensor.view, slot.place(model)))
      throw ModelError(
          fmt::format("{}: tensor '{}' holds NaN or infinity; the checkpoint is damaged or its "
                      "training diverged",
                      tensor.file.string(), tensor.view->name));
  }
  model.weights_hash = hash.get();
  return model;
}

ModelSummary inspect_bert(const std::filesystem::path& directory) {
  if (is_random(directory)) {
    const auto [config, seed] = parse_random_locator(directory);
    return {config, random_weights_hash(config, seed), true, !config.labels.empty()};
  }
  const OpenBert bert = open_bert(directory);
  return {bert.config, hash_weights(bert), bert.pooler, bert.labels > 0};
}

}  // namespace herosweep::model
