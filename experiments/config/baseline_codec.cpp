#include "experiments/config/baseline_codec.h"

#include "experiments/config/codecs.h"
#include "experiments/config/compose.h"

namespace herosweep::config {

namespace {

using nlohmann::json;
using sweep::Peer;

/// One word of a command; the name of a file beside the sweep file becomes its path.
struct CommandWord {
  bool read(const Cursor& at, std::string& out) const {
    if (!read_text(at, false, out)) return false;
    const std::filesystem::path file = resolve_path(at.value);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) out = file.string();
    return true;
  }
  json schema() const { return {{"type", "string"}}; }
  json show(const std::string& word) const { return word; }
};

const std::vector<Field<Peer>>& peer_fields() {
  using Words = ListOf<CommandWord, std::string>;
  static const std::vector<Field<Peer>> fields{
      field("name", &Peer::name, Identifier{}, "What tables call the program.").must_be_given(),
      field("command", &Peer::command, Words{CommandWord{}, false},
            "Program and arguments; {model}, {backend}, {batch}, {seq_len} and {threads} stand for "
            "those of the group.")
          .must_be_given(),
      field("check", &Peer::check, Words{CommandWord{}, false},
            "A command that prints the program's version, or fails and says what to install."),
  };
  return fields;
}

std::vector<std::string> words() {
  std::vector<std::string> words{"fp16"};
  for (const Peer& peer : sweep::builtin_peers()) words.push_back(peer.name);
  return words;
}

}  // namespace

bool Baseline::read(const Cursor& at, Peer& out) const {
  out.where = at.where();
  if (at.value.kind == Value::Kind::map) return read_fields(at, peer_fields(), out);
  const int word = read_word(at, words());
  if (word < 0) return false;
  if (word == 0) {
    out.name = "fp16";
    return true;
  }
  const std::string where = out.where;
  out = sweep::builtin_peers()[static_cast<size_t>(word - 1)];
  out.where = where;
  return true;
}

json Baseline::schema() const {
  return {{"anyOf", {{{"enum", words()}}, fields_schema(peer_fields())}}};
}

}  // namespace herosweep::config
