-- What webui declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION webui_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('audit_logs', on_erasure => 'redact', time_column => 'created_at',
                                     partition_by => 'month', keep => '90 days'),
        bourse_private.declare_table('performance_snapshots', on_erasure => 'delete', time_column => 'timestamp',
                                     keep => '365 days'),
        bourse_private.declare_table('strategy_templates', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('system_config', is_audited => true),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION webui_private.own_tables() IS
'The tables of webui. Snapshots and logs are no part of the trail: the ones are a cache, the others a log themselves';

CREATE FUNCTION webui_private.on_erasure(user_id bigint, report jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    redacted bigint;
BEGIN
    UPDATE webui.audit_logs l
    SET resource_id = NULL, details = NULL, ip_address = NULL, user_agent = NULL, actor = NULL
    WHERE l.user_id = user_id;
    GET DIAGNOSTICS redacted = ROW_COUNT;
    RETURN jsonb_build_object('redacted', coalesce(report -> 'redacted', '{}')
                                          || jsonb_build_object('webui.audit_logs', redacted));
END
$$;
COMMENT ON FUNCTION webui_private.on_erasure(bigint, jsonb) IS
'Takes what is personal of a user out of webui.audit_logs: what stays is that somebody has done such a thing. Returns '
'how many rows';

CREATE FUNCTION webui_private.own_rows(relation regclass, user_id bigint) RETURNS SETOF jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, webui, pg_temp AS $$
    SELECT r FROM identity_private.export_rows(relation, 'user_id = $1', user_id) r
    WHERE relation = 'webui.audit_logs'::regclass
$$;
COMMENT ON FUNCTION webui_private.own_rows(regclass, bigint) IS 'What a user is told of webui.audit_logs: all of his';

CREATE FUNCTION webui_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, webui, pg_temp AS $$
    SELECT 'setting_is_no_secret', c.id::text, 'none', 'a secret' FROM webui.system_config c
    WHERE webui_private.has_secret(c.key, c.value) OR webui_private.has_secret('description', to_jsonb(c.description))
    UNION ALL
    SELECT 'erased_user_is_not_told_of', l.user_id::text, 'no words of the user', count(*) || ' rows'
    FROM webui.audit_logs l JOIN identity.users u ON u.id = l.user_id AND u.erased_at IS NOT NULL
    WHERE num_nonnulls(l.resource_id, l.details, l.ip_address, l.user_agent, l.actor) > 0
    GROUP BY l.user_id
$$;
COMMENT ON FUNCTION webui_private.own_verify() IS
'What verify() says of webui: settings that hold a secret, logs that still tell of somebody who has been erased. Reads '
'every setting and the logs of those who have been erased';

CREATE FUNCTION webui_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, webui, pg_temp AS $$
    SELECT 'webui_log_bytes', coalesce(sum(pg_total_relation_size(i.inhrelid)), 0), NULL::jsonb
    FROM pg_inherits i WHERE i.inhparent = 'webui.audit_logs'::regclass
    UNION ALL
    SELECT 'webui_snapshots_estimate', greatest(c.reltuples, 0)::numeric, NULL
    FROM pg_class c WHERE c.oid = 'webui.performance_snapshots'::regclass
    UNION ALL
    SELECT 'webui_snapshot_age_seconds', extract(epoch FROM clock_timestamp() - s."timestamp"), NULL
    FROM (SELECT s."timestamp" FROM webui.performance_snapshots s ORDER BY s.id DESC LIMIT 1) s
$$;
COMMENT ON FUNCTION webui_private.own_metrics() IS
'What metrics() says of webui: the size of its logs, about how many snapshots there are, how old the one is that was '
'saved last. Costs a look at the files and a probe of an index';

CREATE FUNCTION webui_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM FROM webui.system_config c ORDER BY c.key LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION webui_private.own_health() IS 'Whether settings can be read';
