// Axes of a plot: range, round ticks, and where a value lies.
#pragma once

#include <string>
#include <vector>

namespace herosweep::report {

struct Axis {
  double low = 0, high = 1;
  std::vector<double> ticks;
  int decimals = 0;
  bool square_root = false;

  /// Linear between `from` (at low) and `to` (at high); by square roots on such an axis.
  double place(double value, double from, double to) const;
  std::string text(double tick) const;
};

/// From the values with a little room on both sides; ticks at 1, 2 or 5 times a power of ten.
/// REQUIRES: values are finite and there is one at least.
Axis linear_axis(const std::vector<double>& values);
/// From zero up, for values that crowd near zero and have a few far ones.
Axis square_root_axis(const std::vector<double>& values);

}  // namespace herosweep::report
