// Numbers as bytes in the database: little-endian, so that notebooks read them with one
// numpy.frombuffer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/tasks/task.h"

namespace herosweep::store {

struct PackedOutcomes {
  int64_t examples = 0;
  int64_t crc32 = 0;  // of the bytes before compression
  std::string data;   // zlib of prediction, decision, label: each [examples] float32
};

/// Throws StoreError when the three vectors differ in length.
PackedOutcomes pack_outcomes(const tasks::Outcomes& outcomes);
/// Throws StoreError when the bytes cannot be inflated, have another length or checksum.
tasks::Outcomes unpack_outcomes(const PackedOutcomes& packed);

std::string pack_int64(const std::vector<int64_t>& values);
/// Throws StoreError when the length is no multiple of eight.
std::vector<int64_t> unpack_int64(const void* data, size_t bytes);

}  // namespace herosweep::store
