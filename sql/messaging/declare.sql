-- What messaging declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION messaging_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('channel_configs', is_audited => true),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION messaging_private.own_tables() IS 'The tables of messaging';

CREATE FUNCTION messaging_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM FROM messaging.channel_configs c ORDER BY c.channel LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION messaging_private.own_health() IS 'Whether channels can be read';
