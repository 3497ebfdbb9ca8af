#include <poll.h>

#include <csignal>
#include <fstream>
#include <string>

#include "core/util/error.h"
#include "experiments/measure/process.h"
#include "tests/catch.h"
#include "tests/experiments/measure/temporary_folder.h"

using namespace herosweep;
using measure::Process;

namespace {

/// Lines until `count` have come or the output ends.
std::vector<std::string> read_lines(Process& process, size_t count) {
  std::vector<std::string> lines;
  while (lines.size() < count) {
    pollfd descriptors[] = {{process.output(), POLLIN, 0}, {process.input(), POLLOUT, 0}};
    if (poll(descriptors, process.wants_to_write() ? 2 : 1, 5000) == 0) break;
    process.flush();
    if (!process.receive(lines)) break;
  }
  return lines;
}

}  // namespace

TEST_CASE("a process echoes lines, however long and however they are cut") {
  std::signal(SIGPIPE, SIG_IGN);
  test::TemporaryFolder folder;
  Process process({"/bin/cat"}, folder / "log");
  // Longer than a pipe takes at once: writing must not block while the child writes back.
  const std::string large(1 << 20, 'x');
  process.send("first");
  process.send(large);
  const auto lines = read_lines(process, 2);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "first");
  CHECK(lines[1] == large);
  process.close_input();
  CHECK(read_lines(process, 1).empty());
  CHECK(process.wait().clean);
}

TEST_CASE("standard error goes to the log, whose tail begins with a whole line") {
  test::TemporaryFolder folder;
  Process process({"/bin/sh", "-c", "for i in 1 2 3 4 5; do echo line $i >&2; done; exit 3"},
                  folder / "log");
  const auto status = process.wait();
  CHECK_FALSE(status.clean);
  CHECK(status.text == "exit status 3");
  CHECK(measure::tail(folder / "log", 1000) == "line 1\nline 2\nline 3\nline 4\nline 5\n");
  CHECK(measure::tail(folder / "log", 10) == "line 5\n");
  CHECK(measure::tail(folder / "no log", 10) == "");
}

TEST_CASE("the signal that ended a process is named") {
  test::TemporaryFolder folder;
  Process process({"/bin/sh", "-c", "kill -SEGV $$"}, folder / "log");
  CHECK_THAT(process.wait().text, ContainsSubstring("signal 11"));
}

TEST_CASE("a kill reaches what the process started") {
  test::TemporaryFolder folder;
  // The grandchild holds the output open: its end shows that it is gone too.
  Process process({"/bin/sh", "-c", "sleep 30 & echo started; wait"}, folder / "log");
  CHECK(read_lines(process, 1) == std::vector<std::string>{"started"});
  process.kill();
  CHECK(read_lines(process, 1).empty());
  CHECK_THAT(process.wait().text, ContainsSubstring("signal 9"));
}

TEST_CASE("a program that is not there is an error of the environment") {
  test::TemporaryFolder folder;
  CHECK_THROWS_AS(Process({"/no/such/program"}, folder / "log"), EnvironmentError);
}
