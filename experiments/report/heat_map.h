// A matrix of numbers as a heat map: sensitivity by module and layer, interactions of modules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiments/report/picture.h"

namespace herosweep::report {

struct HeatMap {
  std::string title;         // "drift when one module of one layer is INT8"
  std::string row_title;     // "module"
  std::string column_title;  // "layer"
  std::vector<std::string> rows, columns;
  std::vector<std::vector<std::optional<double>>> values;  // [rows][columns]; nothing: not measured
  int decimals = 3;
  bool diverging = false;  // colours tell the sign: for values on both sides of zero
};

/// Throws std::invalid_argument when the values are not [rows][columns] or there are none.
Picture draw_heat_map(const HeatMap& map);

/// A section of the report page: the picture, and the same numbers as a table for readers of
/// text.
std::string heat_map_section(const HeatMap& map);

/// The colour of `share` in [0, 1] (lightness falls steadily), or in [-1, 1] when diverging.
Colour heat_colour(double share, bool diverging);

}  // namespace herosweep::report
