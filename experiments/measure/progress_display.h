// How a sweep shows where it is: one bar that redraws itself on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace herosweep::measure {

struct ProgressState {
  std::string phase;    // "accuracy", "latency batch 1 seq 128"
  std::string unit;     // "trial": shown as "trial 3 of 140"
  std::string current;  // the plan that runs
  int done = 0;
  int total = 0;
  int failed = 0;
  double eta_seconds = -1;  // negative: not known yet
};

class ProgressDisplay {
 public:
  /// Writes to `stream`; a null stream shows nothing. A terminal gets the bar.
  explicit ProgressDisplay(std::FILE* stream);
  ~ProgressDisplay();

  /// Redraws at most ten times a second; without a terminal a line every ten per cent or 30 s.
  void show(const ProgressState& state);
  /// A line of its own above the bar.
  void print(const std::string& line);
  /// Takes the bar away.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool is_due(const ProgressState& state);

  std::FILE* stream_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point last_{};
  std::string last_phase_;
  int last_tenth_ = -1;
};

/// "2:05", "1:00:09"; "?" for negative.
std::string format_duration(double seconds);

/// One line of at most `width` columns.
std::string format_bar(const ProgressState& state, int width);
std::string format_line(const ProgressState& state);

}  // namespace herosweep::measure
