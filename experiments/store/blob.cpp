#include "experiments/store/blob.h"

#include <fmt/format.h>
#include <zlib.h>

#include <bit>
#include <cstring>

#include "core/util/error.h"

namespace herosweep::store {

static_assert(std::endian::native == std::endian::little, "the file format is little-endian");

namespace {

constexpr size_t kLargestInflation =
    1032;  // bytes that zlib makes of one: its format allows no more

int64_t checksum(const std::string& bytes) {
  return static_cast<int64_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void append(std::string& bytes, const std::vector<float>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::vector<float> slice(const std::string& bytes, size_t index, size_t examples) {
  std::vector<float> values(examples);
  const size_t length = examples * sizeof(float);
  if (length > 0) std::memcpy(values.data(), bytes.data() + index * length, length);
  return values;
}

}  // namespace

PackedOutcomes pack_outcomes(const tasks::Outcomes& outcomes) {
  const size_t examples = outcomes.prediction.size();
  if (outcomes.decision.size() != examples || outcomes.label.size() != examples)
    throw StoreError(
        fmt::format("outcomes have {} predictions, {} decisions and {} labels; one of each is "
                    "stored an example",
                    examples, outcomes.decision.size(), outcomes.label.size()));
  std::string bytes;
  append(bytes, outcomes.prediction);
  append(bytes, outcomes.decision);
  append(bytes, outcomes.label);

  PackedOutcomes packed{static_cast<int64_t>(examples), checksum(bytes), {}};
  uLongf length = compressBound(bytes.size());
  packed.data.resize(length);
  if (compress2(reinterpret_cast<Bytef*>(packed.data.data()), &length,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
                Z_DEFAULT_COMPRESSION) != Z_OK)
    throw StoreError("outcomes could not be compressed: out of memory");
  packed.data.resize(length);
  return packed;
}

tasks::Outcomes unpack_outcomes(const PackedOutcomes& packed) {
  const auto examples = static_cast<size_t>(packed.examples);
  // Before memory is asked for: a damaged number of examples may be anything.
  if (packed.examples < 0 || examples > packed.data.size() * kLargestInflation)
    throw StoreError(fmt::format(
        "the stored outcomes are damaged: {} examples in {} bytes; restore the file from a copy, "
        "or run the trial again",
        packed.examples, packed.data.size()));
  std::string bytes(3 * examples * sizeof(float), '\0');
  // One byte more than expected, so that a longer stream is seen as an error and not cut.
  bytes.push_back('\0');
  uLongf length = bytes.size();
  const int status =
      uncompress(reinterpret_cast<Bytef*>(bytes.data()), &length,
                 reinterpret_cast<const Bytef*>(packed.data.data()), packed.data.size());
  bytes.pop_back();
  if (status != Z_OK || length != bytes.size() || checksum(bytes) != packed.crc32)
    throw StoreError(fmt::format(
        "the stored outcomes of {} examples are damaged: {}; restore the file from a copy, or run "
        "the trial again",
        examples, status == Z_OK ? "wrong checksum" : "cannot be decompressed"));
  return {slice(bytes, 0, examples), slice(bytes, 1, examples), slice(bytes, 2, examples)};
}

std::string pack_int64(const std::vector<int64_t>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t)};
}

std::vector<int64_t> unpack_int64(const void* data, size_t bytes) {
  if (bytes % sizeof(int64_t) != 0)
    throw StoreError(fmt::format("{} bytes are no whole number of 64-bit samples", bytes));
  std::vector<int64_t> values(bytes / sizeof(int64_t));
  if (bytes > 0) std::memcpy(values.data(), data, bytes);
  return values;
}

}  // namespace herosweep::store
