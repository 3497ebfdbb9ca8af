// Sensitivity for papers and pages: a table a quantity, and heat maps of modules and layers.
#include <fmt/format.h>

#include <algorithm>

#include "core/util/error.h"
#include "experiments/report/sensitivity.h"
#include "experiments/report/sensitivity_pictures.h"
#include "experiments/report/table_parts.h"

namespace herosweep::report {

namespace {

constexpr double kBytesPerMegabyte = 1e6;
/// Plans beyond which a page shows no effects: looking for those that differ by a module would take
/// longer than everything else on it.
constexpr size_t kMostPlansOfPage = 500;

struct Shown {
  Unit unit;
  double factor;  // from the response's unit to the table's
};

Shown shown_as(const Response& response) {
  if (response.unit == "MB") return {Unit::bytes, kBytesPerMegabyte};
  if (response.metric == "latency") return {Unit::change, 1};
  return {response.metric == "drift" ? Unit::drift : Unit::score, 1};
}

Cell effect_cell(const std::optional<Effect>& effect, double factor) {
  if (!effect) return {};
  if (!effect->interval) return real(effect->value * factor);
  return real(effect->value * factor, effect->interval->low * factor,
              effect->interval->high * factor);
}

Table sensitivity_table(const Snapshot& s, const ResponseSensitivity& r) {
  const Shown shown = shown_as(r.response);
  Table table;
  table.kind = TableKind::sensitivity;
  table.context = {{"metric", text(r.response.metric)}, {"quantity", text(r.response.title)}};
  table.columns.push_back({"module", "module"});
  for (const auto& [key, title] : {std::pair{"alone_int8", "alone INT8"},
                                   {"alone_fp16", "alone FP16"},
                                   {"main", "main effect"}}) {
    TableColumn column{key, title, shown.unit};
    column.has_interval = true;
    table.columns.push_back(std::move(column));
  }
  for (const ModuleEffects& m : r.modules)
    table.rows.push_back(
        {{text(std::string(quant::name(m.module))), effect_cell(m.alone_int8, shown.factor),
          effect_cell(m.alone_fp16, shown.factor), effect_cell(m.main, shown.factor)}});
  table.caption = caption(
      s,
      fmt::format("change of {}{} when a module becomes INT8 in the FP16 plan (alone INT8), FP16 "
                  "in the all-INT8 plan (alone FP16), and INT8 on average over the others",
                  r.response.title,
                  r.response.unit.empty() ? "" : fmt::format(" ({})", r.response.unit)));
  table.notes.emplace_back("Intervals are 95 %; memory has none.");
  return table;
}

size_t index_of(const std::vector<quant::Module>& modules, quant::Module module) {
  for (size_t i = 0; i < modules.size(); ++i)
    if (modules[i] == module) return i;
  throw std::logic_error("an interaction of a module that is no factor");
}

}  // namespace

std::vector<Table> sensitivity_tables(store::Store& store, const Snapshot& snapshot,
                                      const Filter& filter) {
  SensitivityOptions options;
  options.filter = filter;
  std::vector<Table> tables;
  for (const ResponseSensitivity& r : analyse_sensitivity(store, snapshot, options).responses)
    if (!r.modules.empty()) {
      tables.push_back(sensitivity_table(snapshot, r));
      tables.back().label = label(snapshot, fmt::format("sensitivity-{}", tables.size()));
    }
  if (tables.empty())
    throw StoreError(
        fmt::format("sweep {} changes modules by layer alone; herosweep sensitivity shows its maps",
                    snapshot.sweep.name));
  return tables;
}

std::optional<HeatMap> interaction_map(const ResponseSensitivity& r) {
  if (r.interactions.empty()) return std::nullopt;
  HeatMap map;
  map.title = r.response.title + ": main effects (diagonal) and pairwise interactions";
  map.row_title = map.column_title = "module";
  map.decimals = r.response.decimals;
  map.diverging = true;
  for (const quant::Module module : r.factors) map.rows.emplace_back(quant::name(module));
  map.columns = map.rows;
  map.values.assign(map.rows.size(), std::vector<std::optional<double>>(map.rows.size()));
  for (const ModuleEffects& m : r.modules)
    if (m.main) {
      const size_t i = index_of(r.factors, m.module);
      map.values[i][i] = m.main->value;
    }
  for (const Interaction& pair : r.interactions) {
    const size_t i = index_of(r.factors, pair.first), j = index_of(r.factors, pair.second);
    map.values[i][j] = map.values[j][i] = pair.effect.value;
  }
  return map;
}

HeatMap layer_heat_map(const Response& response, const LayerMap& layers) {
  HeatMap map;
  map.title = fmt::format("{}: {} with one module of one layer set to {}", response.title,
                          layers.base, quant::name(layers.to));
  map.row_title = "module";
  map.column_title = "layer";
  map.decimals = response.decimals;
  map.diverging = true;
  for (size_t layer = 0; layer < layers.rows.at(0).layers.size(); ++layer)
    map.columns.push_back(std::to_string(layer));
  for (const LayerMap::Row& row : layers.rows) {
    map.rows.push_back(row.name);
    std::vector<std::optional<double>>& values = map.values.emplace_back();
    for (const auto& effect : row.layers)
      values.push_back(effect ? std::optional(effect->value) : std::nullopt);
  }
  return map;
}

std::vector<HeatMap> sensitivity_maps(store::Store& store, const Snapshot& snapshot) {
  if (snapshot.results.size() > kMostPlansOfPage * snapshot.tasks.size()) return {};
  const auto quantized = std::find_if(snapshot.results.begin(), snapshot.results.end(),
                                      [](const ResultRow& row) { return !row.is_fp16; });
  if (quantized == snapshot.results.end()) return {};
  SensitivityOptions options;
  options.variant = quantized->variant;  // a sweep with axes may have no plan without
  options.metrics = {"drift", "value"};
  options.resamples = 0;  // maps show no intervals
  std::vector<HeatMap> maps;
  for (const ResponseSensitivity& r : find_sensitivity(store, snapshot, options).responses) {
    if (auto map = interaction_map(r)) maps.push_back(std::move(*map));
    for (const LayerMap& layers : r.layer_maps) maps.push_back(layer_heat_map(r.response, layers));
  }
  return maps;
}

}  // namespace herosweep::report
