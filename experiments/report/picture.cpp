#include "experiments/report/picture.h"

#include <array>

#include "experiments/report/latin1.h"

namespace herosweep::report {

namespace {

// Colours differ in lightness as well as hue; shapes tell families apart without any colour.
constexpr std::array<InkColours, 13> kInks{{
    {"page", {255, 255, 255}, {15, 23, 42}},
    {"ink", {15, 23, 42}, {241, 245, 249}},
    {"soft", {51, 65, 85}, {203, 213, 225}},
    {"grid", {226, 232, 240}, {30, 41, 59}},
    {"axis", {148, 163, 184}, {100, 116, 139}},
    {"front", {100, 116, 139}, {148, 163, 184}},
    {"fp16", {15, 23, 42}, {241, 245, 249}},
    {"hero", {37, 99, 201}, {110, 168, 254}},
    {"zeroquant", {194, 87, 12}, {255, 160, 92}},
    {"ptq", {15, 138, 109}, {79, 209, 176}},
    {"other", {124, 58, 237}, {183, 148, 246}},
    {"dark-text", {15, 23, 42}, {15, 23, 42}},
    {"light-text", {255, 255, 255}, {255, 255, 255}},
}};

// Widths of the characters from space to tilde in thousandths of the size (Adobe's font metrics).
constexpr std::array<int, 95> kHelvetica{
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};
constexpr std::array<int, 95> kHelveticaBold{
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584};
/// Of the characters beyond ASCII; most letters and signs of Latin-1 are that wide.
constexpr int kOtherWidth = 556;

}  // namespace

const InkColours& colours(Ink ink) { return kInks[static_cast<size_t>(ink)]; }

std::vector<Point> corners(const Marker& m) {
  const auto [x, y] = m.centre;
  const double r = m.radius;
  switch (m.shape) {
    case Shape::square:
      return {{x - r, y - r}, {x + r, y - r}, {x + r, y + r}, {x - r, y + r}};
    case Shape::triangle:
      return {{x, y - r - 1}, {x + r + 1, y + r}, {x - r - 1, y + r}};
    default:
      return {{x, y - r - 1}, {x + r + 1, y}, {x, y + r + 1}, {x - r - 1, y}};
  }
}

double text_width(const std::string& text, double size, bool bold) {
  int thousandths = 0;
  for (const char c : latin1(text)) {
    const bool ascii = c >= ' ' && c <= '~';
    thousandths += ascii ? (bold ? kHelveticaBold : kHelvetica)[c - ' '] : kOtherWidth;
  }
  return size * thousandths / 1000;
}

}  // namespace herosweep::report
