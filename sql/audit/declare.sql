-- What the trail declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION audit_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        -- Who has to show the trail drops a month when it has been exported: nothing goes by itself.
        bourse_private.declare_table('audit_logs', on_erasure => 'redact', time_column => 'timestamp',
                                     partition_by => 'month'),
        bourse_private.declare_table('activity_logs', on_erasure => 'redact', time_column => 'timestamp',
                                     partition_by => 'month', keep => '90 days'),
        bourse_private.declare_table('seals'),
        bourse_private.declare_table('dropped_months'),
        bourse_private.declare_table('*', on_erasure => 'redact')];
END
$$;
COMMENT ON FUNCTION audit_private.own_tables() IS 'The tables of the trail';

CREATE FUNCTION audit_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM audit.verify() v
$$;
COMMENT ON FUNCTION audit_private.own_verify() IS 'audit.verify() without an anchor';

CREATE FUNCTION audit_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT 'table_not_audited', count(*) FROM bourse_private.declared_tables() t
    WHERE t.is_audited AND NOT EXISTS (
        SELECT FROM pg_trigger g
        WHERE g.tgrelid = t.relation AND g.tgfoid = 'audit_private.record_change()'::regprocedure AND g.tgtype & 1 = 1
          AND g.tgenabled IN ('O', 'A'))
$$;
COMMENT ON FUNCTION audit_private.own_integrity() IS
'What integrity() counts of the trail: tables that are audited from the start, and now are not';

-- Ids only grow, and the last row of a log is the newest.
CREATE FUNCTION audit_private.seal_ages() RETURNS TABLE (sealed_at timestamptz, written_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT (SELECT s.sealed_at FROM audit.seals s ORDER BY s.id DESC LIMIT 1),
           greatest((SELECT l."timestamp" FROM audit.audit_logs l ORDER BY l.id DESC LIMIT 1),
                    (SELECT l."timestamp" FROM audit.activity_logs l ORDER BY l.id DESC LIMIT 1))
$$;
COMMENT ON FUNCTION audit_private.seal_ages() IS 'When the last seal was made, and the last row written; NULL: never';

CREATE FUNCTION audit_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT m.name, m.value, m.labels FROM audit_private.seal_ages() a CROSS JOIN LATERAL (VALUES
        ('audit_seal_age_seconds', extract(epoch FROM clock_timestamp() - a.sealed_at), NULL::jsonb),
        ('audit_last_row_age_seconds', extract(epoch FROM clock_timestamp() - a.written_at), NULL)
    ) m (name, value, labels)
    UNION ALL
    SELECT 'audit_log_bytes', pg_total_relation_size(c.oid)
               + (SELECT coalesce(sum(pg_total_relation_size(i.inhrelid)), 0) FROM pg_inherits i
                  WHERE i.inhparent = c.oid), jsonb_build_object('log', c.relname)
    FROM pg_class c
    WHERE c.oid IN ('audit.audit_logs'::regclass, 'audit.activity_logs'::regclass, 'audit.seals'::regclass)
$$;
COMMENT ON FUNCTION audit_private.own_metrics() IS
'What metrics() says of the trail: seconds since the last seal and the last row (NULL: none), the size of the logs. '
'Costs three probes of an index and a look at the files';

CREATE FUNCTION audit_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT 'warning', 'seal_is_late', NULL::text,
           CASE WHEN a.sealed_at IS NULL THEN 'nothing has been sealed yet'
                ELSE format('the last seal is of %s, the last row of %s', a.sealed_at, a.written_at) END,
           'Have audit.seal() called every few seconds: what is not sealed can be cut off unseen.'
    FROM audit_private.seal_ages() a
    WHERE a.written_at IS NOT NULL AND clock_timestamp() - coalesce(a.sealed_at, '-infinity') > interval '1 hour'
      AND a.written_at > coalesce(a.sealed_at, '-infinity')
$$;
COMMENT ON FUNCTION audit_private.own_alerts() IS
'What alerts() says of the trail: rows that wait for a seal, while the last is an hour old. Costs three probes of an '
'index';

CREATE FUNCTION audit_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM audit_private.seal_ages();
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION audit_private.own_health() IS 'Whether the trail can be read';
