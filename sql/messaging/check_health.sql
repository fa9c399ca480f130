-- What the platform says of itself goes into the same table: messaging knows no other schema, it asks all of them.

-- Whoever is paused or held back by a setback has told why.
CREATE FUNCTION messaging_private.check_workers() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT w.kind, w.state, w.since, w.setback FROM bourse.workers() w
                 WHERE w.database = current_database() AND w.state <> 'absent' ORDER BY w.kind LOOP
        PERFORM messaging_private.make_system('worker', found.kind, '1 minute');
        PERFORM messaging_private.record_health(
            'worker', found.kind, found.setback IS NULL AND found.state IN ('working', 'starting', 'wanted'), NULL,
            coalesce(found.setback, 'it is ' || found.state),
            jsonb_build_object('state', found.state, 'since', found.since));
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.check_workers() IS
'Reports on the background workers of this database: component of worker is the kind. What has no work is left out';

CREATE FUNCTION messaging_private.check_schemas() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
    found record;
    lasted integer;
    alarm text;
BEGIN
    FOR found IN SELECT h.module, h.ok, h.detail FROM bourse.health() h ORDER BY h.module LOOP
        PERFORM messaging_private.make_system('database', found.module, '1 minute');
        PERFORM messaging_private.record_health('database', found.module, found.ok, NULL, found.detail, NULL);
    END LOOP;
    lasted := extract(epoch FROM clock_timestamp() - started) * 1000;
    -- What is told here of systems is no fault of the database.
    SELECT concat_ws(': ', a.alert, a.detail) INTO alarm FROM bourse.alerts() a
    WHERE a.severity = 'critical' AND a.module <> 'messaging' ORDER BY a.module, a.alert LIMIT 1;
    PERFORM messaging_private.make_system('database', NULL, '1 minute');
    PERFORM messaging_private.record_health('database', NULL, alarm IS NULL, lasted, alarm, NULL);
END
$$;
COMMENT ON FUNCTION messaging_private.check_schemas() IS
'Reports on the database: component is a schema, as bourse.health() has it; the whole fails while there is a critical '
'alert, and its time is that of health()';

CREATE FUNCTION messaging_private.report_verify(differences bigint, first_one text, started timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM messaging_private.make_system('verify', NULL, '2 days');
    PERFORM messaging_private.record_health(
        'verify', NULL, differences = 0,
        least(extract(epoch FROM clock_timestamp() - started) * 1000, 2147483647)::integer, first_one,
        jsonb_build_object('differences', differences));
END
$$;
COMMENT ON FUNCTION messaging_private.report_verify(bigint, text, timestamptz) IS
'Reports on bourse.verify(), which began at this time: system verify, which is UNKNOWN when it has not run for 2 days';

CREATE FUNCTION messaging_private.check_verify() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
    differences bigint;
    first_one text;
BEGIN
    SELECT count(*), min(format('%s %s: expected %s, is %s', v.module, concat_ws(' ', v.check_name, v.subject),
                                v.expected, v.actual))
    INTO differences, first_one FROM bourse.verify() v;
    PERFORM messaging_private.report_verify(differences, first_one, started);
END
$$;
COMMENT ON FUNCTION messaging_private.check_verify() IS 'Runs bourse.verify(), and reports on it';

-- What ends in a transaction of its own, as a task that fails, cannot report there.
CREATE FUNCTION messaging_private.check_reports() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    found record;
BEGIN
    PERFORM messaging_private.make_system('verify', NULL, '2 days');
    FOR found IN
        SELECT r.* FROM bourse_private.ask('own_reports', 'r.system, r.component, r.ok, r.detail, r.reported_at')
            AS r (module text, system text, component text, ok boolean, detail text, reported_at timestamptz)
        WHERE NOT EXISTS (SELECT FROM messaging.system_health h
                          WHERE h.system = r.system AND coalesce(h.component, '') = coalesce(r.component, '')
                            AND h.checked_at >= r.reported_at)
        ORDER BY r.reported_at
    LOOP
        PERFORM messaging_private.record_health(found.system, found.component, found.ok, NULL, found.detail, NULL);
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.check_reports() IS
'Writes down what own_reports() of the schemas has, unless there is a later report';

CREATE FUNCTION messaging.check_health(verify boolean DEFAULT false)
RETURNS TABLE (system text, component text, status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('verify', check_health.verify);
    PERFORM messaging_private.check_schemas(), messaging_private.check_workers(), messaging_private.check_reports();
    IF check_health.verify THEN
        PERFORM messaging_private.check_verify();
    END IF;
    PERFORM messaging_private.sweep_health(clock_timestamp());
    RETURN QUERY
    SELECT h.system::text, h.component::text, h.status::text FROM messaging.system_health h
    ORDER BY h.system, h.component NULLS FIRST;
END
$$;
COMMENT ON FUNCTION messaging.check_health(boolean) IS
'Has the database, its schemas and its background workers report on themselves, and returns all systems that have been '
'reported on. verify: bourse.verify() as well, which reads the books and the trail: once a day, or it is UNKNOWN; the '
'task verify reports on it, too. The ticker of the platform does it every 15 seconds, without verify. 22004 NULL, '
'42501 a session that acts for one user';
GRANT EXECUTE ON FUNCTION messaging.check_health(boolean) TO bourse_admin, bourse_gateway, bourse_worker;

-- Rows that somebody is reporting on just now are not stale.
CREATE FUNCTION messaging_private.sweep_health(at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, messaging, pg_temp SET timezone = 'UTC' AS $$
    UPDATE messaging.system_health h SET status = 'UNKNOWN'
    FROM (SELECT s.id FROM messaging.system_health s
          WHERE s.status <> 'UNKNOWN' AND s.checked_at < at - s.stale_after FOR UPDATE SKIP LOCKED) s
    WHERE h.id = s.id
$$;
COMMENT ON FUNCTION messaging_private.sweep_health(timestamptz) IS
'Systems on which nobody has reported for stale_after are UNKNOWN. The next report says again what the counts say';

-- Whoever has reported on the database in a transaction that goes on does not hold up what else is due.
CREATE FUNCTION messaging_private.tick_health() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM messaging.system_health h
                   WHERE h.system = 'database' AND coalesce(h.component, '') = ''
                     AND h.checked_at > clock_timestamp() - interval '15 seconds') THEN
        PERFORM messaging_private.check_schemas(), messaging_private.check_workers(),
                messaging_private.check_reports();
    END IF;
    PERFORM messaging_private.sweep_health(clock_timestamp());
EXCEPTION WHEN lock_not_available THEN
    -- The next turn does it.
    RETURN;
END
$$;
COMMENT ON FUNCTION messaging_private.tick_health() IS
'What the ticker of the platform does for system_health: check_health() every 15 seconds, and systems become UNKNOWN';

CREATE FUNCTION messaging_private.health_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT CASE h.status WHEN 'DOWN' THEN 'critical' ELSE 'warning' END,
           CASE h.status WHEN 'DOWN' THEN 'system_is_down' ELSE 'system_is_silent' END,
           concat_ws(' ', h.system, h.component),
           -- What attempts on a channel say may name a person.
           CASE WHEN h.status = 'DOWN' AND h.system = 'notification'
                THEN format('%s failures in a row', h.failure_count)
                WHEN h.status = 'DOWN' THEN format('%s failures in a row, the last with: %s', h.failure_count,
                                                   coalesce(bourse_private.clip(h.error_message), 'nothing said'))
                ELSE format('nobody has reported on it since %s', h.checked_at) END,
           CASE h.status WHEN 'DOWN' THEN 'messaging.system_health has more of it.'
                ELSE 'Look at whoever reports on it; DELETE FROM messaging.system_health what is gone for good.' END
    FROM (SELECT * FROM messaging.v_system_health v
          -- The database as a whole fails with a critical alert, which is told as what it is.
          WHERE v.status = 'DOWN' AND (v.system <> 'database' OR v.component IS NOT NULL)
              OR v.status = 'UNKNOWN' AND num_nonnulls(v.last_success, v.last_failure) > 0
              -- Attempts report on channels: without messages there are none.
              AND (v.system <> 'notification' OR v.component IS NULL OR EXISTS (
                  SELECT FROM messaging.deliveries d
                  WHERE d.channel = v.component AND d.priority IN (1, 2, 3, 4)
                    AND d.claimable_at < clock_timestamp() - interval '1 minute'))
          ORDER BY v.status, v.system, v.component LIMIT 100) h
$$;
COMMENT ON FUNCTION messaging_private.health_alerts() IS
'What alerts() says of systems: those that are down, and on which nobody reports any more, of channels those that have '
'messages due; up to 100. Reads a row for each system';

CREATE FUNCTION messaging_private.health_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT 'messaging_systems', count(*)::numeric, jsonb_build_object('status', h.status)
    FROM messaging.v_system_health h GROUP BY h.status
$$;
COMMENT ON FUNCTION messaging_private.health_metrics() IS
'What metrics() says of systems: how many there are of each status. Reads a row for each';
