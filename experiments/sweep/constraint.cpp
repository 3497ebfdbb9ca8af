#include "experiments/sweep/constraint.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "experiments/sweep/hint.h"
#include "experiments/sweep/settings.h"

namespace herosweep::sweep {

struct Constraint::Node {
  enum class Kind { any, all, negation, equal, member };
  Kind kind = Kind::any;
  std::vector<std::shared_ptr<const Node>> children;
  std::string name;
  std::string other;             // of `equal`: the name on the right, if it is one
  std::set<std::string> values;  // of `equal` (one) and `member`
};

namespace {

using Node = Constraint::Node;
using NodePtr = std::shared_ptr<const Node>;

constexpr size_t kMaxLength = 4096;
constexpr int kMaxNesting = 64;

struct Token {
  enum class Kind { word, quoted, symbol, end };
  Kind kind = Kind::end;
  std::string text;
  size_t column = 1;
  bool is(std::string_view symbol) const { return kind != Kind::quoted && text == symbol; }
};

bool word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) {}

  Token next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    Token token{Token::Kind::end, "the end", at_ + 1};
    if (at_ == text_.size()) return token;
    const char c = text_[at_];
    if (c == '\'' || c == '"') return quoted(token, c);
    if (word_character(c)) return word(token);
    token.kind = Token::Kind::symbol;
    const bool comparison = (c == '=' || c == '!') && text_.substr(at_ + 1, 1) == "=";
    if (!comparison && std::string_view("()[],").find(c) == std::string_view::npos) {
      throw ConstraintError(
          token.column,
          fmt::format("'{}' is not understood; operators are == != in and or not", c));
    }
    token.text = text_.substr(at_, comparison ? 2 : 1);
    at_ += token.text.size();
    return token;
  }

 private:
  Token quoted(Token token, char quote) {
    const size_t close = text_.find(quote, at_ + 1);
    if (close == std::string::npos) throw ConstraintError(token.column, "a quote without its end");
    token.kind = Token::Kind::quoted;
    token.text = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    return token;
  }

  Token word(Token token) {
    size_t end = at_;
    while (end < text_.size() && word_character(text_[end])) ++end;
    token.kind = Token::Kind::word;
    token.text = text_.substr(at_, end - at_);
    // percentile(99.9) is one word: the observer carries its argument.
    if (const size_t close = text_.find(')', end);
        token.text == "percentile" && text_.substr(end, 1) == "(" && close != std::string::npos) {
      end = close + 1;
      token.text = text_.substr(at_, end - at_);
    }
    at_ = end;
    return token;
  }

  const std::string& text_;
  size_t at_ = 0;
};

bool is_name(const std::string& text) {
  return quant::parse_module(text).has_value() || find_setting(text) != nullptr;
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  names.reserve(std::size(quant::kAllModules) + setting_kinds().size());
  for (quant::Module module : quant::kAllModules) names.emplace_back(quant::name(module));
  for (const SettingKind& kind : setting_kinds()) names.push_back(kind.name);
  return names;
}

/// `text` as the value of `name` is written, or nothing when it can never have it.
std::optional<std::string> value_of(const std::string& name, const std::string& text) {
  if (const auto module = quant::parse_module(name)) {
    const auto scheme = quant::parse_scheme(text);
    if (!scheme || !quant::traits(*module, *scheme)) return std::nullopt;
    return std::string(quant::name(*scheme));
  }
  const SettingKind& kind = *find_setting(name);
  Settings settings;
  if (!kind.set(settings, text)) return std::nullopt;
  return kind.get(settings);
}

std::vector<std::string> known_values(const std::string& name) {
  const auto module = quant::parse_module(name);
  if (!module) return find_setting(name)->words;
  std::vector<std::string> words;
  for (quant::Scheme scheme : quant::legal_schemes(*module))
    words.emplace_back(quant::name(scheme));
  return words;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : lexer_(text) { advance(); }

  NodePtr whole() {
    NodePtr root = either();
    if (token_.kind != Token::Kind::end) unexpected("'and', 'or' or the end");
    return root;
  }

 private:
  void advance() { token_ = lexer_.next(); }

  [[noreturn]] void unexpected(const std::string& wanted) const {
    throw ConstraintError(token_.column, fmt::format("expected {}, got '{}'", wanted, token_.text));
  }

  bool take(std::string_view symbol) {
    if (!token_.is(symbol)) return false;
    advance();
    return true;
  }

  NodePtr either() { return chain("or", Node::Kind::any, &Parser::both); }
  NodePtr both() { return chain("and", Node::Kind::all, &Parser::negated); }

  NodePtr chain(std::string_view word, Node::Kind kind, NodePtr (Parser::*part)()) {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    do {
      node->children.push_back((this->*part)());
    } while (take(word));
    return node->children.size() == 1 ? node->children.front() : node;
  }

  NodePtr negated() {
    if (++nesting_ > kMaxNesting) throw ConstraintError(token_.column, "nested too deeply");
    NodePtr result;
    if (take("not")) {
      result = negation(negated());
    } else if (take("(")) {
      result = either();
      if (!take(")")) unexpected("')'");
    } else {
      result = compare();
    }
    --nesting_;
    return result;
  }

  static NodePtr negation(NodePtr child) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::negation;
    node->children.push_back(std::move(child));
    return node;
  }

  NodePtr compare() {
    if (token_.kind != Token::Kind::word) unexpected("a module or an axis");
    auto node = std::make_shared<Node>();
    node->name = token_.text;
    if (!is_name(node->name)) {
      const std::string near = hint(node->name, all_names());
      throw ConstraintError(
          token_.column, fmt::format("unknown name '{}'{}", node->name,
                                     near.empty() ? "; names are the modules and the axes" : near));
    }
    advance();
    if (take("==")) return equal(node);
    if (take("!=")) return negation(equal(node));
    const bool inverted = take("not");
    if (!take("in")) unexpected("==, != or in");
    NodePtr result = member(node);
    return inverted ? negation(result) : result;
  }

  NodePtr equal(const std::shared_ptr<Node>& node) {
    node->kind = Node::Kind::equal;
    if (token_.kind == Token::Kind::word && is_name(token_.text)) {
      node->other = token_.text;
      advance();
    } else {
      node->values.insert(value(node->name));
    }
    return node;
  }

  NodePtr member(const std::shared_ptr<Node>& node) {
    node->kind = Node::Kind::member;
    const std::string_view close = token_.is("(") ? ")" : "]";
    if (!take("[") && !take("(")) unexpected("a list such as [fp16, int8]");
    do {
      node->values.insert(value(node->name));
    } while (take(","));
    if (!take(close)) unexpected(fmt::format("',' or '{}'", close));
    return node;
  }

  std::string value(const std::string& name) {
    if (token_.kind != Token::Kind::word && token_.kind != Token::Kind::quoted) {
      unexpected("a value of " + name);
    }
    const auto found = value_of(name, token_.text);
    if (!found) {
      const std::vector<std::string> words = known_values(name);
      std::string near = hint(token_.text, words);
      if (near.empty() && !words.empty()) near = fmt::format("; use {}", fmt::join(words, ", "));
      throw ConstraintError(token_.column,
                            fmt::format("{} is never '{}'{}", name, token_.text, near));
    }
    advance();
    return *found;
  }

  Lexer lexer_;
  Token token_;
  int nesting_ = 0;
};

bool evaluate(const Node& node, const ConstraintLookup& lookup) {
  switch (node.kind) {
    case Node::Kind::any:
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](const NodePtr& child) { return evaluate(*child, lookup); });
    case Node::Kind::all:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](const NodePtr& child) { return evaluate(*child, lookup); });
    case Node::Kind::negation:
      return !evaluate(*node.children.front(), lookup);
    case Node::Kind::equal: {
      const auto left = lookup(node.name);
      if (!node.other.empty()) return left.size() == 1 && left == lookup(node.other);
      return left == node.values;
    }
    case Node::Kind::member:
      break;
  }
  const auto present = lookup(node.name);
  return std::all_of(present.begin(), present.end(),
                     [&](const std::string& value) { return node.values.count(value) > 0; });
}

}  // namespace

Constraint::Constraint(std::string text) : text_(std::move(text)) {
  if (text_.size() > kMaxLength) {
    throw ConstraintError(kMaxLength, fmt::format("longer than {} characters", kMaxLength));
  }
  root_ = Parser(text_).whole();
}

bool Constraint::holds(const ConstraintLookup& lookup) const { return evaluate(*root_, lookup); }

}  // namespace herosweep::sweep
