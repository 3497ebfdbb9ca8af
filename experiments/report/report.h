// What a sweep's database says, as text, tables, a plot and a page. Everything here reads the
// database's views (docs/database.md) and nothing else; the store may be opened read-only.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/store/store.h"
#include "experiments/sweep/search.h"

namespace herosweep::report {

/// results: metric, flips, drift, cosine of every plan, one table a task
/// glue:    the papers' columns, of all sweeps that the filter accepts, one table
/// pareto:  plans on a front, one table a (task, batch, seq_len, threads)
/// latency: FP16 ms, plan ms, paired ratio, one table a (batch, seq_len, threads); in LaTeX times
///          and speed-ups in a grid of batch and seq_len, one table a number of threads
/// memory:  weights resident and peak, one table
/// sensitivity: effects of every module, one table a quantity
enum class TableKind { results, glue, pareto, latency, memory, sensitivity };

/// md, csv, json, latex: a table. svg, pdf: the Pareto plot. html: the report page.
enum class Format { md, csv, json, latex, svg, pdf, html };

/// Both throw ConfigError naming the legal words.
TableKind parse_table_kind(std::string_view text);
Format parse_format(std::string_view text);
std::string_view name(TableKind kind);

/// Which rows; an empty or absent field keeps all.
struct Filter {
  std::string sweep = {};  // a sweep's name. Default: the newest sweep of the database.
  std::string task = {};
  std::string model = {};
  std::string backend = {};
  std::optional<int> batch = std::nullopt;
  std::optional<int> seq_len = std::nullopt;
  std::optional<int> threads = std::nullopt;
  std::vector<std::string> plans = {};  // by any of their names; FP16 is kept with them
};

struct ParetoOptions {
  Filter filter;
  /// Two or three of: value (the task metric), drift, flips, cosine, latency, ratio, weight_bytes,
  /// peak_bytes.
  std::vector<std::string> metrics{"value", "latency"};
  bool all = false;                         // every plan, not only those on a front
  bool history = false;                     // hypervolume after each number of plans
  std::optional<double> metric_drop;        // accuracy budget: points (metric x 100) below FP16
  std::optional<double> latency_budget_ms;  // best plan that is at most this slow
};

struct CompareSettings {
  double alpha = 0.05;     // of intervals and, after Holm's adjustment, of verdicts
  int resamples = 10'000;  // of paired bootstraps
  uint64_t seed = 0;
  // Differences whose whole interval lies within these do not matter: the verdict is SAME.
  double metric_margin = 0.5;   // points (metric x 100)
  double drift_margin = 0.01;   // standard deviations of the decision variable
  double latency_margin = 1.0;  // percent
};

struct CompareOptions {
  Filter filter;
  std::string first, second;  // plans: canonical or display names, or digits of the plan hash
  std::string against;        // instead: every other plan compared with this one
  CompareSettings settings;
};

struct SensitivityOptions {
  Filter filter;
  std::vector<std::string> metrics{"drift", "value", "latency", "weight_bytes", "peak_bytes"};
  std::string variant;   // the axes of the plans that are looked at; "": their defaults
  int resamples = 2000;  // of bootstrapped intervals; 0: drift and value have none
  uint64_t seed = 0;
};

/// A table as text of `format` (for svg, pdf and html, `kind` is not read). Throws StoreError when
/// the filter leaves nothing, naming what there is, and ConfigError for an illegal option.
/// `reference`: a paper's rows in the GLUE table, "zeroquant" or a file (docs/reference-rows.md).
std::string export_table(store::Store& store, TableKind kind, Format format,
                         const Filter& filter = {}, const std::string& reference = "");

/// The front(s) as an aligned table for a terminal, with knee, hypervolume and the best plan within
/// each budget; `pareto_json` holds the same as one JSON object.
std::string pareto_text(store::Store& store, const ParetoOptions& options = {});
std::string pareto_json(store::Store& store, const ParetoOptions& options = {});

/// `second` compared with `first`, or every plan with `against`, on all tasks and latency groups
/// that both were measured on: effect with interval, p-value (Holm's over all comparisons of a
/// kind), smallest detectable effect and a verdict in words. Throws ConfigError for unknown plans.
std::string compare_text(store::Store& store, const CompareOptions& options);
std::string compare_json(store::Store& store, const CompareOptions& options);

/// What every module costs and gains: alone INT8, alone FP16, main effects and pairwise
/// interactions of a full factorial, how well single modules add up, and module x layer maps of
/// sweeps that change one layer at a time. Throws StoreError when no two plans differ by one module
/// alone.
std::string sensitivity_text(store::Store& store, const SensitivityOptions& options);
std::string sensitivity_json(store::Store& store, const SensitivityOptions& options);

/// What `sweep` would run on `device` that the database does not hold, and why: which field of the
/// identity changed against the nearest measurement of the same plan and task.
std::string diff_text(store::Store& store, const sweep::Sweep& sweep, const std::string& device);
std::string diff_json(store::Store& store, const sweep::Sweep& sweep, const std::string& device);

/// What a search wants to know of its plans, by plan hash: its objectives on the first task and the
/// first latency group, to be minimised, and how many points beyond limits.metric_drop a plan lies.
/// Plans that lack one of them are left out.
std::map<std::string, sweep::Evaluation> search_evaluations(store::Store& store,
                                                            const sweep::Sweep& sweep);

/// Progress of every sweep (trials by state, latency groups, failures, runner).
std::string status_text(store::Store& store);
std::string status_json(store::Store& store);

/// One trial in full; `trial` is a trial hash or a prefix that only one trial has. Throws
/// StoreError when none or several match, listing candidates.
std::string show_text(store::Store& store, const std::string& trial);
std::string show_json(store::Store& store, const std::string& trial);

/// Writes the self-contained HTML page to `file`, replaced atomically. Throws EnvironmentError when
/// the folder is missing or not writable.
void write_report(store::Store& store, const std::filesystem::path& file,
                  const Filter& filter = {});

}  // namespace herosweep::report
