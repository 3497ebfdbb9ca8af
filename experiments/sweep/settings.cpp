#include "experiments/sweep/settings.h"

#include <fmt/format.h>

#include <charconv>

#include "core/util/error.h"

namespace herosweep::sweep {
namespace {

template <class T>
bool parse_all(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// A setting whose values are the words of an enumeration, in the order of its values.
template <class Enum>
SettingKind word_setting(std::string name, const std::vector<std::string>& words,
                         Enum quant::PlanOptions::*member, std::string doc) {
  SettingKind kind{std::move(name), std::move(doc), words, 0, 0, true, {}, {}};
  kind.set = [words, member](Settings& settings, const std::string& text) {
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != text) continue;
      settings.options.*member = static_cast<Enum>(i);
      return true;
    }
    return false;
  };
  kind.get = [words, member](const Settings& settings) {
    return words[static_cast<size_t>(settings.options.*member)];
  };
  return kind;
}

/// A whole number kept at `slot(settings)`.
template <class Slot>
SettingKind number_setting(std::string name, int64_t low, int64_t high, bool of_plan, Slot slot,
                           std::string doc) {
  SettingKind kind{std::move(name), std::move(doc), {}, low, high, of_plan, {}, {}};
  kind.set = [slot, low, high](Settings& settings, const std::string& text) {
    int64_t number = 0;
    const bool padded = text.size() > 1 && text[0] == '0';  // 010 is no number here
    if (padded || !parse_all(text, number) || number < low || number > high) return false;
    auto& target = slot(settings);
    target = static_cast<std::remove_reference_t<decltype(target)>>(number);
    return true;
  };
  kind.get = [slot](const Settings& settings) {
    Settings copy = settings;
    return fmt::format("{}", slot(copy));
  };
  return kind;
}

SettingKind observer_setting() {
  SettingKind kind{"calibration.observer",
                   "What reduces a calibrated tensor to its amax.",
                   {"absmax", "percentile(99.9)", "momentum", "mse"},
                   0,
                   0,
                   false,
                   {},
                   {}};
  kind.set = [](Settings& s, const std::string& text) {
    try {
      quant::set_observer(s.calibration, text);
      return true;
    } catch (const PlanError&) {
      return false;
    }
  };
  kind.get = [](const Settings& s) { return quant::observer_text(s.calibration); };
  return kind;
}

}  // namespace

std::string SettingKind::values_text() const {
  if (words.empty()) return fmt::format("a whole number, {} to {}", low, high);
  return fmt::format("{}", fmt::join(words, ", "));
}

const std::vector<SettingKind>& setting_kinds() {
  constexpr int64_t kMaxCalibration = 1'000'000;
  static const std::vector<SettingKind> kinds{
      word_setting(
          "residual", {"int8", "fp16"}, &quant::PlanOptions::residual,
          "The residual stream: the INT8 tensor that the next GEMM reads, or an FP16 copy."),
      word_setting("softmax", {"rowmax", "static"}, &quant::PlanOptions::softmax,
                   "INT8 probabilities: scaled by the row's maximum, or rint(255 p)."),
      word_setting("range", {"symmetric127", "deepspeed"}, &quant::PlanOptions::range,
                   "INT8 range: amax/127 in [-127, 127], or amax/128 in [-128, 127]."),
      number_setting(
          "groups", -1, 1 << 20, true, [](Settings& s) -> int& { return s.options.groups; },
          "Weight groups of group-wise schemes; 0: hidden/16, -1: one row a group."),
      observer_setting(),
      number_setting(
          "calibration.batches", 1, kMaxCalibration, false,
          [](Settings& s) -> int& { return s.calibration.batches; }, "Calibration batches."),
      number_setting(
          "calibration.batch_size", 1, 4096, false,
          [](Settings& s) -> int& { return s.calibration.batch_size; },
          "Sequences in a calibration batch."),
      number_setting(
          "calibration.seq_len", 1, 8192, false,
          [](Settings& s) -> int& { return s.calibration.seq_len; },
          "Tokens that a calibration sequence is truncated at."),
      number_setting(
          "seed", 0, INT32_MAX, false, [](Settings& s) -> uint64_t& { return s.seed; },
          "Draws the calibration rows."),
  };
  return kinds;
}

const SettingKind* find_setting(std::string_view name) {
  for (const SettingKind& kind : setting_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace herosweep::sweep
