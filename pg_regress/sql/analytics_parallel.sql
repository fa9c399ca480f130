-- Metrics that do not depend on the order of returns are drawn by parallel workers, from parts that are merged.
CREATE TABLE many AS SELECT n % 4 AS bot, sin(n::float8 * n) / 50 AS r FROM generate_series(1, 100000) n;
ANALYZE many;
CREATE TEMP VIEW drawn AS
SELECT bot, analytics.sharpe_ratio(r, 365, 0.02), analytics.sortino_ratio(r, 365, 0.02), analytics.skewness(r),
       analytics.kurtosis(r), analytics.omega_ratio(r, 0.001), analytics.kelly_criterion(r), analytics.tail_ratio(r),
       analytics.total_return(r), analytics.cagr(r, 365), analytics.value_at_risk(r, 0.9) AS normal,
       analytics.conditional_value_at_risk(r, 0.9, 'historical') AS worst
FROM many GROUP BY bot;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE alone AS SELECT * FROM drawn;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT analytics.sharpe_ratio(r), analytics.tail_ratio(r) FROM many;
CREATE TEMP TABLE together AS SELECT * FROM drawn;
SELECT t.bot, a.key, a.value AS alone, t.value AS together
FROM (SELECT bot, e.key, e.value::float8 FROM alone a, jsonb_each_text(to_jsonb(a)) e) a
JOIN (SELECT bot, e.key, e.value::float8 FROM together t, jsonb_each_text(to_jsonb(t)) e) t USING (bot, key)
WHERE abs(a.value - t.value) > 1e-10 * abs(a.value) + 1e-12 OR (a.value IS NULL) <> (t.value IS NULL);
SELECT count(*) FROM together;
-- A parameter that changes is refused by workers, and where their parts meet.
SELECT refusal('SELECT analytics.omega_ratio(r, bot / 100.0) FROM many');
SELECT refusal('SELECT analytics.value_at_risk(r, 0.5 + bot / 10.0) FROM many');
-- A worker without a row has nothing to tell.
SELECT analytics.sharpe_ratio(r), analytics.tail_ratio(r) FROM many WHERE bot < 0;
-- What depends on the order is not divided.
SELECT DISTINCT p.proname AS whole FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
WHERE p.pronamespace = 'analytics'::regnamespace AND a.aggcombinefn = 0 AND a.aggmfinalfn <> 0 ORDER BY p.proname;
