#include <fmt/format.h>
#include <fmt/ranges.h>

#include "experiments/cli/completion.h"

namespace herosweep::cli {

namespace {

/// In single quotes, which all three shells read alike but for the quote itself.
std::string quoted(const std::string& text, const char* quote_mark) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string(quote_mark) : std::string(1, c);
  return result + "'";
}

std::string posix(const std::string& text) { return quoted(text, "'\\''"); }
std::string fish(const std::string& text) { return quoted(text, "\\'"); }

std::string words(const std::vector<std::string>& list) {
  return fmt::format("{}", fmt::join(list, " "));
}

/// Brackets and colons mean something to _arguments.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_values(const CompletedOption& option) {
  return option.choices.empty() ? "_files" : "(" + words(option.choices) + ")";
}

std::string zsh_arguments(const CompletedCommand& command) {
  std::string text;
  for (const CompletedOption& option : command.options) {
    const std::string value = option.takes_value ? ":value:" + zsh_values(option) : std::string();
    for (const std::string& name : option.names)
      text += fmt::format(" \\\n        {}",
                          posix(fmt::format("*{}[{}]{}", name, zsh_text(option.doc), value)));
    if (option.names.empty())
      text += fmt::format(" \\\n        {}",
                          posix(":" + zsh_text(option.doc) + ":" + zsh_values(option)));
  }
  return text;
}

/// A case for what may follow an option with choices, and one for each command's own words.
std::string bash_cases(const CompletedCommand& command) {
  std::string text;
  std::vector<std::string> options, positionals;
  for (const CompletedOption& option : command.options) {
    if (option.names.empty())
      positionals.insert(positionals.end(), option.choices.begin(), option.choices.end());
    options.insert(options.end(), option.names.begin(), option.names.end());
    if (!option.takes_value) continue;
    for (const std::string& name : option.names)
      text += fmt::format("    '{} {}') words={} ;;\n", command.name, name,
                          posix(words(option.choices)));
  }
  return text + fmt::format("    '{0} '*) case $word in -*) words={1} ;; *) words={2} ;; esac ;;\n",
                            command.name, posix(words(options)), posix(words(positionals)));
}

}  // namespace

std::string bash_completion(const std::vector<CompletedCommand>& commands) {
  std::vector<std::string> names;
  std::string cases;
  for (const CompletedCommand& command : commands) {
    names.push_back(command.name);
    cases += bash_cases(command);
  }
  return fmt::format(
      "# herosweep for bash: source this file, or keep it as\n"
      "# ~/.local/share/bash-completion/completions/herosweep\n"
      "_herosweep() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words={}\n"
      "  else case \"${{COMP_WORDS[1]}} $before\" in\n{}"
      "    esac\n"
      "  fi\n"
      "  # Without words the shell completes file names.\n"
      "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); fi\n"
      "}}\n"
      "complete -o default -F _herosweep herosweep\n",
      posix(words(names) + " --help --version"), cases);
}

std::string zsh_completion(const std::vector<CompletedCommand>& commands) {
  std::string list, cases;
  for (const CompletedCommand& command : commands) {
    list += fmt::format("    {}\n", posix(command.name + ":" + zsh_text(command.doc)));
    cases += fmt::format("      {}) _arguments{} ;;\n", command.name, zsh_arguments(command));
  }
  return fmt::format(
      "#compdef herosweep\n"
      "# herosweep for zsh: keep this file as _herosweep in a folder of $fpath.\n"
      "_herosweep() {{\n"
      "  local -a commands\n"
      "  commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "  else\n"
      "    local command=$words[2]\n"
      "    shift words\n"
      "    (( CURRENT-- ))\n"
      "    case $command in\n{}"
      "    esac\n"
      "  fi\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _herosweep ]; then _herosweep; else compdef _herosweep herosweep; "
      "fi\n",
      list, cases);
}

std::string fish_completion(const std::vector<CompletedCommand>& commands) {
  std::string text =
      "# herosweep for fish: keep this file as ~/.config/fish/completions/herosweep.fish\n";
  for (const CompletedCommand& command : commands) {
    text += fmt::format("complete -c herosweep -n __fish_use_subcommand -f -a {} -d {}\n",
                        command.name, fish(command.doc));
    const std::string here =
        fmt::format("complete -c herosweep -n '__fish_seen_subcommand_from {}'", command.name);
    for (const CompletedOption& option : command.options) {
      std::string names;
      for (const std::string& name : option.names)
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (option.names.empty() && option.choices.empty()) continue;  // fish offers files by itself
      const std::string values =
          option.choices.empty() ? "" : " -f -a " + fish(words(option.choices));
      text += fmt::format("{}{}{}{} -d {}\n", here, names,
                          option.takes_value && !option.names.empty() ? " -r" : "", values,
                          fish(option.doc));
    }
  }
  return text;
}

}  // namespace herosweep::cli
