// What the program says about itself: help, schema, completion.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/catch.h"
#include "tests/experiments/measure/program.h"
#include "tests/experiments/measure/temporary_folder.h"

using namespace herosweep;
using test::run_program;

namespace {

/// The commands that --help lists.
std::vector<std::string> commands(const std::filesystem::path& folder) {
  std::istringstream help(run_program({"--help"}, folder).output);
  std::vector<std::string> names;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (listed && line.starts_with("  ") && line.size() > 2 && line[2] != ' ')
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    listed = listed || line.starts_with("Subcommands:");
  }
  return names;
}

/// What bash offers for the last of `words`.
std::string completed(const test::TemporaryFolder& folder, const std::vector<std::string>& words) {
  std::ofstream(folder / "script") << run_program({"completion", "bash"}, folder.path()).output;
  std::string list;
  for (const std::string& word : words) list += " \"" + word + "\"";
  std::ofstream(folder / "ask") << fmt::format(
      "source {}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_herosweep\necho \"${{COMPREPLY[*]}}\"\n",
      (folder / "script").string(), list, words.size() - 1);
  const std::string answer = (folder / "answer").string();
  REQUIRE(std::system(("bash " + (folder / "ask").string() + " > " + answer).c_str()) == 0);
  std::string text = test::read_file(answer);
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

}  // namespace

TEST_CASE("every command's help ends with examples that name it") {
  const test::TemporaryFolder folder;
  const auto names = commands(folder.path());
  CHECK(names.size() >= 13);
  for (const std::string& name : names) {
    const auto help = run_program({name, "--help"}, folder.path());
    INFO(help.output);
    CHECK(help.exit_code == 0);
    const size_t examples = help.output.find("Examples:");
    REQUIRE(examples != std::string::npos);
    CHECK(help.output.find("herosweep " + name, examples) != std::string::npos);
  }
}

TEST_CASE("bash completes commands, options, and values that are words") {
  const test::TemporaryFolder folder;
  CHECK(completed(folder, {"herosweep", "pa"}) == "pareto");
  CHECK(completed(folder, {"herosweep", "work"}).empty());  // hidden
  CHECK_THAT(completed(folder, {"herosweep", ""}), ContainsSubstring("models"));
  CHECK(completed(folder, {"herosweep", "run", "--max"}) == "--max-failures");
  CHECK(completed(folder, {"herosweep", "run", "x.yaml", "--only", "f"}) == "failed");
  CHECK(completed(folder, {"herosweep", "completion", "z"}) == "zsh");
  // Without words, file names: that is the shell's business.
  CHECK(completed(folder, {"herosweep", "run", ""}).empty());
  CHECK(completed(folder, {"herosweep", "run", "--db", "re"}).empty());
}

TEST_CASE("completion scripts of all shells name every command") {
  const test::TemporaryFolder folder;
  const auto names = commands(folder.path());
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = run_program({"completion", shell}, folder.path());
    CHECK(script.exit_code == 0);
    for (const std::string& name : names) {
      INFO(shell << " " << name);
      CHECK_THAT(script.output, ContainsSubstring(name));
    }
    // Where the shell is there, it reads the script.
    std::ofstream(folder / "script") << script.output;
    const std::string check = fmt::format("command -v {0} >/dev/null || exit 0; {0} -n {1}", shell,
                                          (folder / "script").string());
    CHECK(std::system(check.c_str()) == 0);
  }
  CHECK(run_program({"completion", "tcsh"}, folder.path()).exit_code == 2);
}

TEST_CASE("schema prints what editors and readers need") {
  const test::TemporaryFolder folder;
  const auto property = [&](std::vector<std::string> arguments, const char* key) {
    const auto schema =
        nlohmann::json::parse(run_program(std::move(arguments), folder.path()).output);
    return schema.at("properties").contains(key);
  };
  CHECK(property({"schema"}, "latency"));
  CHECK(property({"schema", "--task"}, "text_columns"));
  CHECK_THAT(run_program({"schema", "--markdown"}, folder.path()).output,
             ContainsSubstring("# Configuration reference"));
  CHECK(run_program({"schema", "--task", "--markdown"}, folder.path()).exit_code == 2);
}
