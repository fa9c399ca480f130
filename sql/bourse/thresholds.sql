-- From where on something is an alert. The schemas say what they begin with, in own_thresholds().

CREATE FUNCTION bourse_private.adopt_thresholds() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    INSERT INTO bourse.thresholds AS t (alert, value, unit, meaning)
    SELECT a.alert, a.value, a.unit, a.meaning
    FROM bourse_private.ask('own_thresholds', 'r.alert, r.value, r.unit, r.meaning')
        AS a (module text, alert text, value numeric, unit text, meaning text)
    ON CONFLICT (alert) DO UPDATE SET unit = excluded.unit, meaning = excluded.meaning
    WHERE (t.unit, t.meaning) <> (excluded.unit, excluded.meaning)
$$;
COMMENT ON FUNCTION bourse_private.adopt_thresholds() IS
'Gives alerts the thresholds that the schemas begin with, and leaves the values that stand as they are. For install()';

-- Before the migration that makes the table nothing is above any threshold, and alerts() tells of the migration.
CREATE FUNCTION bourse_private.threshold(alert text) RETURNS numeric
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF to_regclass('bourse.thresholds') IS NULL THEN
        RETURN 'Infinity';
    END IF;
    RETURN coalesce((SELECT t.value FROM bourse.thresholds t WHERE t.alert = threshold.alert), 'Infinity');
END
$$;
COMMENT ON FUNCTION bourse_private.threshold(text) IS 'Above which value an alert is told; Infinity: never';

CREATE FUNCTION bourse_private.own_thresholds() RETURNS TABLE (alert text, value numeric, unit text, meaning text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    VALUES
    ('chore_is_late', 86400, 'seconds', 'since the last run of a chore'),
    ('connections_run_out', 80, 'percent', 'of the connections that are not kept for superusers'),
    ('dead_rows', 100000, 'rows', 'of a table that wait for VACUUM and are more than a fifth of those that live'),
    ('default_partition_has_rows', 100000, 'rows', 'in the default partition of a table'),
    ('queue_lags', 600, 'seconds', 'for which the oldest item of a queue has been due'),
    ('replication_lags', 60, 'seconds', 'that a standby is behind'),
    ('sessions_wait', 60, 'seconds', 'for which a session has waited for a lock'),
    ('slot_holds_wal', 4294967296, 'bytes', 'of the log that a replication slot keeps'),
    ('transaction_is_long', 5, 'seconds', 'since a transaction has begun'),
    ('verify_is_late', 172800, 'seconds', 'since the last bourse.verify()'),
    ('wraparound', 1000000000, 'transactions', 'since the oldest that is not frozen')
$$;
COMMENT ON FUNCTION bourse_private.own_thresholds() IS 'The thresholds of the kernel';
