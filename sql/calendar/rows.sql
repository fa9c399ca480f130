-- A calendar as the library reads it, column by column: what others have added to the tables is not touched.
CREATE FUNCTION calendar_private.session_rows(template_id bigint) RETURNS TABLE (id bigint, said jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT s.id, jsonb_build_object(
        'day_of_week', s.day_of_week, 'valid_from', s.valid_from, 'valid_to', s.valid_to,
        'is_trading_day', s.is_trading_day, 'breaks', s.breaks,
        'market_open', s.market_open, 'market_open_offset', s.market_open_offset,
        'market_close', s.market_close, 'market_close_offset', s.market_close_offset,
        'pre_market_start', s.pre_market_start, 'pre_market_start_offset', s.pre_market_start_offset,
        'pre_market_end', s.pre_market_end, 'pre_market_end_offset', s.pre_market_end_offset,
        'post_market_start', s.post_market_start, 'post_market_start_offset', s.post_market_start_offset,
        'post_market_end', s.post_market_end, 'post_market_end_offset', s.post_market_end_offset)
    FROM calendar.trading_sessions s WHERE s.template_id = session_rows.template_id
$$;
COMMENT ON FUNCTION calendar_private.session_rows(bigint) IS 'What the weekly rows of a calendar say, by id';

CREATE FUNCTION calendar_private.holiday_rows(template_id bigint) RETURNS TABLE (id bigint, said jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT h.id, jsonb_build_object(
        'date', h.date, 'holiday_type', h.holiday_type, 'description', h.description, 'breaks', h.breaks,
        'open_time', h.open_time, 'open_time_offset', h.open_time_offset,
        'close_time', h.close_time, 'close_time_offset', h.close_time_offset,
        'pre_market_start', h.pre_market_start, 'pre_market_start_offset', h.pre_market_start_offset,
        'pre_market_end', h.pre_market_end, 'pre_market_end_offset', h.pre_market_end_offset,
        'post_market_start', h.post_market_start, 'post_market_start_offset', h.post_market_start_offset,
        'post_market_end', h.post_market_end, 'post_market_end_offset', h.post_market_end_offset)
    FROM calendar.market_holidays h WHERE h.template_id = holiday_rows.template_id
$$;
COMMENT ON FUNCTION calendar_private.holiday_rows(bigint) IS 'What the exceptions of a calendar say, by id';

-- The library calls it for whoever asks a calendar: it reads with the rights of bourse_owner.
CREATE FUNCTION calendar_private.source(name text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    RETURN (
        SELECT jsonb_build_object('id', t.id, 'is_active', t.is_active, 'rows', jsonb_build_object(
            'template', jsonb_build_object('name', t.name, 'exchange', t.exchange, 'timezone', t.timezone,
                                           'first_date', t.first_date, 'last_date', t.last_date),
            'sessions', (SELECT jsonb_agg(s.said ORDER BY s.said -> 'day_of_week', s.said ->> 'valid_from' COLLATE "C")
                         FROM calendar_private.session_rows(t.id) s),
            'holidays', (SELECT jsonb_agg(h.said ORDER BY h.said ->> 'date' COLLATE "C")
                         FROM calendar_private.holiday_rows(t.id) h)))
        FROM calendar.trading_hours_templates t WHERE t.name = source.name);
END
$$;
COMMENT ON FUNCTION calendar_private.source(text) IS
'A calendar as the library compiles it; NULL: there is no such calendar';

CREATE FUNCTION calendar_private.rows_of(definition jsonb) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'calendar_rows_wrapper';
COMMENT ON FUNCTION calendar_private.rows_of(jsonb) IS
'The rows that a definition says: template, sessions, holidays. Refuses what cannot be (22023)';

CREATE FUNCTION calendar_private.definition_of(name text) RETURNS jsonb
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'calendar_definition_wrapper';
COMMENT ON FUNCTION calendar_private.definition_of(text) IS
'The definition that a calendar''s rows say; NULL: there is no such calendar';

CREATE FUNCTION calendar_private.time_of(name text, said text) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'calendar_time_wrapper';
COMMENT ON FUNCTION calendar_private.time_of(text, text) IS
'A time as definitions say it, "-17:00" or "26:30", in microseconds after midnight of the session''s date. Refuses '
'what is none, by its name (22023)';

CREATE FUNCTION calendar_private.breaks_of(breaks jsonb) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'calendar_breaks_wrapper';
COMMENT ON FUNCTION calendar_private.breaks_of(jsonb) IS
'stored_breaks(), of JSON that is shallow enough to be read, its numbers too';

CREATE FUNCTION calendar_private.stored_breaks(breaks jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_shallow('breaks', breaks),
            bourse_private.require_plain_numbers('breaks', breaks);
    RETURN calendar_private.breaks_of(breaks);
END
$$;
COMMENT ON FUNCTION calendar_private.stored_breaks(jsonb) IS
'Breaks as they are stored, each time in its shortest form. Refuses what are none, or JSON of too many levels, or with '
'numbers that no double holds (22023)';

CREATE FUNCTION calendar_private.require_possible(name text) RETURNS void
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'calendar_require_possible_wrapper';
COMMENT ON FUNCTION calendar_private.require_possible(text) IS
'Refuses rows that are no calendar (23514); a name that is not there passes';

CREATE FUNCTION calendar_private.fault_of(name text) RETURNS text
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'calendar_fault_wrapper';
COMMENT ON FUNCTION calendar_private.fault_of(text) IS
'Why a calendar''s rows are none; compiles them anew. NULL: they are one';
