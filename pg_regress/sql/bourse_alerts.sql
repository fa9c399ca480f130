-- From where on something is an alert, and alerts on planted faults. What takes a preloaded library, or more than one
-- session, is in `cargo xtask monitoring`.
CREATE ROLE alerts_monitor LOGIN IN ROLE bourse_monitor;
CREATE ROLE alerts_admin LOGIN IN ROLE bourse_admin;
CREATE FUNCTION told(VARIADIC alerts text[]) RETURNS TABLE (severity text, alert text, subject text, detail text)
LANGUAGE sql AS $$
    SELECT a.severity, a.alert, a.subject, regexp_replace(a.detail, '\d{4}-[-:.+ 0-9]+|at [A-Z][a-z]{2} .*', 'T')
    FROM bourse.alerts() a WHERE a.alert = ANY (alerts) ORDER BY a.alert COLLATE "C", a.subject
$$;
CREATE FUNCTION detach(partition regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE trading.trades DETACH PARTITION %s', partition);
END
$$;
SELECT alert, value, unit, meaning FROM bourse.thresholds ORDER BY alert;
SET ROLE alerts_monitor;
SELECT refusal('UPDATE bourse.thresholds SET value = 1');
SET ROLE alerts_admin;
SELECT refusal(format('UPDATE bourse.thresholds SET %s', s))
FROM unnest('{value = -1,value = ''NaN'',value = NULL,alert = '''',unit = '''',meaning = ''''}'::text[]) s;
RESET ROLE;

-- Lower, and higher than anything. The trail keeps it.
BEGIN;
SELECT * FROM told('wraparound');
SET LOCAL ROLE alerts_admin;
UPDATE bourse.thresholds SET value = 10 WHERE alert = 'wraparound';
RESET ROLE;
SELECT severity, alert, subject FROM told('wraparound');
SELECT action, record_id, new_values FROM audit.audit_logs
WHERE table_name = 'bourse.thresholds' AND lower(action) = 'update';
UPDATE bourse.thresholds SET value = 'Infinity' WHERE alert = 'wraparound';
SELECT * FROM told('wraparound');
-- One that somebody has deleted is told of nothing.
DELETE FROM bourse.thresholds WHERE alert = 'wraparound';
SELECT * FROM told('wraparound');
ROLLBACK;

-- Checks.
BEGIN;
DELETE FROM bourse.checks;
SELECT * FROM told('verify_is_late', 'check_has_found_something');
UPDATE bourse.schema_migrations SET applied_at = applied_at - interval '3 days';
SELECT * FROM told('verify_is_late');
SELECT count(*) FROM bourse.verify();
SELECT * FROM told('verify_is_late', 'check_has_found_something');
SELECT name, labels, value < 60 AS sane FROM bourse.metrics() WHERE name ~ '^bourse_check' ORDER BY name;
SET LOCAL session_replication_role = replica;
INSERT INTO identity.users (id, name) VALUES (900001, 'alerts bob');
INSERT INTO exchange.assets (user_id, symbol, amount) VALUES (900001, 'ALR', 5);
SET LOCAL session_replication_role = origin;
SELECT count(*) > 0 AS found FROM bourse.verify();
SELECT severity, alert, subject FROM told('check_has_found_something');
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) FROM bourse.verify();
ROLLBACK;

-- Partitions.
SELECT count(*) > 0 AS made FROM bourse.maintain();
BEGIN;
UPDATE bourse.thresholds SET value = 0 WHERE alert = 'default_partition_has_rows';
SELECT * FROM told('default_partition_has_rows', 'partition_is_missing');
-- Behind the guard that takes no such time.
SET LOCAL session_replication_role = replica;
INSERT INTO webui.audit_logs (action, created_at) VALUES ('watched', now() + interval '20 years');
SET LOCAL session_replication_role = origin;
SELECT detach(p.partition) FROM bourse_private.partitions('trading.trades') p
WHERE now() BETWEEN p.lower AND p.upper AND NOT p.is_default;
SELECT * FROM told('default_partition_has_rows', 'partition_is_missing');
SELECT name, value, labels FROM bourse.metrics()
WHERE name ~ '^bourse_(missing_partitions|default_partition_rows)' AND value > 0 ORDER BY name;
SELECT detach(p.partition) FROM bourse_private.partitions('trading.trades') p WHERE p.is_default;
SELECT * FROM told('partition_is_missing');
ROLLBACK;

-- Dead rows. Statistics are written down between transactions.
INSERT INTO bourse.cancel_requests SELECT gen_random_uuid(), n, now() FROM generate_series(1, 20000) n;
DELETE FROM bourse.cancel_requests WHERE item_id % 3 > 0;
SELECT pg_stat_force_next_flush();
SELECT count(*) FROM told('dead_rows');
UPDATE bourse.thresholds SET value = 10000 WHERE alert = 'dead_rows';
SELECT * FROM told('dead_rows');
SELECT name, value, labels FROM bourse.metrics()
WHERE name ~ '^bourse_table_(dead|live)' AND labels ->> 'table' = 'bourse.cancel_requests' ORDER BY name;
DELETE FROM bourse.cancel_requests;

-- Cancels: not of a few orders, not where they are usual.
SELECT exchange.create_market('ALR-USD', 'ALR', 'USD');
INSERT INTO identity.users (id, name) VALUES (900002, 'alerts carl');
SELECT exchange.deposit(900002, 'USD', 100000) > 0 AS paid_in;
SELECT count(exchange.cancel_order(p.id)) FROM generate_series(1, 99) n
CROSS JOIN LATERAL exchange.place_order(900002, 'ALR-USD', 'buy', n, 1) p;
SELECT * FROM told('cancellations_are_unusual');
SELECT count(exchange.cancel_order(p.id)) FROM generate_series(1, 11) n
CROSS JOIN LATERAL exchange.place_order(900002, 'ALR-USD', 'buy', n, 1) p;
SELECT * FROM told('cancellations_are_unusual');
SELECT count(exchange.place_order(900002, 'ALR-USD', 'buy', n, 1)) FROM generate_series(1, 10) n;
SELECT name, value FROM bourse.metrics() WHERE name ~ '^exchange_recent' ORDER BY name;
SELECT * FROM told('cancellations_are_unusual');

-- Sizes and indexes as the server has them, the largest table first, that index first which nobody reads.
INSERT INTO bourse.cancel_requests VALUES (gen_random_uuid(), 1, now());
ANALYZE bourse.cancel_requests;
SELECT t.live_rows = pg_stat_get_live_tuples(c.oid) AS live, t.dead_rows = pg_stat_get_dead_tuples(c.oid) AS dead,
       t.live_rows > 0 AND t.dead_rows > 0 AS some, t.table_bytes = pg_table_size(c.oid) AS sized,
       t.index_bytes = pg_indexes_size(c.oid) AS indexed, t.vacuumed_at IS NULL AS never_vacuumed,
       t.analyzed_at > now() - interval '1 hour' AS analyzed
FROM bourse.table_sizes() t JOIN pg_class c ON c.oid = t.table_name::regclass
WHERE t.table_name = 'bourse.cancel_requests';
SELECT array_agg(t.total_bytes) = array_agg(t.total_bytes ORDER BY t.total_bytes DESC) AS largest_first,
       bool_and(split_part(t.table_name, '.', 1) IN (SELECT bourse_private.modules())) AS ours
FROM bourse.table_sizes() t;
SELECT array_agg(i.scans) = array_agg(i.scans ORDER BY i.scans) AND max(i.scans) > 0 AS unread_first,
       bool_and(split_part(i.table_name, '.', 1) IN (SELECT bourse_private.modules())) AS ours
FROM bourse.index_usage() i;
-- For those who watch; statements where the server keeps them.
SET ROLE alerts_monitor;
SELECT table_name, partitions, total_bytes >= table_bytes + index_bytes AS sane FROM bourse.table_sizes()
WHERE table_name IN ('exchange.orders', 'bourse.cancel_requests', 'webui.audit_logs') ORDER BY 1;
SELECT table_name, index_name, scans >= 0 AS counted, is_unique, is_valid FROM bourse.index_usage()
WHERE index_name IN ('markets_pkey', 'idx_cancel_requests_lease') ORDER BY 2;
SELECT f AS function, refusal('SELECT * FROM bourse.' || f)
FROM unnest('{slow_queries(),slow_queries(0),slow_queries(NULL)}'::text[]) f;
RESET ROLE;
SET ROLE bourse_trader;
SELECT f AS function, refusal('SELECT * FROM bourse.' || f)
FROM unnest('{slow_queries(),table_sizes(),index_usage(),openmetrics()}'::text[]) f;
RESET ROLE;
DROP ROLE alerts_monitor, alerts_admin;
