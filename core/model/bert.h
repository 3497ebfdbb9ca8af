// A BERT encoder as loaded from a Hugging Face directory, in FP32.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/types.h"

namespace herosweep::model {

/// Row-major [rows, cols] FP32 matrix.
struct Matrix {
  int rows = 0;
  int cols = 0;
  std::vector<float> values;
  const float* row(int r) const { return values.data() + static_cast<size_t>(r) * cols; }
};

/// y = x W^T + b; weight [out, in], bias [out].
struct Linear {
  Matrix weight;
  std::vector<float> bias;
};

struct LayerNormParameters {
  std::vector<float> gamma;  // [hidden]
  std::vector<float> beta;   // [hidden]
};

struct BertConfig {
  int layers = 0;
  int hidden = 0;
  int heads = 0;
  int intermediate = 0;
  int vocabulary = 0;
  int max_positions = 0;
  int type_vocabulary = 0;
  float layer_norm_epsilon = 1e-12f;
  kernels::Activation activation = kernels::Activation::gelu_erf;
  std::vector<std::string> labels;  // id2label in id order; empty when the config has none
  int head_size() const { return hidden / heads; }
};

struct BertLayer {
  Linear qkv;  // Q, K, V stacked: weight [3 * hidden, hidden]
  Linear attention_output;
  LayerNormParameters attention_norm;
  Linear fc1;  // [intermediate, hidden]
  Linear fc2;  // [hidden, intermediate]
  LayerNormParameters output_norm;
};

struct BertModel {
  BertConfig config;
  Matrix token_embedding;     // [vocabulary, hidden]
  Matrix position_embedding;  // [max_positions, hidden]
  Matrix type_embedding;      // [type_vocabulary, hidden]
  LayerNormParameters embedding_norm;
  std::vector<BertLayer> layers;
  Linear pooler;             // [hidden, hidden] with tanh; empty when the checkpoint has none
  Linear classifier;         // [labels, hidden]; empty when the checkpoint has none
  std::string weights_hash;  // SHA-256 over config and tensors' contents (names, shapes, types,
                             // bytes), never paths

  bool has_pooler() const { return pooler.weight.rows > 0; }
  bool has_classifier() const { return classifier.weight.rows > 0; }
};

/// Names `random_bert(config, seed)` where a directory is asked for: "random:" and JSON.
std::filesystem::path random_locator(const BertConfig& config, uint64_t seed);
bool is_random(const std::filesystem::path& locator);

/// Loads a random model by its locator, or `directory` (config.json and model.safetensors or
/// model.safetensors.index.json with its shards; tensor names with or without the "bert." prefix;
/// F32, F16 and BF16). Throws ModelError for a missing file, unsupported architecture, missing or
/// misshapen tensor, malformed header, or a non-finite weight (naming the tensor).
BertModel load_bert(const std::filesystem::path& directory);

/// What planning needs to know of a checkpoint.
struct ModelSummary {
  BertConfig config;
  std::string weights_hash;  // the same as load_bert's
  bool has_pooler = false;
  bool has_classifier = false;
};

/// Checks and hashes what `load_bert` would load, without converting the tensors. Throws as it
/// does, but for non-finite weights.
ModelSummary inspect_bert(const std::filesystem::path& directory);

/// A BERT of this shape with weights from a named generator (seeded; a few outlier channels in the
/// LN weights), for latency studies; `weights_hash` hashes the generator's settings. A classifier
/// is there when `config.labels` is not empty. The same on every platform.
BertModel random_bert(const BertConfig& config, uint64_t seed);
/// Its `weights_hash`, without making it. Throws ModelError for a shape that cannot be.
std::string random_weights_hash(const BertConfig& config, uint64_t seed);

}  // namespace herosweep::model
