#include "core/model/bert_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/model/safetensors_header.h"
#include "core/util/error.h"

namespace herosweep::model {
namespace {

using nlohmann::json;

// Sizes beyond this are damage, not models; products of two of them still fit in 64 bits.
constexpr int64_t kMaxSize = 1 << 24;
// The list of tensors is made before the file is asked for them, so their number needs a limit.
constexpr int64_t kMaxLayers = 1024;
// What the attention operator holds in registers and on its stack.
constexpr int kMaxHeadSize = 256;

struct ActivationRow {
  std::string_view name;
  kernels::Activation activation;
};
constexpr std::array<ActivationRow, 3> kActivations{
    {{"gelu", kernels::Activation::gelu_erf},
     {"gelu_new", kernels::Activation::gelu_tanh},
     {"gelu_pytorch_tanh", kernels::Activation::gelu_tanh}}};

struct ArchitectureRow {
  std::string_view name;
  HeadKind head;
};
// The pretraining classes are read as encoders: their vocabulary heads are left aside.
constexpr std::array<ArchitectureRow, 4> kArchitectures{
    {{"BertModel", HeadKind::encoder},
     {"BertForSequenceClassification", HeadKind::classifier},
     {"BertForMaskedLM", HeadKind::encoder},
     {"BertForPreTraining", HeadKind::encoder}}};

template <typename Rows>
std::string names_of(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "" : ", ") + std::string(row.name);
  return text;
}

class ConfigReader {
 public:
  explicit ConfigReader(const std::filesystem::path& directory)
      : file_(directory / "config.json"), json_(parse()) {}

  BertConfigFile read() const {
    check_family();
    BertConfigFile result;
    result.head = head();
    BertConfig& config = result.config;
    config.layers = size("num_hidden_layers", kMaxLayers);
    config.hidden = size("hidden_size");
    config.heads = size("num_attention_heads");
    config.intermediate = size("intermediate_size");
    config.vocabulary = size("vocab_size");
    config.max_positions = size("max_position_embeddings");
    config.type_vocabulary = json_.contains("type_vocab_size") ? size("type_vocab_size") : 2;
    config.layer_norm_epsilon = epsilon();
    config.activation = activation();
    config.labels = labels();
    check_heads(config);
    return result;
  }

 private:
  json parse() const {
    std::ifstream in(file_, std::ios::binary);
    if (!in)
      throw ModelError(fmt::format(
          "{}: cannot be read; a model is a Hugging Face directory with config.json and "
          "model.safetensors",
          file_.string()));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    try {
      json parsed = json::parse(text);
      if (!parsed.is_object()) fail("is not a JSON object");
      return parsed;
    } catch (const json::exception& error) {  // syntax, or a number beyond double
      fail(fmt::format("is not JSON: {}", printable(error.what())));
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw ModelError(fmt::format("{}: {}", file_.string(), what));
  }

  std::string shown(const char* key) const {
    return printable(json_.at(key).dump(-1, ' ', false, json::error_handler_t::replace));
  }

  bool given(const char* key) const { return json_.contains(key) && !json_.at(key).is_null(); }

  int size(const char* key, int64_t largest = kMaxSize) const {
    if (!given(key)) fail(fmt::format("{} is missing", key));
    const json& value = json_.at(key);
    const bool fits = value.is_number_integer() && value >= 1 && value <= largest;
    if (!fits) fail(fmt::format("{} is {}; it must be 1 to {}", key, shown(key), largest));
    return value.get<int>();
  }

  void expect(const char* key, const json& supported) const {
    if (given(key) && json_.at(key) != supported)
      fail(fmt::format("{} is {}; only {} is supported", key, shown(key), supported.dump()));
  }

  void check_family() const {
    if (!given("model_type") && !given("architectures"))
      fail("neither model_type nor architectures is there; only BERT (\"bert\") is supported");
    expect("model_type", "bert");
    expect("position_embedding_type", "absolute");
    expect("is_decoder", false);
    expect("add_cross_attention", false);
  }

  HeadKind head() const {
    if (!given("architectures")) return HeadKind::unnamed;
    const json& list = json_.at("architectures");
    if (list.is_array() && list.size() == 1)
      for (const ArchitectureRow& row : kArchitectures)
        if (list[0] == row.name) return row.head;
    fail(fmt::format("architectures is {}; supported are {}", shown("architectures"),
                     names_of(kArchitectures)));
  }

  float epsilon() const {
    if (!given("layer_norm_eps")) return BertConfig{}.layer_norm_epsilon;
    const json& value = json_.at("layer_norm_eps");
    const double number = value.is_number() ? value.get<double>() : -1.0;
    if (!(number > 0.0 && number < 1.0))
      fail(fmt::format("layer_norm_eps is {}; it must lie between 0 and 1",
                       shown("layer_norm_eps")));
    return static_cast<float>(number);
  }

  kernels::Activation activation() const {
    if (!given("hidden_act")) return kernels::Activation::gelu_erf;
    for (const ActivationRow& row : kActivations)
      if (json_.at("hidden_act") == row.name) return row.activation;
    fail(fmt::format("hidden_act is {}; supported are {}", shown("hidden_act"),
                     names_of(kActivations)));
  }

  std::vector<std::string> labels() const {
    std::vector<std::string> result;
    if (!given("id2label")) return result;
    const json& map = json_.at("id2label");
    if (!map.is_object()) fail(fmt::format("id2label is {}, not an object", shown("id2label")));
    for (size_t id = 0; id < map.size(); ++id) {
      const auto label = map.find(std::to_string(id));
      if (label == map.end() || !label->is_string())
        fail(fmt::format("id2label must map \"0\" to \"{}\" to names, but \"{}\" has none",
                         map.size() - 1, id));
      result.push_back(label->get<std::string>());
    }
    return result;
  }

  void check_heads(const BertConfig& config) const {
    if (config.hidden % config.heads != 0)
      fail(fmt::format("num_attention_heads {} does not divide hidden_size {}", config.heads,
                       config.hidden));
    if (config.head_size() > kMaxHeadSize)
      fail(
          fmt::format("hidden_size {} over num_attention_heads {} gives heads of {}; at most {} "
                      "is supported",
                      config.hidden, config.heads, config.head_size(), kMaxHeadSize));
  }

  std::filesystem::path file_;
  json json_;
};

}  // namespace

BertConfigFile read_bert_config(const std::filesystem::path& directory) {
  return ConfigReader(directory).read();
}

nlohmann::json to_json(const BertConfig& config) {
  const bool exact = config.activation == kernels::Activation::gelu_erf;
  return {{"layers", config.layers},
          {"hidden", config.hidden},
          {"heads", config.heads},
          {"intermediate", config.intermediate},
          {"vocabulary", config.vocabulary},
          {"max_positions", config.max_positions},
          {"type_vocabulary", config.type_vocabulary},
          {"layer_norm_epsilon", config.layer_norm_epsilon},
          {"activation", exact ? "gelu_erf" : "gelu_tanh"},
          {"labels", config.labels}};
}

BertConfig config_from_json(const nlohmann::json& json) {
  BertConfig config;
  json.at("layers").get_to(config.layers);
  json.at("hidden").get_to(config.hidden);
  json.at("heads").get_to(config.heads);
  json.at("intermediate").get_to(config.intermediate);
  json.at("vocabulary").get_to(config.vocabulary);
  json.at("max_positions").get_to(config.max_positions);
  json.at("type_vocabulary").get_to(config.type_vocabulary);
  json.at("layer_norm_epsilon").get_to(config.layer_norm_epsilon);
  json.at("labels").get_to(config.labels);
  config.activation = json.at("activation") == "gelu_tanh" ? kernels::Activation::gelu_tanh
                                                           : kernels::Activation::gelu_erf;
  return config;
}

}  // namespace herosweep::model
