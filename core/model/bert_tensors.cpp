#include "core/model/bert_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace herosweep::model {
namespace {

using Field = std::function<Linear&(BertModel&)>;
using NormField = std::function<LayerNormParameters&(BertModel&)>;

void add_matrix(std::vector<Slot>& slots, const std::string& name, int rows, int cols,
                Matrix BertModel::*field) {
  slots.push_back({name, {rows, cols}, [=](BertModel& m) { return (m.*field).values.data(); }});
}

/// `part` counts in matrices of this shape: 0, 1, 2 for Q, K, V inside their stack.
void add_linear(std::vector<Slot>& slots, const std::string& name, int out, int in,
                const Field& field, int part = 0) {
  const size_t row = static_cast<size_t>(part) * static_cast<size_t>(out);
  const size_t offset = row * static_cast<size_t>(in);
  slots.push_back({name + ".weight", {out, in}, [=](BertModel& m) {
                     return field(m).weight.values.data() + offset;
                   }});
  slots.push_back(
      {name + ".bias", {out}, [=](BertModel& m) { return field(m).bias.data() + row; }});
}

void add_norm(std::vector<Slot>& slots, const std::string& name, int hidden,
              const NormField& field) {
  slots.push_back(
      {name + ".weight", {hidden}, [=](BertModel& m) { return field(m).gamma.data(); }});
  slots.push_back({name + ".bias", {hidden}, [=](BertModel& m) { return field(m).beta.data(); }});
}

void add_layer(std::vector<Slot>& slots, const BertConfig& config, size_t layer) {
  const std::string name = fmt::format("encoder.layer.{}.", layer);
  const int hidden = config.hidden;
  const auto at = [layer](auto field) {
    return [=](BertModel & m) -> auto& { return m.layers[layer].*field; };
  };
  const std::array<const char*, 3> parts{"query", "key", "value"};
  for (int part = 0; part < 3; ++part)
    add_linear(slots, name + "attention.self." + parts[static_cast<size_t>(part)], hidden, hidden,
               at(&BertLayer::qkv), part);
  add_linear(slots, name + "attention.output.dense", hidden, hidden,
             at(&BertLayer::attention_output));
  add_norm(slots, name + "attention.output.LayerNorm", hidden, at(&BertLayer::attention_norm));
  add_linear(slots, name + "intermediate.dense", config.intermediate, hidden, at(&BertLayer::fc1));
  add_linear(slots, name + "output.dense", hidden, config.intermediate, at(&BertLayer::fc2));
  add_norm(slots, name + "output.LayerNorm", hidden, at(&BertLayer::output_norm));
}

Matrix matrix(int rows, int cols) {
  return {rows, cols, std::vector<float>(static_cast<size_t>(rows) * static_cast<size_t>(cols))};
}
Linear linear(int out, int in) {
  return {matrix(out, in), std::vector<float>(static_cast<size_t>(out))};
}
LayerNormParameters norm(int hidden) {
  const std::vector<float> zeros(static_cast<size_t>(hidden));
  return {zeros, zeros};
}

}  // namespace

std::vector<Slot> bert_slots(const BertConfig& config, bool pooler, int labels) {
  std::vector<Slot> slots;
  const int hidden = config.hidden;
  add_matrix(slots, "embeddings.word_embeddings.weight", config.vocabulary, hidden,
             &BertModel::token_embedding);
  add_matrix(slots, "embeddings.position_embeddings.weight", config.max_positions, hidden,
             &BertModel::position_embedding);
  add_matrix(slots, "embeddings.token_type_embeddings.weight", config.type_vocabulary, hidden,
             &BertModel::type_embedding);
  add_norm(slots, "embeddings.LayerNorm", hidden,
           [](BertModel& m) -> LayerNormParameters& { return m.embedding_norm; });
  for (int layer = 0; layer < config.layers; ++layer)
    add_layer(slots, config, static_cast<size_t>(layer));
  if (pooler)
    add_linear(slots, "pooler.dense", hidden, hidden,
               [](BertModel& m) -> Linear& { return m.pooler; });
  if (labels > 0)
    add_linear(slots, "classifier", labels, hidden,
               [](BertModel& m) -> Linear& { return m.classifier; });
  std::sort(slots.begin(), slots.end(),
            [](const Slot& a, const Slot& b) { return a.name < b.name; });
  return slots;
}

BertModel allocate_bert(const BertConfig& config, bool pooler, int labels) {
  const int hidden = config.hidden;
  BertModel model;
  model.config = config;
  model.token_embedding = matrix(config.vocabulary, hidden);
  model.position_embedding = matrix(config.max_positions, hidden);
  model.type_embedding = matrix(config.type_vocabulary, hidden);
  model.embedding_norm = norm(hidden);
  for (int layer = 0; layer < config.layers; ++layer)
    model.layers.push_back({linear(3 * hidden, hidden), linear(hidden, hidden), norm(hidden),
                            linear(config.intermediate, hidden),
                            linear(hidden, config.intermediate), norm(hidden)});
  if (pooler) model.pooler = linear(hidden, hidden);
  if (labels > 0) model.classifier = linear(labels, hidden);
  return model;
}

}  // namespace herosweep::model
