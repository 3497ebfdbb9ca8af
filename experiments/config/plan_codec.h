// Plans and their parts as the configuration writes them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "experiments/config/codecs.h"
#include "experiments/sweep/space.h"

namespace herosweep::config {

/// The module that `member` of the map `at` is about; unknown ones are a problem.
std::optional<quant::Module> read_module(const Cursor& at, const Member& member);

/// A scheme that is legal for its module.
struct SchemeOf {
  quant::Module module;
  bool read(const Cursor& at, quant::Scheme& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(quant::Scheme scheme) const { return quant::name(scheme); }
};

/// A value of a setting, in its normal form.
struct SettingValue {
  const sweep::SettingKind* kind;
  bool read(const Cursor& at, std::string& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(const std::string& value) const { return value; }
};

/// `per_layer`: {base, modules, to}.
struct PerLayerCodec {
  bool read(const Cursor& at, sweep::PerLayerSpec& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(const sweep::PerLayerSpec&) const { return {}; }
};

/// `plans`: names, or maps {name, base, modules, layers, options}.
bool read_plans(const Cursor& at, std::vector<sweep::PlanSpec>& out);
nlohmann::json plans_schema();

}  // namespace herosweep::config
