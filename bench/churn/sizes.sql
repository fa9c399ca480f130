-- The tables and B-trees of the exchange: name, bytes, updates and HOT updates (of tables), vacuums by autovacuum.
SELECT c.oid::regclass, pg_relation_size(c.oid), coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_hot_upd, 0), coalesce(s.autovacuum_count, 0)
FROM pg_class c
JOIN pg_am a ON a.oid = c.relam AND a.amname IN ('heap', 'btree')
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relnamespace = 'exchange'::regnamespace AND c.relkind IN ('r', 'i')
ORDER BY c.relkind DESC, pg_relation_size(c.oid) DESC, 1;
