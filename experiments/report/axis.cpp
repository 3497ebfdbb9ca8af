#include "experiments/report/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace herosweep::report {

namespace {

constexpr double kMargin = 0.06;
constexpr int kWantedTicks = 6;

/// 1, 2 or 5 times a power of ten, at least `smallest`.
double round_step(double smallest) {
  const double power = std::pow(10, std::floor(std::log10(smallest)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= smallest * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

int decimals_of(double step) {
  return std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
}

}  // namespace

double Axis::place(double value, double from, double to) const {
  const auto scale = [&](double v) { return square_root ? std::sqrt(std::max(v, 0.0)) : v; };
  return from + (scale(value) - scale(low)) / (scale(high) - scale(low)) * (to - from);
}

std::string Axis::text(double tick) const { return fmt::format("{:.{}f}", tick, decimals); }

Axis linear_axis(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  // Equal values still get a range to stand in the middle of.
  const double spread = *high > *low ? *high - *low : std::max(std::abs(*low) * .1, 1e-3);
  Axis axis{*low - kMargin * spread, *high + kMargin * spread, {}, 0, false};
  const double step = round_step((axis.high - axis.low) / kWantedTicks);
  axis.decimals = decimals_of(step);
  for (double k = std::ceil(axis.low / step); k * step <= axis.high; ++k)
    axis.ticks.push_back(k * step + 0.0);  // no tick is called "-0"
  return axis;
}

Axis square_root_axis(const std::vector<double>& values) {
  const double largest = std::max(*std::max_element(values.begin(), values.end()), 1e-6);
  Axis axis{0, largest * (1 + 2 * kMargin), {0}, 0, true};
  // Evenly spaced ticks on the square-root scale, each rounded.
  for (int i = 1; i < kWantedTicks; ++i) {
    const double tick = round_step(axis.high * i * i / (kWantedTicks * kWantedTicks));
    if (tick > axis.ticks.back() && tick <= axis.high) axis.ticks.push_back(tick);
  }
  axis.decimals = axis.ticks.size() > 1 ? decimals_of(axis.ticks[1]) : 3;
  return axis;
}

}  // namespace herosweep::report
