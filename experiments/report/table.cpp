#include "experiments/report/table.h"

#include <algorithm>

namespace herosweep::report {

namespace {

/// Within noise: equal, or both intervals are known and overlap.
bool as_good(const Cell& cell, const Cell& best) {
  if (cell.number() == best.number()) return true;
  return cell.interval && best.interval && cell.interval->low <= best.interval->high &&
         best.interval->low <= cell.interval->high;
}

void mark_next(std::vector<Cell*>& candidates, Better better, Mark mark) {
  if (candidates.empty()) return;
  const auto worse = [&](const Cell* a, const Cell* b) {
    return better == Better::higher ? *a->number() < *b->number() : *a->number() > *b->number();
  };
  const Cell best = **std::max_element(candidates.begin(), candidates.end(), worse);
  std::erase_if(candidates, [&](Cell* cell) {
    if (!as_good(*cell, best)) return false;
    cell->mark = mark;
    return true;
  });
}

}  // namespace

std::optional<double> Cell::number() const {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

void mark_cells(std::vector<Cell*> cells, Better better) {
  // A best among fewer than three says nothing.
  if (cells.size() < 3) return;
  mark_next(cells, better, Mark::best);
  mark_next(cells, better, Mark::second);
}

void set_marks(Table& table) {
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const TableColumn& column = table.columns[c];
    if (!column.better) continue;
    std::vector<Cell*> candidates;
    for (TableRow& row : table.rows)
      if (row.cells[c].number() && row.source.empty() &&
          (column.marks_reference || !row.is_reference))
        candidates.push_back(&row.cells[c]);
    mark_cells(std::move(candidates), *column.better);
  }
}

}  // namespace herosweep::report
