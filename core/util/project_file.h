// Files that come with the program: scripts, task files.
#pragma once

#include <filesystem>

namespace herosweep::util {

/// The file or folder `relative` of the project: in the source tree of the build or, on a machine
/// that has the program but not that tree at that place, in the nearest folder above the program
/// that has it. Where neither has it, its place in the source tree.
std::filesystem::path project_file(const std::filesystem::path& relative);

}  // namespace herosweep::util
