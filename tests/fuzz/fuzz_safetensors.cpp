// The safetensors reader: any file is refused with ModelError, or every byte of every tensor that
// it names can be read.
#include <cstdlib>
#include <numeric>

#include "core/model/safetensors.h"
#include "core/util/error.h"
#include "tests/fuzz/scratch.h"

using namespace herosweep;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  try {
    const model::SafetensorsFile tensors(file.path());
    size_t bytes = 0;
    for (const auto& [name, view] : tensors.tensors()) {
      bytes += view.bytes;
      if (bytes > size) abort();
      if (model::converts_to_f32(view.dtype)) {
        std::vector<float> values(view.elements());
        model::to_f32(view, values.data());
      }
      volatile unsigned sum = 0;
      for (size_t i = 0; i < view.bytes; ++i) sum = sum + static_cast<unsigned>(view.data[i]);
    }
  } catch (const ModelError& error) {
    if (*error.what() == '\0') abort();
  }
  return 0;
}
