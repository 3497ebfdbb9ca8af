// Module x layer maps: plans that differ from a uniform one in one layer alone.
#include <algorithm>

#include "core/quant/plan.h"
#include "experiments/report/plans.h"
#include "experiments/report/sensitivity.h"

namespace herosweep::report {

namespace {

using quant::Module;
using quant::Plan;
using quant::Scheme;

constexpr const char* kWholeLayer = "whole layer";

/// Where a plan differs from its base.
struct Spot {
  std::string row;  // a module's name or kWholeLayer
  int layer = 0;
  Scheme to = Scheme::int8;
};

/// The one layer in which the plans differ; nothing where there is none or another one.
std::optional<int> differing_layer(const Plan& base, const Plan& plan) {
  std::optional<int> layer;
  for (int i = 0; i < static_cast<int>(base.layers.size()); ++i) {
    if (base.layers[static_cast<size_t>(i)] == plan.layers[static_cast<size_t>(i)]) continue;
    if (layer) return std::nullopt;
    layer = i;
  }
  return layer;
}

std::optional<Spot> spot_of(const Plan& base, const Plan& plan) {
  if (base.layers.size() != plan.layers.size()) return std::nullopt;
  const auto layer = differing_layer(base, plan);
  if (base.embedding != plan.embedding) {
    // The embedding exists once; it stands in the first column.
    if (layer || base.layers != plan.layers) return std::nullopt;
    return Spot{std::string(quant::name(Module::embedding)), 0, plan.embedding};
  }
  if (!layer) return std::nullopt;
  std::vector<Module> changed, all;
  for (const Module module : quant::kAllModules) {
    if (module == Module::embedding) continue;
    all.push_back(module);
    if (base.scheme(*layer, module) != plan.scheme(*layer, module)) changed.push_back(module);
  }
  const Scheme to = plan.scheme(*layer, changed.front());
  if (changed.size() == 1) return Spot{std::string(quant::name(changed.front())), *layer, to};
  const bool alike =
      std::all_of(all.begin(), all.end(), [&](Module m) { return plan.scheme(*layer, m) == to; });
  return alike && changed == all ? std::optional(Spot{kWholeLayer, *layer, to}) : std::nullopt;
}

LayerMap empty_map(const std::string& base, Scheme to, int layers) {
  LayerMap map;
  map.base = base;
  map.to = to;
  for (const Module module : quant::kAllModules)
    map.rows.push_back({std::string(quant::name(module)), {}});
  map.rows.push_back({kWholeLayer, {}});
  for (auto& row : map.rows) row.layers.resize(static_cast<size_t>(layers));
  return map;
}

bool is_empty(const LayerMap::Row& row) {
  return std::none_of(row.layers.begin(), row.layers.end(),
                      [](const auto& cell) { return cell.has_value(); });
}

/// An embedding alone is a module effect that the tables have already; a map needs layers.
bool has_layers(const LayerMap& map) {
  return std::any_of(map.rows.begin() + 1, map.rows.end(),
                     [](const auto& row) { return !is_empty(row); });
}

}  // namespace

std::vector<LayerMap> layer_maps(const SensitivityPlans& plans, const Response& response) {
  std::vector<LayerMap> maps;
  for (const auto& uniform : plans.by_bits) {
    const int base = uniform.second;
    const size_t first = maps.size();
    const auto map_to = [&](Scheme to) -> LayerMap& {
      const auto known = std::find_if(maps.begin() + static_cast<ptrdiff_t>(first), maps.end(),
                                      [&](const LayerMap& map) { return map.to == to; });
      if (known != maps.end()) return *known;
      return maps.emplace_back(
          empty_map(plan_label(plans.columns[static_cast<size_t>(base)]), to, plans.layers));
    };
    for (size_t i = 0; i < plans.plans.size(); ++i) {
      const auto spot = spot_of(plans.plans[static_cast<size_t>(base)], plans.plans[i]);
      if (!spot) continue;
      const auto change = effect(response, {{static_cast<int>(i), 1.0}, {base, -1.0}});
      if (!change) continue;
      for (LayerMap::Row& row : map_to(spot->to).rows)
        if (row.name == spot->row) row.layers[static_cast<size_t>(spot->layer)] = change;
    }
  }
  std::erase_if(maps, [](const LayerMap& map) { return !has_layers(map); });
  for (LayerMap& map : maps) std::erase_if(map.rows, is_empty);
  return maps;
}

}  // namespace herosweep::report
