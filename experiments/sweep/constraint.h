// The expressions of `sweep.constraints`: which combinations of modules and axes are run.
//
//   or      := and ("or" and)*
//   and     := not ("and" not)*
//   not     := "not" not | "(" or ")" | compare
//   compare := NAME ("==" | "!=") (NAME | VALUE)
//            | NAME ["not"] "in" ("[" | "(") VALUE ("," VALUE)* ("]" | ")")
//
// A NAME is a module or a setting ("attention", "calibration.observer"), a VALUE one of its words,
// quoted or not. A module whose scheme differs between layers equals a value only if all layers do.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace herosweep::sweep {

/// What is wrong with an expression, and where in it (from 1).
struct ConstraintError : std::runtime_error {
  ConstraintError(size_t at, const std::string& what) : std::runtime_error(what), column(at) {}
  size_t column;
};

/// The values that a name has in one combination: one, or several where layers differ.
using ConstraintLookup = std::function<std::set<std::string>(const std::string& name)>;

class Constraint {
 public:
  struct Node;

  /// Throws ConstraintError for bad syntax, an unknown name, or a value that its name never has.
  explicit Constraint(std::string text);
  bool holds(const ConstraintLookup& lookup) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace herosweep::sweep
