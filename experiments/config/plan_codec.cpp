#include "experiments/config/plan_codec.h"

#include <fmt/format.h>

#include "core/util/error.h"
#include "experiments/sweep/hint.h"

namespace herosweep::config {
namespace {

using nlohmann::json;
using sweep::LayerSchemesSpec;
using sweep::PlanSpec;

// Layer keys are checked before the model is known: no transformer has as many layers.
constexpr int kManyLayers = 4096;

std::vector<std::string> module_names() {
  std::vector<std::string> names;
  names.reserve(std::size(quant::kAllModules));
  for (quant::Module module : quant::kAllModules) names.emplace_back(quant::name(module));
  return names;
}

/// A plan known by name; the problem says what names there are.
struct PlanName {
  bool read(const Cursor& at, std::string& out) const {
    if (!read_text(at, false, out)) return false;
    try {
      quant::named_plan(out, 1);
      return true;
    } catch (const PlanError& error) {
      return at.problem(error.what());
    }
  }
  json schema() const { return {{"type", "string"}}; }
  json show(const std::string& name) const { return Text{}.show(name); }
};

struct ModuleName {
  bool read(const Cursor& at, quant::Module& out) const {
    const int index = read_word(at, module_names());
    if (index >= 0) out = quant::kAllModules[static_cast<size_t>(index)];
    return index >= 0;
  }
  json schema() const { return {{"enum", module_names()}}; }
  json show(quant::Module module) const { return quant::name(module); }
};

/// {module: scheme}
bool read_schemes(const Cursor& at, LayerSchemesSpec& out) {
  if (at.value.kind != Value::Kind::map) return at.expected("a map of modules to schemes");
  out.where = at.where();
  bool good = true;
  for (const Member& member : at.value.members) {
    const auto module = read_module(at, member);
    quant::Scheme scheme{};
    if (!module || !SchemeOf{*module}.read(at.member(member), scheme)) {
      good = false;
    } else if (*module == quant::Module::embedding && !out.key.empty()) {
      good = at.member(member).problem(
          "the embedding exists once, not in every layer; set it under modules");
    } else {
      out.schemes.emplace_back(*module, scheme);
    }
  }
  return good;
}

bool read_everywhere(const Cursor& at, PlanSpec& plan) {
  plan.layers.insert(plan.layers.begin(), LayerSchemesSpec{});
  return read_schemes(at, plan.layers.front());
}

bool read_layers(const Cursor& at, PlanSpec& plan) {
  if (at.value.kind != Value::Kind::map) {
    return at.expected("a map of layers to schemes, as in {\"0,11\": {fc2: fp16}}");
  }
  bool good = true;
  for (const Member& member : at.value.members) {
    LayerSchemesSpec spec;
    spec.key = member.key;
    try {
      quant::parse_layer_key(member.key, kManyLayers);
      good = read_schemes(at.member(member), spec) && good;
      plan.layers.push_back(std::move(spec));
    } catch (const PlanError& error) {
      at.problems.add(member.place, join_path(at.path, member.key), error.what());
      good = false;
    }
  }
  return good;
}

bool read_options(const Cursor& at, PlanSpec& plan) {
  if (at.value.kind != Value::Kind::map) return at.expected("a map of options to values");
  std::vector<std::string> known;
  for (const auto& kind : sweep::setting_kinds()) {
    if (kind.of_plan) known.push_back(kind.name);
  }
  bool good = true;
  for (const Member& member : at.value.members) {
    const sweep::SettingKind* kind = sweep::find_setting(member.key);
    std::string value;
    if (kind == nullptr || !kind->of_plan) {
      unknown_key(at, member, known);
      good = false;
    } else if (SettingValue{kind}.read(at.member(member), value)) {
      plan.options.emplace_back(member.key, value);
    } else {
      good = false;
    }
  }
  return good;
}

json schemes_schema() {
  json properties = json::object();
  for (quant::Module module : quant::kAllModules) {
    properties[std::string(quant::name(module))] = SchemeOf{module}.schema();
  }
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

json options_schema() {
  json properties = json::object();
  for (const auto& kind : sweep::setting_kinds()) {
    if (kind.of_plan) properties[kind.name] = SettingValue{&kind}.schema();
  }
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

const std::vector<Field<PlanSpec>>& plan_fields() {
  static const std::vector<Field<PlanSpec>> fields{
      field("name", &PlanSpec::name, Identifier{}, "What tables call the plan.").must_be_given(),
      field("base", &PlanSpec::base, Text{false},
            "The plan to start from: a named plan, or an earlier one of the list; default fp16."),
      custom_field<PlanSpec>("modules", read_everywhere, schemes_schema,
                             "Schemes that replace the base's in all layers."),
      custom_field<PlanSpec>(
          "layers", read_layers,
          [] {
            return json{{"type", "object"}, {"additionalProperties", schemes_schema()}};
          },
          "Schemes that replace them in some layers: \"0,11\", \"0-3\", \"-1\" (the last)."),
      custom_field<PlanSpec>("options", read_options, options_schema,
                             "Options that axes do not vary for this plan."),
  };
  return fields;
}

/// Whether `name` may be a base: an earlier plan of the list, or a named one.
bool check_base(const Cursor& at, const std::string& base, const std::set<std::string>& earlier) {
  if (earlier.count(base) > 0) return true;
  const Member* written = at.value.find("base");
  std::string ignored;
  return written == nullptr || PlanName{}.read(at.member(*written), ignored);
}

bool is_named_plan(const std::string& name) {
  try {
    quant::named_plan(name, 1);
    return true;
  } catch (const PlanError&) {
    return false;
  }
}

bool read_plan(const Cursor& at, std::set<std::string>& custom, PlanSpec& plan) {
  plan.where = at.where();
  if (at.value.kind != Value::Kind::map) {
    const bool good = PlanName{}.read(at, plan.name);
    plan.base = plan.name;
    return good;
  }
  plan.custom = true;
  plan.base = "fp16";
  if (!read_fields(at, plan_fields(), plan) || !check_base(at, plan.base, custom)) return false;
  if (is_named_plan(plan.name) || !custom.insert(plan.name).second) {
    return at.member(*at.value.find("name")).problem(plan.name + " is the name of another plan");
  }
  return true;
}

/// A scheme that some module takes; which ones is checked against the modules.
struct AnyScheme {
  bool read(const Cursor& at, quant::Scheme& out) const {
    const auto found =
        at.value.kind == Value::Kind::scalar ? quant::parse_scheme(at.value.text) : std::nullopt;
    if (!found) return read_word(at, words()) >= 0;
    out = *found;
    return true;
  }
  json schema() const { return {{"enum", words()}}; }
  json show(quant::Scheme scheme) const { return quant::name(scheme); }
  static std::vector<std::string> words() {
    std::vector<std::string> words;
    for (quant::Scheme s : quant::legal_schemes(quant::Module::fc2)) words.emplace_back(name(s));
    return words;
  }
};

const std::vector<Field<sweep::PerLayerSpec>>& per_layer_fields() {
  static const std::vector<Field<sweep::PerLayerSpec>> fields{
      field("base", &sweep::PerLayerSpec::base, PlanName{}, "The plan that is varied."),
      field("modules", &sweep::PerLayerSpec::modules,
            ListOf<ModuleName, quant::Module>{ModuleName{}},
            "The modules to vary, one at a time; default all."),
      field("to", &sweep::PerLayerSpec::to, AnyScheme{}, "The scheme that replaces the base's."),
  };
  return fields;
}

}  // namespace

std::optional<quant::Module> read_module(const Cursor& at, const Member& member) {
  const auto module = quant::parse_module(member.key);
  if (!module) unknown_key(at, member, module_names());
  return module;
}

bool SchemeOf::read(const Cursor& at, quant::Scheme& out) const {
  const auto scheme =
      at.value.kind == Value::Kind::scalar ? quant::parse_scheme(at.value.text) : std::nullopt;
  if (scheme && quant::traits(module, *scheme)) {
    out = *scheme;
    return true;
  }
  std::vector<std::string> words;
  for (quant::Scheme legal : quant::legal_schemes(module)) words.emplace_back(quant::name(legal));
  if (!scheme) return read_word(at, words) >= 0;
  return at.problem(fmt::format("{} is not possible in {}; use one of {}", quant::name(*scheme),
                                quant::name(module), fmt::join(words, ", ")));
}

json SchemeOf::schema() const {
  std::vector<std::string> words;
  for (quant::Scheme legal : quant::legal_schemes(module)) words.emplace_back(quant::name(legal));
  return {{"enum", words}};
}

bool SettingValue::read(const Cursor& at, std::string& out) const {
  sweep::Settings settings;
  if (at.value.kind != Value::Kind::scalar || !kind->set(settings, at.value.text)) {
    const std::string hint =
        at.value.kind == Value::Kind::scalar ? sweep::hint(at.value.text, kind->words) : "";
    return at.problem(fmt::format("{} is no value of {}{}", describe(at.value), kind->name,
                                  hint.empty() ? "; use " + kind->values_text() : hint));
  }
  out = kind->get(settings);
  return true;
}

json SettingValue::schema() const {
  if (!kind->words.empty()) {
    // percentile(P) takes any P: a list of words would refuse it.
    const bool open = kind->name == "calibration.observer";
    return open ? json{{"type", "string"}, {"examples", kind->words}} : json{{"enum", kind->words}};
  }
  return {{"type", "integer"}, {"minimum", kind->low}, {"maximum", kind->high}};
}

bool PerLayerCodec::read(const Cursor& at, sweep::PerLayerSpec& out) const {
  out.where = at.where();
  if (!read_fields(at, per_layer_fields(), out)) return false;
  if (out.modules.empty()) out.modules.assign(quant::kAllModules.begin(), quant::kAllModules.end());
  bool good = true;
  for (quant::Module module : out.modules) {
    if (quant::traits(module, out.to)) continue;
    good = at.problem(fmt::format("{} is not possible in {}; choose other modules",
                                  quant::name(out.to), quant::name(module)));
  }
  return good;
}

json PerLayerCodec::schema() const { return fields_schema(per_layer_fields()); }

bool read_plans(const Cursor& at, std::vector<PlanSpec>& out) {
  if (at.value.kind != Value::Kind::list) return at.expected("a list of plans");
  std::set<std::string> custom;
  bool good = true;
  for (size_t i = 0; i < at.value.items.size(); ++i) {
    PlanSpec plan;
    good = read_plan(at.item(i), custom, plan) && good;
    out.push_back(std::move(plan));
  }
  return good;
}

json plans_schema() {
  return {{"type", "array"},
          {"items", {{"anyOf", {{{"type", "string"}}, fields_schema(plan_fields())}}}}};
}

}  // namespace herosweep::config
