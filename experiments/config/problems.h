// Collects everything that is wrong with a configuration, to be reported at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "experiments/config/value.h"

namespace herosweep::config {

class Problems {
 public:
  /// `path` is the key's ("sweep.modules.attn") or "" for the whole file.
  void add(const Place& place, std::string_view path, std::string_view message);
  bool empty() const { return entries_.empty(); }
  /// One line a problem, in the order of the files and lines.
  std::string text() const;
  /// Throws ConfigError with `text()` when there are any.
  void throw_if_any() const;

 private:
  struct Entry {
    Place place;
    size_t source_order;  // files in the order in which their first problem was met
    std::string line;
  };
  std::vector<Entry> entries_;
  std::vector<std::string> sources_;
};

/// "a.b" from "a" and "b".
std::string join_path(std::string_view path, std::string_view key);

}  // namespace herosweep::config
