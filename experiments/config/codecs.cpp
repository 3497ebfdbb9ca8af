#include "experiments/config/codecs.h"

#include <fmt/format.h>

#include <charconv>

#include "experiments/sweep/hint.h"

namespace herosweep::config {
namespace {

bool plain_scalar(const Cursor& at) {
  return at.value.kind == Value::Kind::scalar && !at.value.quoted;
}

template <class T>
bool parse_all(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string list_of(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

Cursor Cursor::item(size_t index) const {
  return {value.items[index], fmt::format("{}[{}]", path, index), problems};
}

std::string Cursor::where() const { return fmt::format("{}: {}", value.place.text(), path); }

bool Cursor::problem(std::string_view message) const {
  problems.add(value.place, path, message);
  return false;
}

bool Cursor::expected(std::string_view what) const {
  return problem(fmt::format("expected {}, got {}", what, describe(value)));
}

void unknown_key(const Cursor& section, const Member& member,
                 const std::vector<std::string>& known) {
  const std::string hint = sweep::hint(member.key, known);
  section.problems.add(member.place, join_path(section.path, member.key),
                       "unknown key" + (hint.empty() ? "; known are " + list_of(known) : hint));
}

bool Boolean::read(const Cursor& at, bool& out) const {
  if (!plain_scalar(at) || (at.value.text != "true" && at.value.text != "false")) {
    return at.expected("true or false");
  }
  out = at.value.text == "true";
  return true;
}

bool read_whole_number(const Cursor& at, int64_t low, int64_t high, int64_t& out) {
  const std::string& text = at.value.text;
  int64_t number = 0;
  if (!plain_scalar(at) || !parse_all(text, number)) return at.expected("a whole number");
  const std::string digits = text.substr(text[0] == '-' ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0') {
    return at.problem(fmt::format(
        "{} has a leading zero, which some readers take for octal; write {}", text, number));
  }
  if (number < low || number > high) {
    return at.problem(fmt::format("{} is out of range; it must be {} to {}", number, low, high));
  }
  out = number;
  return true;
}

bool read_number(const Cursor& at, double low, double high, double& out) {
  double number = 0;
  if (!plain_scalar(at) || !parse_all(at.value.text, number) || !std::isfinite(number)) {
    return at.expected("a number");
  }
  if (number < low || number > high) {
    const std::string limit = high < std::numeric_limits<double>::max()
                                  ? fmt::format("{} to {}", low, high)
                                  : fmt::format("{} or more", low);
    return at.problem(fmt::format("{} is out of range; it must be {}", number, limit));
  }
  out = number;
  return true;
}

bool read_text(const Cursor& at, bool may_be_empty, std::string& out) {
  if (at.value.kind != Value::Kind::scalar) return at.expected("text");
  if (!may_be_empty && at.value.text.empty()) return at.problem("must not be empty");
  out = at.value.text;
  return true;
}

nlohmann::json Number::schema() const {
  nlohmann::json result{{"type", "number"}, {"minimum", low}};
  if (high < std::numeric_limits<double>::max()) result["maximum"] = high;
  return result;
}

bool Duration::read(const Cursor& at, double& out) const {
  constexpr std::string_view what = "a duration such as 90s, 10m or 2h";
  const std::string& text = at.value.text;
  if (at.value.kind != Value::Kind::scalar || text.empty()) return at.expected(what);
  const char unit = text.back();
  const double seconds_per_unit = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  double count = 0;
  const std::string_view digits(text.data(), text.size() - 1);
  if (seconds_per_unit == 0 || !parse_all(digits, count) || !std::isfinite(count)) {
    return at.expected(what);
  }
  const double seconds = count * seconds_per_unit;
  if (seconds < low || seconds > high) {
    return at.problem(
        fmt::format("{} is out of range; it must be {}s to {}h", text, low, high / 3600));
  }
  out = seconds;
  return true;
}

nlohmann::json Duration::schema() const {
  return {{"type", "string"},
          {"pattern", "^[0-9]+(\\.[0-9]+)?[smh]$"},
          {"examples", {"90s", "10m", "2h"}}};
}

nlohmann::json Duration::show(double seconds) const {
  const bool minutes = seconds >= 60 && std::fmod(seconds, 60) == 0;
  return minutes ? fmt::format("{}m", seconds / 60) : fmt::format("{}s", seconds);
}

bool Identifier::read(const Cursor& at, std::string& out) const {
  if (!read_text(at, false, out)) return false;
  const bool fits = std::all_of(out.begin(), out.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (fits && out[0] != '.' && out.size() <= 64) return true;
  return at.expected("a name of up to 64 letters, digits, '.', '_' and '-'");
}

nlohmann::json Identifier::schema() const {
  return {{"type", "string"}, {"pattern", "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"}};
}

bool PathName::read(const Cursor& at, std::filesystem::path& out) const {
  std::string text;
  if (!read_text(at, false, text)) return false;
  if (text.starts_with("~")) {
    return at.problem("~ is not expanded; write ${env:HOME} for the home directory");
  }
  out = resolve_path(at.value);
  return true;
}

int read_word(const Cursor& at, const std::vector<std::string>& words) {
  if (at.value.kind != Value::Kind::scalar) {
    at.expected("one of " + list_of(words));
    return -1;
  }
  const auto found = std::find(words.begin(), words.end(), at.value.text);
  if (found != words.end()) return static_cast<int>(found - words.begin());
  // A very short word is near any other in spelling: of few words all are listed (gpu: cpu, cuda).
  const bool listed = at.value.text.size() <= 3 && words.size() <= 3;
  const std::string hint = listed ? "" : sweep::hint(at.value.text, words);
  at.problem(fmt::format("{} is unknown{}", describe(at.value),
                         hint.empty() ? "; use one of " + list_of(words) : hint));
  return -1;
}

}  // namespace herosweep::config
