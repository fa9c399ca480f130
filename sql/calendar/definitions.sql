CREATE FUNCTION calendar.load_calendar(definition jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
DECLARE
    given jsonb;
    template jsonb;
    template_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('definition', definition);
    PERFORM bourse_private.require_shallow('definition', definition),
            bourse_private.require_plain_numbers('definition', definition);
    given := calendar_private.rows_of(definition);
    template := given -> 'template';
    UPDATE calendar.trading_hours_templates t
    SET exchange = template ->> 'exchange', timezone = template ->> 'timezone',
        first_date = (template ->> 'first_date')::date, last_date = (template ->> 'last_date')::date
    WHERE t.name = template ->> 'name'
      AND (t.exchange, t.timezone, t.first_date, t.last_date) IS DISTINCT FROM
          (template ->> 'exchange', template ->> 'timezone', (template ->> 'first_date')::date,
           (template ->> 'last_date')::date);
    -- Whoever else loads or edits it waits here.
    SELECT t.id INTO template_id FROM calendar.trading_hours_templates t
    WHERE t.name = template ->> 'name' FOR NO KEY UPDATE;
    IF template_id IS NULL THEN
        INSERT INTO calendar.trading_hours_templates AS t (name, exchange, timezone, first_date, last_date)
        VALUES (template ->> 'name', template ->> 'exchange', template ->> 'timezone',
                (template ->> 'first_date')::date, (template ->> 'last_date')::date)
        -- Somebody else has just loaded it.
        ON CONFLICT ON CONSTRAINT trading_hours_templates_name_key DO UPDATE
        SET exchange = excluded.exchange, timezone = excluded.timezone, first_date = excluded.first_date,
            last_date = excluded.last_date
        RETURNING t.id INTO template_id;
    END IF;
    PERFORM calendar_private.write_sessions(template_id, given -> 'sessions');
    PERFORM calendar_private.write_holidays(template_id, given -> 'holidays');
    PERFORM calendar_private.require_possible(template ->> 'name');
    RETURN template ->> 'name';
END
$$;
COMMENT ON FUNCTION calendar.load_calendar(jsonb) IS
'Makes a calendar what a definition says, or a new one; what it says already stays untouched, so that loading it '
'again changes nothing. {"name": "XNYS", "exchange": "NYSE", "timezone": "America/New_York", "from": "2015-01-01", '
'"to": "2027-12-31", "weekly": [{"days": [0,1,2,3,4], "from": "2015-01-01", "to": "2024-11-04", "open": "09:30", '
'"close": "16:00", "breaks": [["11:30","12:30"]], "pre_market": ["04:00","09:30"], "post_market": '
'["16:00","20:00"]}], "holidays": [{"date": "2015-01-01", "type": "full_day", "description": "New Year"}], "special": '
'[{"date": "2015-11-27", "type": "special", "open": "09:30", "close": "13:00", "description": "half day"}]}. name, '
'timezone (a name of pg_timezone_names), from and to (the dates that it covers, both included) are needed, the rest '
'may be missing or null; an unknown key is refused. Times are by the clock of the zone, HH:MM, HH:MM:SS or with a '
'fraction: "-17:00" is five in the afternoon of the day before the session''s date, "24:00" its end, "26:30" half '
'past two the day after, "48:00" the most. A session lasts at most 24 hours; close is the first moment at which it is '
'not open. breaks lie within it, in order, and do not touch: several short sessions on a day are one with breaks. '
'weekly: days 0 Monday to 6 Sunday; from and to are an era, both dates included, without them that of the calendar; '
'eras of one day of the week do not meet; a day without an entry has no session, nor has one with "is_trading_day": '
'false, which may have hours all the same. pre_market ends by the opening, post_market begins at the close or later; '
'missing: none. holidays: no session on that date; type full_day (also when it is missing), muhurat or special (whose '
'hours are not known yet). special: a session with hours of its own, also on a weekend; type special (also when it is '
'missing) or muhurat. A special session comes before a holiday on its date, whose description it takes if it has '
'none, and that before the day of the week; no list has a date twice, none outside of from and to. A special session '
'that overlaps the hours of its day of the week and says nothing of breaks, pre_market or post_market takes that '
'day''s: the breaks that lie within its hours; the post-market is moved with the close (16:00-20:00 becomes '
'13:00-17:00 for a close at 13:00), the pre-market begins as always and ends at the opening, where it does so on '
'other days; [] says that there is none. A muhurat session takes nothing from other days. Pre-market, session and '
'post-market of one date must end by the time at which those of the next begin. A time that the clocks skip, or show '
'twice, is read as AT TIME ZONE reads it. Returns the name. 22004 NULL, 22023 a definition that cannot be, 23514 '
'sessions that overlap or end before they begin where the clocks change';
GRANT EXECUTE ON FUNCTION calendar.load_calendar(jsonb) TO bourse_admin;

-- Rows are told apart by their day and era, and keep their ids.
CREATE FUNCTION calendar_private.write_sessions(template_id bigint, given jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, calendar, pg_temp SET work_mem = '16MB' AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM calendar.trading_sessions t USING calendar_private.session_rows(write_sessions.template_id) o
    WHERE t.id = o.id AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(given) n
        WHERE n -> 'day_of_week' = o.said -> 'day_of_week' AND n -> 'valid_from' = o.said -> 'valid_from');
    UPDATE calendar.trading_sessions t
    SET (valid_to, is_trading_day, breaks, market_open, market_open_offset, market_close, market_close_offset,
         pre_market_start, pre_market_start_offset, pre_market_end, pre_market_end_offset, post_market_start,
         post_market_start_offset, post_market_end, post_market_end_offset) =
        (r.valid_to, r.is_trading_day, r.breaks, r.market_open, r.market_open_offset, r.market_close,
         r.market_close_offset, r.pre_market_start, r.pre_market_start_offset, r.pre_market_end,
         r.pre_market_end_offset, r.post_market_start, r.post_market_start_offset, r.post_market_end,
         r.post_market_end_offset)
    FROM calendar_private.session_rows(write_sessions.template_id) o
    JOIN jsonb_array_elements(given) n
      ON n -> 'day_of_week' = o.said -> 'day_of_week' AND n -> 'valid_from' = o.said -> 'valid_from'
    CROSS JOIN LATERAL jsonb_populate_record(NULL::calendar.trading_sessions, n) r
    WHERE t.id = o.id AND n <> o.said;
    INSERT INTO calendar.trading_sessions (
        template_id, day_of_week, valid_from, valid_to, is_trading_day, breaks, market_open, market_open_offset,
        market_close, market_close_offset, pre_market_start, pre_market_start_offset, pre_market_end,
        pre_market_end_offset, post_market_start, post_market_start_offset, post_market_end, post_market_end_offset)
    SELECT write_sessions.template_id, r.day_of_week, r.valid_from, r.valid_to, r.is_trading_day, r.breaks,
           r.market_open, r.market_open_offset, r.market_close, r.market_close_offset, r.pre_market_start,
           r.pre_market_start_offset, r.pre_market_end, r.pre_market_end_offset, r.post_market_start,
           r.post_market_start_offset, r.post_market_end, r.post_market_end_offset
    FROM jsonb_populate_recordset(NULL::calendar.trading_sessions, given) r
    WHERE NOT EXISTS (
        SELECT FROM calendar.trading_sessions t
        WHERE t.template_id = write_sessions.template_id AND t.day_of_week = r.day_of_week
          AND t.valid_from IS NOT DISTINCT FROM r.valid_from);
END
$$;
COMMENT ON FUNCTION calendar_private.write_sessions(bigint, jsonb) IS
'Makes the weekly rows of a calendar those that are given; what is as it should be is not written';

CREATE FUNCTION calendar_private.write_holidays(template_id bigint, given jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, calendar, pg_temp SET work_mem = '16MB' AS $$
#variable_conflict use_column
BEGIN
    DELETE FROM calendar.market_holidays t
    WHERE t.template_id = write_holidays.template_id AND t.date NOT IN (
        SELECT (n ->> 'date')::date FROM jsonb_array_elements(given) n);
    UPDATE calendar.market_holidays t
    SET (description, holiday_type, breaks, open_time, open_time_offset, close_time, close_time_offset,
         pre_market_start, pre_market_start_offset, pre_market_end, pre_market_end_offset, post_market_start,
         post_market_start_offset, post_market_end, post_market_end_offset) =
        (r.description, r.holiday_type, r.breaks, r.open_time, r.open_time_offset, r.close_time, r.close_time_offset,
         r.pre_market_start, r.pre_market_start_offset, r.pre_market_end, r.pre_market_end_offset,
         r.post_market_start, r.post_market_start_offset, r.post_market_end, r.post_market_end_offset)
    FROM calendar_private.holiday_rows(write_holidays.template_id) o
    JOIN jsonb_array_elements(given) n ON n ->> 'date' = o.said ->> 'date'
    CROSS JOIN LATERAL jsonb_populate_record(NULL::calendar.market_holidays, n) r
    WHERE t.id = o.id AND n <> o.said;
    INSERT INTO calendar.market_holidays (
        template_id, date, description, holiday_type, breaks, open_time, open_time_offset, close_time,
        close_time_offset, pre_market_start, pre_market_start_offset, pre_market_end, pre_market_end_offset,
        post_market_start, post_market_start_offset, post_market_end, post_market_end_offset)
    SELECT write_holidays.template_id, r.date, r.description, r.holiday_type, r.breaks, r.open_time,
           r.open_time_offset, r.close_time, r.close_time_offset, r.pre_market_start, r.pre_market_start_offset,
           r.pre_market_end, r.pre_market_end_offset, r.post_market_start, r.post_market_start_offset,
           r.post_market_end, r.post_market_end_offset
    FROM jsonb_populate_recordset(NULL::calendar.market_holidays, given) r
    WHERE NOT EXISTS (
        SELECT FROM calendar.market_holidays t
        WHERE t.template_id = write_holidays.template_id AND t.date = r.date);
END
$$;
COMMENT ON FUNCTION calendar_private.write_holidays(bigint, jsonb) IS
'Makes the exceptions of a calendar those that are given; what is as it should be is not written';

CREATE FUNCTION calendar.export_calendar(cal text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
DECLARE
    found jsonb;
BEGIN
    PERFORM calendar_private.require_calendar(cal);
    found := calendar_private.definition_of(cal);
    RETURN found;
END
$$;
COMMENT ON FUNCTION calendar.export_calendar(text) IS
'The definition of a calendar: load_calendar() of it changes nothing. from and to are missing while it covers no '
'dates. 22004 NULL, 42704 unknown calendar';
GRANT EXECUTE ON FUNCTION calendar.export_calendar(text) TO bourse_viewer, bourse_worker;

CREATE FUNCTION calendar_private.require_calendar(cal text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('cal', cal);
    IF NOT EXISTS (SELECT FROM calendar.trading_hours_templates t WHERE t.name = cal) THEN
        PERFORM bourse.refuse('42704', format('calendar %s does not exist', bourse_private.clip(cal)),
            'SELECT name FROM calendar.trading_hours_templates lists them; calendar.load_calendar() makes one.');
    END IF;
END
$$;
COMMENT ON FUNCTION calendar_private.require_calendar(text) IS
'Refuses a calendar that is NULL (22004) or does not exist (42704)';
