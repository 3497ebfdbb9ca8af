#include "experiments/measure/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace herosweep::measure {

namespace {

constexpr double kRedrawSeconds = 0.1;
constexpr double kLineSeconds = 30.0;
constexpr int kBarColumns = 24;

int terminal_width(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string describe(const ProgressState& s) {
  std::string text = s.total > 0 ? fmt::format("{} {} of {}", s.unit, s.done, s.total) : "starting";
  if (s.failed > 0) text += fmt::format(", {} failed", s.failed);
  if (s.eta_seconds >= 0) text += ", ETA " + format_duration(s.eta_seconds);
  if (!s.current.empty()) text += "  " + s.current;
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (seconds < 0 || !std::isfinite(seconds)) return "?";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  const auto hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest)
                   : fmt::format("{}:{:02}", minutes, rest);
}

std::string format_bar(const ProgressState& state, int width) {
  const double fraction =
      state.total > 0 ? std::clamp(double(state.done) / state.total, 0.0, 1.0) : 0.0;
  const int filled = static_cast<int>(fraction * kBarColumns);
  std::string line = fmt::format("{} [{}{}] {}", state.phase, std::string(filled, '#'),
                                 std::string(kBarColumns - filled, '.'), describe(state));
  if (static_cast<int>(line.size()) > width) line.resize(std::max(width, 0));
  return line;
}

std::string format_line(const ProgressState& state) {
  return fmt::format("{}: {}", state.phase, describe(state));
}

ProgressDisplay::ProgressDisplay(std::FILE* stream)
    : stream_(stream), terminal_(stream && isatty(fileno(stream))) {}

ProgressDisplay::~ProgressDisplay() { clear(); }

bool ProgressDisplay::is_due(const ProgressState& state) {
  const auto now = Clock::now();
  const double since = std::chrono::duration<double>(now - last_).count();
  const int tenth = state.total > 0 ? 10 * state.done / state.total : 0;
  const bool changed = state.phase != last_phase_ || tenth != last_tenth_;
  if (terminal_ ? since < kRedrawSeconds : !changed && since < kLineSeconds) return false;
  last_ = now;
  last_phase_ = state.phase;
  last_tenth_ = tenth;
  return true;
}

void ProgressDisplay::show(const ProgressState& state) {
  if (!stream_ || !is_due(state)) return;
  if (terminal_) {
    fmt::print(stream_, "\r\033[K{}", format_bar(state, terminal_width(stream_) - 1));
    drawn_ = true;
  } else {
    fmt::print(stream_, "{}\n", format_line(state));
  }
  std::fflush(stream_);
}

void ProgressDisplay::print(const std::string& line) {
  if (!stream_) return;
  clear();
  fmt::print(stream_, "{}\n", line);
  std::fflush(stream_);
}

void ProgressDisplay::clear() {
  if (!drawn_) return;
  fmt::print(stream_, "\r\033[K");
  std::fflush(stream_);
  drawn_ = false;
}

}  // namespace herosweep::measure
