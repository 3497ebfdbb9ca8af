#include "experiments/report/pareto_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/util/error.h"
#include "experiments/report/axis.h"

namespace herosweep::report {

namespace {

constexpr double kWidth = 980, kHeight = 460;
constexpr double kPanelTop = 84, kPanelBottom = 400, kPanelWidth = 390;
constexpr std::array<double, 2> kPanelLeft{68, 560};

struct Panel {
  std::string title;
  double left;
  Axis x, y;
  std::vector<Point> points;  // of every plan, in pixels
  double right() const { return left + kPanelWidth; }
};

struct Rectangle {
  double x0, y0, x1, y1;
  bool overlaps(const Rectangle& o) const {
    return x0 < o.x1 && o.x0 < x1 && y0 < o.y1 && o.y0 < y1;
  }
};

void add_text(Picture& picture, Point baseline, std::string text, Anchor anchor = Anchor::start) {
  Label label;
  label.baseline = baseline;
  label.text = std::move(text);
  label.anchor = anchor;
  picture.shapes.emplace_back(std::move(label));
}

void add_heading(Picture& picture, Point baseline, std::string text, double size) {
  Label label;
  label.baseline = baseline;
  label.text = std::move(text);
  label.ink = Ink::ink;
  label.size = size;
  label.bold = true;
  picture.shapes.emplace_back(std::move(label));
}

void add_marker(Picture& picture, Ink family, Point centre, bool on_front) {
  picture.shapes.emplace_back(
      Marker{shape_of(family), centre, on_front ? 5 : 3.5, family, on_front ? 1 : .4});
}

/// A name that would hide more marks than this is left out.
constexpr int kMostCovered = 3;
constexpr double kNameSize = 11;

/// Where a name of this width may stand around a mark: its text's start and baseline.
std::array<Point, 8> places(double width) {
  return {{{8, 4},
           {-8 - width, 4},
           {-width / 2, -10},
           {-width / 2, 19},
           {6, -10},
           {6, 19},
           {-6 - width, -10},
           {-6 - width, 19}}};
}

/// The place inside the panel, off the names that stand already, that covers the fewest marks.
std::optional<Rectangle> place_name(const Panel& panel, Point at, double width,
                                    const std::vector<Rectangle>& taken) {
  std::optional<Rectangle> best;
  int fewest = kMostCovered + 1;
  for (const Point& offset : places(width)) {
    const double x = at.x + offset.x, y = at.y + offset.y;
    const Rectangle box{x, y - 10, x + width, y + 2};
    if (box.x0 < panel.left || box.x1 > panel.right() || box.y0 < kPanelTop - 8 ||
        box.y1 > kPanelBottom || std::any_of(taken.begin(), taken.end(), [&](const Rectangle& r) {
          return r.overlaps(box);
        }))
      continue;
    int covered = 0;
    for (const Point& p : panel.points)
      covered += box.overlaps({p.x - 4, p.y - 4, p.x + 4, p.y + 4});
    if (covered >= fewest) continue;
    best = box;
    fewest = covered;
  }
  return best;
}

/// Names of the known plans beside their marks.
void draw_names(Picture& picture, const Panel& panel, const std::vector<ParetoPoint>& plans) {
  std::vector<Rectangle> taken;
  for (size_t i = 0; i < plans.size(); ++i) {
    const ResultRow& row = *plans[i].result;
    if (!has_own_name(row)) continue;
    const double width = text_width(row.display, kNameSize);
    const auto box = place_name(panel, panel.points[i], width, taken);
    if (!box) continue;
    taken.push_back(*box);
    Label label;
    label.baseline = {box->x0, box->y1 - 2};
    label.text = row.display;
    label.ink = Ink::ink;
    label.size = kNameSize;
    label.halo = true;
    picture.shapes.emplace_back(std::move(label));
  }
}

void draw_frame(Picture& picture, const Panel& panel) {
  add_heading(picture, {panel.left, kPanelTop - 12}, panel.title, 12);
  for (const double tick : panel.y.ticks) {
    const double y = panel.y.place(tick, kPanelBottom, kPanelTop);
    picture.shapes.emplace_back(Line{{{panel.left, y}, {panel.right(), y}}, Ink::grid});
    add_text(picture, {panel.left - 6, y + 4}, panel.y.text(tick), Anchor::end);
  }
  for (const double tick : panel.x.ticks)
    add_text(picture, {panel.x.place(tick, panel.left, panel.right()), kPanelBottom + 18},
             panel.x.text(tick), Anchor::middle);
  picture.shapes.emplace_back(
      Line{{{panel.left, kPanelBottom}, {panel.right(), kPanelBottom}}, Ink::axis});
  add_text(picture, {panel.left + kPanelWidth / 2, kPanelBottom + 38}, "median time (ms)",
           Anchor::middle);
}

/// The front as steps: between two plans nothing better than the slower one's quality is to be had.
Line front_line(const Panel& panel, std::vector<int> front) {
  std::sort(front.begin(), front.end(),
            [&](int a, int b) { return panel.points[a].x < panel.points[b].x; });
  Line line{{}, Ink::front, 1.5, true};
  for (const int i : front) {
    const Point p = panel.points[i];
    if (!line.points.empty()) line.points.push_back({p.x, line.points.back().y});
    line.points.push_back(p);
  }
  return line;
}

void draw(Picture& picture, Panel panel, const TaskFronts& fronts, const TaskFronts::Front& front,
          const ParetoMetric& quality) {
  for (const ParetoPoint& p : fronts.points)
    panel.points.push_back({panel.x.place(p.latency->median_ms, panel.left, panel.right()),
                            panel.y.place(*p.metric(quality), kPanelBottom, kPanelTop)});
  draw_frame(picture, panel);
  picture.shapes.emplace_back(front_line(panel, front.front));
  // Marks of the front are drawn last, so that no other covers them.
  for (const bool on_front : {false, true})
    for (size_t i = 0; i < fronts.points.size(); ++i) {
      const bool member = std::find(front.front.begin(), front.front.end(), static_cast<int>(i)) !=
                          front.front.end();
      const ResultRow& row = *fronts.points[i].result;
      if (member == on_front)
        add_marker(picture, family(row), panel.points[i], on_front || row.is_fp16);
    }
  draw_names(picture, panel, fronts.points);
}

void draw_legend(Picture& picture) {
  double x = kPanelLeft[0];
  for (const auto& [ink, title] :
       {std::pair{Ink::fp16, "FP16"}, std::pair{Ink::hero, "HERO"},
        std::pair{Ink::zeroquant, "ZeroQuant"}, std::pair{Ink::ptq, "PTQ"}}) {
    add_marker(picture, ink, {x + 5, 46}, true);
    add_text(picture, {x + 15, 50}, title);
    x += 40 + text_width(title, 12);
  }
  picture.shapes.emplace_back(Line{{{x, 46}, {x + 24, 46}}, Ink::front, 1.5, true});
  add_text(picture, {x + 30, 50}, "front: no plan is faster and better");
}

std::vector<double> values(const std::vector<ParetoPoint>& points, const char* metric) {
  std::vector<double> out;
  out.reserve(points.size());
  for (const ParetoPoint& p : points) out.push_back(*p.metric(pareto_metric(metric)));
  return out;
}

}  // namespace

Ink family(const PlanColumns& plan) {
  if (plan.is_fp16) return Ink::fp16;
  if (plan.plan.starts_with("hero-")) return Ink::hero;
  if (plan.plan.starts_with("zq-")) return Ink::zeroquant;
  return plan.plan.starts_with("ptq-") ? Ink::ptq : Ink::other;
}

bool has_own_name(const PlanColumns& plan) {
  return plan.is_fp16 || plan.display != plan.plan || family(plan) == Ink::other;
}

Shape shape_of(Ink family) {
  if (family == Ink::hero) return Shape::circle;
  if (family == Ink::zeroquant) return Shape::square;
  return family == Ink::ptq ? Shape::triangle : Shape::diamond;
}

Picture pareto_plot(const Snapshot& s) {
  if (s.groups.empty() || s.latency.empty())
    throw StoreError(
        fmt::format("sweep {} has no latency yet, and the plot is over time", s.sweep.name));
  const TaskInfo& task = s.tasks.front();
  const GroupKey& group = s.groups.front();
  const TaskFronts fronts = task_fronts(s, task, &group, {"value", "latency"});
  if (fronts.points.empty())
    throw StoreError(fmt::format("sweep {} has no plan with both {} and latency at {}",
                                 s.sweep.name, task.name, describe(group)));
  const Axis time = linear_axis(values(fronts.points, "latency"));
  const Panel quality{task.metric + " on " + task.name + " (higher is better)",
                      kPanelLeft[0],
                      time,
                      linear_axis(values(fronts.points, "value")),
                      {}};
  const Panel fidelity{"drift from FP16 (lower is better; square-root scale)",
                       kPanelLeft[1],
                       time,
                       square_root_axis(values(fronts.points, "drift")),
                       {}};
  Picture picture{kWidth, kHeight, s.sweep.model + ": " + task.name + ", " + describe(group), {}};
  add_heading(picture, {kPanelLeft[0], 26},
              fmt::format("{}: {} plans, {}, {}", s.sweep.model, fronts.points.size(),
                          describe(group), s.sweep.device),
              15);
  draw_legend(picture);
  draw(picture, quality, fronts, fronts.fronts[0], pareto_metric("value"));
  draw(picture, fidelity, fronts, fronts.fronts[1], pareto_metric("drift"));
  return picture;
}

}  // namespace herosweep::report
