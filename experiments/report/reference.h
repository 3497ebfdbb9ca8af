// Rows that papers print, to stand beside measured ones. Read from a JSON file that names its
// source; docs/reference-rows.md says what it holds.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace herosweep::report {

struct ReferenceRow {
  std::string method;
  std::map<std::string, double> values;  // by GLUE column, "mrpc.f1": metric x 100
  double average = 0;                    // as printed
};

struct Reference {
  std::string title;   // heading of its rows
  std::string source;  // paper, table, where it was read
  std::vector<ReferenceRow> rows;
};

/// By name (zeroquant) or from a file that ends with .json. Throws ConfigError for an unknown name,
/// naming those there are, and for a file that cannot be read or is not of this form.
Reference load_reference(const std::string& name_or_file);

}  // namespace herosweep::report
