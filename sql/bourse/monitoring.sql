-- Whoever watches asks these, and gets what every schema says of itself (modules.sql). They read figures that name
-- nobody. Where one schema cannot answer, the others still do. Compiling their queries takes longer than running them.

CREATE FUNCTION bourse_private.note_check(name text, began timestamptz, problems bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF current_setting('transaction_read_only')::boolean OR to_regclass('bourse.checks') IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO bourse.checks VALUES (name, clock_timestamp(), clock_timestamp() - began, problems)
    ON CONFLICT ON CONSTRAINT checks_pkey
    DO UPDATE SET ran_at = excluded.ran_at, took = excluded.took, problems = excluded.problems;
EXCEPTION WHEN lock_not_available OR serialization_failure THEN
    -- Another session says the same just now.
    RETURN;
END
$$;
COMMENT ON FUNCTION bourse_private.note_check(text, timestamptz, bigint) IS
'Writes down that a check has come to its end, when, and what it has found. Nothing in a read-only transaction';

CREATE FUNCTION bourse.verify()
RETURNS TABLE (module text, check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    problems bigint;
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM bourse_private.ask('own_verify', 'r.check_name, r.subject, r.expected, r.actual')
        AS a (module text, check_name text, subject text, expected text, actual text);
    GET DIAGNOSTICS problems = ROW_COUNT;
    PERFORM bourse_private.note_check('verify', began, problems);
END
$$;
COMMENT ON FUNCTION bourse.verify() IS
'Everything that is not as it must be, in all schemas: 0 rows. Does what exchange.verify() and audit.verify() do: '
'reads every row of the books and of the trail, so not every minute. Says in bourse.checks when it has run, unless the '
'transaction is read-only. 55000 before install()';

CREATE FUNCTION bourse.metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    asked record;
BEGIN
    PERFORM bourse.require_installed();
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks('own_metrics') h LOOP
        BEGIN
            -- What is not there has no value, and an exporter no word for that.
            RETURN QUERY EXECUTE format('SELECT r.name, r.value, coalesce(r.labels, ''{}'') FROM %s() r '
                                        'WHERE r.value IS NOT NULL', asked.call);
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'bourse_metrics_failed', 1::numeric,
                                jsonb_build_object('module', asked.module, 'sqlstate', SQLSTATE);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse.metrics() IS
'Figures of all schemas for a monitor: name, value, labels. Each costs a few probes of an index, or is bounded as the '
'COMMENT of own_metrics() of its schema says: a few milliseconds in all, however large the tables; docs/monitoring.md '
'has figures. A schema that cannot answer is a row bourse_metrics_failed. 55000 before install()';

CREATE FUNCTION bourse.alerts()
RETURNS TABLE (module text, severity text, alert text, subject text, detail text, hint text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    asked record;
BEGIN
    PERFORM bourse.require_installed();
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks('own_alerts') h LOOP
        BEGIN
            RETURN QUERY EXECUTE format('SELECT %L::text, r.severity, r.alert, r.subject, r.detail, r.hint FROM %s() r',
                                        asked.module, asked.call);
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT asked.module, 'critical', 'alerts_failed', NULL::text,
                                bourse_private.clip(SQLERRM) || ' (' || SQLSTATE || ')',
                                'The schema cannot say what is wrong with it: SELECT * FROM bourse.health().';
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse.alerts() IS
'What somebody should look at, in all schemas: 0 rows when nothing. severity: critical or warning; hint: what to do. '
'As cheap as metrics(). 55000 before install()';

CREATE FUNCTION bourse.health() RETURNS TABLE (module text, ok boolean, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks('own_health') h LOOP
        module := asked.module;
        BEGIN
            EXECUTE format('SELECT r.ok, r.detail FROM %s() r', asked.call) INTO ok, detail;
        EXCEPTION WHEN OTHERS THEN
            ok := false;
            detail := bourse_private.clip(SQLERRM) || ' (' || SQLSTATE || ')';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse.health() IS
'Whether each schema can do its work just now, one row each, for a probe every few seconds; detail: why not. Works '
'before install() too, and on a standby';

CREATE FUNCTION bourse.integrity() RETURNS TABLE (module text, issue text, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM bourse_private.ask('own_integrity', 'r.issue, r.count')
        AS a (module text, issue text, count bigint);
END
$$;
COMMENT ON FUNCTION bourse.integrity() IS
'What has gone wrong around the tables, and how often: every issue that is looked for, 0 when there is none of it. '
'Dearer than metrics(), cheaper than verify(): once an hour. 55000 before install()';

GRANT EXECUTE ON FUNCTION bourse.verify(), bourse.metrics(), bourse.alerts(), bourse.health(), bourse.integrity()
    TO bourse_admin, bourse_monitor;
