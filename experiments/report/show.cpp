// The `show` command: one trial in full.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "core/util/text.h"
#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;
using SQLite::Statement;

/// A query's rows as JSON objects, keyed by column name.
ordered_json rows_of(SQLite::Database& db, const std::string& sql, const std::string& argument) {
  Statement query(db, sql);
  query.bind(1, argument);
  ordered_json rows = ordered_json::array();
  while (query.executeStep()) {
    ordered_json row;
    for (int c = 0; c < query.getColumnCount(); ++c) {
      const SQLite::Column column = query.getColumn(c);
      ordered_json& field = row[column.getName()];
      if (column.isInteger())
        field = column.getInt64();
      else if (column.isFloat())
        field = column.getDouble();
      else if (column.isText())
        field = column.getString();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string find_trial(store::Store& store, const std::string& prefix) {
  // By prefix of the hash (compared as text, so that no character is a wildcard), or by plan name
  // where the plan has one trial.
  const ordered_json found =
      rows_of(store.database(),
              "SELECT DISTINCT t.trial_hash, sp.display, sp.variant, st.task FROM trials t "
              "JOIN sweep_trials st USING (trial_hash) "
              "JOIN sweep_plans sp ON sp.sweep_id = st.sweep_id AND sp.plan_hash = st.plan_hash "
              "JOIN sweeps s ON s.id = st.sweep_id AND s.current = 1 "
              "WHERE substr(t.trial_hash, 1, length(?1)) = ?1 OR ?1 IN (sp.plan, sp.display) "
              "ORDER BY s.id, st.position LIMIT 20",
              prefix);
  std::map<std::string, std::string> candidates;
  for (const auto& row : found) {
    const std::string variant = row["variant"];
    candidates.emplace(
        row["trial_hash"],
        fmt::format("{}{} on {}", row["display"].get<std::string>(),
                    variant.empty() ? "" : " (" + variant + ")", row["task"].get<std::string>()));
  }
  if (candidates.size() == 1) return candidates.begin()->first;
  if (candidates.empty())
    throw StoreError(
        fmt::format("{}: no trial starts with '{}', and no plan is called so; "
                    "`herosweep export csv` lists trial hashes",
                    store.file().string(), prefix));
  std::string list;
  for (const auto& [hash, what] : candidates)
    list += fmt::format("\n  {}  {}", hash.substr(0, 12), what);
  throw StoreError(fmt::format("{}: '{}' means several trials; name one by its hash:{}",
                               store.file().string(), prefix, list));
}

ordered_json collect(store::Store& store, const std::string& hash) {
  SQLite::Database& db = store.database();
  ordered_json json = rows_of(db,
                              "SELECT trial_hash, state, attempts, plan_hash, weights_hash, "
                              "backend, created_at, started_at, finished_at, identity FROM trials "
                              "WHERE trial_hash = ?1",
                              hash)[0];
  json["identity"] = ordered_json::parse(json["identity"].get<std::string>());
  const std::string plan = json["plan_hash"];
  json["sweeps"] = rows_of(db,
                           "SELECT s.name AS sweep, s.model, sp.plan, sp.display, sp.variant, "
                           "sp.seed, st.task FROM sweep_trials st "
                           "JOIN sweeps s ON s.id = st.sweep_id AND s.current = 1 "
                           "JOIN sweep_plans sp ON sp.sweep_id = s.id AND "
                           "sp.plan_hash = st.plan_hash WHERE st.trial_hash = ?1",
                           hash);
  json["layers"] = rows_of(db,
                           "SELECT layer, module, scheme FROM plan_layers WHERE plan_hash = ?1 "
                           "ORDER BY layer, position",
                           plan);
  json["accuracy"] = rows_of(db,
                             "SELECT metric, value, ci_low, ci_high, n, flips, drift, cosine, kl, "
                             "max_error, head_hash FROM accuracy WHERE trial_hash = ?1",
                             hash);
  json["pass"] = rows_of(db,
                         "SELECT p.execution, p.compute_dtype, p.device, p.seconds, "
                         "p.calibration_rows, p.calibration_rows_asked, p.launches_per_layer, "
                         "p.quantize_operators, p.floored_scales, m.weight_bytes, "
                         "m.workspace_bytes, m.peak_bytes, p.recorded_at FROM accuracy a "
                         "JOIN passes p ON p.id = a.pass_id JOIN memory m ON m.pass_id = p.id "
                         "WHERE a.trial_hash = ?1",
                         hash);
  json["module_error"] = rows_of(db,
                                 "SELECT layer, e.cosine, sqnr_db FROM module_error e "
                                 "JOIN accuracy a USING (pass_id) WHERE a.trial_hash = ?1 "
                                 "ORDER BY layer",
                                 hash);
  json["saturation"] = rows_of(db,
                               "SELECT layer, site, elements, at_limit FROM saturation "
                               "JOIN accuracy a USING (pass_id) WHERE a.trial_hash = ?1 AND "
                               "at_limit > 0 ORDER BY layer, site",
                               hash);
  json["latency"] =
      rows_of(db,
              "SELECT DISTINCT device, batch, seq_len, threads, n, median_ms, "
              "median_low, median_high, p90_ms, wall_median_ms, ratio, ratio_low, ratio_high "
              "FROM v_latency JOIN trials t USING (plan_hash) "
              "WHERE t.trial_hash = ?1 AND sweep_id IN (SELECT sweep_id FROM "
              "sweep_trials WHERE trial_hash = ?1) ORDER BY threads, seq_len, batch",
              hash);
  json["failures"] = rows_of(db,
                             "SELECT kind, message, log_tail, recorded_at, resolved_at "
                             "FROM failures WHERE trial_hash = ?1 ORDER BY id",
                             hash);
  return json;
}

/// "0-5  qkv int8, attention fp16, ...": layers with the same schemes share a line.
std::string layers_text(const ordered_json& layers) {
  std::map<int, std::string> by_layer;
  for (const auto& row : layers) {
    std::string& line = by_layer[row["layer"].get<int>()];
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", row["module"].get<std::string>(),
                        row["scheme"].get<std::string>());
  }
  std::string out;
  for (auto it = by_layer.begin(); it != by_layer.end();) {
    auto last = it;
    while (std::next(last) != by_layer.end() && std::next(last)->second == it->second) ++last;
    const std::string range = it->first < 0 ? std::string("once")
                              : it->first == last->first
                                  ? fmt::format("layer {}", it->first)
                                  : fmt::format("layers {}-{}", it->first, last->first);
    out += fmt::format("  {:<12} {}\n", range, it->second);
    it = std::next(last);
  }
  return out;
}

std::string value_text(const ordered_json& value) {
  if (value.is_null()) return "n/a";
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// One line a row: "  key value, key value".
std::string rows_text(const char* title, const ordered_json& rows) {
  if (rows.empty()) return "";
  std::string out = fmt::format("{}\n", title);
  for (const auto& row : rows) {
    std::string line;
    for (const auto& [key, value] : row.items())
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", key, value_text(value));
    out += "  " + line + "\n";
  }
  return out;
}

}  // namespace

std::string show_json(store::Store& store, const std::string& trial) {
  return reading(store, [&] { return collect(store, find_trial(store, trial)); }).dump(1) + "\n";
}

std::string show_text(store::Store& store, const std::string& trial) {
  const ordered_json json =
      reading(store, [&] { return collect(store, find_trial(store, trial)); });
  std::string out = fmt::format("Trial {}\n", json["trial_hash"].get<std::string>());
  for (const auto& row : json["sweeps"])
    out += fmt::format(
        "  {} on {}, sweep {}, model {}{}\n", row["display"].get<std::string>(),
        row["task"].get<std::string>(), row["sweep"].get<std::string>(),
        row["model"].get<std::string>(),
        row["variant"].get<std::string>().empty() ? "" : ", " + row["variant"].get<std::string>());
  out += fmt::format("  {}, {}, finished {}\n", json["state"].get<std::string>(),
                     util::counted(json["attempts"].get<int>(), "attempt"),
                     value_text(json["finished_at"]));
  out += "Plan\n" + layers_text(json["layers"]);
  out += rows_text("Accuracy, against the FP16 plan", json["accuracy"]);
  out += rows_text("Pass", json["pass"]);
  out += rows_text("Layer outputs, against the FP16 plan's", json["module_error"]);
  out += rows_text("Saturated INT8 tensors", json["saturation"]);
  out += rows_text("Latency", json["latency"]);
  out += rows_text("Failures", json["failures"]);
  return out + fmt::format("Identity\n{}\n", json["identity"].dump(1));
}

}  // namespace herosweep::report
