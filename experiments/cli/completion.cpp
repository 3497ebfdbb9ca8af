#include "experiments/cli/completion.h"

#include <fmt/format.h>

#include <memory>
#include <sstream>

#include "experiments/cli/command.h"

namespace herosweep::cli {

namespace {

/// The words of a check's description: "TEXT:{cpu,cuda}", "value in {failed->1,missing->0} OR ...".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}', open);
  std::vector<std::string> words;
  if (close == std::string::npos) return words;
  std::istringstream list(type.substr(open + 1, close - open - 1));
  for (std::string word; std::getline(list, word, ',');)
    words.push_back(word.substr(0, word.find("->")));
  return words;
}

CompletedOption completed(const CLI::Option& option) {
  CompletedOption result;
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  result.doc = option.get_description();
  result.takes_value = option.get_items_expected_max() > 0;
  result.choices = choices_of(option);
  return result;
}

}  // namespace

std::vector<CompletedCommand> completed_commands(const CLI::App& app) {
  std::vector<CompletedCommand> commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;  // hidden
    CompletedCommand result{command->get_name(), command->get_description(), {}};
    for (const CLI::Option* option : command->get_options())
      result.options.push_back(completed(*option));
    commands.push_back(std::move(result));
  }
  return commands;
}

void add_completion(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app] {
    const auto write = *shell == "bash"  ? bash_completion
                       : *shell == "zsh" ? zsh_completion
                                         : fish_completion;
    fmt::print("{}", write(completed_commands(app)));
  });
}

}  // namespace herosweep::cli
