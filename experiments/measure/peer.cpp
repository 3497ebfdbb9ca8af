#include "experiments/measure/peer.h"

#include <fmt/format.h>
#include <poll.h>

#include <charconv>
#include <chrono>
#include <utility>

namespace herosweep::measure {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMilliseconds = 1000;
constexpr size_t kLogTailBytes = 4096;
constexpr size_t kShownBytes = 80;  // of an answer that is none

std::vector<std::string> with_threads(const std::vector<std::string>& command, int threads) {
  std::vector<std::string> words{"/usr/bin/env"};
  for (const char* variable : {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"})
    words.push_back(fmt::format("{}={}", variable, threads));
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

/// The numbers of a line, or nothing when there is anything else in it.
std::vector<int64_t> numbers_in(const std::string& line) {
  std::vector<int64_t> numbers;
  const char* at = line.data();
  const char* const end = at + line.size();
  while (true) {
    while (at != end && *at == ' ') ++at;
    if (at == end) return numbers;
    int64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number <= 0 || (next != end && *next != ' ')) return {};
    numbers.push_back(number);
    at = next;
  }
}

}  // namespace

PeerProcess::PeerProcess(const std::vector<std::string>& command, int threads,
                         double timeout_seconds, std::filesystem::path log,
                         std::function<void()> waiting)
    : timeout_seconds_(timeout_seconds), log_(std::move(log)), waiting_(std::move(waiting)) {
  std::filesystem::remove(log_);
  process_ =
      std::make_unique<Process>(with_threads(command, threads), log_, Process::Group::parents);
}

void PeerProcess::fail(const std::string& kind, const std::string& message) {
  process_.reset();
  throw PeerFailure(kind, message, tail(log_, kLogTailBytes));
}

std::string PeerProcess::answer() {
  const auto start = Clock::now();
  while (lines_.empty()) {
    pollfd descriptor{process_->output(), POLLIN, 0};
    if (poll(&descriptor, 1, kPollMilliseconds) == 0) waiting_();
    process_->flush();
    const bool open = process_->receive(lines_);
    if (!open && lines_.empty()) {
      const std::string how = process_->wait().text;
      fail("crash", "the peer's process ended: " + how);
    }
    const double waited = std::chrono::duration<double>(Clock::now() - start).count();
    if (lines_.empty() && timeout_seconds_ > 0 && waited > timeout_seconds_)
      fail("timeout", fmt::format("no answer after {:g} s (limits.timeout)", timeout_seconds_));
  }
  std::string line = std::move(lines_.front());
  lines_.erase(lines_.begin());
  return line;
}

void PeerProcess::wait_ready() {
  const std::string line = answer();
  if (line != "ready")
    fail("error", fmt::format("the peer must print \"ready\" first, and printed \"{}\"",
                              line.substr(0, kShownBytes)));
}

std::vector<int64_t> PeerProcess::run(int count) {
  process_->send(fmt::format("run {}", count));
  const std::string line = answer();
  std::vector<int64_t> nanoseconds = numbers_in(line);
  if (nanoseconds.size() != static_cast<size_t>(count))
    fail("error", fmt::format("the peer answered \"{}\" to \"run {}\"; it must answer {} whole "
                              "number(s) of nanoseconds above 0",
                              line.substr(0, kShownBytes), count, count));
  return nanoseconds;
}

}  // namespace herosweep::measure
