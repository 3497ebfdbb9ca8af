#include "experiments/report/heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "experiments/report/markup.h"

namespace herosweep::report {

namespace {

constexpr double kTileWidth = 52, kTileHeight = 30, kGap = 2;
constexpr double kTop = 74, kMargin = 14, kScaleHeight = 46;
constexpr double kTextSize = 11, kNameSize = 12, kTitleSize = 14;
/// Readers' fonts in SVG are up to this much wider than Helvetica.
constexpr double kWiderFont = 1.2;

// Ends of the scales: pale to dark blue, and through pale grey from blue to orange.
constexpr std::array<Colour, 3> kSequential{{{239, 244, 252}, {110, 160, 220}, {12, 52, 120}}};
constexpr std::array<Colour, 3> kDiverging{{{26, 84, 168}, {242, 243, 245}, {190, 84, 10}}};

Colour mix(Colour a, Colour b, double share) {
  const auto channel = [&](uint8_t from, uint8_t to) {
    return static_cast<uint8_t>(std::lround(from + (to - from) * share));
  };
  return {channel(a.red, b.red), channel(a.green, b.green), channel(a.blue, b.blue)};
}

/// Relative luminance (WCAG 2) by its simple square approximation, in [0, 1].
double luminance(Colour c) {
  const auto linear = [](uint8_t v) { return (v / 255.0) * (v / 255.0); };
  return .2126 * linear(c.red) + .7152 * linear(c.green) + .0722 * linear(c.blue);
}

/// Where white text on a tile reads better than dark text.
constexpr double kLightTextBelow = .2;

struct Range {
  double low = 0, high = 0;
};

Range range_of(const HeatMap& map) {
  Range range{INFINITY, -INFINITY};
  for (const auto& row : map.values)
    for (const auto& value : row)
      if (value) range = {std::min(range.low, *value), std::max(range.high, *value)};
  if (map.diverging) {
    const double far = std::max(std::abs(range.low), std::abs(range.high));
    return {-far, far};
  }
  return range;
}

void check(const HeatMap& map) {
  const bool fits = map.values.size() == map.rows.size() &&
                    std::all_of(map.values.begin(), map.values.end(),
                                [&](const auto& row) { return row.size() == map.columns.size(); });
  const bool any = std::any_of(map.values.begin(), map.values.end(), [](const auto& row) {
    return std::any_of(row.begin(), row.end(), [](const auto& v) { return v.has_value(); });
  });
  if (!fits || !any)
    throw std::invalid_argument(
        fmt::format("heat map '{}' needs values for {} rows and {} columns, one of them measured",
                    map.title, map.rows.size(), map.columns.size()));
}

double share_of(const Range& range, bool diverging, double value) {
  if (diverging) return range.high > 0 ? value / range.high : 0;
  return range.high > range.low ? (value - range.low) / (range.high - range.low) : 0;
}

std::string shown(const HeatMap& map, double value) {
  return fmt::format("{:.{}f}", value, map.decimals);
}

Label label(Point baseline, std::string text, Ink ink, Anchor anchor, double size = kTextSize,
            bool bold = false) {
  return {baseline, std::move(text), ink, anchor, size, bold, false};
}

void draw_tile(Picture& picture, const HeatMap& map, const Range& range, Point corner, size_t row,
               size_t column) {
  const auto& value = map.values[row][column];
  const Point middle{corner.x + (kTileWidth - kGap) / 2, corner.y + kTileHeight / 2 + 3};
  if (!value) {
    picture.shapes.emplace_back(label(middle, "n/a", Ink::soft, Anchor::middle));
    return;
  }
  const Colour fill = heat_colour(share_of(range, map.diverging, *value), map.diverging);
  picture.shapes.emplace_back(Tile{corner, kTileWidth - kGap, kTileHeight - kGap, fill,
                                   fmt::format("{}, {} {}: {}", map.rows[row], map.column_title,
                                               map.columns[column], shown(map, *value))});
  const Ink ink = luminance(fill) < kLightTextBelow ? Ink::light_text : Ink::dark_text;
  picture.shapes.emplace_back(label(middle, shown(map, *value), ink, Anchor::middle));
}

/// What the colours mean, under the tiles.
void draw_scale(Picture& picture, const HeatMap& map, const Range& range, double left, double top) {
  constexpr int kSteps = 40;
  constexpr double kStep = 4;
  for (int i = 0; i < kSteps; ++i) {
    const double at = (i + .5) / kSteps;
    picture.shapes.emplace_back(Tile{{left + i * kStep, top},
                                     kStep,
                                     10,
                                     heat_colour(map.diverging ? 2 * at - 1 : at, map.diverging),
                                     ""});
  }
  const double right = left + kSteps * kStep;
  picture.shapes.emplace_back(
      label({left, top + 24}, shown(map, range.low), Ink::soft, Anchor::start));
  picture.shapes.emplace_back(
      label({right, top + 24}, shown(map, range.high), Ink::soft, Anchor::end));
}

double names_width(const HeatMap& map) {
  double widest = text_width(map.row_title, kNameSize);
  for (const std::string& row : map.rows) widest = std::max(widest, text_width(row, kNameSize));
  return kWiderFont * widest;
}

std::string number_table(const HeatMap& map) {
  std::string out = fmt::format("<table><caption>{}</caption><thead><tr><th scope=\"col\">{}</th>",
                                markup(map.title), markup(map.row_title));
  for (const std::string& column : map.columns)
    out += fmt::format("<th scope=\"col\">{} {}</th>", markup(map.column_title), markup(column));
  out += "</tr></thead><tbody>\n";
  for (size_t r = 0; r < map.rows.size(); ++r) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", markup(map.rows[r]));
    for (const auto& value : map.values[r])
      out += fmt::format("<td>{}</td>", value ? shown(map, *value) : "n/a");
    out += "</tr>\n";
  }
  return out + "</tbody></table>";
}

}  // namespace

Colour heat_colour(double share, bool diverging) {
  const auto& scale = diverging ? kDiverging : kSequential;
  const double at = 2 * std::clamp(diverging ? (share + 1) / 2 : share, 0.0, 1.0);
  return at < 1 ? mix(scale[0], scale[1], at) : mix(scale[1], scale[2], at - 1);
}

Picture draw_heat_map(const HeatMap& map) {
  check(map);
  const Range range = range_of(map);
  const double left = kMargin + names_width(map) + 10;
  const double bottom = kTop + kTileHeight * static_cast<double>(map.rows.size());
  const double right = left + kTileWidth * static_cast<double>(map.columns.size());
  const double width =
      std::max(right, kMargin + kWiderFont * text_width(map.title, kTitleSize, true)) + kMargin;
  Picture picture{width, bottom + kScaleHeight, map.title, {}};
  picture.shapes.emplace_back(
      label({kMargin, 24}, map.title, Ink::ink, Anchor::start, kTitleSize, true));
  picture.shapes.emplace_back(label({left, kTop - 26}, map.column_title, Ink::soft, Anchor::start));
  for (size_t c = 0; c < map.columns.size(); ++c)
    picture.shapes.emplace_back(
        label({left + kTileWidth * (static_cast<double>(c) + .5) - kGap / 2, kTop - 8},
              map.columns[c], Ink::ink, Anchor::middle, kNameSize));
  for (size_t r = 0; r < map.rows.size(); ++r) {
    const double y = kTop + kTileHeight * static_cast<double>(r);
    picture.shapes.emplace_back(
        label({left - 10, y + kTileHeight / 2 + 3}, map.rows[r], Ink::ink, Anchor::end, kNameSize));
    for (size_t c = 0; c < map.columns.size(); ++c)
      draw_tile(picture, map, range, {left + kTileWidth * static_cast<double>(c), y}, r, c);
  }
  draw_scale(picture, map, range, left, bottom + 10);
  return picture;
}

std::string heat_map_section(const HeatMap& map) {
  return fmt::format(
      "<section><h2>{}</h2>\n<div class=\"scroll picture\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{}\">{}</div>\n"
      "<details><summary>The same as a table</summary><div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" aria-label=\"Table: {}\">{}</div></details></section>\n",
      markup(map.title), markup(map.title), write_svg(draw_heat_map(map), SvgUse::inline_),
      markup(map.title), number_table(map));
}

}  // namespace herosweep::report
