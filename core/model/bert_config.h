// config.json of a BERT, checked.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "core/model/bert.h"

namespace herosweep::model {

/// Whether the architecture that config.json names has a sequence classifier on top. Without a name
/// the checkpoint's tensors decide.
enum class HeadKind : uint8_t { encoder, classifier, unnamed };

struct BertConfigFile {
  BertConfig config;
  HeadKind head = HeadKind::unnamed;
};

/// Reads `directory`/config.json. Throws ModelError naming the field, its value and what is
/// supported.
BertConfigFile read_bert_config(const std::filesystem::path& directory);

/// The fields that change what the model computes or what its outputs mean; hashed with the
/// weights.
nlohmann::json to_json(const BertConfig& config);
/// The inverse. Throws nlohmann::json::exception.
BertConfig config_from_json(const nlohmann::json& json);

}  // namespace herosweep::model
