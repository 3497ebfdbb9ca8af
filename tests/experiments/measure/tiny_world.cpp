#include "tests/experiments/measure/tiny_world.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "core/model/bert.h"
#include "core/model/safetensors.h"
#include "experiments/config/config.h"

namespace herosweep::test {

namespace {

using nlohmann::json;

constexpr int kWords = 40;
constexpr int kSpecials = 4;  // [PAD] [UNK] [CLS] [SEP]
constexpr int kVocabulary = kWords + kSpecials;

model::BertConfig config() {
  model::BertConfig shape;
  shape.layers = 2;
  shape.hidden = 64;
  shape.heads = 2;
  shape.intermediate = 128;
  shape.vocabulary = kVocabulary;
  shape.max_positions = 32;
  shape.type_vocabulary = 2;
  return shape;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// Collects tensors under their Hugging Face names.
class TensorList {
 public:
  void add(const std::string& name, const model::Matrix& matrix) {
    tensors_.push_back(model::tensor_source(name, {matrix.rows, matrix.cols}, matrix.values));
  }
  void add(const std::string& name, const std::vector<float>& values) {
    tensors_.push_back(model::tensor_source(name, {static_cast<int64_t>(values.size())}, values));
  }
  void add(const std::string& name, const model::Linear& linear) {
    add(name + ".weight", linear.weight);
    add(name + ".bias", linear.bias);
  }
  void add(const std::string& name, const model::LayerNormParameters& norm) {
    add(name + ".weight", norm.gamma);
    add(name + ".bias", norm.beta);
  }
  /// Rows [part * hidden, (part + 1) * hidden) of the stacked Q, K, V.
  void add_part(const std::string& name, const model::Linear& qkv, int part) {
    const int64_t hidden = qkv.weight.cols;
    const size_t size = static_cast<size_t>(hidden) * hidden;
    tensors_.push_back({name + ".weight",
                        model::DType::f32,
                        {hidden, hidden},
                        qkv.weight.values.data() + part * size,
                        size * sizeof(float)});
    tensors_.push_back({name + ".bias",
                        model::DType::f32,
                        {hidden},
                        qkv.bias.data() + part * hidden,
                        static_cast<size_t>(hidden) * sizeof(float)});
  }
  void write(const std::filesystem::path& file) const { model::write_safetensors(file, tensors_); }

 private:
  std::vector<model::TensorSource> tensors_;
};

json model_config(const model::BertConfig& shape) {
  return {{"model_type", "bert"},
          {"architectures", {"BertModel"}},
          {"num_hidden_layers", shape.layers},
          {"hidden_size", shape.hidden},
          {"num_attention_heads", shape.heads},
          {"intermediate_size", shape.intermediate},
          {"vocab_size", shape.vocabulary},
          {"max_position_embeddings", shape.max_positions},
          {"type_vocab_size", shape.type_vocabulary},
          {"layer_norm_eps", shape.layer_norm_epsilon},
          {"hidden_act", "gelu"},
          {"position_embedding_type", "absolute"}};
}

}  // namespace

TinyWorld::TinyWorld() {
  write_model();
  write_tokenizer();
  write_data();
}

void TinyWorld::write_model() const {
  const auto model = model::random_bert(config(), 1);
  write_text(this->model() / "config.json", model_config(model.config).dump(1));
  TensorList tensors;
  tensors.add("embeddings.word_embeddings.weight", model.token_embedding);
  tensors.add("embeddings.position_embeddings.weight", model.position_embedding);
  tensors.add("embeddings.token_type_embeddings.weight", model.type_embedding);
  tensors.add("embeddings.LayerNorm", model.embedding_norm);
  for (size_t l = 0; l < model.layers.size(); ++l) {
    const auto& layer = model.layers[l];
    const std::string prefix = fmt::format("encoder.layer.{}.", l);
    const char* parts[] = {"query", "key", "value"};
    for (int part = 0; part < 3; ++part)
      tensors.add_part(prefix + "attention.self." + parts[part], layer.qkv, part);
    tensors.add(prefix + "attention.output.dense", layer.attention_output);
    tensors.add(prefix + "attention.output.LayerNorm", layer.attention_norm);
    tensors.add(prefix + "intermediate.dense", layer.fc1);
    tensors.add(prefix + "output.dense", layer.fc2);
    tensors.add(prefix + "output.LayerNorm", layer.output_norm);
  }
  tensors.write(this->model() / "model.safetensors");
}

void TinyWorld::write_tokenizer() const {
  json vocabulary{{"[PAD]", 0}, {"[UNK]", 1}, {"[CLS]", 2}, {"[SEP]", 3}};
  for (int w = 0; w < kWords; ++w) vocabulary[fmt::format("w{}", w)] = kSpecials + w;
  const auto token = [](const char* name, int type) {
    return json{{"SpecialToken", {{"id", name}, {"type_id", type}}}};
  };
  const auto sequence = [](const char* name, int type) {
    return json{{"Sequence", {{"id", name}, {"type_id", type}}}};
  };
  const auto special = [](const char* name, int id) {
    return json{{"id", name}, {"ids", {id}}, {"tokens", {name}}};
  };
  json tokenizer{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  tokenizer["added_tokens"] = json::array();
  tokenizer["normalizer"] = nullptr;
  tokenizer["pre_tokenizer"] = {{"type", "Whitespace"}};
  tokenizer["decoder"] = nullptr;
  tokenizer["model"] = {{"type", "WordLevel"}, {"vocab", vocabulary}, {"unk_token", "[UNK]"}};
  tokenizer["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0)}},
      {"pair",
       {token("[CLS]", 0), sequence("A", 0), token("[SEP]", 0), sequence("B", 1),
        token("[SEP]", 1)}},
      {"special_tokens", {{"[CLS]", special("[CLS]", 2)}, {"[SEP]", special("[SEP]", 3)}}}};
  write_text(model() / "tokenizer.json", tokenizer.dump(1));
}

void TinyWorld::write_data() const {
  std::mt19937 generator(7);
  std::string rows;
  for (int row = 0; row < 120; ++row) {
    const int words = 3 + static_cast<int>(generator() % 10);
    std::string text;
    double rating = 0;
    for (int w = 0; w < words; ++w) {
      const int word = static_cast<int>(generator() % kWords);
      text += fmt::format("{}w{}", w ? " " : "", word);
      rating += word < kWords / 2 ? 1 : -1;
    }
    rows += fmt::format("{}\t{:.3f}\t{}\n", row, rating + 0.01 * row / 120, text);
  }
  write_text(folder_ / "toy.tsv", rows);
  const std::string common =
      "file: ../toy.tsv\ntext_columns: [2]\nlabel_column: 1\nsplit_rule: sha256-mod5\n"
      "max_length: 16\n";
  write_text(folder_ / "tasks" / "toy.yaml",
             common + "head: ridge\nmetric: spearman\nhead_lambda: 0.3\n");
  write_text(folder_ / "tasks" / "toy-binary.yaml",
             common + "head: logistic\nmetric: accuracy\nhead_lambda: 0.03\nbinarize: true\n");
}

std::filesystem::path TinyWorld::write_sweep(const std::string& plans,
                                             const std::string& latency) const {
  const auto file = folder_ / "sweep.yaml";
  write_text(file, fmt::format("name: tiny\nmodel: {{path: model, name: Tiny}}\n"
                               "tasks: [toy, toy-binary]\nbackend: cpu\n"
                               "calibration: {{batches: 4, batch_size: 4, seq_len: 16}}\n"
                               "sweep: {{plans: [{}]}}\nlimits: {{timeout: 20s}}\n{}",
                               plans, latency));
  return file;
}

sweep::Sweep TinyWorld::sweep(const std::string& plans, const std::string& latency) const {
  return config::load_sweep(write_sweep(plans, latency), {});
}

}  // namespace herosweep::test
