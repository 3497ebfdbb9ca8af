// The `sensitivity` command: effects for a terminal and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "experiments/report/plans.h"
#include "experiments/report/sensitivity.h"
#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;

std::string effect_text(const Response& response, const std::optional<Effect>& effect) {
  if (!effect) return "n/a";
  const int d = response.decimals;
  std::string text = fmt::format("{:+.{}f}", effect->value, d);
  if (effect->interval)
    text +=
        fmt::format(" [{:+.{}f}, {:+.{}f}]", effect->interval->low, d, effect->interval->high, d);
  return text;
}

Table text_table(const std::vector<std::string>& titles,
                 const std::vector<std::vector<std::string>>& lines) {
  Table table;
  for (const std::string& title : titles) table.columns.push_back({title, title});
  for (const auto& line : lines) {
    TableRow row;
    for (const std::string& text : line) row.cells.push_back({text});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string modules_text(const ResponseSensitivity& r) {
  const bool factorial = r.factors.size() > 1;
  std::vector<std::string> titles{"module", "alone int8", "alone fp16"};
  if (factorial) titles.push_back("main effect");
  std::vector<std::vector<std::string>> lines;
  for (const ModuleEffects& m : r.modules) {
    lines.push_back({std::string(quant::name(m.module)), effect_text(r.response, m.alone_int8),
                     effect_text(r.response, m.alone_fp16)});
    if (factorial) lines.back().push_back(effect_text(r.response, m.main));
  }
  return write_terminal(text_table(titles, lines));
}

std::string interactions_text(const ResponseSensitivity& r) {
  std::vector<std::vector<std::string>> lines;
  for (const Interaction& i : r.interactions)
    lines.push_back({fmt::format("{} x {}", quant::name(i.first), quant::name(i.second)),
                     effect_text(r.response, i.effect)});
  return write_terminal(text_table({"interaction", "effect"}, lines));
}

std::string additive_text(const Sensitivity& all, const ResponseSensitivity& r) {
  const AdditivePredictor& a = *r.additive;
  const int d = r.response.decimals;
  std::string out = fmt::format(
      "Adding up modules alone predicts {} plans with a mean error of {:.{}f}, at most {:.{}f}; {} "
      "beyond noise.\n",
      a.plans, a.mean_error, d, a.largest_error, d, a.beyond_noise);
  if (a.worst.empty()) return out;
  out += "Misjudged most:\n";
  std::vector<std::vector<std::string>> lines;
  for (const AdditivePredictor::Miss& miss : a.worst)
    lines.push_back({plan_label(all.plans.columns[static_cast<size_t>(miss.plan)]),
                     fmt::format("{:.{}f}", miss.actual, d),
                     fmt::format("{:.{}f}", miss.predicted, d),
                     fmt::format("{:+.{}f}", miss.actual - miss.predicted, d),
                     miss.beyond_noise ? "yes" : "no"});
  return out + write_terminal(
                   text_table({"plan", "measured", "predicted", "error", "beyond noise"}, lines));
}

std::string map_text(const Response& response, const LayerMap& map) {
  std::vector<std::string> titles{"module"};
  for (size_t layer = 0; layer < map.rows[0].layers.size(); ++layer)
    titles.push_back(fmt::format("layer {}", layer));
  std::vector<std::vector<std::string>> lines;
  for (const LayerMap::Row& row : map.rows) {
    lines.push_back({row.name});
    for (const auto& cell : row.layers)
      lines.back().push_back(cell ? fmt::format("{:+.{}f}", cell->value, response.decimals)
                                  : "n/a");
  }
  return fmt::format("{} with one module of one layer at a time set to {}\n{}", map.base,
                     quant::name(map.to), write_terminal(text_table(titles, lines)));
}

std::string response_text(const Sensitivity& all, const ResponseSensitivity& r) {
  std::string out = r.response.title;
  if (!r.response.unit.empty()) out += fmt::format(" ({})", r.response.unit);
  out += "\n\n";
  if (!r.modules.empty()) out += modules_text(r) + "\n";
  if (!r.interactions.empty()) {
    out += interactions_text(r);
    if (r.explained)
      out += fmt::format("Main effects alone explain {:.1f} % of the variance over {} plans.\n",
                         100 * *r.explained, size_t{1} << r.factors.size());
    out += "\n";
  }
  if (r.additive) out += additive_text(all, r) + "\n";
  for (const LayerMap& map : r.layer_maps) out += map_text(r.response, map) + "\n";
  return out;
}

constexpr const char* kFootnotes =
    "Effects are changes when a module becomes INT8 (alone fp16: when it becomes FP16 again in the "
    "all-INT8 plan).\nMain effect: mean over all settings of the other modules. Interaction: half "
    "the difference between the first's effects with the second INT8 and FP16.\nIntervals are 95 "
    "%: over resampled examples, of time over rounds paired with FP16; memory has none.\n";

ordered_json effect_json(const std::optional<Effect>& effect) {
  if (!effect) return {};
  ordered_json json{{"value", effect->value}};
  if (effect->interval) {
    json["low"] = effect->interval->low;
    json["high"] = effect->interval->high;
  }
  return json;
}

ordered_json map_json(const LayerMap& map) {
  ordered_json json{{"base", map.base}, {"to", quant::name(map.to)}};
  for (const LayerMap::Row& row : map.rows) {
    ordered_json cells = ordered_json::array();
    for (const auto& cell : row.layers) cells.push_back(effect_json(cell));
    json["rows"].push_back({{"module", row.name}, {"layers", std::move(cells)}});
  }
  return json;
}

ordered_json additive_json(const Sensitivity& all, const AdditivePredictor& a) {
  ordered_json json{{"plans", a.plans},
                    {"mean_error", a.mean_error},
                    {"largest_error", a.largest_error},
                    {"beyond_noise", a.beyond_noise}};
  for (const AdditivePredictor::Miss& miss : a.worst) {
    const PlanColumns& plan = all.plans.columns[static_cast<size_t>(miss.plan)];
    json["worst"].push_back({{"plan", plan.plan},
                             {"plan_hash", plan.plan_hash},
                             {"measured", miss.actual},
                             {"predicted", miss.predicted},
                             {"beyond_noise", miss.beyond_noise}});
  }
  return json;
}

ordered_json response_json(const Sensitivity& all, const ResponseSensitivity& r) {
  ordered_json json{
      {"metric", r.response.metric}, {"title", r.response.title}, {"unit", r.response.unit}};
  json["factors"] = ordered_json::array();
  for (const quant::Module module : r.factors) json["factors"].push_back(quant::name(module));
  json["modules"] = ordered_json::array();
  for (const ModuleEffects& m : r.modules)
    json["modules"].push_back({{"module", quant::name(m.module)},
                               {"alone_int8", effect_json(m.alone_int8)},
                               {"alone_fp16", effect_json(m.alone_fp16)},
                               {"main", effect_json(m.main)}});
  json["interactions"] = ordered_json::array();
  for (const Interaction& i : r.interactions)
    json["interactions"].push_back({{"first", quant::name(i.first)},
                                    {"second", quant::name(i.second)},
                                    {"effect", effect_json(i.effect)}});
  json["explained"] = r.explained ? ordered_json(*r.explained) : ordered_json();
  json["additive"] = r.additive ? additive_json(all, *r.additive) : ordered_json();
  json["layer_maps"] = ordered_json::array();
  for (const LayerMap& map : r.layer_maps) json["layer_maps"].push_back(map_json(map));
  return json;
}

}  // namespace

std::string sensitivity_text(store::Store& store, const SensitivityOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  const Sensitivity all = analyse_sensitivity(store, s, options);
  std::string out = fmt::format("Sweep {}: {} on {} ({})\n\n", s.sweep.name, s.sweep.model,
                                s.sweep.backend, s.sweep.device);
  for (const ResponseSensitivity& response : all.responses) out += response_text(all, response);
  out += kFootnotes;
  for (const std::string& warning : warnings(s)) out += "Warning: " + warning + "\n";
  return out;
}

std::string sensitivity_json(store::Store& store, const SensitivityOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  const Sensitivity all = analyse_sensitivity(store, s, options);
  ordered_json json{{"sweep", s.sweep.name},
                    {"variant", options.variant},
                    {"resamples", options.resamples},
                    {"seed", options.seed}};
  for (const ResponseSensitivity& response : all.responses)
    json["responses"].push_back(response_json(all, response));
  json["warnings"] = warnings(s);
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
