-- When data is to be expected: in the sessions of an account's calendar.

CREATE TYPE mirror_private.open_market AS (calendar text, since timestamptz);
COMMENT ON TYPE mirror_private.open_market IS 'A calendar that is in session, and since when it has been';

CREATE FUNCTION mirror_private.open_since(cal text, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF NOT calendar.is_open(cal, at) THEN
        RETURN NULL;
    END IF;
    BEGIN
        RETURN calendar.previous_open(cal, at + interval '1 microsecond', breaks => true);
    EXCEPTION WHEN datetime_field_overflow THEN
        -- It has been open from the first of its dates.
        RETURN '-infinity';
    END;
EXCEPTION WHEN datetime_field_overflow OR undefined_object OR object_not_in_prerequisite_state THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.open_since(text, timestamptz) IS
'Since when a market has been open without a break. NULL: it is not, or its calendar does not say: it is not loaded, '
'not active, or does not cover the date';

CREATE FUNCTION mirror_private.open_markets(at timestamptz, calendars text[] DEFAULT NULL)
RETURNS mirror_private.open_market[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(t.name, o.since)::mirror_private.open_market
        FROM calendar.trading_hours_templates t CROSS JOIN LATERAL mirror_private.open_since(t.name, at) o (since)
        WHERE t.is_active AND (calendars IS NULL OR t.name = ANY (calendars)) AND o.since IS NOT NULL);
END
$$;
COMMENT ON FUNCTION mirror_private.open_markets(timestamptz, text[]) IS
'Those of these calendars, or of all, that are in session at a time';
