#include "experiments/report/effects_plot.h"

#include <algorithm>
#include <stdexcept>

#include "experiments/report/axis.h"

namespace herosweep::report {

namespace {

constexpr double kMargin = 14, kTop = 44, kRow = 28, kPlotWidth = 420, kCap = 4;

double names_width(const std::vector<EffectBar>& effects) {
  double widest = 0;
  for (const EffectBar& effect : effects) widest = std::max(widest, text_width(effect.name, 12));
  return widest;
}

Axis axis_of(const std::vector<EffectBar>& effects) {
  std::vector<double> values{0};
  for (const EffectBar& effect : effects)
    values.insert(values.end(), {effect.value, effect.low, effect.high});
  return linear_axis(values);
}

}  // namespace

Picture draw_effects(const std::string& title, const std::string& unit,
                     const std::vector<EffectBar>& effects) {
  if (effects.empty()) throw std::invalid_argument(title + ": there are no effects to draw");
  const Axis axis = axis_of(effects);
  const double left = kMargin + names_width(effects) + 12, right = left + kPlotWidth;
  const double bottom = kTop + kRow * static_cast<double>(effects.size());
  const auto x = [&](double value) { return axis.place(value, left, right); };
  Picture picture{right + kMargin, bottom + 46, title, {}};
  picture.shapes.emplace_back(
      Label{{kMargin, 24}, title, Ink::ink, Anchor::start, 14, true, false});
  for (const double tick : axis.ticks) {
    picture.shapes.emplace_back(Line{{{x(tick), kTop}, {x(tick), bottom}}, Ink::grid});
    picture.shapes.emplace_back(
        Label{{x(tick), bottom + 16}, axis.text(tick), Ink::soft, Anchor::middle});
  }
  picture.shapes.emplace_back(Line{{{x(0), kTop}, {x(0), bottom}}, Ink::axis});
  picture.shapes.emplace_back(
      Label{{(left + right) / 2, bottom + 36}, unit, Ink::soft, Anchor::middle});
  double y = kTop + kRow / 2;
  for (const EffectBar& effect : effects) {
    picture.shapes.emplace_back(Label{{left - 12, y + 4}, effect.name, Ink::ink, Anchor::end});
    picture.shapes.emplace_back(
        Line{{{x(effect.low), y}, {x(effect.high), y}}, Ink::hero, 1.5, false});
    for (const double end : {effect.low, effect.high})
      picture.shapes.emplace_back(
          Line{{{x(end), y - kCap}, {x(end), y + kCap}}, Ink::hero, 1.5, false});
    picture.shapes.emplace_back(Marker{Shape::circle, {x(effect.value), y}, 4.5, Ink::hero, 1});
    y += kRow;
  }
  return picture;
}

}  // namespace herosweep::report
