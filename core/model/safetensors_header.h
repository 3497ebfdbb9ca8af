// The JSON header of a safetensors file, read as if an enemy wrote it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/safetensors.h"

namespace herosweep::model {

/// The format's own limit; it keeps a hostile length from being believed.
inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;

struct HeaderEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // of the data section
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  // in the order of their bytes
  std::map<std::string, std::string> metadata;
};

/// Parses `json` and checks that the entries tile [0, data_bytes) exactly: no holes, no overlaps,
/// every length equal to shape times element size. Throws ModelError whose message starts with
/// `file`.
SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_bytes,
                                           const std::filesystem::path& file);

/// Bytes of a tensor of this shape; false when the product does not fit.
bool shape_bytes(const std::vector<int64_t>& shape, DType dtype, uint64_t* bytes);

/// "[2, 3]"
std::string shape_text(const std::vector<int64_t>& shape);

/// Text from a file, fit for a message: everything but printable ASCII escaped (half a UTF-8
/// character would spoil the JSON that carries messages), long text cut.
std::string printable(std::string_view text);

}  // namespace herosweep::model
