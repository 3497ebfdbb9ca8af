#include <cstdlib>

#include "core/util/command.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;

TEST_CASE("a command's two streams and exit code come back") {
  const auto result = util::run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(result.exit_code == 3);
  CHECK(result.output == "out\nerr");
  CHECK(util::run_command({"sh", "-c", "kill -9 $$"}).exit_code == -9);
  CHECK(util::run_command({"cat"}).output.empty());  // it has no input to wait for
}

TEST_CASE("a command can run without its errors and without some of the environment") {
  ::setenv("HEROSWEEP_TEST_COMMAND", "kept", 1);
  const std::vector<std::string> words{"sh", "-c",
                                       "echo \"$HEROSWEEP_TEST_COMMAND\"; echo err >&2"};
  CHECK(util::run_command(words).output == "kept\nerr");
  const util::CommandOptions options{.with_errors = false, .unset = "HEROSWEEP_TEST_"};
  CHECK(util::run_command(words, options).output.empty());
  ::unsetenv("HEROSWEEP_TEST_COMMAND");
}

TEST_CASE("a command that is not there is an error of the environment") {
  CHECK_THROWS_AS(util::run_command({"/no/such/program"}), EnvironmentError);
}
