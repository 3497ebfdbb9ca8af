#include <algorithm>
#include <iterator>

#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace herosweep;
using test::TemporaryDirectory;

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

size_t entries(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("A file appears at commit, with all pieces and nothing beside it") {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "x";
  util::AtomicFile file(path);
  file.write("one ");
  file.write(std::string(3'000'000, 'y'));
  CHECK_FALSE(std::filesystem::exists(path));
  file.commit();
  CHECK(contents(path) == "one " + std::string(3'000'000, 'y'));
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("Without commit the old file stays and the temporary one goes") {
  const TemporaryDirectory folder;
  const auto path = folder.write("x", "old");
  {
    util::AtomicFile file(path);
    file.write("new");
  }
  CHECK(contents(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("Two writers of one file do not mix, and the last commit wins") {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "x";
  util::AtomicFile first(path);
  util::AtomicFile second(path);
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  CHECK(contents(path) == "first");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("A place that cannot be written is named with the reason and what to do") {
  const TemporaryDirectory folder;
  CHECK_THROWS_WITH(util::write_file_atomically(folder.path() / "no" / "x", "text"),
                    ContainsSubstring("no/x") && ContainsSubstring("make its folder first"));
  std::filesystem::create_directories(folder.path() / "taken" / "by a folder");
  CHECK_THROWS_AS(util::write_file_atomically(folder.path() / "taken", "text"), EnvironmentError);
  CHECK(entries(folder.path()) == 1);
  CHECK_THROWS_AS(util::write_file_atomically("/proc/x", "text"), EnvironmentError);
}
