// Per-example outcomes and latency samples as a database holds them: damaged rows are refused with
// StoreError. The input: examples and checksum (8 bytes each), then the compressed bytes.
#include <cstdlib>
#include <cstring>

#include "core/util/error.h"
#include "experiments/store/blob.h"

using namespace herosweep;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  store::PackedOutcomes packed;
  if (size < 2 * sizeof(int64_t)) return 0;
  std::memcpy(&packed.examples, data, sizeof(int64_t));
  std::memcpy(&packed.crc32, data + sizeof(int64_t), sizeof(int64_t));
  packed.data.assign(reinterpret_cast<const char*>(data) + 2 * sizeof(int64_t),
                     size - 2 * sizeof(int64_t));
  try {
    const tasks::Outcomes outcomes = store::unpack_outcomes(packed);
    if (outcomes.prediction.size() != static_cast<size_t>(packed.examples)) abort();
    // Packed again they have the same contents, whatever level compressed them.
    const store::PackedOutcomes again = store::pack_outcomes(outcomes);
    if (again.crc32 != packed.crc32 || again.examples != packed.examples) abort();
  } catch (const StoreError&) {
  }
  try {
    store::unpack_int64(data, size);
  } catch (const StoreError&) {
  }
  return 0;
}
