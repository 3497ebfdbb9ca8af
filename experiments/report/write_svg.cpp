// Pictures as SVG: one element a line, colours as classes.
#include <fmt/format.h>

#include "experiments/report/markup.h"
#include "experiments/report/picture.h"

namespace herosweep::report {

namespace {

std::string hex(Colour c) { return fmt::format("#{:02x}{:02x}{:02x}", c.red, c.green, c.blue); }

/// One decimal, without a ".0" that says nothing.
std::string number(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

/// Fill, stroke and halo of every ink, for a light or for a dark page.
std::string styles_of(bool dark) {
  std::string out;
  for (int i = 0; i <= static_cast<int>(Ink::light_text); ++i) {
    const InkColours& ink = colours(static_cast<Ink>(i));
    const std::string colour = hex(dark ? ink.dark : ink.light);
    out += fmt::format(".f-{0}{{fill:{1}}}.s-{0}{{stroke:{1}}}\n", ink.name, colour);
  }
  return out;
}

std::string styles() {
  return "<style>\ntext{font-family:system-ui,-apple-system,\"Segoe UI\",Helvetica,sans-serif}\n"
         "polyline{fill:none}.halo{stroke-width:3px;paint-order:stroke}\n" +
         ink_styles() + "</style>\n";
}

struct ShapeWriter {
  std::string operator()(const Line& line) const {
    std::string points;
    for (const Point& p : line.points)
      points += fmt::format("{}{},{}", points.empty() ? "" : " ", number(p.x), number(p.y));
    return fmt::format("<polyline class=\"s-{}\" points=\"{}\"{}{}/>\n", colours(line.ink).name,
                       points,
                       line.width == 1 ? "" : fmt::format(" stroke-width=\"{}\"", line.width),
                       line.dashed ? " stroke-dasharray=\"4 3\"" : "");
  }

  std::string operator()(const Marker& marker) const {
    const std::string style =
        fmt::format("class=\"f-{}\"{}", colours(marker.ink).name,
                    marker.opacity < 1 ? fmt::format(" opacity=\"{}\"", marker.opacity) : "");
    if (marker.shape == Shape::circle)
      return fmt::format("<circle {} cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", style,
                         number(marker.centre.x), number(marker.centre.y), marker.radius);
    std::string points;
    for (const Point& p : corners(marker))
      points += fmt::format("{}{},{}", points.empty() ? "" : " ", number(p.x), number(p.y));
    return fmt::format("<polygon {} points=\"{}\"/>\n", style, points);
  }

  std::string operator()(const Tile& tile) const {
    return fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>\n",
        number(tile.corner.x), number(tile.corner.y), number(tile.width), number(tile.height),
        hex(tile.fill), markup(tile.hint));
  }

  std::string operator()(const Label& label) const {
    constexpr const char* kAnchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    return fmt::format("<text class=\"f-{}{}\" x=\"{}\" y=\"{}\" font-size=\"{}\"{}{}>{}</text>\n",
                       colours(label.ink).name, label.halo ? " s-page halo" : "",
                       number(label.baseline.x), number(label.baseline.y), label.size,
                       label.bold ? " font-weight=\"600\"" : "",
                       kAnchors[static_cast<int>(label.anchor)], markup(label.text));
  }
};

}  // namespace

std::string ink_styles() {
  return styles_of(false) + "@media(prefers-color-scheme:dark){\n" + styles_of(true) + "}\n";
}

std::string write_svg(const Picture& picture, SvgUse use) {
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\">\n<title>{2}</title>\n",
      number(picture.width), number(picture.height), markup(picture.title));
  if (use == SvgUse::file)
    out += styles() + fmt::format("<rect class=\"f-page\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n",
                                  number(picture.width), number(picture.height));
  for (const auto& shape : picture.shapes) out += std::visit(ShapeWriter{}, shape);
  return out + "</svg>\n";
}

}  // namespace herosweep::report
