-- Schema of the results database. Described for readers in docs/database.md.
-- Contents are keyed by hashes (what was run); names belong to a sweep (what it was called there).

CREATE TABLE environment (
  id          INTEGER PRIMARY KEY,
  recorded_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  host        TEXT,
  device      TEXT NOT NULL,
  cpu         TEXT,
  gpu         TEXT,
  driver      TEXT,
  git_sha     TEXT,
  git_dirty   INTEGER,
  diff_hash   TEXT,
  json        TEXT NOT NULL UNIQUE CHECK (json_valid(json))
) STRICT;

-- A sweep is a name and what it means (identity_hash: config, weights, backend). A changed config
-- under the same name is a new row; `current` marks the one that views show.
CREATE TABLE sweeps (
  id                 INTEGER PRIMARY KEY,
  name               TEXT NOT NULL,
  identity_hash      TEXT NOT NULL,
  current            INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
  config             TEXT NOT NULL,
  model              TEXT NOT NULL,
  weights_hash       TEXT NOT NULL,
  model_layers       INTEGER NOT NULL,
  model_hidden       INTEGER NOT NULL,
  model_heads        INTEGER NOT NULL,
  model_intermediate INTEGER NOT NULL,
  backend            TEXT NOT NULL,
  environment_id     INTEGER NOT NULL REFERENCES environment (id),
  caption            TEXT NOT NULL DEFAULT '',
  label_prefix       TEXT NOT NULL DEFAULT '',
  notes              TEXT NOT NULL DEFAULT '',
  created_at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  started_at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  UNIQUE (name, identity_hash)
) STRICT;
CREATE UNIQUE INDEX one_current_sweep_a_name ON sweeps (name) WHERE current = 1;

CREATE TABLE sweep_tasks (
  sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  task     TEXT NOT NULL,
  metric   TEXT NOT NULL,
  spec     TEXT NOT NULL CHECK (json_valid(spec)),
  PRIMARY KEY (sweep_id, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep_latency (
  sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
  batch    INTEGER NOT NULL,
  seq_len  INTEGER NOT NULL,
  threads  INTEGER NOT NULL,
  PRIMARY KEY (sweep_id, batch, seq_len, threads)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep_dropped (
  sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  plan     TEXT NOT NULL,
  variant  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  PRIMARY KEY (sweep_id, position)
) STRICT, WITHOUT ROWID;

-- plan_hash covers schemes, options and calibration; not the name, model or task.
CREATE TABLE plans (
  plan_hash   TEXT PRIMARY KEY,
  plan        TEXT NOT NULL CHECK (json_valid(plan)),
  calibration TEXT NOT NULL CHECK (json_valid(calibration)),
  execution   TEXT NOT NULL,
  is_fp16     INTEGER NOT NULL CHECK (is_fp16 IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The embedding exists once: layer -1. position: the module's place in data order.
CREATE TABLE plan_layers (
  plan_hash TEXT NOT NULL REFERENCES plans (plan_hash) ON DELETE CASCADE,
  layer     INTEGER NOT NULL CHECK (layer >= -1),
  position  INTEGER NOT NULL,
  module    TEXT NOT NULL,
  scheme    TEXT NOT NULL,
  PRIMARY KEY (plan_hash, layer, module)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep_plans (
  sweep_id  INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
  position  INTEGER NOT NULL,
  plan_hash TEXT NOT NULL REFERENCES plans (plan_hash),
  plan      TEXT NOT NULL,
  display   TEXT NOT NULL,
  variant   TEXT NOT NULL,
  seed      INTEGER NOT NULL,
  PRIMARY KEY (sweep_id, plan_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE trials (
  trial_hash   TEXT PRIMARY KEY,
  identity     TEXT NOT NULL CHECK (json_valid(identity)),
  plan_hash    TEXT NOT NULL REFERENCES plans (plan_hash),
  weights_hash TEXT NOT NULL,
  backend      TEXT NOT NULL,
  state        TEXT NOT NULL DEFAULT 'planned'
               CHECK (state IN ('planned', 'running', 'done', 'failed')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  started_at   TEXT,
  finished_at  TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep_trials (
  sweep_id   INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
  position   INTEGER NOT NULL,
  trial_hash TEXT NOT NULL REFERENCES trials (trial_hash),
  plan_hash  TEXT NOT NULL,
  task       TEXT NOT NULL,
  PRIMARY KEY (sweep_id, trial_hash),
  FOREIGN KEY (sweep_id, plan_hash) REFERENCES sweep_plans (sweep_id, plan_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX sweep_trials_by_trial ON sweep_trials (trial_hash);

-- One forward pass of one plan over the evaluation data of one or more tasks. `current`: the newest
-- of its (weights, backend, device, plan).
CREATE TABLE passes (
  id                     INTEGER PRIMARY KEY,
  plan_hash              TEXT NOT NULL REFERENCES plans (plan_hash),
  weights_hash           TEXT NOT NULL,
  backend                TEXT NOT NULL,
  device                 TEXT NOT NULL,
  environment_id         INTEGER NOT NULL REFERENCES environment (id),
  execution              TEXT NOT NULL,
  compute_dtype          TEXT NOT NULL,
  seconds                REAL NOT NULL,
  calibration_rows       INTEGER NOT NULL,
  calibration_rows_asked INTEGER NOT NULL,
  launches_per_layer     INTEGER NOT NULL,
  quantize_operators     INTEGER NOT NULL,
  floored_scales         INTEGER NOT NULL,
  current                INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
  recorded_at            TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE UNIQUE INDEX one_current_pass ON passes (plan_hash, weights_hash, backend, device)
  WHERE current = 1;

CREATE TABLE memory (
  pass_id         INTEGER PRIMARY KEY REFERENCES passes (id) ON DELETE CASCADE,
  weight_bytes    INTEGER NOT NULL,
  workspace_bytes INTEGER NOT NULL,
  peak_bytes      INTEGER NOT NULL
) STRICT;

-- Each layer's output against the FP16 twin's.
CREATE TABLE module_error (
  pass_id INTEGER NOT NULL REFERENCES passes (id) ON DELETE CASCADE,
  layer   INTEGER NOT NULL,
  cosine  REAL,
  sqnr_db REAL,
  PRIMARY KEY (pass_id, layer)
) STRICT, WITHOUT ROWID;

CREATE TABLE saturation (
  pass_id  INTEGER NOT NULL REFERENCES passes (id) ON DELETE CASCADE,
  layer    INTEGER NOT NULL,
  site     TEXT NOT NULL,
  elements INTEGER NOT NULL,
  at_limit INTEGER NOT NULL,
  PRIMARY KEY (pass_id, layer, site)
) STRICT, WITHOUT ROWID;

-- flips is NULL for regression; drift and cosine are NULL where the twin's spread or norm is zero.
CREATE TABLE accuracy (
  trial_hash TEXT PRIMARY KEY REFERENCES trials (trial_hash) ON DELETE CASCADE,
  pass_id    INTEGER NOT NULL REFERENCES passes (id),
  metric     TEXT NOT NULL,
  value      REAL NOT NULL,
  ci_low     REAL NOT NULL,
  ci_high    REAL NOT NULL,
  n          INTEGER NOT NULL,
  flips      INTEGER,
  drift      REAL,
  cosine     REAL,
  kl         REAL,
  max_error  REAL,
  head_hash  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX accuracy_by_pass ON accuracy (pass_id);

-- data: zlib of prediction, decision, label; each `examples` little-endian float32, one after the
-- other. crc32 is of the bytes before compression.
CREATE TABLE outcomes (
  trial_hash TEXT PRIMARY KEY REFERENCES trials (trial_hash) ON DELETE CASCADE,
  examples   INTEGER NOT NULL,
  crc32      INTEGER NOT NULL,
  data       BLOB NOT NULL
) STRICT;

-- One run of interleaved rounds in one process.
CREATE TABLE latency_groups (
  id                 INTEGER PRIMARY KEY,
  weights_hash       TEXT NOT NULL,
  backend            TEXT NOT NULL,
  device             TEXT NOT NULL,
  batch              INTEGER NOT NULL,
  seq_len            INTEGER NOT NULL,
  threads            INTEGER NOT NULL,
  baseline_plan_hash TEXT NOT NULL REFERENCES plans (plan_hash),
  rounds             INTEGER NOT NULL,
  warmup_rounds      INTEGER NOT NULL,
  clock_mhz_before   REAL,
  clock_mhz_after    REAL,
  environment_id     INTEGER NOT NULL REFERENCES environment (id),
  recorded_at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;
CREATE INDEX latency_groups_by_identity
  ON latency_groups (weights_hash, backend, device, batch, seq_len, threads);

-- nanoseconds: `n` little-endian int64, in round order. ratio: paired with the baseline of the same
-- group, FP16 time / plan time. Every run is kept; `current` marks the newest of a plan.
CREATE TABLE latency_samples (
  group_id    INTEGER NOT NULL REFERENCES latency_groups (id) ON DELETE CASCADE,
  plan_hash   TEXT NOT NULL REFERENCES plans (plan_hash),
  n           INTEGER NOT NULL,
  nanoseconds BLOB NOT NULL,
  median_ms   REAL NOT NULL,
  median_low  REAL NOT NULL,
  median_high REAL NOT NULL,
  min_ms      REAL NOT NULL,
  p90_ms      REAL,
  p95_ms      REAL,
  p99_ms      REAL,
  ratio       REAL NOT NULL,
  ratio_low   REAL NOT NULL,
  ratio_high  REAL NOT NULL,
  current     INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)),
  PRIMARY KEY (group_id, plan_hash)
) STRICT;
CREATE INDEX latency_samples_by_plan ON latency_samples (plan_hash) WHERE current = 1;

-- scope 'accuracy': trial_hash is set. scope 'latency': the group's columns are. A later success or
-- a newer failure of the same thing sets resolved_at.
CREATE TABLE failures (
  id             INTEGER PRIMARY KEY,
  scope          TEXT NOT NULL CHECK (scope IN ('accuracy', 'latency')),
  trial_hash     TEXT REFERENCES trials (trial_hash) ON DELETE CASCADE,
  plan_hash      TEXT NOT NULL REFERENCES plans (plan_hash),
  weights_hash   TEXT NOT NULL,
  backend        TEXT NOT NULL,
  device         TEXT NOT NULL,
  batch          INTEGER,
  seq_len        INTEGER,
  threads        INTEGER,
  kind           TEXT NOT NULL,
  message        TEXT NOT NULL,
  log_tail       TEXT NOT NULL,
  recorded_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  resolved_at    TEXT,
  CHECK ((scope = 'accuracy') = (trial_hash IS NOT NULL)),
  CHECK ((scope = 'latency') = (batch IS NOT NULL))
) STRICT;
CREATE INDEX open_failures ON failures (plan_hash) WHERE resolved_at IS NULL;

-- At most one process runs sweeps into a database.
CREATE TABLE runner (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  token         TEXT NOT NULL,
  host          TEXT NOT NULL,
  boot_id       TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  process_start INTEGER NOT NULL,
  claimed_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  heartbeat     REAL NOT NULL
) STRICT;
