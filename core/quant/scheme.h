// Schemes: what quantizing one module means, as rows of a table. Nothing elsewhere names a mode.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/types.h"

namespace herosweep::quant {

/// The modules of a BERT layer in data order (`embedding` exists once).
enum class Module : uint8_t { embedding, qkv, attention, attention_output, fc1, fc2 };
inline constexpr int kModules = 6;
inline constexpr std::array<Module, kModules> kAllModules{
    Module::embedding,        Module::qkv, Module::attention,
    Module::attention_output, Module::fc1, Module::fc2};

enum class Scheme : uint8_t {
  fp16,
  int8,  // HERO
  w8a8,
  w8a16,
  w16a8,
  w4a8,
  w4a16,  // ZeroQuant
  w8a8_static,
  w8a16_tensor,
  w4a16_tensor,  // PTQ baselines
};

/// The weakest execution of a plan's modules, in this order.
enum class Execution : uint8_t { integer, weight_only, simulated };

/// How an INT8 tensor carries its scale.
enum class InputFormat : uint8_t {
  floating,      // FP16 (FP32 on the CPU)
  token_wise,    // INT8, scale [rows], measured at run time
  feature_wise,  // INT8, scale [cols], calibrated
  tensor_wise,   // INT8, one scale, calibrated
};

enum class WeightGranularity : uint8_t { none, row, group, tensor };

/// What one scheme means for one module.
struct SchemeTraits {
  kernels::ElementType weight = kernels::ElementType::f32;
  WeightGranularity granularity = WeightGranularity::none;
  InputFormat input = InputFormat::floating;
  // HERO: writes INT8 with a calibrated scale where the reader takes it. attention_output and fc2
  // always do (their reader, layer norm, takes both); the others only where the next module's
  // `input` is static. Any module's FP32 epilogue can do the same for an INT8 reader, so this says
  // what the scheme prefers, not what the module is able to write.
  bool quantized_output = false;
  bool quantized_residual = false;  // the residual read from this module's input tensor is INT8 too
  Execution execution = Execution::integer;  // fp16 counts as integer: nothing is simulated
};

/// Traits of `scheme` in `module`, or nothing when the combination is illegal.
std::optional<SchemeTraits> traits(Module module, Scheme scheme);

std::string_view name(Module module);
std::string_view name(Scheme scheme);        // "w8a8-static", ...
std::string_view name(Execution execution);  // "integer", "weight-only", "simulated"
std::optional<Module> parse_module(std::string_view text);
std::optional<Scheme> parse_scheme(std::string_view text);
/// Schemes that are legal for `module`, in table order.
std::vector<Scheme> legal_schemes(Module module);

}  // namespace herosweep::quant
