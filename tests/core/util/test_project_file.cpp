#include "core/util/project_file.h"
#include "tests/catch.h"

using namespace herosweep;

TEST_CASE("the project's files are found in the source tree") {
  const auto script = util::project_file("experiments/prepare.py");
  CHECK(std::filesystem::is_regular_file(script));
  CHECK(script == std::filesystem::path(HEROSWEEP_SOURCE_DIR) / "experiments/prepare.py");
}

TEST_CASE("what the source tree lacks is looked for above the program") {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  // Only the build folder has it.
  const auto found = util::project_file(program.filename());
  CHECK(found == program);
  CHECK(util::project_file("no/such/file") ==
        std::filesystem::path(HEROSWEEP_SOURCE_DIR) / "no/such/file");
}
