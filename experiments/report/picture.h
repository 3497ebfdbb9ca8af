// A figure as shapes with roles. What a role looks like is decided by the writers (SVG, PDF) alone.
// Lengths are CSS pixels in SVG and points in PDF; the origin is the top left corner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace herosweep::report {

/// What a shape stands for. `dark_text` and `light_text` are for text on tiles, whose colours do
/// not follow the reader's scheme.
enum class Ink : uint8_t {
  page,
  ink,
  soft,
  grid,
  axis,
  front,
  fp16,
  hero,
  zeroquant,
  ptq,
  other,
  dark_text,
  light_text
};

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;
};

struct InkColours {
  std::string_view name;  // class in SVG
  Colour light, dark;     // on a light and on a dark page; print is light
};
const InkColours& colours(Ink ink);

struct Point {
  double x = 0, y = 0;
};

struct Line {
  std::vector<Point> points;
  Ink ink = Ink::axis;
  double width = 1;
  bool dashed = false;
};

enum class Shape : uint8_t { circle, square, triangle, diamond };

struct Marker {
  Shape shape = Shape::circle;
  Point centre;
  double radius = 4;
  Ink ink = Ink::ink;
  double opacity = 1;
};

/// A filled rectangle of a colour that stands for a number; `hint` says the number.
struct Tile {
  Point corner;  // top left
  double width = 0, height = 0;
  Colour fill;
  std::string hint;
};

enum class Anchor : uint8_t { start, middle, end };

struct Label {
  Point baseline;
  std::string text;
  Ink ink = Ink::soft;
  Anchor anchor = Anchor::start;
  double size = 12;
  bool bold = false;
  bool halo = false;  // outlined with the page's colour, to be read above marks
};

struct Picture {
  double width = 0, height = 0;
  std::string title;  // for screen readers and the file's properties
  std::vector<std::variant<Line, Marker, Tile, Label>> shapes;
};

/// Corners of a shape that is no circle, clockwise.
std::vector<Point> corners(const Marker& marker);

/// Width of Helvetica, which is close to that of the reader's font in SVG.
double text_width(const std::string& text, double size, bool bold = false);

enum class SvgUse : uint8_t {
  file,    // with its own styles, following the reader's light or dark scheme
  inline_  // inside a page that holds ink_styles()
};
/// Classes "f-NAME" (fill) and "s-NAME" (stroke) of every ink, on light and on dark pages.
std::string ink_styles();
std::string write_svg(const Picture& picture, SvgUse use = SvgUse::file);

/// One page, PDF 1.4, the same bytes for the same picture. Text is set in the standard fonts
/// Helvetica and Helvetica-Bold, which PDF readers bring along: they are not embedded. Characters
/// outside Latin-1 become question marks.
std::string write_pdf(const Picture& picture);

}  // namespace herosweep::report
