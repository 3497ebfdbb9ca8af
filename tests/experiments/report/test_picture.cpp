#include <nlohmann/json.hpp>
#include <regex>

#include "experiments/report/effects_plot.h"
#include "experiments/report/heat_map.h"
#include "experiments/report/picture.h"
#include "experiments/report/report.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep::report;
using namespace herosweep::test;

namespace {

Picture every_shape() {
  Picture picture{100, 60, "a <b> & (c)", {}};
  picture.shapes.emplace_back(Line{{{1, 2}, {3, 4.26}}, Ink::front, 1.5, true});
  for (const Shape shape : {Shape::circle, Shape::square, Shape::triangle, Shape::diamond})
    picture.shapes.emplace_back(Marker{shape, {50, 30}, 4, Ink::hero, .4});
  picture.shapes.emplace_back(Tile{{5, 6}, 7, 8, {255, 0, 128}, "x < \"y\""});
  picture.shapes.emplace_back(
      Label{{50, 20}, "(1 · ü €)\\", Ink::ink, Anchor::middle, 10, true, true});
  return picture;
}

HeatMap small_map() {
  return {"drift <1>",
          "module",
          "layer",
          {"qkv", "fc1"},
          {"0", "1", "2"},
          {{0.0, .5, 1.0}, {std::nullopt, .25, .75}},
          2,
          false};
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("a picture as SVG is escaped, and has styles only where it stands alone") {
  const std::string svg = write_svg(every_shape());
  CHECK_THAT(svg, ContainsSubstring("<title>a &lt;b&gt; &amp; (c)</title>"));
  CHECK_THAT(svg, ContainsSubstring("points=\"1,2 3,4.3\" stroke-width=\"1.5\" "
                                    "stroke-dasharray=\"4 3\""));
  CHECK_THAT(svg, ContainsSubstring("<circle class=\"f-hero\" opacity=\"0.4\" cx=\"50\""));
  CHECK_THAT(svg, ContainsSubstring("fill=\"#ff0080\"><title>x &lt; &quot;y&quot;</title>"));
  CHECK_THAT(svg, ContainsSubstring("text-anchor=\"middle\">(1 · ü €)\\</text>"));
  CHECK_THAT(svg, ContainsSubstring("prefers-color-scheme:dark"));
  CHECK(count(svg, "<polygon") == 3);
  const std::string part = write_svg(every_shape(), SvgUse::inline_);
  CHECK(part.find("<style>") == std::string::npos);
  CHECK(count(part, "<polygon") == 3);
}

TEST_CASE("a picture as PDF has the offsets, lengths and strings that readers rely on") {
  const std::string pdf = write_pdf(every_shape());
  CHECK(pdf.starts_with("%PDF-1.4\n"));
  CHECK(pdf.ends_with("%%EOF\n"));
  CHECK_THAT(pdf, ContainsSubstring("/MediaBox [0 0 100 60]"));
  // Latin-1, escaped; what Latin-1 lacks is a question mark.
  CHECK_THAT(pdf, ContainsSubstring("(\\(1 \xB7 \xFC ?\\)\\\\) Tj"));
  CHECK_THAT(pdf, ContainsSubstring("/o40 << /ca 0.4 >>"));
  const size_t table = std::stoul(pdf.substr(pdf.rfind("startxref\n") + 10));
  REQUIRE(pdf.substr(table, 5) == "xref\n");
  for (int object = 1; object <= 7; ++object) {
    const size_t entry = pdf.find('\n', table + 5) + 1 + 20 * static_cast<size_t>(object);
    const size_t offset = std::stoul(pdf.substr(entry, 10));
    const std::string begin = std::to_string(object) + " 0 obj\n";
    CHECK(pdf.substr(offset, begin.size()) == begin);
  }
  const size_t length = std::stoul(pdf.substr(pdf.find("/Length ") + 8));
  const size_t stream = pdf.find("stream\n") + 7;
  CHECK(pdf.substr(stream + length, 9) == "endstream");
}

TEST_CASE("text is as wide as Adobe's metrics say") {
  CHECK(text_width("Hi 1", 10) == Approx((722 + 222 + 278 + 556) / 100.));
  CHECK(text_width("Hi 1", 10, true) == Approx((722 + 278 + 278 + 556) / 100.));
  CHECK(text_width("ü", 10) == Approx(5.56));
}

TEST_CASE("a heat map has a tile and a number for every measured value") {
  const std::string svg = write_svg(draw_heat_map(small_map()));
  CHECK(count(svg, "<rect x=") == 5 + 40);  // and the scale's steps
  CHECK_THAT(svg, ContainsSubstring("<title>qkv, layer 1: 0.50</title>"));
  CHECK_THAT(svg, ContainsSubstring(">n/a</text>"));
  // White on the darkest tile, dark on the palest.
  CHECK_THAT(svg, ContainsSubstring("<text class=\"f-light-text\" x="));
  CHECK(std::regex_search(svg, std::regex("f-light-text[^>]*>1.00<")));
  CHECK(std::regex_search(svg, std::regex("f-dark-text[^>]*>0.00<")));
  check_golden("heat-map.svg", svg);
}

TEST_CASE("a heat map is refused when its values do not fit its labels") {
  HeatMap map = small_map();
  map.columns.pop_back();
  CHECK_THROWS_WITH(draw_heat_map(map), ContainsSubstring("values for 2 rows and 2 columns"));
  map.rows.clear();
  map.values.clear();
  CHECK_THROWS_AS(draw_heat_map(map), std::invalid_argument);
}

TEST_CASE("heat colours darken steadily, and tell signs apart where they diverge") {
  const auto sum = [](Colour c) { return c.red + c.green + c.blue; };
  for (double share = 0; share < .99; share += .1)
    CHECK(sum(heat_colour(share, false)) > sum(heat_colour(share + .1, false)));
  CHECK(heat_colour(-1, true).blue > heat_colour(-1, true).red);
  CHECK(heat_colour(1, true).red > heat_colour(1, true).blue);
  CHECK(sum(heat_colour(0, true)) > sum(heat_colour(.5, true)));
  // A value that does not vary is no extreme.
  HeatMap map = small_map();
  map.values = {{0.0, 0.0, 0.0}, {0.0, 0.0, 0.0}};
  for (const bool diverging : {false, true}) {
    map.diverging = diverging;
    CHECK(count(write_svg(draw_heat_map(map)), "f-light-text\" x") == 0);
  }
}

TEST_CASE("a section of the page shows a heat map and its numbers as a table") {
  const std::string section = heat_map_section(small_map());
  CHECK_THAT(section, ContainsSubstring("<h2>drift &lt;1&gt;</h2>"));
  CHECK_THAT(section, ContainsSubstring("<th scope=\"row\">qkv</th><td>0.00</td><td>0.50</td>"));
  CHECK_THAT(section, ContainsSubstring("<th scope=\"col\">layer 2</th>"));
  CHECK(section.find("<style>") == std::string::npos);
}

TEST_CASE("effects are drawn with their intervals around zero") {
  const std::string svg = write_svg(
      draw_effects("Main effects", "drift", {{"qkv", .01, .008, .012}, {"fc2", -.002, -.004, 0}}));
  CHECK(count(svg, "<circle") == 2);
  CHECK(count(svg, "class=\"s-hero\"") == 6);
  check_golden("effects.svg", svg);
  CHECK_THROWS_AS(draw_effects("none", "", {}), std::invalid_argument);
}
