-- The figures as text, as Prometheus and what understands it read them.

CREATE FUNCTION bourse_private.openmetrics_text(text text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT replace(replace(replace(text, E'\\', E'\\\\'), '"', E'\\"'), E'\n', E'\\n')
$$;
COMMENT ON FUNCTION bourse_private.openmetrics_text(text) IS 'A text as it stands between quotes in OpenMetrics';

CREATE FUNCTION bourse_private.openmetrics_sample(name text, value numeric, labels jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT name
        || coalesce('{' || (SELECT string_agg(format('%s="%s"', regexp_replace(l.key, '^[^a-zA-Z_]|[^a-zA-Z0-9_]', '_',
                                                                               'g'),
                                              bourse_private.openmetrics_text(l.value)), ',' ORDER BY l.key)
                            FROM jsonb_each_text(labels) l WHERE l.value IS NOT NULL) || '}', '')
        || ' ' || CASE value WHEN 'Infinity' THEN '+Inf' WHEN '-Infinity' THEN '-Inf' ELSE trim_scale(value)::text END
$$;
COMMENT ON FUNCTION bourse_private.openmetrics_sample(text, numeric, jsonb) IS 'One line of OpenMetrics';

CREATE FUNCTION bourse_private.openmetrics_samples() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH told AS MATERIALIZED (SELECT a.* FROM bourse.alerts() a)
    SELECT m.name, m.value, m.labels FROM bourse.metrics() m
    UNION ALL
    SELECT 'bourse_alerts', count(t.alert), jsonb_build_object('severity', s.severity)
    FROM unnest('{critical,warning}'::text[]) s (severity) LEFT JOIN told t ON t.severity = s.severity
    GROUP BY s.severity
    UNION ALL
    SELECT 'bourse_alert', count(*), jsonb_build_object('module', t.module, 'severity', t.severity, 'alert', t.alert,
                                                        'subject', coalesce(t.subject, ''))
    FROM told t GROUP BY t.module, t.severity, t.alert, t.subject
$$;
COMMENT ON FUNCTION bourse_private.openmetrics_samples() IS 'What metrics() says, and what alerts() says as figures';

CREATE FUNCTION bourse.openmetrics() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    written text;
BEGIN
    PERFORM bourse.require_installed();
    WITH helps AS MATERIALIZED (
        SELECT h.name, h.help
        FROM bourse_private.ask('own_help', 'r.name, r.help') AS h (module text, name text, help text)
    ), families AS (
        SELECT s.name, regexp_replace(s.name, '_total$', '') AS family,
               string_agg(bourse_private.openmetrics_sample(
                   s.name, s.value, jsonb_build_object('database', current_database()) || coalesce(s.labels, '{}')),
                   E'\n' ORDER BY s.labels::text)
                   AS samples
        FROM bourse_private.openmetrics_samples() s GROUP BY s.name
    )
    SELECT string_agg(
        format(E'# TYPE %s %s\n', f.family, CASE WHEN f.name = f.family THEN 'gauge' ELSE 'counter' END)
        || coalesce('# UNIT ' || f.family || ' ' || substring(f.family FROM '_(seconds|bytes)$') || E'\n', '')
        || coalesce((SELECT format(E'# HELP %s %s\n', f.family, bourse_private.openmetrics_text(h.help))
                     FROM helps h WHERE h.name = f.name LIMIT 1), '')
        || f.samples || E'\n', '' ORDER BY f.name COLLATE "C") || '# EOF' INTO written
    FROM families f;
    RETURN written;
END
$$;
COMMENT ON FUNCTION bourse.openmetrics() IS
'metrics() as OpenMetrics text, which Prometheus scrapes, or as a file for the textfile collector of its node '
'exporter; and of alerts() how many there are (bourse_alerts, by severity) and each that is there (bourse_alert, by '
'module, severity, alert, subject). Each with the label database. What ends in _total is a counter, all else a gauge; '
'seconds and bytes are units. Its last line has no end of its own: psql adds one. 55000 before install()';
GRANT EXECUTE ON FUNCTION bourse.openmetrics() TO bourse_admin, bourse_monitor;
