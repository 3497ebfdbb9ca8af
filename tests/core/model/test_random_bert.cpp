#include <algorithm>
#include <bit>
#include <cmath>

#include "core/model/bert.h"
#include "core/util/sha256.h"
#include "tests/catch.h"
#include "tests/core/model/model_errors.h"

using namespace herosweep;

namespace {

model::BertConfig small() {
  model::BertConfig config;
  config.layers = 2;
  config.hidden = 64;
  config.heads = 4;
  config.intermediate = 128;
  config.vocabulary = 500;
  config.max_positions = 32;
  config.type_vocabulary = 2;
  config.labels = {"no", "yes"};
  return config;
}

}  // namespace

TEST_CASE("A random BERT has every tensor, finite and spread as BERT's initial weights") {
  const model::BertModel bert = model::random_bert(small(), 1);
  CHECK(bert.layers.size() == 2);
  CHECK(bert.has_pooler());
  CHECK(bert.classifier.weight.rows == 2);
  const std::vector<float>& values = bert.token_embedding.values;
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const double count = static_cast<double>(values.size());
  // Four standard errors of a mean and of a variance.
  CHECK(std::abs(sum / count) < 4 * 0.02 / std::sqrt(count));
  CHECK(std::abs(squares / count / 4e-4 - 1) < 4 * std::sqrt(2 / count));
  CHECK(*std::max_element(values.begin(), values.end()) > 0.06f);
}

TEST_CASE("Outlier channels are the same in every layer norm") {
  const model::BertModel bert = model::random_bert(small(), 3);
  const auto outliers = [](const model::LayerNormParameters& norm) {
    std::vector<size_t> channels;
    for (size_t i = 0; i < norm.gamma.size(); ++i)
      if (norm.gamma[i] > 2.0f) channels.push_back(i);
    return channels;
  };
  const std::vector<size_t> expected = outliers(bert.embedding_norm);
  CHECK_FALSE(expected.empty());
  for (const model::BertLayer& layer : bert.layers) {
    CHECK(outliers(layer.attention_norm) == expected);
    CHECK(outliers(layer.output_norm) == expected);
  }
}

TEST_CASE("The same seed gives the same bits, here and on any platform") {
  const model::BertModel bert = model::random_bert(small(), 1);
  CHECK(bert.token_embedding.values == model::random_bert(small(), 1).token_embedding.values);
  CHECK(bert.token_embedding.values != model::random_bert(small(), 2).token_embedding.values);
  const std::vector<float>& weight = bert.layers[1].qkv.weight.values;
  CHECK(util::Sha256().update(weight.data(), weight.size() * sizeof(float)).hex() ==
        "720d1010edaaeb622f0bfbc47481719e2ec057f11bf32583fd0605f4427c8bf5");
}

TEST_CASE("The hash of a random BERT follows its shape and seed") {
  const std::string hash = model::random_bert(small(), 1).weights_hash;
  CHECK(hash.size() == 64);
  CHECK(hash == model::random_bert(small(), 1).weights_hash);
  CHECK(hash != model::random_bert(small(), 2).weights_hash);
  model::BertConfig config = small();
  config.heads = 8;
  CHECK(hash != model::random_bert(config, 1).weights_hash);
  config.heads = 7;
  CHECK_THAT(test::model_error([&] { model::random_bert(config, 1); }),
             ContainsSubstring("7 heads do not divide hidden size 64"));
}
