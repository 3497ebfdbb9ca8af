#include <cstdlib>
#include <set>

#include "core/util/source_revision.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

using namespace herosweep;
using util::source_revision;

namespace {

/// A git checkout with one commit; `usable` is false where there is no git.
struct Checkout {
  test::TemporaryDirectory folder;
  bool usable = false;

  Checkout() {
    folder.write("tracked.txt", "one\n");
    folder.write(".gitignore", "*.o\n");
    usable = git("init -q") && git("add .") &&
             git("-c user.name=a -c user.email=a@b.c -c commit.gpgsign=false commit -qm first");
  }
  bool git(const std::string& arguments) const {
    const std::string command =
        "git -C '" + folder.path().string() + "' " + arguments + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
};

}  // namespace

TEST_CASE("A clean checkout has a commit and no differences, and ignored files do not count") {
  const Checkout checkout;
  if (!checkout.usable) {
    WARN("skipped: no git");
    return;
  }
  checkout.folder.write("built.o", "x");
  const auto revision = source_revision(checkout.folder.path());
  REQUIRE(revision);
  CHECK(revision->sha.size() == 40);
  CHECK_FALSE(revision->dirty);
  CHECK(revision->diff_hash.empty());
}

TEST_CASE("Every difference makes the checkout dirty with a hash of its own") {
  const Checkout checkout;
  if (!checkout.usable) {
    WARN("skipped: no git");
    return;
  }
  std::set<std::string> hashes;
  const auto add_state = [&] {
    const auto revision = source_revision(checkout.folder.path());
    REQUIRE(revision);
    CHECK(revision->dirty);
    hashes.insert(revision->diff_hash);
  };
  checkout.folder.write("tracked.txt", "two\n");
  add_state();
  checkout.folder.write("tracked.txt", "three\n");
  add_state();
  CHECK(checkout.git("add ."));
  add_state();  // staged or not, the source is the same
  CHECK(hashes.size() == 2);
  checkout.folder.write("new file.txt", "a");
  add_state();
  checkout.folder.write("new file.txt", "b");
  add_state();
  CHECK(hashes.size() == 4);
}

TEST_CASE("A folder inside a checkout, or outside any, has no revision") {
  const Checkout checkout;
  const auto inside = checkout.folder.path() / "archive";
  std::filesystem::create_directory(inside);
  CHECK_FALSE(source_revision(inside));
  const test::TemporaryDirectory outside;
  CHECK_FALSE(source_revision(outside.path()));
  CHECK_FALSE(source_revision(outside.path() / "absent"));
}

TEST_CASE("A git hook's variables do not lead to another repository") {
  const Checkout checkout;
  const Checkout other;
  if (!checkout.usable) {
    WARN("skipped: no git");
    return;
  }
  other.folder.write("tracked.txt", "changed\n");
  ::setenv("GIT_DIR", (other.folder.path() / ".git").c_str(), 1);
  const auto revision = source_revision(checkout.folder.path());
  ::unsetenv("GIT_DIR");
  REQUIRE(revision);
  CHECK_FALSE(revision->dirty);
}
