-- Heap and index sizes, dead rows, HOT updates, and what of each is unused. As superuser: psql -f bench/scale/bloat.sql
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgstattuple;
SELECT s.relid::regclass AS "table", pg_size_pretty(pg_table_size(s.relid)) AS heap, s.n_live_tup AS live, s.n_dead_tup AS dead,
       s.n_tup_upd AS updates, round(100.0 * s.n_tup_hot_upd / nullif(s.n_tup_upd, 0), 1) AS "hot %",
       round(p.dead_tuple_percent::numeric, 1) AS "dead %", round(p.approx_free_percent::numeric, 1) AS "free %", s.autovacuum_count AS vacuums
FROM pg_stat_user_tables s CROSS JOIN LATERAL pgstattuple_approx(s.relid) AS p
WHERE s.schemaname IN ('exchange', 'identity') ORDER BY pg_table_size(s.relid) DESC, 1;
-- A B-tree that grew row by row is 65 to 90 % full.
SELECT i.indexrelid::regclass AS index, pg_size_pretty(pg_relation_size(i.indexrelid)) AS size,
       round(b.avg_leaf_density::numeric, 1) AS "full %", round(b.leaf_fragmentation::numeric, 1) AS "fragmented %", b.empty_pages + b.deleted_pages AS unused_pages
FROM pg_stat_user_indexes i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
CROSS JOIN LATERAL pgstatindex(i.indexrelid) AS b
WHERE i.schemaname = 'exchange' AND pg_relation_size(i.indexrelid) > 8192
ORDER BY pg_relation_size(i.indexrelid) DESC, 1;
