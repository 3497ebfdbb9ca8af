#include "core/util/project_file.h"

#include <system_error>

namespace herosweep::util {

std::filesystem::path project_file(const std::filesystem::path& relative) {
  namespace fs = std::filesystem;
  fs::path built_from = fs::path(HEROSWEEP_SOURCE_DIR) / relative;
  std::error_code ignored;
  if (fs::exists(built_from, ignored)) return built_from;
  fs::path folder = fs::read_symlink("/proc/self/exe", ignored);
  while (folder != folder.root_path() && !folder.empty()) {
    folder = folder.parent_path();
    if (fs::exists(folder / relative, ignored)) return folder / relative;
  }
  return built_from;
}

}  // namespace herosweep::util
