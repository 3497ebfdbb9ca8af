-- Peers are plans of execution 'peer': other engines, with latency alone.

DROP VIEW v_latency;
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
       g.clock_mhz_before, g.clock_mhz_after, s.id AS sweep_id, sp.position,
       CASE plans.execution WHEN 'peer' THEN json_extract(plans.plan, '$.version') END
         AS peer_version
FROM sweeps s
JOIN sweep_plans sp ON sp.sweep_id = s.id
JOIN plans ON plans.plan_hash = sp.plan_hash
JOIN sweep_latency sl ON sl.sweep_id = s.id
JOIN latency_groups g ON g.weights_hash = s.weights_hash AND g.backend = s.backend
                     AND g.batch = sl.batch AND g.seq_len = sl.seq_len AND g.threads = sl.threads
JOIN latency_samples l ON l.group_id = g.id AND l.plan_hash = sp.plan_hash AND l.current = 1
JOIN latency_samples b ON b.group_id = g.id AND b.plan_hash = g.baseline_plan_hash
WHERE s.current = 1;
