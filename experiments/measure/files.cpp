#include "experiments/measure/files.h"

#include <fmt/format.h>

#include "core/util/error.h"

namespace herosweep::measure {

std::filesystem::path cache_file(const std::filesystem::path& cache, const std::string& kind,
                                 const std::string& key) {
  std::error_code error;
  std::filesystem::create_directories(cache / kind, error);
  if (error)
    throw EnvironmentError(
        fmt::format("cannot make the cache folder {}: {}; make it writable, or "
                    "point HEROSWEEP_CACHE at another place",
                    (cache / kind).string(), error.message()));
  return cache / kind / (key + ".safetensors");
}

}  // namespace herosweep::measure
