#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/model/safetensors.h"
#include "core/model/safetensors_header.h"
#include "core/util/atomic_file.h"
#include "core/util/error.h"

namespace herosweep::model {
namespace {

// Wide elements first: with a header padded to eight bytes, every tensor is then aligned.
std::vector<const TensorSource*> file_order(std::span<const TensorSource> tensors) {
  std::vector<const TensorSource*> order;
  for (const TensorSource& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorSource* a, const TensorSource* b) {
    const size_t a_bytes = element_bytes(a->dtype);
    const size_t b_bytes = element_bytes(b->dtype);
    return std::tie(b_bytes, a->name) < std::tie(a_bytes, b->name);
  });
  return order;
}

void check(const TensorSource& tensor, const std::filesystem::path& path) {
  uint64_t expected = 0;
  if (!shape_bytes(tensor.shape, tensor.dtype, &expected) || expected != tensor.bytes)
    throw ModelError(fmt::format("{}: tensor '{}' of shape {} and type {} cannot have {} bytes",
                                 path.string(), printable(tensor.name), shape_text(tensor.shape),
                                 name(tensor.dtype), tensor.bytes));
}

std::string header_json(const std::vector<const TensorSource*>& order,
                        const std::map<std::string, std::string>& metadata,
                        const std::filesystem::path& path) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorSource* tensor : order) {
    check(*tensor, path);
    if (tensor->name == "__metadata__" || header.contains(tensor->name))
      throw ModelError(fmt::format("{}: tensor name '{}' is taken already", path.string(),
                                   printable(tensor->name)));
    header[tensor->name] = {{"dtype", name(tensor->dtype)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, offset + tensor->bytes}}};
    offset += tensor->bytes;
  }
  std::string text = order.empty() && metadata.empty() ? "{}" : header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const TensorSource> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::vector<const TensorSource*> order = file_order(tensors);
  try {
    const std::string json = header_json(order, metadata, path);
    const uint64_t length = json.size();
    util::AtomicFile file(path);
    file.write(&length, sizeof length);
    file.write(json);
    for (const TensorSource* tensor : order) file.write(tensor->data, tensor->bytes);
    file.commit();
  } catch (const EnvironmentError& error) {
    throw ModelError(error.what());
  } catch (const nlohmann::json::exception& error) {
    throw ModelError(
        fmt::format("{}: names and metadata must be UTF-8: {}", path.string(), error.what()));
  }
}

}  // namespace herosweep::model
