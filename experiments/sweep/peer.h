// Other engines that latency groups measure beside their plans ("peers").
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace herosweep::sweep {

/// A program that runs the sweep's model and answers in latencies (the lines are those of
/// measure/peer.h). It has a row like a plan's, without accuracy.
struct Peer {
  explicit Peer(std::string called = "") : name(std::move(called)) {}
  std::string name;
  /// Program and arguments. "{model}", "{backend}", "{batch}", "{seq_len}" and "{threads}" in a
  /// word stand for those of the group; {model} is a Hugging Face directory, or a random model's
  /// description (core/model/random_locator.h). Empty: the engine's own FP16 plan.
  std::vector<std::string> command;
  /// Prints the peer's version, or fails and says what to install. May be empty.
  std::vector<std::string> check;
  std::string where;      // of its entry in the sweep file
  std::string version;    // what `check` printed
  std::string plan_hash;  // canonical hash of name, command (files by their contents) and version
  bool is_outside() const { return !command.empty(); }
  bool operator==(const Peer& other) const { return name == other.name; }
};

/// torch-eager and torch-compile: PyTorch, in FP16 on CUDA and in FP32 on the CPU.
const std::vector<Peer>& builtin_peers();

/// `peer` with version and plan_hash. Throws EnvironmentError, with the check's own words, when it
/// cannot run here.
Peer resolved(Peer peer);

/// What the placeholders of a command stand for.
struct PeerSetting {
  std::filesystem::path model;
  std::string backend;
  int batch = 1, seq_len = 128, threads = 1;
};
std::vector<std::string> filled_in(const Peer& peer, const PeerSetting& setting);

}  // namespace herosweep::sweep
