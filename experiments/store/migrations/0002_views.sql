-- The stable interface for people, notebooks and reports. Columns are only ever added.
-- A view shows the current sweep of each name and, of measurements made twice, the newest.

CREATE VIEW v_results AS
SELECT s.name AS sweep, s.model, sp.plan, sp.variant, sp.seed, s.backend, p.device, sp.plan_hash,
       st.task, st.trial_hash,
       a.metric, a.value, a.n, a.ci_low, a.ci_high, a.flips, a.drift, a.cosine,
       p.execution, p.compute_dtype,
       sp.display, a.kl, a.max_error, plans.is_fp16, m.weight_bytes, p.calibration_rows,
       p.calibration_rows_asked, p.seconds, s.id AS sweep_id, sp.position
FROM sweeps s
JOIN sweep_plans sp ON sp.sweep_id = s.id
JOIN plans ON plans.plan_hash = sp.plan_hash
JOIN sweep_trials st ON st.sweep_id = s.id AND st.plan_hash = sp.plan_hash
JOIN accuracy a ON a.trial_hash = st.trial_hash
JOIN passes p ON p.id = a.pass_id
JOIN memory m ON m.pass_id = p.id
WHERE s.current = 1;

CREATE VIEW v_latency AS
SELECT s.name AS sweep, s.model, sp.plan, sp.variant, sp.seed, s.backend, g.device, sp.plan_hash,
       g.batch, g.seq_len, g.threads,
       l.n, l.median_ms, l.p90_ms, l.ratio, l.ratio_low, l.ratio_high,
       plans.execution,
       (SELECT MAX(p.compute_dtype) FROM passes p
        WHERE p.plan_hash = sp.plan_hash AND p.weights_hash = s.weights_hash
          AND p.backend = s.backend AND p.current = 1) AS compute_dtype,
       sp.display, l.median_low, l.median_high, l.min_ms, l.p95_ms, l.p99_ms,
       b.median_ms AS fp16_ms, sp.plan_hash = g.baseline_plan_hash AS is_fp16, g.id AS group_id,
       g.clock_mhz_before, g.clock_mhz_after, s.id AS sweep_id, sp.position
FROM sweeps s
JOIN sweep_plans sp ON sp.sweep_id = s.id
JOIN plans ON plans.plan_hash = sp.plan_hash
JOIN sweep_latency sl ON sl.sweep_id = s.id
JOIN latency_groups g ON g.weights_hash = s.weights_hash AND g.backend = s.backend
                     AND g.batch = sl.batch AND g.seq_len = sl.seq_len AND g.threads = sl.threads
JOIN latency_samples l ON l.group_id = g.id AND l.plan_hash = sp.plan_hash AND l.current = 1
JOIN latency_samples b ON b.group_id = g.id AND b.plan_hash = g.baseline_plan_hash
WHERE s.current = 1;

CREATE VIEW v_memory AS
SELECT s.name AS sweep, s.model, sp.plan, sp.variant, sp.seed, s.backend, p.device, sp.plan_hash,
       m.weight_bytes, m.peak_bytes,
       m.workspace_bytes, sp.display, plans.is_fp16, p.execution, p.compute_dtype,
       s.id AS sweep_id, sp.position
FROM sweeps s
JOIN sweep_plans sp ON sp.sweep_id = s.id
JOIN plans ON plans.plan_hash = sp.plan_hash
JOIN passes p ON p.plan_hash = sp.plan_hash AND p.weights_hash = s.weights_hash
             AND p.backend = s.backend AND p.current = 1
JOIN memory m ON m.pass_id = p.id
WHERE s.current = 1;

-- on_front: no plan of the same (sweep, device, task, batch, seq_len, threads) is at least as good
-- in both value (higher is better) and median_ms (lower is better), and better in one.
CREATE VIEW v_pareto AS
WITH points AS MATERIALIZED (
  SELECT r.sweep, r.model, r.plan, r.variant, r.seed, r.backend, l.device, r.plan_hash,
         r.task, r.trial_hash,
         l.batch, l.seq_len, r.value, 'drift' AS fidelity_metric, r.drift AS fidelity, l.median_ms,
         l.threads, r.metric, r.ci_low, r.ci_high, r.n, r.flips, r.cosine,
         l.ratio, l.ratio_low, l.ratio_high, l.median_low, l.median_high,
         r.execution, r.compute_dtype, r.weight_bytes, r.display, r.is_fp16, r.sweep_id, r.position
  FROM v_results r
  JOIN v_latency l ON l.sweep_id = r.sweep_id AND l.plan_hash = r.plan_hash
)
SELECT a.sweep, a.model, a.plan, a.variant, a.seed, a.backend, a.device, a.plan_hash,
       a.task, a.trial_hash,
       a.batch, a.seq_len, a.value, a.fidelity_metric, a.fidelity, a.median_ms,
       NOT EXISTS (
         SELECT 1 FROM points b
         WHERE b.sweep_id = a.sweep_id AND b.device = a.device AND b.task = a.task
           AND b.batch = a.batch AND b.seq_len = a.seq_len AND b.threads = a.threads
           AND b.value >= a.value AND b.median_ms <= a.median_ms
           AND (b.value > a.value OR b.median_ms < a.median_ms)) AS on_front,
       a.threads, a.metric, a.ci_low, a.ci_high, a.n, a.flips, a.cosine,
       a.ratio, a.ratio_low, a.ratio_high, a.median_low, a.median_high,
       a.execution, a.compute_dtype, a.weight_bytes, a.display, a.is_fp16, a.sweep_id, a.position
FROM points a;

CREATE VIEW v_failures AS
SELECT s.name AS sweep, s.model, sp.plan, sp.variant, sp.seed, s.backend, f.device, sp.plan_hash,
       st.task, f.trial_hash,
       f.kind, f.message,
       f.scope, f.batch, f.seq_len, f.threads, f.log_tail, f.recorded_at, t.attempts, sp.display,
       s.id AS sweep_id, sp.position
FROM sweeps s
JOIN sweep_plans sp ON sp.sweep_id = s.id
JOIN failures f ON f.plan_hash = sp.plan_hash AND f.weights_hash = s.weights_hash
               AND f.backend = s.backend AND f.resolved_at IS NULL
LEFT JOIN sweep_trials st ON st.sweep_id = s.id AND st.trial_hash = f.trial_hash
LEFT JOIN trials t ON t.trial_hash = f.trial_hash
WHERE s.current = 1
  AND CASE f.scope
        WHEN 'accuracy' THEN st.trial_hash IS NOT NULL
        ELSE EXISTS (SELECT 1 FROM sweep_latency sl
                     WHERE sl.sweep_id = s.id AND sl.batch = f.batch
                       AND sl.seq_len = f.seq_len AND sl.threads = f.threads)
      END;
