#include "core/quant/scheme.h"

#include <algorithm>

namespace herosweep::quant {
namespace {

using kernels::ElementType;

constexpr uint8_t bit(Module m) { return static_cast<uint8_t>(1u << static_cast<unsigned>(m)); }

constexpr uint8_t kEmbedding = bit(Module::embedding);
constexpr uint8_t kAttention = bit(Module::attention);
constexpr uint8_t kLayerNormReaders = bit(Module::qkv) | bit(Module::fc1);
constexpr uint8_t kLayerNormWriters = bit(Module::attention_output) | bit(Module::fc2);
constexpr uint8_t kGemms = kLayerNormReaders | kLayerNormWriters;
constexpr uint8_t kAll = kEmbedding | kAttention | kGemms;

/// What `scheme` means in each of `modules`.
struct Row {
  Scheme scheme;
  uint8_t modules;
  SchemeTraits traits;
};

// Columns of the traits: weight, granularity, input, quantized output, quantized residual,
// execution. A combination without a row is illegal.
constexpr Row kRows[] = {
    {Scheme::fp16, kAll, {}},
    // HERO
    {Scheme::int8,
     kEmbedding,
     {ElementType::s8, WeightGranularity::row, InputFormat::floating, false, false,
      Execution::integer}},
    {Scheme::int8,
     kLayerNormReaders,
     {ElementType::s8, WeightGranularity::row, InputFormat::token_wise, true, true,
      Execution::integer}},
    {Scheme::int8,
     kAttention,
     {ElementType::f32, WeightGranularity::none, InputFormat::tensor_wise, true, false,
      Execution::integer}},
    {Scheme::int8,
     kLayerNormWriters,
     {ElementType::s8, WeightGranularity::row, InputFormat::feature_wise, true, false,
      Execution::integer}},
    // ZeroQuant
    {Scheme::w8a8,
     kGemms,
     {ElementType::s8, WeightGranularity::group, InputFormat::token_wise, false, false,
      Execution::integer}},
    {Scheme::w8a16,
     kGemms,
     {ElementType::s8, WeightGranularity::group, InputFormat::floating, false, false,
      Execution::weight_only}},
    {Scheme::w16a8,
     kGemms,
     {ElementType::f32, WeightGranularity::none, InputFormat::token_wise, false, false,
      Execution::simulated}},
    {Scheme::w4a8,
     kGemms,
     {ElementType::s4, WeightGranularity::group, InputFormat::token_wise, false, false,
      Execution::integer}},
    {Scheme::w4a16,
     kGemms,
     {ElementType::s4, WeightGranularity::group, InputFormat::floating, false, false,
      Execution::weight_only}},
    // Post-training quantization baselines of the ZeroQuant paper
    {Scheme::w8a8_static,
     kGemms,
     {ElementType::s8, WeightGranularity::tensor, InputFormat::tensor_wise, false, false,
      Execution::integer}},
    {Scheme::w8a16_tensor,
     kGemms,
     {ElementType::s8, WeightGranularity::tensor, InputFormat::floating, false, false,
      Execution::weight_only}},
    {Scheme::w4a16_tensor,
     kGemms,
     {ElementType::s4, WeightGranularity::tensor, InputFormat::floating, false, false,
      Execution::weight_only}},
};

// Indexed by the enumerations' values.
constexpr std::array<std::string_view, kModules> kModuleNames{
    "embedding", "qkv", "attention", "attention_output", "fc1", "fc2"};
constexpr std::array<std::string_view, 10> kSchemeNames{
    "fp16", "int8",  "w8a8",        "w8a16",        "w16a8",
    "w4a8", "w4a16", "w8a8-static", "w8a16-tensor", "w4a16-tensor"};
constexpr std::array<std::string_view, 3> kExecutionNames{"integer", "weight-only", "simulated"};
static_assert(kSchemeNames.size() == static_cast<size_t>(Scheme::w4a16_tensor) + 1);

template <class Enum, size_t n>
std::optional<Enum> parse(const std::array<std::string_view, n>& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::optional<SchemeTraits> traits(Module module, Scheme scheme) {
  for (const Row& row : kRows) {
    if (row.scheme == scheme && (row.modules & bit(module)) != 0) return row.traits;
  }
  return std::nullopt;
}

std::string_view name(Module module) { return kModuleNames.at(static_cast<size_t>(module)); }
std::string_view name(Scheme scheme) { return kSchemeNames.at(static_cast<size_t>(scheme)); }
std::string_view name(Execution execution) {
  return kExecutionNames.at(static_cast<size_t>(execution));
}

std::optional<Module> parse_module(std::string_view text) {
  return parse<Module>(kModuleNames, text);
}

std::optional<Scheme> parse_scheme(std::string_view text) {
  return parse<Scheme>(kSchemeNames, text);
}

std::vector<Scheme> legal_schemes(Module module) {
  std::vector<Scheme> schemes;
  for (const Row& row : kRows) {
    if ((row.modules & bit(module)) != 0) schemes.push_back(row.scheme);
  }
  return schemes;
}

}  // namespace herosweep::quant
