// What each plan of a sweep does in each module.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "core/util/text.h"
#include "experiments/report/rows.h"

namespace herosweep::report {

std::map<std::string, std::vector<ModuleScheme>> load_schemes(SQLite::Database& db,
                                                              int64_t sweep_id) {
  SQLite::Statement query(
      db,
      "SELECT plan_hash, module, scheme, count(*), sum(count(*)) OVER (PARTITION BY plan_hash, "
      "module) FROM plan_layers JOIN sweep_plans USING (plan_hash) WHERE sweep_id = ?1 "
      "GROUP BY plan_hash, module, scheme "
      "ORDER BY plan_hash, min(plan_layers.position), count(*) DESC, scheme");
  query.bind(1, sweep_id);
  std::map<std::string, std::vector<ModuleScheme>> schemes;
  while (query.executeStep()) {
    auto& plan = schemes[query.getColumn(0).getString()];
    const std::string module = query.getColumn(1).getString();
    std::string scheme = query.getColumn(2).getString();
    const int layers = query.getColumn(3).getInt();
    if (layers < query.getColumn(4).getInt()) scheme += " in " + util::counted(layers, "layer");
    if (!plan.empty() && plan.back().module == module)
      plan.back().scheme += ", " + scheme;
    else
      plan.push_back({module, scheme});
  }
  return schemes;
}

}  // namespace herosweep::report
