#include "core/model/bert.h"
#include "core/model/checkpoint.h"
#include "tests/catch.h"
#include "tests/core/model/checkpoint_copy.h"
#include "tests/core/model/model_errors.h"

using namespace herosweep;
using nlohmann::json;

namespace {

std::string same_name(std::string_view name) { return std::string(name); }

const test::OwnedTensor kByte{model::DType::u8, {1}, {std::byte{7}}};

std::string index_error(const std::string& index_text) {
  const test::TemporaryDirectory folder;
  test::write_tensors(folder.path() / "shard.safetensors", {{"a", kByte}});
  folder.write("model.safetensors.index.json", index_text);
  return test::model_error([&] { model::Checkpoint(folder.path(), same_name); });
}

std::string map_error(const json& map) { return index_error(json{{"weight_map", map}}.dump()); }

}  // namespace

TEST_CASE("Shards hold the tensors that the index names") {
  const test::TemporaryDirectory folder;
  test::write_tensors(folder.path() / "1.safetensors", {{"a", kByte}, {"unlisted", kByte}});
  test::write_tensors(folder.path() / "2.safetensors", {{"b", kByte}});
  const json map = {{"a", "1.safetensors"}, {"b", "2.safetensors"}};
  folder.write("model.safetensors.index.json", json{{"weight_map", map}}.dump());
  const model::Checkpoint checkpoint(folder.path(), same_name);
  REQUIRE(checkpoint.find("b") != nullptr);
  CHECK(checkpoint.find("b")->file.filename() == "2.safetensors");
  CHECK(checkpoint.find("a")->view->data[0] == std::byte{7});
  CHECK(checkpoint.find("unlisted") == nullptr);
}

TEST_CASE("The sharded checkpoint has the weights of the single file") {
  const model::BertModel single = model::load_bert(golden::directory() / "classifier");
  const model::BertModel sharded = model::load_bert(golden::directory() / "sharded");
  CHECK(single.token_embedding.values == sharded.token_embedding.values);
  CHECK(single.layers[1].qkv.weight.values == sharded.layers[1].qkv.weight.values);
  CHECK(single.classifier.bias == sharded.classifier.bias);
}

TEST_CASE("An index that is damaged or reaches outside its directory is refused") {
  CHECK_THAT(index_error("{"), ContainsSubstring("has no weight_map"));
  CHECK_THAT(index_error("[]"), ContainsSubstring("has no weight_map"));
  CHECK_THAT(index_error("{\"weight_map\": []}"), ContainsSubstring("has no weight_map"));
  for (const char* shard : {"../shard.safetensors", "/etc/passwd", "sub/shard.safetensors", "..",
                            ".", "", "shard.safetensors/"})
    CHECK_THAT(map_error({{"a", shard}}), ContainsSubstring("no plain file name"));
  CHECK_THAT(map_error({{"a", 7}}), ContainsSubstring("no plain file name"));
  CHECK_THAT(map_error({{"a", "absent.safetensors"}}),
             ContainsSubstring("absent.safetensors: cannot be read"));
  CHECK_THAT(map_error({{"b", "shard.safetensors"}}), ContainsSubstring("has no tensor 'b'"));
}

TEST_CASE("A directory without safetensors says what to do") {
  const test::TemporaryDirectory folder;
  const auto error = [&] {
    return test::model_error([&] { model::Checkpoint(folder.path(), same_name); });
  };
  CHECK_THAT(error(), ContainsSubstring("neither model.safetensors nor"));
  folder.write("pytorch_model.bin", "x");
  CHECK_THAT(error(), ContainsSubstring("save_pretrained"));
}
