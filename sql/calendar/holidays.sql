CREATE FUNCTION calendar.set_holiday(cal text, date date, holiday_type text, description text DEFAULT NULL,
                                     open_time time DEFAULT NULL, close_time time DEFAULT NULL,
                                     breaks jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    template_id bigint;
    holiday_id bigint;
BEGIN
    PERFORM calendar_private.require_calendar(cal);
    PERFORM bourse_private.require_given('date', date);
    PERFORM bourse_private.require_given('holiday_type', holiday_type);
    IF holiday_type NOT IN ('full_day', 'muhurat', 'special') THEN
        PERFORM bourse.refuse('22023', format('holiday_type %s is not known', bourse_private.quoted(holiday_type)),
            'Say full_day, muhurat or special.');
    END IF;
    IF (open_time IS NULL) <> (close_time IS NULL) OR open_time IS NOT NULL AND holiday_type = 'full_day'
       OR open_time IS NULL AND breaks IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('a %s holiday cannot have these hours', holiday_type),
            'Give open_time and close_time, and breaks if there are any, of a muhurat or special session; of a day '
            'without a session none.');
    END IF;
    IF char_length(description) > 200 THEN
        PERFORM bourse.refuse('22023', 'the description is longer than 200 characters', 'Say it in fewer.');
    END IF;
    SELECT t.id INTO template_id FROM calendar.trading_hours_templates t WHERE t.name = cal FOR NO KEY UPDATE;
    SELECT h.id INTO holiday_id FROM calendar.market_holidays h WHERE h.template_id = template_id AND h.date = date;
    IF holiday_id IS NULL THEN
        INSERT INTO calendar.market_holidays AS h (template_id, date, holiday_type, description, open_time, close_time,
                                                   breaks)
        VALUES (template_id, date, holiday_type, description, open_time, close_time, coalesce(breaks, '[]'))
        RETURNING h.id INTO holiday_id;
    ELSE
        UPDATE calendar.market_holidays h
        SET holiday_type = set_holiday.holiday_type, description = set_holiday.description,
            open_time = set_holiday.open_time, close_time = set_holiday.close_time,
            breaks = coalesce(set_holiday.breaks, '[]'), open_time_offset = NULL, close_time_offset = NULL,
            pre_market_start = NULL, pre_market_end = NULL, post_market_start = NULL, post_market_end = NULL
        WHERE h.id = holiday_id
          AND (h.holiday_type, h.description, h.open_time, h.close_time, h.breaks, h.pre_market_start,
               h.post_market_start, h.open_time_offset)
              IS DISTINCT FROM
              (holiday_type, description, calendar_private.below_midnight(open_time),
               calendar_private.below_midnight(close_time), calendar_private.stored_breaks(coalesce(breaks, '[]')),
               NULL, NULL, CASE WHEN open_time IS NOT NULL THEN (open_time = '24:00')::integer END);
    END IF;
    PERFORM calendar_private.require_possible(cal);
    RETURN holiday_id;
END
$$;
COMMENT ON FUNCTION calendar.set_holiday(text, date, text, text, time, time, jsonb) IS
'What a date has in place of its day of the week. full_day: no session; muhurat, special: a session from open_time to '
'close_time by the clock of the zone (on the day after when it is not later) without the breaks, like [["11:30", '
'"12:30"]], or without hours none. Pre-market and post-market of a special session are those of the day of the week, '
'moved with it, as load_calendar() does. What the date had before is replaced. Seen by the next statement of every '
'session. Returns the id in market_holidays. 22004 NULL, 22023 hours that cannot be, 23514 a date outside of the '
'calendar''s, a session that overlaps another, 42704 unknown calendar';
GRANT EXECUTE ON FUNCTION calendar.set_holiday(text, date, text, text, time, time, jsonb) TO bourse_admin;

CREATE FUNCTION calendar.remove_holiday(cal text, date date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    was_there boolean;
BEGIN
    PERFORM calendar_private.require_calendar(cal);
    PERFORM bourse_private.require_given('date', date);
    DELETE FROM calendar.market_holidays h USING calendar.trading_hours_templates t
    WHERE t.name = cal AND h.template_id = t.id AND h.date = date;
    was_there := FOUND;
    PERFORM calendar_private.require_possible(cal);
    RETURN was_there;
END
$$;
COMMENT ON FUNCTION calendar.remove_holiday(text, date) IS
'Gives a date back to its day of the week: takes away what set_holiday() or load_calendar() has said of it. Returns '
'whether there was anything. 22004 NULL, 23514 the session that comes back overlaps another, 42704 unknown calendar';
GRANT EXECUTE ON FUNCTION calendar.remove_holiday(text, date) TO bourse_admin;
