// Planned rows: a sweep, its plans and trials, and the environment that runs it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/quant/calibration.h"
#include "core/quant/plan.h"
#include "experiments/store/impl.h"

namespace herosweep::store {

namespace {

using nlohmann::json;

std::string text_at(const json& environment, const char* key) {
  const auto it = environment.find(key);
  if (it == environment.end() || it->is_null()) return {};
  return it->is_string() ? it->get<std::string>() : it->dump();
}

bool is_fp16(const quant::Plan& plan) {
  if (plan.embedding != quant::Scheme::fp16) return false;
  return std::all_of(plan.layers.begin(), plan.layers.end(), [](const auto& layer) {
    return std::all_of(layer.scheme.begin() + 1, layer.scheme.end(),
                       [](quant::Scheme s) { return s == quant::Scheme::fp16; });
  });
}

int64_t insert_environment(SQLite::Database& db, const json& environment,
                           const std::string& backend) {
  const std::string text = environment.dump();
  const auto dirty = environment.find("git_dirty");
  SQLite::Statement insert(
      db,
      "INSERT INTO environment (host, device, cpu, gpu, driver, git_sha, git_dirty, diff_hash, "
      "json) VALUES (NULLIF(?1, ''), ?2, NULLIF(?3, ''), NULLIF(?4, ''), NULLIF(?5, ''), "
      "NULLIF(?6, ''), ?7, NULLIF(?8, ''), ?9) ON CONFLICT (json) DO NOTHING");
  SQLite::bind(insert, text_at(environment, "host"), device_name(environment, backend),
               text_at(environment, "cpu"), text_at(environment, "gpu"),
               text_at(environment, "driver"), text_at(environment, "git_sha"));
  if (dirty != environment.end() && dirty->is_boolean())
    insert.bind(7, dirty->get<bool>() ? 1 : 0);
  else
    insert.bind(7);
  insert.bind(8, text_at(environment, "diff_hash"));
  insert.bind(9, text);
  insert.exec();

  SQLite::Statement query(db, "SELECT id FROM environment WHERE json = ?1");
  query.bind(1, text);
  query.executeStep();
  return query.getColumn(0);
}

int64_t insert_sweep(SQLite::Database& db, const sweep::Sweep& sweep, int64_t environment_id) {
  execute(db, "UPDATE sweeps SET current = 0 WHERE name = ?1", sweep.name);
  const model::BertConfig& config = sweep.model.config;
  SQLite::Statement insert(
      db,
      "INSERT INTO sweeps (name, identity_hash, config, model, weights_hash, model_layers, "
      "model_hidden, model_heads, model_intermediate, backend, environment_id, caption, "
      "label_prefix, notes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) "
      "ON CONFLICT (name, identity_hash) DO UPDATE SET current = 1, model = excluded.model, "
      "environment_id = excluded.environment_id, caption = excluded.caption, "
      "label_prefix = excluded.label_prefix, notes = excluded.notes, "
      "started_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') RETURNING id");
  SQLite::bind(insert, sweep.name, identity_hash(sweep), sweep.config_text, sweep.model.name,
               sweep.model.weights_hash, config.layers, config.hidden, config.heads,
               config.intermediate, sweep.backend, environment_id, sweep.caption,
               sweep.label_prefix, sweep.notes);
  insert.executeStep();
  const int64_t id = insert.getColumn(0);
  insert.reset();
  // Links are written anew: what they say may differ although the identity is the same (a numerics
  // version changes trial hashes, a display name changes).
  for (const char* table :
       {"sweep_trials", "sweep_plans", "sweep_tasks", "sweep_latency", "sweep_dropped"})
    execute(db, fmt::format("DELETE FROM {} WHERE sweep_id = ?1", table).c_str(), id);
  return id;
}

void insert_plan(SQLite::Database& db, const sweep::Variant& variant) {
  const quant::Plan& plan = variant.plan;
  const int rows = execute(db,
                           "INSERT INTO plans (plan_hash, plan, calibration, execution, is_fp16) "
                           "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                           variant.plan_hash, quant::to_json(plan).dump(),
                           quant::to_json(variant.calibration).dump(),
                           std::string(quant::name(quant::execution(plan))), is_fp16(plan) ? 1 : 0);
  if (rows == 0) return;
  SQLite::Statement insert(db, "INSERT INTO plan_layers VALUES (?1, ?2, ?3, ?4, ?5)");
  const auto add = [&](int layer, quant::Module module, quant::Scheme scheme) {
    SQLite::bind(insert, variant.plan_hash, layer, static_cast<int>(module),
                 std::string(quant::name(module)), std::string(quant::name(scheme)));
    insert.exec();
    insert.reset();
  };
  add(-1, quant::Module::embedding, plan.embedding);
  for (size_t layer = 0; layer < plan.layers.size(); ++layer)
    for (const quant::Module module : quant::kAllModules)
      if (module != quant::Module::embedding)
        add(static_cast<int>(layer), module, plan.layers[layer][module]);
}

void insert_peer(SQLite::Database& db, const sweep::Peer& peer) {
  const json description{{"peer", peer.name}, {"command", peer.command}, {"version", peer.version}};
  execute(db,
          "INSERT INTO plans (plan_hash, plan, calibration, execution, is_fp16) "
          "VALUES (?1, ?2, '{}', 'peer', 0) ON CONFLICT DO NOTHING",
          peer.plan_hash, description.dump());
}

/// Plans and, behind them, peers.
void insert_contenders(SQLite::Database& db, const sweep::Sweep& sweep, int64_t sweep_id) {
  SQLite::Statement insert(db,
                           "INSERT INTO sweep_plans (sweep_id, position, plan_hash, plan, display, "
                           "variant, seed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  int position = 0;
  for (const sweep::Variant& variant : sweep.variants) {
    insert_plan(db, variant);
    SQLite::bind(insert, sweep_id, position++, variant.plan_hash, variant.plan.name,
                 quant::display_name(variant.plan.name), variant.label,
                 static_cast<int64_t>(variant.seed));
    insert.exec();
    insert.reset();
  }
  for (const sweep::Peer& peer : sweep.peers) {
    insert_peer(db, peer);
    SQLite::bind(insert, sweep_id, position++, peer.plan_hash, peer.name, peer.name, "", 0);
    insert.exec();
    insert.reset();
  }
}

void insert_trials(SQLite::Database& db, const sweep::Sweep& sweep, int64_t sweep_id) {
  SQLite::Statement insert(db,
                           "INSERT INTO trials (trial_hash, identity, plan_hash, weights_hash, "
                           "backend) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING");
  SQLite::Statement link(db,
                         "INSERT INTO sweep_trials (sweep_id, position, trial_hash, plan_hash, "
                         "task) VALUES (?1, ?2, ?3, ?4, ?5)");
  int position = 0;
  for (const sweep::TrialRef& trial : sweep.trials) {
    const std::string& plan_hash = sweep.variants.at(trial.variant).plan_hash;
    SQLite::bind(insert, trial.trial_hash, trial.identity_text, plan_hash, sweep.model.weights_hash,
                 sweep.backend);
    insert.exec();
    insert.reset();
    SQLite::bind(link, sweep_id, position++, trial.trial_hash, plan_hash, trial.task);
    link.exec();
    link.reset();
  }
}

void insert_settings(SQLite::Database& db, const sweep::Sweep& sweep, int64_t sweep_id) {
  int position = 0;
  for (const tasks::TaskSpec& task : sweep.tasks)
    execute(db,
            "INSERT INTO sweep_tasks (sweep_id, position, task, metric, spec) "
            "VALUES (?1, ?2, ?3, ?4, ?5)",
            sweep_id, position++, task.name, std::string(tasks::name(task.metric)),
            tasks::to_json(task).dump());
  position = 0;
  for (const sweep::DroppedPlan& dropped : sweep.dropped)
    execute(db, "INSERT INTO sweep_dropped VALUES (?1, ?2, ?3, ?4, ?5)", sweep_id, position++,
            dropped.plan, dropped.variant, dropped.reason);
  if (!sweep.latency.enabled) return;
  for (const int batch : sweep.latency.batch)
    for (const int seq_len : sweep.latency.seq_len)
      for (const int threads : sweep.latency.threads)
        execute(db, "INSERT OR IGNORE INTO sweep_latency VALUES (?1, ?2, ?3, ?4)", sweep_id, batch,
                seq_len, threads);
}

}  // namespace

std::string device_name(const json& environment, const std::string& backend) {
  for (const char* key : {"device", "cpu"})
    if (std::string text = text_at(environment, key); !text.empty()) return text;
  return backend;
}

std::string identity_hash(const sweep::Sweep& sweep) {
  return sweep::canonical_hash({{"config", sweep.config_text},
                                {"weights", sweep.model.weights_hash},
                                {"backend", sweep.backend}});
}

int64_t Store::begin_sweep(const sweep::Sweep& sweep, const json& environment) {
  if (!environment.is_object())
    throw StoreError("the environment of a sweep must be a JSON object");
  return impl_->write("record the sweep", [&] {
    SQLite::Database& db = impl_->db;
    const int64_t environment_id = insert_environment(db, environment, sweep.backend);
    const int64_t sweep_id = insert_sweep(db, sweep, environment_id);
    insert_settings(db, sweep, sweep_id);
    insert_contenders(db, sweep, sweep_id);
    insert_trials(db, sweep, sweep_id);
    return sweep_id;
  });
}

int64_t Store::Impl::environment_of(int64_t sweep_id) const {
  SQLite::Statement query(db, "SELECT environment_id FROM sweeps WHERE id = ?1");
  query.bind(1, sweep_id);
  if (!query.executeStep())
    throw StoreError(fmt::format("{}: there is no sweep {}", file.string(), sweep_id));
  return query.getColumn(0);
}

std::string Store::Impl::device_of(const sweep::Sweep& sweep) const {
  SQLite::Statement query(db,
                          "SELECT e.device FROM sweeps s JOIN environment e ON "
                          "e.id = s.environment_id WHERE s.name = ?1 AND s.identity_hash = ?2");
  SQLite::bind(query, sweep.name, identity_hash(sweep));
  if (!query.executeStep())
    throw StoreError(
        fmt::format("{}: sweep '{}' was not begun in this database", file.string(), sweep.name));
  return query.getColumn(0);
}

}  // namespace herosweep::store
