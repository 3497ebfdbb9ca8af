#include "kernels/cpu/gelu_table.h"

#include <array>
#include <cmath>
#include <numbers>

namespace herosweep::kernels::cpu {
namespace {

using Coefficients = std::array<double, kGeluMaxDegree + 1>;

// h(a) = a - gelu(a), without cancellation.
double positive_part_excess(Activation activation, double a) {
  if (activation == Activation::gelu_erf) return 0.5 * a * std::erfc(a / std::numbers::sqrt2);
  const double u = std::sqrt(2 / std::numbers::pi) * (a + 0.044715 * a * a * a);
  return a / (1 + std::exp(2 * u));
}

// Coefficients of the polynomial through (x[i], y[i]), i = 0..degree, by divided differences.
Coefficients interpolate(int degree, const Coefficients& x, Coefficients y) {
  for (int order = 1; order <= degree; ++order) {
    for (int i = degree; i >= order; --i) y[i] = (y[i] - y[i - 1]) / (x[i] - x[i - order]);
  }
  Coefficients c{};
  for (int i = degree; i >= 0; --i) {
    for (int p = degree; p > 0; --p) c[p] = c[p - 1] - c[p] * x[i];
    c[0] = y[i] - c[0] * x[i];
  }
  return c;
}

Coefficients fit_interval(Activation activation, int degree, int interval) {
  const auto h = [&](double d) {
    return positive_part_excess(activation, (interval + d) / double{kGeluScale});
  };
  // The first interval starts at its centre, 0, where h vanishes: h(d) / d is fitted instead.
  const bool first = interval == 0;
  const double low = first ? 0.0 : -0.5;
  const int fitted_degree = first ? degree - 1 : degree;
  Coefficients x{};
  Coefficients y{};
  for (int i = 0; i <= fitted_degree; ++i) {
    const double node = std::cos(std::numbers::pi * (i + 0.5) / (fitted_degree + 1));
    x[i] = (low + 0.5) / 2 + (0.5 - low) / 2 * node;
    y[i] = first ? h(x[i]) / x[i] : h(x[i]);
  }
  Coefficients c = interpolate(fitted_degree, x, y);
  if (first) {
    for (int p = degree; p > 0; --p) c[p] = c[p - 1];
    c[0] = 0;
  }
  return c;
}

GeluTable build(Activation activation, int degree) {
  GeluTable table{};
  for (int interval = 0; interval < kGeluIntervals; ++interval) {
    const Coefficients c = fit_interval(activation, degree, interval);
    for (int p = 0; p <= degree; ++p) table.c[p][interval] = static_cast<float>(c[p]);
  }
  return table;
}

}  // namespace

const GeluTable& gelu_table(Activation activation, int degree) {
  static const GeluTable tables[2][2] = {
      {build(Activation::gelu_erf, 4), build(Activation::gelu_erf, 5)},
      {build(Activation::gelu_tanh, 4), build(Activation::gelu_tanh, 5)}};
  return tables[activation == Activation::gelu_erf ? 0 : 1][degree == 4 ? 0 : 1];
}

}  // namespace herosweep::kernels::cpu
