#include "experiments/sweep/peer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "core/util/command.h"
#include "core/util/error.h"
#include "core/util/project_file.h"
#include "core/util/sha256.h"
#include "experiments/sweep/trial.h"
#include "experiments/tasks/python.h"

namespace herosweep::sweep {

namespace {

namespace fs = std::filesystem;

std::string replaced(std::string word, const std::string& mark, const std::string& by) {
  for (size_t at = 0; (at = word.find(mark, at)) != std::string::npos; at += by.size())
    word.replace(at, mark.size(), by);
  return word;
}

/// An identity is made of contents, never of paths.
std::string content_of(const std::string& word) {
  std::error_code ignored;
  return fs::is_regular_file(word, ignored) ? util::sha256_file(word) : word;
}

}  // namespace

const std::vector<Peer>& builtin_peers() {
  static const std::vector<Peer> peers = [] {
    const std::string python = tasks::python_interpreter().string();
    const std::string script = util::project_file("experiments/peers/torch_bert.py").string();
    std::vector<Peer> all;
    for (const char* kind : {"eager", "compile"}) {
      Peer peer(std::string("torch-") + kind);
      peer.command = {python,      script,    kind,        "{model}",
                      "{backend}", "{batch}", "{seq_len}", "{threads}"};
      peer.check = {python, script, "--version"};
      all.push_back(std::move(peer));
    }
    return all;
  }();
  return peers;
}

Peer resolved(Peer peer) {
  if (!peer.check.empty()) {
    const auto [exit_code, output] = util::run_command(peer.check);
    if (exit_code != 0)
      throw EnvironmentError(fmt::format("{}: {} cannot run here: {}", peer.where, peer.name,
                                         output.empty() ? "its check failed" : output));
    peer.version = output;
  }
  std::vector<std::string> contents;
  for (const std::string& word : peer.command) contents.push_back(content_of(word));
  peer.plan_hash =
      canonical_hash({{"peer", peer.name}, {"command", contents}, {"version", peer.version}});
  return peer;
}

std::vector<std::string> filled_in(const Peer& peer, const PeerSetting& setting) {
  // {model} last: a random model's description has braces of its own, which stand for nothing.
  const std::pair<const char*, std::string> values[] = {
      {"{backend}", setting.backend},
      {"{batch}", std::to_string(setting.batch)},
      {"{seq_len}", std::to_string(setting.seq_len)},
      {"{threads}", std::to_string(setting.threads)},
      {"{model}", setting.model.string()}};
  std::vector<std::string> words = peer.command;
  for (std::string& word : words)
    for (const auto& [mark, value] : values) word = replaced(std::move(word), mark, value);
  return words;
}

}  // namespace herosweep::sweep
