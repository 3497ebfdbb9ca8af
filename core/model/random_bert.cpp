// A BERT with seeded weights, the same bits on every platform: only integer arithmetic and single
// IEEE multiplications and additions, no library function that may round differently.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/model/bert.h"
#include "core/model/bert_config.h"
#include "core/model/bert_tensors.h"
#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::model {
namespace {

constexpr const char* kGenerator = "irwin-hall-8-with-outlier-gammas";
constexpr double kWeightSigma = 0.02;  // the `initializer_range` of BERT
constexpr double kNormSigma = 0.1;
// Trained encoders carry a few channels with large LN weights, the same ones in every layer; they
// are what makes per-token INT8 hard, so a random model without them would flatter it.
constexpr int kHiddenPerOutlier = 128;
constexpr double kOutlierGamma = 6.0;

class Generator {
 public:
  explicit Generator(uint64_t seed) : bits_(seed) {}

  /// Approximately N(0, 1): the sum of eight 16-bit uniforms (Irwin-Hall), which reaches 4.9 sigma.
  double normal() {
    const auto sum = static_cast<int64_t>(sum_of_words(bits_()) + sum_of_words(bits_()));
    constexpr int64_t kMean = 4 * 0xffff;
    constexpr double kInverseSigma = 1.0 / 53509.92;  // sqrt(8 (65536^2 - 1) / 12)
    return static_cast<double>(sum - kMean) * kInverseSigma;
  }

  int below(int limit) { return static_cast<int>(bits_() % static_cast<uint64_t>(limit)); }

 private:
  /// Sum of the four 16-bit words, two at a time.
  static uint64_t sum_of_words(uint64_t bits) {
    constexpr uint64_t kEven = 0x0000ffff0000ffff;
    const uint64_t pairs = (bits & kEven) + ((bits >> 16) & kEven);
    return (pairs & 0xffffffff) + (pairs >> 32);
  }

  std::mt19937_64 bits_;  // its sequence is fixed by the standard
};

std::vector<int> outlier_channels(Generator& generator, int hidden) {
  std::vector<int> channels(static_cast<size_t>(1 + hidden / kHiddenPerOutlier));
  for (int& channel : channels) channel = generator.below(hidden);
  return channels;
}

void fill(const Slot& slot, const std::vector<int>& outliers, Generator& generator, float* values) {
  int64_t count = 1;
  for (int64_t size : slot.shape) count *= size;
  const bool norm = slot.name.find("LayerNorm") != std::string::npos;
  const bool gamma = norm && slot.name.ends_with(".weight");
  const double sigma = norm ? kNormSigma : kWeightSigma;
  const double mean = gamma ? 1.0 : 0.0;
  for (int64_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(mean + sigma * generator.normal());
  if (gamma)
    for (int channel : outliers) values[channel] = static_cast<float>(kOutlierGamma);
}

}  // namespace

std::string random_weights_hash(const BertConfig& config, uint64_t seed) {
  if (config.heads < 1 || config.hidden < 1 || config.hidden % config.heads != 0)
    throw ModelError(fmt::format("random model: {} heads do not divide hidden size {}",
                                 config.heads, config.hidden));
  const nlohmann::json settings = {{"generator", kGenerator},
                                   {"seed", seed},
                                   {"weight_sigma", kWeightSigma},
                                   {"norm_sigma", kNormSigma},
                                   {"hidden_per_outlier", kHiddenPerOutlier},
                                   {"outlier_gamma", kOutlierGamma},
                                   {"config", to_json(config)}};
  return util::sha256(settings.dump());
}

BertModel random_bert(const BertConfig& config, uint64_t seed) {
  const std::string hash = random_weights_hash(config, seed);
  const int labels = static_cast<int>(config.labels.size());
  BertModel model = allocate_bert(config, /*pooler=*/true, labels);
  Generator generator(seed);
  const std::vector<int> outliers = outlier_channels(generator, config.hidden);
  for (const Slot& slot : bert_slots(config, /*pooler=*/true, labels))
    fill(slot, outliers, generator, slot.place(model));
  model.weights_hash = hash;
  return model;
}

}  // namespace herosweep::model
