// The Pareto plot as a static SVG: task metric and drift over time, two panels side by side.
#include "experiments/report/plot_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/util/error.h"
#include "experiments/report/axis.h"

namespace herosweep::report {

namespace {

constexpr double kWidth = 980, kHeight = 460;
constexpr double kPanelTop = 84, kPanelBottom = 400, kPanelWidth = 390;
constexpr std::array<double, 2> kPanelLeft{68, 560};

// Colours differ in lightness as well as hue, shapes tell families apart without any colour.
constexpr const char* kStyle = R"(<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#334155}
.title{font-size:15px;font-weight:600;fill:#0f172a}.panel{font-weight:600;fill:#0f172a}
.page{fill:#fff}.grid{stroke:#e2e8f0}.axis{stroke:#94a3b8}
.line{fill:none;stroke:#64748b;stroke-width:1.5;stroke-dasharray:4 3}
.name{font-size:11px;fill:#0f172a;stroke:#fff;stroke-width:3px;paint-order:stroke}.off{opacity:.4}
.fp16{fill:#0f172a}.hero{fill:#2563c9}.zeroquant{fill:#c2570c}.ptq{fill:#0f8a6d}.other{fill:#7c3aed}
@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.title,.panel,.name{fill:#f1f5f9}.name{stroke:#0f172a}
.page{fill:#0f172a}.grid{stroke:#1e293b}.axis{stroke:#64748b}.line{stroke:#94a3b8}
.fp16{fill:#f1f5f9}.hero{fill:#6ea8fe}.zeroquant{fill:#ffa05c}.ptq{fill:#4fd1b0}.other{fill:#b794f6}}
</style>
)";

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

/// A filled mark of the family's shape around (x, y).
std::string mark(const char* family, double x, double y, bool on_front) {
  const std::string name = family;
  const std::string style = fmt::format("class=\"{}{}\"", name, on_front ? "" : " off");
  const double r = on_front ? 5 : 3.5;
  if (name == "hero")
    return fmt::format("<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>", style, x, y, r);
  if (name == "zeroquant")
    return fmt::format("<path {} d=\"M{:.1f} {:.1f}h{}v{}h-{}z\"/>", style, x - r, y - r, 2 * r,
                       2 * r, 2 * r);
  if (name == "ptq")
    return fmt::format("<path {} d=\"M{:.1f} {:.1f}l{} {}h-{}z\"/>", style, x, y - r - 1, r + 1,
                       2 * r + 1, 2 * (r + 1));
  return fmt::format("<path {} d=\"M{:.1f} {:.1f}l{} {}l-{} {}l-{} -{}z\"/>", style, x, y - r - 1,
                     r + 1, r + 1, r + 1, r + 1, r + 1, r + 1);
}

struct Panel {
  std::string title;
  double left;
  Axis x, y;
  std::vector<double> xs, ys;  // of every point, in pixels
};

struct Rectangle {
  double x0, y0, x1, y1;
  bool overlaps(const Rectangle& o) const {
    return x0 < o.x1 && o.x0 < x1 && y0 < o.y1 && o.y0 < y1;
  }
};

/// A name that would hide more marks than this is left out.
constexpr int kMostCovered = 3;

/// Where a name of this width may stand around a mark, its text's start and baseline.
std::array<std::pair<double, double>, 8> places(double width) {
  return {{{8, 4},
           {-8 - width, 4},
           {-width / 2, -10},
           {-width / 2, 19},
           {6, -10},
           {6, 19},
           {-6 - width, -10},
           {-6 - width, 19}}};
}

/// Names of the known plans beside their marks: inside the panel, off the names that stand already,
/// and covering as few marks as can be.
std::string names(const Panel& panel, const std::vector<ParetoPoint>& points) {
  std::string out;
  std::vector<Rectangle> taken;
  for (size_t i = 0; i < points.size(); ++i) {
    const ResultRow& row = *points[i].result;
    if (row.display == row.plan && !row.is_fp16) continue;
    const double width = 6.7 * static_cast<double>(row.display.size());
    std::optional<Rectangle> best;
    int fewest = 0;
    for (const auto& [dx, dy] : places(width)) {
      const double x = panel.xs[i] + dx, y = panel.ys[i] + dy;
      const Rectangle box{x, y - 10, x + width, y + 2};
      if (box.x0 < panel.left || box.x1 > panel.left + kPanelWidth || box.y0 < kPanelTop - 8 ||
          box.y1 > kPanelBottom || std::any_of(taken.begin(), taken.end(), [&](const Rectangle& r) {
            return r.overlaps(box);
          }))
        continue;
      int covered = 0;
      for (size_t k = 0; k < points.size(); ++k)
        covered +=
            box.overlaps({panel.xs[k] - 4, panel.ys[k] - 4, panel.xs[k] + 4, panel.ys[k] + 4});
      if (best && covered >= fewest) continue;
      best = box;
      fewest = covered;
    }
    if (!best || fewest > kMostCovered) continue;
    taken.push_back(*best);
    out += fmt::format("<text class=\"name\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", best->x0,
                       best->y1 - 2, escape(row.display));
  }
  return out;
}

std::string frame(const Panel& panel) {
  const double right = panel.left + kPanelWidth;
  std::string out = fmt::format("<text class=\"panel\" x=\"{}\" y=\"{}\">{}</text>\n", panel.left,
                                kPanelTop - 12, escape(panel.title));
  for (const double tick : panel.y.ticks) {
    const double y = panel.y.place(tick, kPanelBottom, kPanelTop);
    out += fmt::format(
        "<path class=\"grid\" d=\"M{} {:.1f}H{}\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>\n",
        panel.left, y, right, panel.left - 6, y + 4, panel.y.text(tick));
  }
  for (const double tick : panel.x.ticks)
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                    panel.x.place(tick, panel.left, right), kPanelBottom + 18, panel.x.text(tick));
  out +=
      fmt::format("<path class=\"axis\" d=\"M{0} {1}H{2}\"/>\n", panel.left, kPanelBottom, right);
  return out +
         fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">median time (ms)</text>\n",
                     panel.left + kPanelWidth / 2, kPanelBottom + 38);
}

/// The front as steps: between two plans nothing better than the slower one's quality is to be had.
std::string front_line(const Panel& panel, std::vector<int> front) {
  std::sort(front.begin(), front.end(), [&](int a, int b) { return panel.xs[a] < panel.xs[b]; });
  std::string path;
  for (const int i : front)
    path += path.empty() ? fmt::format("M{:.1f} {:.1f}", panel.xs[i], panel.ys[i])
                         : fmt::format("H{:.1f}V{:.1f}", panel.xs[i], panel.ys[i]);
  return fmt::format("<path class=\"line\" d=\"{}\"/>\n", path);
}

std::string draw(Panel panel, const TaskFronts& fronts, const TaskFronts::Front& front,
                 const ParetoMetric& quality) {
  for (const ParetoPoint& p : fronts.points) {
    panel.xs.push_back(panel.x.place(p.latency->median_ms, panel.left, panel.left + kPanelWidth));
    panel.ys.push_back(panel.y.place(*p.metric(quality), kPanelBottom, kPanelTop));
  }
  std::string out = frame(panel) + front_line(panel, front.front);
  // Marks of the front are drawn last, so that no other covers them.
  for (const bool on_front : {false, true})
    for (size_t i = 0; i < fronts.points.size(); ++i) {
      const bool member = std::find(front.front.begin(), front.front.end(), static_cast<int>(i)) !=
                          front.front.end();
      if (member != on_front) continue;
      const ResultRow& row = *fronts.points[i].result;
      out += mark(family(row), panel.xs[i], panel.ys[i], on_front || row.is_fp16) + "\n";
    }
  return out + names(panel, fronts.points);
}

std::string legend() {
  std::string out;
  double x = kPanelLeft[0];
  for (const auto& [name, title] : {std::pair{"fp16", "FP16"}, std::pair{"hero", "HERO"},
                                    std::pair{"zeroquant", "ZeroQuant"}, std::pair{"ptq", "PTQ"}}) {
    out += mark(name, x + 5, 46, true);
    out += fmt::format("<text x=\"{}\" y=\"50\">{}</text>\n", x + 15, title);
    x += 40 + 7.0 * static_cast<double>(std::string(title).size());
  }
  return out + fmt::format(
                   "<path class=\"line\" d=\"M{} 46h24\"/><text x=\"{}\" y=\"50\">front: no "
                   "plan is faster and better</text>\n",
                   x, x + 30);
}

std::vector<double> values(const std::vector<ParetoPoint>& points, const char* metric) {
  std::vector<double> out;
  out.reserve(points.size());
  for (const ParetoPoint& p : points) out.push_back(*p.metric(pareto_metric(metric)));
  return out;
}

}  // namespace

const char* family(const PlanColumns& plan) {
  if (plan.is_fp16) return "fp16";
  if (plan.plan.starts_with("hero-")) return "hero";
  if (plan.plan.starts_with("zq-")) return "zeroquant";
  return plan.plan.starts_with("ptq-") ? "ptq" : "other";
}

std::string pareto_svg(const Snapshot& s) {
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
                      {},
                      {}};
  const Panel fidelity{"drift from FP16 (lower is better; square-root scale)",
                       kPanelLeft[1],
                       time,
                       square_root_axis(values(fronts.points, "drift")),
                       {},
                       {}};
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" role=\"img\">\n<title>{2}</title>\n",
      kWidth, kHeight, escape(s.sweep.model + ": " + task.name + ", " + describe(group)));
  out += kStyle;
  out +=
      fmt::format("<rect class=\"page\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n", kWidth, kHeight);
  out += fmt::format("<text class=\"title\" x=\"{}\" y=\"26\">{}</text>\n", kPanelLeft[0],
                     escape(fmt::format("{}: {} plans, {}, {}", s.sweep.model, fronts.points.size(),
                                        describe(group), s.sweep.device)));
  out += legend();
  out += draw(quality, fronts, fronts.fronts[0], pareto_metric("value"));
  out += draw(fidelity, fronts, fronts.fronts[1], pareto_metric("drift"));
  return out + "</svg>\n";
}

}  // namespace herosweep::report
