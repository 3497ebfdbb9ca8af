// Plans as JSON: {"embedding": scheme, "layers": [{module: scheme, ...}], "options": {...}}.
// The reader is strict, for the text may come from another process or a user's file.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/quant/json_number.h"
#include "core/quant/plan.h"
#include "core/quant/suggestion.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

using nlohmann::json;

// No transformer comes near; a hostile file must not make us reserve memory for millions.
constexpr size_t kMaxLayers = 4096;
constexpr int kMaxGroups = 1 << 24;

// Indexed by the enumerations' values; the words are those of the configuration.
constexpr std::array<std::string_view, 2> kResidualNames{"int8", "fp16"};
constexpr std::array<std::string_view, 2> kSoftmaxNames{"rowmax", "static"};
constexpr std::array<std::string_view, 2> kRangeNames{"symmetric127", "deepspeed"};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw PlanError(fmt::format("plan JSON: {}: {}", where, what));
}

/// `value` must be an object with exactly the keys `known`.
void check_keys(const json& value, const std::string& where,
                const std::vector<std::string>& known) {
  if (!value.is_object()) fail(where, fmt::format("expected an object, got {}", value.type_name()));
  for (const auto& item : value.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      fail(where, fmt::format("unknown key '{}'{}", item.key().substr(0, 64),
                              did_you_mean(item.key(), known)));
    }
  }
  for (const std::string& key : known) {
    if (!value.contains(key)) fail(where, fmt::format("key '{}' is missing", key));
  }
}

std::string text_of(const json& value, const std::string& where) {
  if (!value.is_string()) fail(where, fmt::format("expected a word, got {}", value.type_name()));
  return value.get<std::string>();
}

Scheme scheme_of(const json& value, Module module, const std::string& where) {
  const std::string text = text_of(value, where);
  const auto scheme = parse_scheme(text);
  std::vector<std::string> legal;
  for (Scheme s : legal_schemes(module)) legal.emplace_back(name(s));
  if (!scheme || !traits(module, *scheme)) {
    fail(where, fmt::format("{} scheme '{}'{}", scheme ? "impossible" : "unknown",
                            text.substr(0, 64), did_you_mean(text, legal)));
  }
  return *scheme;
}

template <class Enum, size_t n>
Enum option_of(const json& options, const char* key, const std::array<std::string_view, n>& names) {
  const std::string where = std::string("options.") + key;
  const std::string text = text_of(options.at(key), where);
  for (size_t i = 0; i < n; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  std::string known;
  for (std::string_view word : names) known.append(known.empty() ? "" : ", ").append(word);
  fail(where, fmt::format("unknown value '{}'; use one of {}", text.substr(0, 64), known));
}

PlanOptions options_of(const json& value) {
  check_keys(value, "options", {"residual", "softmax", "range", "groups"});
  PlanOptions options;
  options.residual = option_of<ResidualFormat>(value, "residual", kResidualNames);
  options.softmax = option_of<kernels::SoftmaxMode>(value, "softmax", kSoftmaxNames);
  options.range = option_of<RangeKind>(value, "range", kRangeNames);
  const auto groups = whole_number(value.at("groups"), -1, kMaxGroups);
  if (!groups) {
    fail("options.groups",
         fmt::format("expected a whole number from -1 (one row a group) to {}", kMaxGroups));
  }
  options.groups = static_cast<int>(*groups);
  return options;
}

std::vector<std::string> layer_keys() {
  std::vector<std::string> keys;
  for (Module module : kAllModules) {
    if (module != Module::embedding) keys.emplace_back(name(module));
  }
  return keys;
}

template <class Enum, size_t n>
std::string word_of(const std::array<std::string_view, n>& names, Enum value) {
  return std::string(names.at(static_cast<size_t>(value)));
}

}  // namespace

json to_json(const Plan& plan) {
  json layers = json::array();
  for (const LayerSchemes& schemes : plan.layers) {
    json layer = json::object();
    for (Module module : kAllModules) {
      if (module != Module::embedding) layer[std::string(name(module))] = name(schemes[module]);
    }
    layers.push_back(std::move(layer));
  }
  return {{"embedding", name(plan.embedding)},
          {"layers", std::move(layers)},
          {"options",
           {{"residual", word_of(kResidualNames, plan.options.residual)},
            {"softmax", word_of(kSoftmaxNames, plan.options.softmax)},
            {"range", word_of(kRangeNames, plan.options.range)},
            {"groups", plan.options.groups}}}};
}

Plan plan_from_json(const json& value) {
  check_keys(value, "plan", {"embedding", "layers", "options"});
  Plan plan;
  plan.embedding = scheme_of(value.at("embedding"), Module::embedding, "embedding");
  const json& layers = value.at("layers");
  if (!layers.is_array()) fail("layers", "expected an array");
  if (layers.empty() || layers.size() > kMaxLayers) {
    fail("layers", fmt::format("{} layers; expected 1 to {}", layers.size(), kMaxLayers));
  }
  const std::vector<std::string> keys = layer_keys();
  for (const json& layer : layers) {
    const std::string where = fmt::format("layers[{}]", plan.layers.size());
    check_keys(layer, where, keys);
    LayerSchemes schemes;
    for (const std::string& key : keys) {
      const Module module = *parse_module(key);
      schemes[module] = scheme_of(layer.at(key), module, fmt::format("{}.{}", where, key));
    }
    plan.layers.push_back(schemes);
  }
  plan.options = options_of(value.at("options"));
  plan.name = hero_name(plan);
  return plan;
}

}  // namespace herosweep::quant
