// Pictures as PDF: one page, one uncompressed content stream, standard fonts.
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "experiments/report/latin1.h"
#include "experiments/report/picture.h"

namespace herosweep::report {

namespace {

/// A quarter of a circle as one Bezier curve: the handles' length that errs least.
constexpr double kCircleHandle = 0.5523;

std::string colour(Colour c, const char* op) {
  return fmt::format("{:.3f} {:.3f} {:.3f} {}\n", c.red / 255.0, c.green / 255.0, c.blue / 255.0,
                     op);
}

std::string string_text(const std::string& text) {
  std::string out = "(";
  for (const char c : latin1(text)) {
    if (c == '(' || c == ')' || c == '\\') out += '\\';
    out += c;
  }
  return out + ")";
}

std::string path(const std::vector<Point>& points) {
  std::string out;
  for (const Point& p : points)
    out += fmt::format("{:.2f} {:.2f} {}\n", p.x, p.y, out.empty() ? "m" : "l");
  return out;
}

std::string circle(Point c, double r) {
  const double h = r * kCircleHandle;
  const auto curve = [](Point a, Point b, Point end) {
    return fmt::format("{:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} c\n", a.x, a.y, b.x, b.y, end.x,
                       end.y);
  };
  return fmt::format("{:.2f} {:.2f} m\n", c.x + r, c.y) +
         curve({c.x + r, c.y + h}, {c.x + h, c.y + r}, {c.x, c.y + r}) +
         curve({c.x - h, c.y + r}, {c.x - r, c.y + h}, {c.x - r, c.y}) +
         curve({c.x - r, c.y - h}, {c.x - h, c.y - r}, {c.x, c.y - r}) +
         curve({c.x + h, c.y - r}, {c.x + r, c.y - h}, {c.x + r, c.y});
}

int percent(double opacity) { return static_cast<int>(std::lround(opacity * 100)); }

struct ShapeWriter {
  std::string operator()(const Line& line) const {
    return colour(colours(line.ink).light, "RG") +
           fmt::format("{} w {} 0 d\n", line.width, line.dashed ? "[4 3]" : "[]") +
           path(line.points) + "S\n";
  }

  std::string operator()(const Marker& marker) const {
    const std::string outline = marker.shape == Shape::circle ? circle(marker.centre, marker.radius)
                                                              : path(corners(marker));
    return fmt::format("/o{} gs\n", percent(marker.opacity)) +
           colour(colours(marker.ink).light, "rg") + outline + "f\n/o100 gs\n";
  }

  std::string operator()(const Tile& tile) const {
    return colour(tile.fill, "rg") + fmt::format("{:.2f} {:.2f} {:.2f} {:.2f} re f\n",
                                                 tile.corner.x, tile.corner.y, tile.width,
                                                 tile.height);
  }

  std::string operator()(const Label& label) const {
    const double width = text_width(label.text, label.size, label.bold);
    const double x = label.anchor == Anchor::start    ? label.baseline.x
                     : label.anchor == Anchor::middle ? label.baseline.x - width / 2
                                                      : label.baseline.x - width;
    const auto text = [&](int mode) {
      // The page's y points down, so the glyphs are turned back up.
      return fmt::format("BT /{} {} Tf {} Tr 1 0 0 -1 {:.2f} {:.2f} Tm {} Tj ET\n",
                         label.bold ? "bold" : "text", label.size, mode, x, label.baseline.y,
                         string_text(label.text));
    };
    constexpr int kFill = 0, kStroke = 1;
    std::string out = colour(colours(label.ink).light, "rg");
    if (label.halo)
      out += colour(colours(Ink::page).light, "RG") + "3 w [] 0 d 1 j\n" + text(kStroke);
    return out + text(kFill);
  }
};

std::string content(const Picture& picture) {
  std::string out = fmt::format("1 0 0 -1 0 {} cm\n", picture.height);
  for (const auto& shape : picture.shapes) out += std::visit(ShapeWriter{}, shape);
  return out;
}

/// Graphics states for the opacities in use.
std::string opacities(const Picture& picture) {
  std::set<int> used{100};
  for (const auto& shape : picture.shapes)
    if (const auto* marker = std::get_if<Marker>(&shape)) used.insert(percent(marker->opacity));
  std::string out;
  for (const int value : used) out += fmt::format("/o{} << /ca {} >> ", value, value / 100.0);
  return out;
}

std::string font(const char* name) {
  return fmt::format("<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>",
                     name);
}

}  // namespace

std::string write_pdf(const Picture& picture) {
  const std::string stream = content(picture);
  const std::vector<std::string> objects{
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents 4 0 R /Resources "
                  "<< /Font << /text 5 0 R /bold 6 0 R >> /ExtGState << {}>> >> >>",
                  picture.width, picture.height, opacities(picture)),
      fmt::format("<< /Length {} >>\nstream\n{}endstream", stream.size(), stream),
      font("Helvetica"),
      font("Helvetica-Bold"),
      fmt::format("<< /Title {} /Creator (herosweep) >>", string_text(picture.title))};
  std::string out = "%PDF-1.4\n";
  std::string table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const size_t start = out.size();
  return out + table +
         fmt::format("trailer\n<< /Size {} /Root 1 0 R /Info {} 0 R >>\nstartxref\n{}\n%%EOF\n",
                     objects.size() + 1, objects.size(), start);
}

}  // namespace herosweep::report
