#include "core/quant/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/quant/suggestion.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

constexpr std::string_view kHeroPrefix = "hero-";

struct Alias {
  std::string_view alias;
  std::string_view canonical;
};
constexpr Alias kAliases[] = {
    {"fp16", "hero-000000"}, {"M1", "hero-110010"}, {"M2", "hero-111110"}, {"M3", "hero-111111"}};

/// A plan of the ZeroQuant paper: the same four GEMM schemes in every layer.
struct GemmPlan {
  std::string_view name;
  std::string_view display;
  Scheme qkv, attention_output, fc1, fc2;
};
constexpr GemmPlan kGemmPlans[] = {
    {"zq-w8a8", "W8A8 ZeroQuant", Scheme::w8a8, Scheme::w8a8, Scheme::w8a8, Scheme::w8a8},
    {"zq-w48a8", "W4/8A8 ZeroQuant", Scheme::w8a8, Scheme::w8a8, Scheme::w4a8, Scheme::w4a8},
    {"zq-w48a16", "W4/8A16 ZeroQuant", Scheme::w8a16, Scheme::w8a16, Scheme::w4a16, Scheme::w4a16},
    {"zq-w8a816", "W8A8/16 ZeroQuant", Scheme::w8a16, Scheme::w8a8, Scheme::w8a8, Scheme::w8a8},
    {"ptq-w8a8", "W8A8 PTQ", Scheme::w8a8_static, Scheme::w8a8_static, Scheme::w8a8_static,
     Scheme::w8a8_static},
    {"ptq-w48a16", "W4/8A16 PTQ", Scheme::w8a16_tensor, Scheme::w8a16_tensor, Scheme::w4a16_tensor,
     Scheme::w4a16_tensor},
};

bool is_hero_name(std::string_view name) {
  return name.size() == kHeroPrefix.size() + kModules && name.starts_with(kHeroPrefix) &&
         name.find_first_not_of("01", kHeroPrefix.size()) == std::string_view::npos;
}

void set_everywhere(Plan& plan, Module module, Scheme scheme) {
  if (module == Module::embedding) plan.embedding = scheme;
  for (LayerSchemes& layer : plan.layers) {
    if (module != Module::embedding) layer[module] = scheme;
  }
}

[[noreturn]] void unknown_plan(std::string_view name) {
  std::vector<std::string> known = all_plan_names();
  for (const Alias& alias : kAliases) known.emplace_back(alias.alias);
  std::string hint = did_you_mean(name, known);
  // Names of HERO plans differ in single bits: the nearest of 64 says less than the rule.
  if (name.starts_with(kHeroPrefix)) {
    hint = fmt::format(
        ": hero- takes {} bits, 1 for int8, in the order embedding qkv attention "
        "attention_output fc1 fc2 (hero-110010 is M1)",
        kModules);
  }
  if (hint.empty()) hint = ": known are hero-XXXXXX, fp16, M1, M2, M3, zq-* and ptq-*";
  throw PlanError(fmt::format("plan '{}': unknown name{}", name, hint));
}

int parse_int(std::string_view text, std::string_view key) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw PlanError(
        fmt::format("layer key '{}': '{}' is not a layer; write \"0,11\", \"0-3\" or \"-1\" (the "
                    "last layer)",
                    key, text));
  }
  return value;
}

/// A layer's index from 0, or from the end when negative.
int parse_layer(std::string_view text, std::string_view key, int layers) {
  const int written = parse_int(text, key);
  const int64_t layer = written < 0 ? int64_t{written} + layers : written;
  if (layer < 0 || layer >= layers) {
    throw PlanError(fmt::format("layer key '{}': the model has no layer {}, only 0 to {}", key,
                                written, layers - 1));
  }
  return static_cast<int>(layer);
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

void Plan::set(int layer, Module m, Scheme s) {
  if (m == Module::embedding) {
    embedding = s;
    return;
  }
  if (layer < 0 || layer >= static_cast<int>(layers.size())) {
    throw PlanError(
        fmt::format("plan '{}': no layer {}, it has {} layers", this->name, layer, layers.size()));
  }
  layers[layer][m] = s;
}

Plan named_plan(std::string_view name, int layers) {
  if (layers < 1) throw PlanError(fmt::format("plan '{}': a model of {} layers", name, layers));
  for (const Alias& alias : kAliases) {
    if (alias.alias == name) name = alias.canonical;
  }
  Plan plan;
  plan.name = name;
  plan.layers.resize(layers);
  if (is_hero_name(name)) {
    for (Module module : kAllModules) {
      const bool on = name[kHeroPrefix.size() + static_cast<size_t>(module)] == '1';
      set_everywhere(plan, module, on ? Scheme::int8 : Scheme::fp16);
    }
    return plan;
  }
  for (const GemmPlan& row : kGemmPlans) {
    if (row.name != name) continue;
    set_everywhere(plan, Module::qkv, row.qkv);
    set_everywhere(plan, Module::attention_output, row.attention_output);
    set_everywhere(plan, Module::fc1, row.fc1);
    set_everywhere(plan, Module::fc2, row.fc2);
    return plan;
  }
  unknown_plan(name);
}

std::vector<std::string> all_plan_names() {
  std::vector<std::string> names;
  for (unsigned bits = 0; bits < 1u << kModules; ++bits) {
    names.push_back(fmt::format("{}{:0{}b}", kHeroPrefix, bits, kModules));
  }
  for (const GemmPlan& row : kGemmPlans) names.emplace_back(row.name);
  return names;
}

std::string display_name(const std::string& canonical_name) {
  for (const Alias& alias : kAliases) {
    if (alias.canonical == canonical_name) return std::string(alias.alias);
  }
  for (const GemmPlan& row : kGemmPlans) {
    if (row.name == canonical_name) return std::string(row.display);
  }
  return canonical_name;
}

std::string hero_name(const Plan& plan) {
  if (plan.layers.empty()) return "";
  std::string text(kHeroPrefix);
  for (Module module : kAllModules) {
    const Scheme first = plan.scheme(0, module);
    if (first != Scheme::fp16 && first != Scheme::int8) return "";
    for (int layer = 1; layer < static_cast<int>(plan.layers.size()); ++layer) {
      if (plan.scheme(layer, module) != first) return "";
    }
    text += first == Scheme::int8 ? '1' : '0';
  }
  return text;
}

std::vector<int> parse_layer_key(std::string_view key, int layers) {
  std::vector<int> result;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t comma = std::min(key.find(',', begin), key.size());
    const std::string_view item = trimmed(key.substr(begin, comma - begin));
    begin = comma + 1;
    // The first character may be the sign of a layer counted from the end.
    const size_t dash = item.find('-', 1);
    const int first = parse_layer(item.substr(0, dash), key, layers);
    const int last =
        dash == std::string_view::npos ? first : parse_layer(item.substr(dash + 1), key, layers);
    if (last < first) {
      throw PlanError(fmt::format("layer key '{}': range '{}' runs backwards", key, item));
    }
    for (int layer = first; layer <= last; ++layer) result.push_back(layer);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

}  // namespace herosweep::quant
