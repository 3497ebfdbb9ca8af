#include "core/model/random_locator.h"

#include <nlohmann/json.hpp>

#include "core/model/bert_config.h"
#include "core/util/error.h"

namespace herosweep::model {

namespace {

using nlohmann::json;

constexpr std::string_view kPrefix = "random:";

}  // namespace

bool is_random(const std::filesystem::path& locator) {
  return locator.native().starts_with(kPrefix);
}

std::filesystem::path random_locator(const BertConfig& config, uint64_t seed) {
  json description = to_json(config);
  description["seed"] = seed;
  return std::string(kPrefix) + description.dump();
}

std::pair<BertConfig, uint64_t> parse_random_locator(const std::filesystem::path& locator) {
  try {
    const json description = json::parse(locator.native().substr(kPrefix.size()));
    return {config_from_json(description), description.at("seed").get<uint64_t>()};
  } catch (const json::exception& error) {
    throw ModelError(std::string("not the description of a random model: ") + error.what());
  }
}

}  // namespace herosweep::model
