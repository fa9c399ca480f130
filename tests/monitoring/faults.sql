-- Something is wrong everywhere; what takes more than one session is in crates/xtask/src/monitoring/faults.rs.
UPDATE bourse.thresholds t SET value = f.value FROM (VALUES
    ('balance_changes_fail', 3), ('cancellations_are_unusual', 10), ('chore_is_late', 1), ('connections_run_out', 1),
    ('dead_rows', 1000), ('default_partition_has_rows', 0), ('inbox_waits', 3), ('queue_lags', 1), ('replication_lags', 3),
    ('sequencer_is_stalled', 3), ('sessions_wait', 3), ('slot_holds_wal', 0), ('verify_is_late', 1), ('wraparound', 10)) f (alert, value)
WHERE f.alert = t.alert;
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
VALUES ('new', 1, 'STALL-USD', 'buy', 1, 1);
SELECT messaging.enqueue_message('note', '{email}', '{}', '1', 'HIGH');
SELECT jobs.enqueue('report', 'x', user_id => 1);
-- The partition of now gone.
DO $$
DECLARE
    partition regclass := (SELECT p.partition FROM bourse_private.partitions('trading.trades') p
                           WHERE now() BETWEEN p.lower AND p.upper AND NOT p.is_default);
BEGIN
    EXECUTE format('ALTER TABLE trading.trades DETACH PARTITION %s', partition);
END
$$;
-- A row of a time that has no partition; books that do not add up, found by a check.
SET session_replication_role = replica;
INSERT INTO webui.audit_logs (action, created_at) VALUES ('watched', now() + interval '20 years');
INSERT INTO exchange.assets (user_id, symbol, amount) VALUES (3, 'LOST', 5);
RESET session_replication_role;
SELECT count(*) AS problems FROM bourse.verify();
