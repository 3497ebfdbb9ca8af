#include <cmath>
#include <ctime>
#include <limits>

#include "core/model/bert.h"
#include "tests/catch.h"
#include "tests/core/model/checkpoint_copy.h"
#include "tests/core/model/model_errors.h"
#include "tests/golden/golden.h"

using namespace herosweep;
using test::CheckpointCopy;

namespace {

std::string load_error(const CheckpointCopy& copy) {
  const auto directory = copy.save();
  // Both entrances refuse the same checkpoints.
  std::string error = test::model_error([&] { model::load_bert(directory); });
  CHECK(error == test::model_error([&] { model::inspect_bert(directory); }));
  return error;
}

void set_float(test::OwnedTensor& tensor, size_t index, float value) {
  std::memcpy(tensor.bytes.data() + index * sizeof value, &value, sizeof value);
}

}  // namespace

TEST_CASE("A classifier checkpoint loads with every shape and Q, K, V stacked") {
  const auto directory = golden::directory() / "classifier";
  const model::BertModel bert = model::load_bert(directory);
  CHECK(bert.config.labels == std::vector<std::string>{"low", "middle", "high"});
  CHECK(bert.token_embedding.rows == 120);
  CHECK(bert.position_embedding.rows == 64);
  CHECK(bert.type_embedding.rows == 2);
  CHECK(bert.has_pooler());
  CHECK(bert.classifier.weight.rows == 3);
  REQUIRE(bert.layers.size() == 2);
  CHECK(bert.layers[1].fc1.weight.rows == 64);
  CHECK(bert.layers[1].fc2.weight.cols == 64);

  const model::SafetensorsFile file(directory / "model.safetensors");
  const std::string self = "bert.encoder.layer.1.attention.self.";
  const model::Linear& qkv = bert.layers[1].qkv;
  REQUIRE(qkv.weight.rows == 96);
  size_t offset = 0;
  for (const char* part : {"query", "key", "value"}) {
    const std::vector<float> weight = file.values<float>(self + part + ".weight");
    const std::vector<float> bias = file.values<float>(self + part + ".bias");
    CHECK(std::equal(weight.begin(), weight.end(), qkv.weight.values.begin() + offset * 32));
    CHECK(std::equal(bias.begin(), bias.end(), qkv.bias.begin() + offset));
    offset += 32;
  }
  CHECK(bert.layers[0].output_norm.gamma ==
        file.values<float>("bert.encoder.layer.0.output.LayerNorm.weight"));
  CHECK(bert.layers[0].attention_norm.beta ==
        file.values<float>("bert.encoder.layer.0.attention.output.LayerNorm.bias"));
  CHECK(bert.embedding_norm.gamma == file.values<float>("bert.embeddings.LayerNorm.weight"));
}

TEST_CASE("An F16 encoder with legacy names and without pooler loads") {
  const auto directory = golden::directory() / "legacy-encoder";
  const model::BertModel bert = model::load_bert(directory);
  CHECK_FALSE(bert.has_pooler());
  CHECK_FALSE(bert.has_classifier());
  CHECK(bert.config.activation == kernels::Activation::gelu_tanh);
  CHECK(bert.type_embedding.rows == 1);
  const model::SafetensorsFile file(directory / "model.safetensors");
  CHECK(file.at("embeddings.LayerNorm.gamma").dtype == model::DType::f16);
  CHECK(bert.embedding_norm.gamma == file.values<float>("embeddings.LayerNorm.gamma"));
}

TEST_CASE("Inspecting gives the config and the hash of loading") {
  for (const char* name : {"classifier", "legacy-encoder", "sharded"}) {
    const model::BertModel bert = model::load_bert(golden::directory() / name);
    const model::ModelSummary summary = model::inspect_bert(golden::directory() / name);
    CHECK(summary.weights_hash == bert.weights_hash);
    CHECK(summary.weights_hash.size() == 64);
    CHECK(summary.has_pooler == bert.has_pooler());
    CHECK(summary.has_classifier == bert.has_classifier());
    CHECK(summary.config.hidden == bert.config.hidden);
  }
}

TEST_CASE("The hash is of contents: shards, prefix, legacy names and folder do not change it") {
  const std::string expected = model::inspect_bert(golden::directory() / "classifier").weights_hash;
  CHECK(model::inspect_bert(golden::directory() / "sharded").weights_hash == expected);

  CheckpointCopy copy("classifier");
  copy.rename(
      [](const std::string& name) { return name.starts_with("bert.") ? name.substr(5) : name; });
  CHECK(model::inspect_bert(copy.save()).weights_hash == expected);
  copy.rename([](std::string name) {
    const size_t at = name.find("LayerNorm.weight");
    return at == std::string::npos ? name : name.replace(at, 16, "LayerNorm.gamma");
  });
  CHECK(model::inspect_bert(copy.save()).weights_hash == expected);
  copy.tensors["cls.predictions.bias"] = {model::DType::i64, {1}, std::vector<std::byte>(8)};
  copy.config["transformers_version"] = "9.9";
  CHECK(model::inspect_bert(copy.save()).weights_hash == expected);
}

TEST_CASE("The hash changes with any weight, type, label or field that matters") {
  const std::string original = model::inspect_bert(golden::directory() / "classifier").weights_hash;
  const auto hash_after = [](const std::function<void(CheckpointCopy&)>& change) {
    CheckpointCopy copy("classifier");
    change(copy);
    return model::inspect_bert(copy.save()).weights_hash;
  };
  std::vector<std::string> hashes{original};
  hashes.push_back(hash_after(
      [](CheckpointCopy& copy) { copy.tensors.at("classifier.bias").bytes[0] ^= std::byte{1}; }));
  hashes.push_back(hash_after([](CheckpointCopy& copy) {
    copy.tensors.at("bert.embeddings.word_embeddings.weight").bytes[5] ^= std::byte{1};
  }));
  hashes.push_back(
      hash_after([](CheckpointCopy& copy) { copy.config["num_attention_heads"] = 8; }));
  hashes.push_back(hash_after([](CheckpointCopy& copy) { copy.config["layer_norm_eps"] = 1e-5; }));
  hashes.push_back(
      hash_after([](CheckpointCopy& copy) { copy.config["hidden_act"] = "gelu_new"; }));
  hashes.push_back(
      hash_after([](CheckpointCopy& copy) { copy.config["id2label"]["0"] = "lowest"; }));
  hashes.push_back(hash_after([](CheckpointCopy& copy) {
    auto& bias = copy.tensors.at("classifier.bias");
    bias = {model::DType::bf16, bias.shape, std::vector<std::byte>(6)};
  }));
  hashes.push_back(hash_after([](CheckpointCopy& copy) {
    auto& bias = copy.tensors.at("classifier.bias");
    bias = {model::DType::f16, bias.shape, std::vector<std::byte>(6)};
  }));
  std::sort(hashes.begin(), hashes.end());
  CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}

TEST_CASE("A head that the architecture does not use is left aside") {
  CheckpointCopy copy("classifier");
  copy.config["architectures"] = {"BertModel"};
  CHECK_FALSE(model::load_bert(copy.save()).has_classifier());
  copy.config.erase("architectures");
  CHECK(model::load_bert(copy.save()).has_classifier());
  copy.config["architectures"] = {"BertForSequenceClassification"};
  copy.tensors.erase("classifier.weight");
  CHECK_FALSE(model::load_bert(copy.save()).has_classifier());
}

TEST_CASE("Tensors that do not fit the config are refused by name") {
  const std::string fc1 = "bert.encoder.layer.1.intermediate.dense.weight";
  CheckpointCopy missing("classifier");
  missing.tensors.erase(fc1);
  CHECK_THAT(load_error(missing),
             ContainsSubstring("'encoder.layer.1.intermediate.dense.weight' [64, 32] is missing"));

  CheckpointCopy transposed("classifier");
  transposed.tensors.at(fc1).shape = {32, 64};
  CHECK_THAT(load_error(transposed), ContainsSubstring(fc1 + "' has shape [32, 64]") &&
                                         ContainsSubstring("asks for [64, 32]"));

  CheckpointCopy integer("classifier");
  integer.tensors.at(fc1).dtype = model::DType::i32;
  CHECK_THAT(load_error(integer), ContainsSubstring("is I32; weights must be F32, F16 or BF16"));

  CheckpointCopy deeper("classifier");
  deeper.config["num_hidden_layers"] = 3;
  CHECK_THAT(load_error(deeper),
             ContainsSubstring("encoder.layer.2.") && ContainsSubstring("is missing"));

  CheckpointCopy headless("classifier");
  headless.tensors.erase("bert.pooler.dense.weight");
  CHECK_THAT(load_error(headless), ContainsSubstring("'pooler.dense.weight' [32, 32] is missing"));

  CheckpointCopy labels("classifier");
  labels.config["id2label"] = {{"0", "no"}, {"1", "yes"}};
  CHECK_THAT(load_error(labels), ContainsSubstring("'classifier.weight' has shape [3, 32]") &&
                                     ContainsSubstring("2 labels"));

  CheckpointCopy flat("classifier");
  flat.tensors.at("classifier.weight").shape = {96};
  CHECK_THAT(load_error(flat), ContainsSubstring("has shape [96]"));

  CheckpointCopy twice("classifier");
  twice.tensors["pooler.dense.bias"] = twice.tensors.at("bert.pooler.dense.bias");
  CHECK_THAT(load_error(twice), ContainsSubstring("mean the same weight"));
}

TEST_CASE("A weight that is NaN or infinite is refused by name, wherever it stands") {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), -INFINITY})
    for (const char* name : {"bert.embeddings.word_embeddings.weight",
                             "bert.encoder.layer.1.output.LayerNorm.weight", "classifier.bias"}) {
      CheckpointCopy copy("classifier");
      test::OwnedTensor& tensor = copy.tensors.at(name);
      set_float(tensor, tensor.bytes.size() / sizeof(float) - 1, value);
      const auto directory = copy.save();
      CHECK_THAT(test::model_error([&] { model::load_bert(directory); }),
                 ContainsSubstring(std::string("'") + name + "' holds NaN or infinity"));
    }
}

TEST_CASE("A real checkpoint of 90 MB loads in well under half a second") {
  const auto directory = golden::find_model("minilm-l6");
  if (!directory) {
    WARN("skipped: no models/minilm-l6 (make setup fetches it)");
    return;
  }
  // Processor time of both threads, since other processes may hold the cores.
  const std::clock_t start = std::clock();
  const model::BertModel bert = model::load_bert(*directory);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  CHECK(bert.config.layers == 6);
  CHECK(bert.token_embedding.rows == 30522);
  CHECK(bert.has_pooler());
  CHECK(bert.weights_hash == model::inspect_bert(*directory).weights_hash);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
  CHECK(seconds < 0.5);
#else
  WARN("loaded in " << seconds << " s (not checked in this build)");
#endif
}
