#include "experiments/config/space_fields.h"

#include <fmt/format.h>

#include "core/util/error.h"
#include "experiments/config/codecs.h"
#include "experiments/config/plan_codec.h"

namespace herosweep::config {
namespace {

using nlohmann::json;
using sweep::Space;

bool read_modules(const Cursor& at, Space& space) {
  if (at.value.kind != Value::Kind::map) return at.expected("a map of modules to schemes");
  std::array<std::vector<quant::Scheme>, quant::kModules> schemes;
  bool good = true;
  for (const Member& member : at.value.members) {
    const auto module = read_module(at, member);
    const auto list = [&](quant::Module m) -> auto& { return schemes[static_cast<size_t>(m)]; };
    const bool read = module && ListOf<SchemeOf, quant::Scheme>{SchemeOf{*module}}.read(
                                    at.member(member), list(*module));
    good = good && read;
  }
  for (auto& list : schemes) {
    if (list.empty()) list = {quant::Scheme::fp16};
  }
  if (good) space.modules = std::move(schemes);
  return good;
}

json modules_schema() {
  json properties = json::object();
  for (quant::Module module : quant::kAllModules) {
    properties[std::string(quant::name(module))] =
        ListOf<SchemeOf, quant::Scheme>{SchemeOf{module}}.schema();
  }
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

bool read_axis(const Cursor& at, const sweep::SettingKind& kind, sweep::Axis& axis) {
  axis.name = kind.name;
  return ListOf<SettingValue, std::string>{SettingValue{&kind}}.read(at, axis.values);
}

bool read_axes(const Cursor& at, Space& space) {
  if (at.value.kind != Value::Kind::map) return at.expected("a map of settings to their values");
  std::vector<std::string> known;
  for (const auto& kind : sweep::setting_kinds()) known.push_back(kind.name);
  bool good = true;
  for (const Member& member : at.value.members) {
    const sweep::SettingKind* kind = sweep::find_setting(member.key);
    sweep::Axis axis;
    if (kind == nullptr) unknown_key(at, member, known);
    if (kind == nullptr || !read_axis(at.member(member), *kind, axis)) {
      good = false;
    } else {
      space.axes.push_back(std::move(axis));
    }
  }
  return good;
}

json axes_schema() {
  json properties = json::object();
  for (const auto& kind : sweep::setting_kinds()) {
    properties[kind.name] = ListOf<SettingValue, std::string>{SettingValue{&kind}}.schema();
    properties[kind.name]["description"] = kind.doc;
  }
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

bool read_constraint(const Cursor& at, Space& space) {
  std::string text;
  if (!read_text(at, false, text)) return false;
  try {
    space.constraints.emplace_back(text);
    return true;
  } catch (const sweep::ConstraintError& error) {
    return at.problem(fmt::format("character {}: {}", error.column, error.what()));
  }
}

bool read_constraints(const Cursor& at, Space& space) {
  if (at.value.kind != Value::Kind::list) return at.expected("a list of expressions");
  bool good = true;
  for (size_t i = 0; i < at.value.items.size(); ++i) {
    good = read_constraint(at.item(i), space) && good;
  }
  return good;
}

using sweep::SearchKind;
using sweep::SearchSettings;

const std::vector<Field<SearchSettings>>& budget_fields() {
  static const std::vector<Field<SearchSettings>> fields{
      field("trials", &SearchSettings::trials, Integer<>{1, 100'000},
            "Most plans that are measured, FP16 included."),
      field("minutes", &SearchSettings::minutes, Number{},
            "Time after which no more plans are chosen; started again, a search goes on. 0: no "
            "limit."),
  };
  return fields;
}

/// One of the metrics that fronts are drawn over.
struct Objective {
  bool read(const Cursor& at, std::string& out) const {
    const int index = read_word(at, sweep::search_objectives());
    if (index >= 0) out = at.value.text;
    return index >= 0;
  }
  json schema() const { return {{"enum", sweep::search_objectives()}}; }
  json show(const std::string& value) const { return value; }
};

const std::vector<Field<SearchSettings>>& search_fields() {
  static const std::vector<Field<SearchSettings>> fields{
      field(
          "kind", &SearchSettings::kind,
          Choice<SearchKind>{{{"grid", SearchKind::grid},
                              {"sensitivity", SearchKind::sensitivity},
                              {"greedy", SearchKind::greedy},
                              {"nsga2", SearchKind::nsga2}}},
          "grid: every combination of the modules' schemes. sensitivity: every module alone, INT8 "
          "and FP16. greedy: step by step the module that costs least for what it gains. nsga2: "
          "a genetic search for the front."),
      custom_field<SearchSettings>(
          "budget",
          [](const Cursor& at, SearchSettings& search) {
            return read_fields(at, budget_fields(), search);
          },
          [] { return fields_schema(budget_fields()); }, "When a search ends."),
      field(
          "objectives", &SearchSettings::objectives, ListOf<Objective, std::string>{},
          "Two or three metrics to trade, quality first; of the first task and the first latency "
          "group. Batches of plans are timed in runs of their own: ratio, paired with FP16 of the "
          "same run, compares between them, latency does not. Plans beyond limits.metric_drop are "
          "not built upon."),
      field("by_layer", &SearchSettings::by_layer, Boolean{},
            "true: every layer chooses for itself."),
      field("population", &SearchSettings::population, Integer<>{2, 10'000},
            "Plans in a generation of nsga2."),
      field("seed", &SearchSettings::seed, Integer<uint64_t>{0, INT32_MAX}, "Of what nsga2 draws."),
  };
  return fields;
}

bool read_search(const Cursor& at, Space& space) {
  if (!read_fields(at, search_fields(), space.search)) return false;
  const size_t objectives = space.search.objectives.size();
  if (objectives == 2 || objectives == 3) return true;
  return at.problem(fmt::format("objectives: two or three are traded, not {}", objectives));
}

bool read_method(const Cursor& at, Space&) { return read_word(at, {"hero"}) == 0; }

json text_list_schema() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

}  // namespace

const std::vector<Field<Space>>& space_fields() {
  static const std::vector<Field<Space>> fields{
      custom_field<Space>(
          "method", read_method,
          [] {
            return json{{"enum", {"hero"}}, {"default", "hero"}};
          },
          "What the scheme int8 means: the HERO operators."),
      custom_field<Space>(
          "modules", read_modules, modules_schema,
          "Schemes of every module; all their combinations are run, or a search chooses "
          "among them. A module that is not named stays fp16."),
      custom_field<Space>(
          "plans", [](const Cursor& at, Space& space) { return read_plans(at, space.plans); },
          plans_schema, "Plans to run: names, or maps that change a named plan."),
      custom_field<Space>("axes", read_axes, axes_schema,
                          "Settings to vary; every plan is run with all combinations that have an "
                          "effect on it."),
      custom_field<Space>("constraints", read_constraints, text_list_schema,
                          "Expressions over modules and axes; what does not fulfil all of them is "
                          "dropped."),
      field("per_layer", &Space::per_layer,
            ListOf<PerLayerCodec, sweep::PerLayerSpec>{PerLayerCodec{}},
            "One layer at a time: `base` with one module of one layer set to `to`."),
      custom_field<Space>(
          "search", read_search, [] { return fields_schema(search_fields()); },
          "How combinations are chosen."),
  };
  return fields;
}

}  // namespace herosweep::config
