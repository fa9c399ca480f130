-- Triggers of the tables of calendars. Mappers name every column of a row and send NULL for those that their program
-- has not set: NULL becomes the default.

-- By the clock: what is said is kept, where nothing is said the time that follows is on the same day or the day after.
CREATE FUNCTION calendar_private.day_after(at time, said smallint, follows time, follows_offset smallint,
                                           is_later boolean) RETURNS smallint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT (CASE
        WHEN at IS NULL THEN NULL
        WHEN said IS NOT NULL THEN said + (at = '24:00')::integer
        ELSE coalesce(follows_offset, 0)
             + coalesce(at = '24:00' OR at < follows OR is_later AND at = follows, false)::integer END)::smallint
$$;
COMMENT ON FUNCTION calendar_private.day_after(time, smallint, time, smallint, boolean) IS
'How many days after the session''s date a time is that comes after another (is_later: never at the same moment)';

CREATE FUNCTION calendar_private.day_before(at time, said smallint, precedes time, precedes_offset smallint)
RETURNS smallint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT (CASE
        WHEN at IS NULL THEN NULL
        WHEN said IS NOT NULL THEN said + (at = '24:00')::integer
        ELSE coalesce(precedes_offset, 0) - coalesce(at < '24:00' AND at > precedes, false)::integer END)::smallint
$$;
COMMENT ON FUNCTION calendar_private.day_before(time, smallint, time, smallint) IS
'How many days after the session''s date a time is that comes before another, or is the same';

CREATE FUNCTION calendar_private.fill_template() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    NEW.timezone := coalesce(NEW.timezone, 'Asia/Kolkata');
    NEW.is_active := coalesce(NEW.is_active, true);
    NEW.created_at := coalesce(NEW.created_at, now());
    NEW.updated_at := coalesce(NEW.updated_at, now());
    PERFORM bourse_private.require_time_zone(NEW.timezone) WHERE NEW.timezone IS DISTINCT FROM OLD.timezone;
    PERFORM bourse_private.require_line(n.what, n.said)
    FROM (VALUES ('name', NEW.name, OLD.name), ('exchange', NEW.exchange, OLD.exchange)) n (what, said, was)
    WHERE n.said IS DISTINCT FROM n.was;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION calendar_private.fill_template() IS
'Trigger: NULL becomes the default; refuses a new zone that the server does not know, and a new name or exchange that '
'cannot be read (22023)';

CREATE FUNCTION calendar_private.fill_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    NEW.is_trading_day := coalesce(NEW.is_trading_day, true);
    NEW.breaks := calendar_private.stored_breaks(coalesce(NEW.breaks, '[]'));
    NEW.market_open_offset := calendar_private.day_after(NEW.market_open, NEW.market_open_offset, NULL, 0::smallint,
                                                         false);
    NEW.market_open := calendar_private.below_midnight(NEW.market_open);
    NEW.market_close_offset := calendar_private.day_after(NEW.market_close, NEW.market_close_offset, NEW.market_open,
                                                          NEW.market_open_offset, true);
    NEW.market_close := calendar_private.below_midnight(NEW.market_close);
    NEW.pre_market_end_offset := calendar_private.day_before(NEW.pre_market_end, NEW.pre_market_end_offset,
                                                             NEW.market_open, NEW.market_open_offset);
    NEW.pre_market_end := calendar_private.below_midnight(NEW.pre_market_end);
    NEW.pre_market_start_offset := calendar_private.day_before(NEW.pre_market_start, NEW.pre_market_start_offset,
                                                               NEW.pre_market_end, NEW.pre_market_end_offset);
    NEW.pre_market_start := calendar_private.below_midnight(NEW.pre_market_start);
    NEW.post_market_start_offset := calendar_private.day_after(NEW.post_market_start, NEW.post_market_start_offset,
                                                               NEW.market_close, NEW.market_close_offset, false);
    NEW.post_market_start := calendar_private.below_midnight(NEW.post_market_start);
    NEW.post_market_end_offset := calendar_private.day_after(
        NEW.post_market_end, NEW.post_market_end_offset, NEW.post_market_start, NEW.post_market_start_offset, false);
    NEW.post_market_end := calendar_private.below_midnight(NEW.post_market_end);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION calendar_private.fill_session() IS
'Trigger: NULL becomes the default, 24:00 becomes 00:00 of the day after, breaks become as they are stored';

CREATE FUNCTION calendar_private.fill_holiday() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_line('description', NEW.description)
    WHERE NEW.description <> '' AND NEW.description IS DISTINCT FROM OLD.description;
    NEW.holiday_type := coalesce(NEW.holiday_type, 'full_day');
    NEW.breaks := calendar_private.stored_breaks(nullif(NEW.breaks, 'null'));
    IF NEW.holiday_type = 'special' AND NEW.open_time_offset IS NULL AND NEW.close_time_offset IS NULL
       AND NEW.open_time < '24:00' AND NEW.close_time < '24:00' THEN
        SELECT d.open_day, d.close_day INTO NEW.open_time_offset, NEW.close_time_offset
        FROM calendar_private.days_of(NEW.template_id, NEW.date, NEW.open_time, NEW.close_time) d;
    END IF;
    NEW.open_time_offset := calendar_private.day_after(NEW.open_time, NEW.open_time_offset, NULL, 0::smallint, false);
    NEW.open_time := calendar_private.below_midnight(NEW.open_time);
    NEW.close_time_offset := calendar_private.day_after(NEW.close_time, NEW.close_time_offset, NEW.open_time,
                                                        NEW.open_time_offset, true);
    NEW.close_time := calendar_private.below_midnight(NEW.close_time);
    NEW.pre_market_end_offset := calendar_private.day_before(NEW.pre_market_end, NEW.pre_market_end_offset,
                                                             NEW.open_time, NEW.open_time_offset);
    NEW.pre_market_end := calendar_private.below_midnight(NEW.pre_market_end);
    NEW.pre_market_start_offset := calendar_private.day_before(NEW.pre_market_start, NEW.pre_market_start_offset,
                                                               NEW.pre_market_end, NEW.pre_market_end_offset);
    NEW.pre_market_start := calendar_private.below_midnight(NEW.pre_market_start);
    NEW.post_market_start_offset := calendar_private.day_after(NEW.post_market_start, NEW.post_market_start_offset,
                                                               NEW.close_time, NEW.close_time_offset, false);
    NEW.post_market_start := calendar_private.below_midnight(NEW.post_market_start);
    NEW.post_market_end_offset := calendar_private.day_after(
        NEW.post_market_end, NEW.post_market_end_offset, NEW.post_market_start, NEW.post_market_start_offset, false);
    NEW.post_market_end := calendar_private.below_midnight(NEW.post_market_end);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION calendar_private.fill_holiday() IS
'Trigger: as fill_session(); of a special session whose times both lie in the hours of its day of the week, each is on '
'the day that it has there, and breaks that are NULL stay so: they are those of the day of the week. Refuses a new '
'description that cannot be read (22023)';

CREATE FUNCTION calendar_private.below_midnight(at time) RETURNS time
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT CASE WHEN at = '24:00' THEN '00:00' ELSE at END
$$;
COMMENT ON FUNCTION calendar_private.below_midnight(time) IS
'24:00, which many clients cannot read, as 00:00; its day is one later then';

-- A new version of the template tells every session that what it has compiled is of yesterday, and has whoever edits
-- the same calendar wait: what both have changed is looked at together.
CREATE FUNCTION calendar_private.touch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    UPDATE calendar.trading_hours_templates t SET updated_at = clock_timestamp()
    WHERE t.id IN (SELECT c.template_id FROM changed c);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION calendar_private.touch() IS
'Trigger: makes a new version of the templates of which rows have come or gone';

CREATE FUNCTION calendar_private.touch_both() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    UPDATE calendar.trading_hours_templates t SET updated_at = clock_timestamp()
    WHERE t.id IN (SELECT c.template_id FROM changed c UNION ALL SELECT r.template_id FROM replaced r);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION calendar_private.touch_both() IS
'Trigger: makes a new version of the templates of which rows have been changed';

CREATE FUNCTION calendar_private.touch_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    UPDATE calendar.trading_hours_templates t SET updated_at = clock_timestamp();
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION calendar_private.touch_all() IS 'Trigger: makes a new version of every template';

CREATE FUNCTION calendar_private.require_possible() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM calendar_private.require_possible(t.name) FROM calendar.trading_hours_templates t WHERE t.id = NEW.id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION calendar_private.require_possible() IS
'Trigger: refuses rows that are no calendar (23514), as they are when the transaction commits';
