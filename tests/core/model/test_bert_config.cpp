#include <nlohmann/json.hpp>

#include "core/model/bert_config.h"
#include "tests/catch.h"
#include "tests/core/model/model_errors.h"
#include "tests/temporary_directory.h"

using namespace herosweep;
using nlohmann::json;

namespace {

json small_config() {
  return json::parse(R"({
    "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu",
    "num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64,
    "vocab_size": 120, "max_position_embeddings": 64, "type_vocab_size": 2,
    "layer_norm_eps": 1e-6, "position_embedding_type": "absolute"})");
}

model::BertConfigFile read(const std::string& text) {
  const test::TemporaryDirectory folder;
  folder.write("config.json", text);
  return model::read_bert_config(folder.path());
}

std::string error_with(const std::string& key, const json& value) {
  json config = small_config();
  config[key] = value;
  return test::model_error([&] { read(config.dump()); });
}

}  // namespace

TEST_CASE("A config gives the shape, epsilon and activation") {
  const model::BertConfigFile file = read(small_config().dump());
  CHECK(file.head == model::HeadKind::encoder);
  CHECK(file.config.layers == 2);
  CHECK(file.config.hidden == 32);
  CHECK(file.config.head_size() == 8);
  CHECK(file.config.intermediate == 64);
  CHECK(file.config.vocabulary == 120);
  CHECK(file.config.max_positions == 64);
  CHECK(file.config.type_vocabulary == 2);
  CHECK(file.config.layer_norm_epsilon == 1e-6f);
  CHECK(file.config.activation == kernels::Activation::gelu_erf);
  CHECK(file.config.labels.empty());
}

TEST_CASE("What a config leaves out has BERT's defaults") {
  json config = small_config();
  for (const char* key : {"architectures", "hidden_act", "type_vocab_size", "layer_norm_eps",
                          "position_embedding_type"})
    config.erase(key);
  const model::BertConfigFile file = read(config.dump());
  CHECK(file.head == model::HeadKind::unnamed);
  CHECK(file.config.type_vocabulary == 2);
  CHECK(file.config.layer_norm_epsilon == 1e-12f);
  CHECK(file.config.activation == kernels::Activation::gelu_erf);
}

TEST_CASE("Activations and architectures that are supported are told apart") {
  json config = small_config();
  for (const char* act : {"gelu_new", "gelu_pytorch_tanh"}) {
    config["hidden_act"] = act;
    CHECK(read(config.dump()).config.activation == kernels::Activation::gelu_tanh);
  }
  config["architectures"] = {"BertForSequenceClassification"};
  CHECK(read(config.dump()).head == model::HeadKind::classifier);
  config["architectures"] = {"BertForMaskedLM"};
  CHECK(read(config.dump()).head == model::HeadKind::encoder);
}

TEST_CASE("Labels come in the order of their ids, also past ten") {
  json config = small_config();
  for (int i = 0; i < 12; ++i) config["id2label"][std::to_string(i)] = "class " + std::to_string(i);
  const std::vector<std::string> labels = read(config.dump()).config.labels;
  REQUIRE(labels.size() == 12);
  CHECK(labels[2] == "class 2");
  CHECK(labels[10] == "class 10");
  CHECK_THAT(error_with("id2label", {{"0", "a"}, {"2", "b"}}), ContainsSubstring("\"1\" has none"));
  CHECK_THAT(error_with("id2label", {{"0", 1}}), ContainsSubstring("\"0\" has none"));
  CHECK_THAT(error_with("id2label", "none"), ContainsSubstring("not an object"));
}

TEST_CASE("What is not supported is refused with the value and what is") {
  CHECK_THAT(error_with("model_type", "gpt2"),
             ContainsSubstring("model_type is \"gpt2\"; only \"bert\" is supported"));
  CHECK_THAT(error_with("hidden_act", "relu"),
             ContainsSubstring("hidden_act is \"relu\"; supported are gelu, gelu_new"));
  CHECK_THAT(error_with("hidden_act", 3), ContainsSubstring("hidden_act is 3"));
  CHECK_THAT(error_with("position_embedding_type", "relative_key"),
             ContainsSubstring("only \"absolute\" is supported"));
  CHECK_THAT(error_with("is_decoder", true), ContainsSubstring("is_decoder is true"));
  const std::string classes = error_with("architectures", {"BertForTokenClassification"});
  CHECK_THAT(classes,
             ContainsSubstring("[\"BertForTokenClassification\"]; supported are BertModel"));
  CHECK_THAT(error_with("architectures", json::array()), ContainsSubstring("architectures is []"));
}

TEST_CASE("Sizes that cannot be are refused with their field") {
  const json bad_values[] = {0, -1, 1.5, "32", nullptr, 1e30, 18446744073709551615ull, true};
  for (const char* key : {"num_hidden_layers", "hidden_size", "num_attention_heads",
                          "intermediate_size", "vocab_size", "max_position_embeddings"})
    for (const json& value : bad_values) {
      INFO(key << " = " << value.dump());
      CHECK_THAT(error_with(key, value), ContainsSubstring(std::string("config.json: ") + key));
    }
  CHECK_THAT(error_with("num_hidden_layers", 100'000), ContainsSubstring("1 to 1024"));
  CHECK_THAT(error_with("num_attention_heads", 5),
             ContainsSubstring("num_attention_heads 5 does not divide hidden_size 32"));
  CHECK_THAT(error_with("hidden_size", 4 * 257), ContainsSubstring("heads of 257; at most 256"));
  CHECK_THAT(error_with("layer_norm_eps", 0), ContainsSubstring("layer_norm_eps is 0"));
  CHECK_THAT(error_with("layer_norm_eps", "tiny"), ContainsSubstring("layer_norm_eps is \"tiny\""));
}

TEST_CASE("A config that is missing or not JSON is refused") {
  const auto error = [](const std::string& text) { return test::model_error([&] { read(text); }); };
  CHECK_THAT(error(""), ContainsSubstring("config.json: is not JSON"));
  CHECK_THAT(error("{\"model_type\": \"bert\""), ContainsSubstring("is not JSON"));
  CHECK_THAT(error("[]"), ContainsSubstring("is not a JSON object"));
  CHECK_THAT(error("{}"), ContainsSubstring("neither model_type nor architectures"));
  CHECK_THAT(error(std::string(1'000'000, '[')), ContainsSubstring("is not JSON"));
  const test::TemporaryDirectory folder;
  CHECK_THAT(test::model_error([&] { model::read_bert_config(folder.path()); }),
             ContainsSubstring("a model is a Hugging Face directory"));
}
