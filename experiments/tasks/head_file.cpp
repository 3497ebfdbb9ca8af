#include "experiments/tasks/head_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::tasks {

using nlohmann::json;

std::string hash_of(const FittedHead& head) {
  util::Sha256 hash;
  for (const auto* values : {&head.mean, &head.std, &head.weight})
    hash.update(values->data(), values->size() * sizeof(double));
  return hash.update(&head.bias, sizeof(double)).hex();
}

double FittedHead::apply(const float* features) const {
  double output = bias;
  for (size_t j = 0; j < weight.size(); ++j)
    output += weight[j] * ((static_cast<double>(features[j]) - mean[j]) / std[j]);
  return output;
}

void save_head(const FittedHead& head, const std::filesystem::path& file) {
  // The library writes the shortest decimals that read back as the same double.
  const json object = {{"mean", head.mean},
                       {"std", head.std},
                       {"weight", head.weight},
                       {"bias", head.bias},
                       {"hash", head.hash}};
  util::write_file_atomically(file, object.dump() + "\n");
}

FittedHead load_head(const std::filesystem::path& file) {
  const auto corrupt = [&](const std::string& why) {
    return DataError(file.string() + ": not a fitted head (" + why +
                     "); delete it, it will be fitted again");
  };
  std::ifstream in(file);
  if (!in) throw DataError(file.string() + ": cannot be read");
  FittedHead head;
  try {
    const json object = json::parse(in);
    object.at("mean").get_to(head.mean);
    object.at("std").get_to(head.std);
    object.at("weight").get_to(head.weight);
    object.at("bias").get_to(head.bias);
    object.at("hash").get_to(head.hash);
  } catch (const json::exception& error) {
    throw corrupt(error.what());
  }
  const size_t hidden = head.weight.size();
  if (head.mean.size() != hidden || head.std.size() != hidden)
    throw corrupt("mean, std and weight differ in length");
  if (hash_of(head) != head.hash) throw corrupt("its numbers do not match its hash");
  return head;
}

}  // namespace herosweep::tasks
