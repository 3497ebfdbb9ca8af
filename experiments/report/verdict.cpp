// What a comparison says in words, and why.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "experiments/report/compare.h"

namespace herosweep::report {

namespace {

struct Words {
  Verdict higher, lower;
};

/// Words for an effect above and below zero (of a ratio: one).
Words words(Question question) {
  if (question == Question::latency) return {Verdict::faster, Verdict::slower};
  if (question == Question::drift) return {Verdict::more_drift, Verdict::less_drift};
  return {Verdict::more_accurate, Verdict::less_accurate};
}

double margin_of(Question question, const CompareSettings& settings) {
  if (question == Question::latency) return settings.latency_margin / 100;
  return question == Question::drift ? settings.drift_margin : settings.metric_margin / 100;
}

/// An effect's size as a reader of this question thinks of it.
std::string size_text(Question question, double size) {
  if (question == Question::metric) return fmt::format("{:.2f} points", 100 * size);
  if (question == Question::latency) return fmt::format("{:.1f} %", 100 * size);
  return fmt::format("{:.4f}", size);
}

std::string unresolved_reason(const Comparison& c, const CompareSettings& settings, int family) {
  const char* unit = c.question == Question::latency ? "rounds" : "examples";
  const bool sampled = c.question != Question::latency && !c.only_first;
  const double least_p = 2.0 / (settings.resamples + 1.0);
  if (sampled && *c.p <= least_p && *c.p_holm >= settings.alpha)
    return fmt::format("{} resamples cannot resolve {} comparisons; take more resamples",
                       settings.resamples, family);
  std::string reason = fmt::format("p = {:.2g}", *c.p_holm);
  if (c.detectable)
    reason +=
        fmt::format(", {} {} show {} or more", c.n, unit, size_text(c.question, *c.detectable));
  return reason;
}

}  // namespace

std::string_view name(Verdict verdict) {
  static constexpr std::array<std::string_view, 8> kNames{
      "SAME",          "FASTER",     "SLOWER",     "MORE ACCURATE",
      "LESS ACCURATE", "LESS DRIFT", "MORE DRIFT", "UNRESOLVED"};
  return kNames[static_cast<size_t>(verdict)];
}

void judge(Comparison& c, const CompareSettings& settings, int family) {
  const double none = c.question == Question::latency ? 1 : 0;
  const double margin = margin_of(c.question, settings);
  if (c.identical) {
    c.verdict = Verdict::same;
    c.reason = "every outcome is equal";
  } else if (c.interval.low >= none - margin && c.interval.high <= none + margin) {
    c.verdict = Verdict::same;
    c.reason = "within " + size_text(c.question, margin);
  } else if (*c.p_holm < settings.alpha) {
    c.verdict = c.effect > none ? words(c.question).higher : words(c.question).lower;
    c.reason = fmt::format("p = {:.2g}", *c.p_holm);
    if (family > 1) c.reason += fmt::format(" among {}", family);
  } else {
    c.verdict = Verdict::unresolved;
    c.reason = unresolved_reason(c, settings, family);
  }
}

}  // namespace herosweep::report
