-- A time of which nobody has said the day.
CREATE FUNCTION calendar_private.days_of(template_id bigint, date date, opens time, closes time,
                                         OUT open_day smallint, OUT close_day smallint)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT o.day, c.day
    FROM calendar.trading_sessions s
    CROSS JOIN LATERAL (SELECT s.market_open_offset * interval '24 h' + s.market_open::interval,
                               s.market_close_offset * interval '24 h' + s.market_close::interval) h (opens, closes)
    JOIN generate_series(-1, 2) o (day)
      ON o.day * interval '24 h' + days_of.opens::interval >= h.opens
     AND o.day * interval '24 h' + days_of.opens::interval < h.closes
    JOIN generate_series(-1, 2) c (day)
      ON c.day * interval '24 h' + days_of.closes::interval > h.opens
     AND c.day * interval '24 h' + days_of.closes::interval <= h.closes
    WHERE s.template_id = days_of.template_id AND s.day_of_week = extract(isodow FROM days_of.date) - 1
      AND s.is_trading_day
      AND coalesce(s.valid_from <= days_of.date, true) AND coalesce(days_of.date <= s.valid_to, true)
$$;
COMMENT ON FUNCTION calendar_private.days_of(bigint, date, time, time) IS
'On which days, counted from the date, an opening and a close are when both lie within the hours of the day of the '
'week, which last a day at most: 17:00 is that of the evening before where sessions begin then. NULL: they do not';

CREATE FUNCTION calendar_private.require_hours(holiday_type text, open_time text, close_time text, breaks jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION calendar_private.require_hours(text, text, text, jsonb) IS
'Refuses another type, and hours that a holiday of its type cannot have (22023)';

CREATE FUNCTION calendar.set_holiday(cal text, date date, holiday_type text, description text DEFAULT NULL,
                                     open_time text DEFAULT NULL, close_time text DEFAULT NULL,
                                     breaks jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    day CONSTANT bigint := 86400000000;
    opens bigint;
    closes bigint;
    open_day smallint;
    close_day smallint;
    template_id bigint;
    open_at time;
    close_at time;
    said_breaks jsonb;
    holiday_id bigint;
BEGIN
    PERFORM calendar_private.require_calendar(cal);
    PERFORM bourse_private.require_given('date', date);
    PERFORM bourse_private.require_given('holiday_type', holiday_type);
    PERFORM calendar_private.require_hours(holiday_type, open_time, close_time, breaks);
    IF char_length(description) > 200 THEN
        PERFORM bourse.refuse('22023', 'the description is longer than 200 characters', 'Say it in fewer.');
    END IF;
    opens := calendar_private.time_of('open_time', open_time);
    closes := calendar_private.time_of('close_time', close_time);
    SELECT t.id INTO template_id FROM calendar.trading_hours_templates t WHERE t.name = cal FOR NO KEY UPDATE;
    -- A minus sign and hours from 24 on say the day.
    IF holiday_type = 'special' AND opens >= 0 AND opens < day AND closes >= 0 AND closes < day THEN
        SELECT d.open_day, d.close_day INTO open_day, close_day
        FROM calendar_private.days_of(template_id, date, time '00:00' + opens * interval '1 us',
                                      time '00:00' + closes * interval '1 us') d;
        opens := opens + coalesce(open_day, 0) * day;
        closes := closes + coalesce(close_day, 0) * day;
    END IF;
    IF closes - opens NOT BETWEEN 1 AND day THEN
        PERFORM bourse.refuse('22023', format('from %s to %s is no session', bourse_private.clip(open_time),
                                              bourse_private.clip(close_time)),
            'It closes after it opens, 24 hours later at most: write 26:30 for half past two the day after, -17:00 for '
            'five in the afternoon of the day before.');
    END IF;
    open_day := floor(opens / day::numeric);
    open_at := time '00:00' + (opens - open_day * day) * interval '1 us';
    close_day := floor(closes / day::numeric);
    close_at := time '00:00' + (closes - close_day * day) * interval '1 us';
    said_breaks := calendar_private.stored_breaks(nullif(breaks, 'null'));
    SELECT h.id INTO holiday_id FROM calendar.market_holidays h WHERE h.template_id = template_id AND h.date = date;
    IF holiday_id IS NULL THEN
        INSERT INTO calendar.market_holidays AS h (template_id, date, holiday_type, description, open_time,
                                                   open_time_offset, close_time, close_time_offset, breaks)
        VALUES (template_id, date, holiday_type, description, open_at, open_day, close_at, close_day, said_breaks)
        RETURNING h.id INTO holiday_id;
    ELSE
        UPDATE calendar.market_holidays h
        SET holiday_type = set_holiday.holiday_type, description = set_holiday.description, open_time = open_at,
            open_time_offset = open_day, close_time = close_at, close_time_offset = close_day, breaks = said_breaks,
            pre_market_start = NULL, pre_market_end = NULL, post_market_start = NULL, post_market_end = NULL
        WHERE h.id = holiday_id
          AND (h.holiday_type, h.description, h.open_time, h.open_time_offset, h.close_time, h.close_time_offset,
               h.breaks, h.pre_market_start, h.post_market_start)
              IS DISTINCT FROM
              (holiday_type, description, open_at, open_day, close_at, close_day, said_breaks, NULL, NULL);
    END IF;
    PERFORM calendar_private.require_possible(cal);
    RETURN holiday_id;
END
$$;
COMMENT ON FUNCTION calendar.set_holiday(text, date, text, text, text, text, jsonb) IS
'What a date has in place of its day of the week. full_day: no session; muhurat, special: a session from open_time to '
'close_time by the clock of the zone, or without hours none. Times are those of load_calendar(): "09:30", "-17:00" '
'for five in the afternoon of the day before the date, "26:30" for half past two the day after. When neither says its '
'day, and both lie in the hours of a special session''s day of the week, they are on the days that they have there: '
'17:00 is the evening before where sessions begin then. Of a special session breaks, pre-market and post-market are '
'those of the day of the week, as load_calendar() has them: breaks that lie within its hours, the others moved with '
'it; breaks like [["11:30", "12:30"]] say which it has, [] that it has none. What the date had before is replaced. '
'Seen by the next statement of every session. Returns the id in market_holidays. 22004 NULL, 22023 hours that cannot '
'be, 23514 a date outside of the calendar''s, a session that overlaps another, 42704 unknown calendar';
GRANT EXECUTE ON FUNCTION calendar.set_holiday(text, date, text, text, text, text, jsonb) TO bourse_admin;

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
