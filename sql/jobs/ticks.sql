-- Ticks: the times at which a schedule is due.

CREATE FUNCTION jobs_private.cron_tick(cron text, timezone text, after timestamptz) RETURNS timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'cron_tick_wrapper';
COMMENT ON FUNCTION jobs_private.cron_tick(text, text, timestamptz) IS
'The first tick of a cron expression in a time zone after this time. 22008 outside of the years 1900 to 4899, 22023 no '
'expression, no zone';

CREATE FUNCTION jobs_private.cron_ticks(cron text, timezone text, after timestamptz, n integer)
RETURNS SETOF timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'cron_ticks_wrapper';
COMMENT ON FUNCTION jobs_private.cron_ticks(text, text, timestamptz, integer) IS
'The first n ticks after this time. SQLSTATEs as cron_tick()';

CREATE FUNCTION jobs_private.cron_due(cron text, timezone text, first timestamptz, until timestamptz, most integer)
RETURNS SETOF timestamptz
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'cron_due_wrapper';
COMMENT ON FUNCTION jobs_private.cron_due(text, text, timestamptz, timestamptz, integer) IS
'The ticks from first, which is one, to until, the newest of them when there are more than most, in order; and as the '
'last row the tick after until';

-- With a calendar: @open+15m and @close-5m are so many minutes after and before a bell.
CREATE FUNCTION jobs_private.bell(cron text, OUT bell text, OUT distance interval)
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    parts text[] := regexp_match(btrim(cron) COLLATE "C", '^@(open|close)(?:([+-][0-9]{1,3})m)?$', 'i');
BEGIN
    bell := lower(parts[1] COLLATE "C");
    distance := make_interval(mins => coalesce(parts[2], '0')::integer);
END
$$;
COMMENT ON FUNCTION jobs_private.bell(text) IS
'The bell of a calendar that an expression names, and how long after it it is due; NULL: it is a cron expression';

-- All that is asked of calendars is asked here.
CREATE FUNCTION jobs_private.next_bell(calendar text, bell text, after timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    RETURN CASE bell WHEN 'open' THEN calendar.next_open(calendar, after)
                     ELSE calendar.next_close(calendar, after) END;
END
$$;
COMMENT ON FUNCTION jobs_private.next_bell(text, text, timestamptz) IS
'When a calendar opens, or closes, next. 22008 outside of its years, 42704 no such calendar';

CREATE FUNCTION jobs_private.is_session_day(calendar text, day date) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    RETURN calendar.is_session(calendar, day);
END
$$;
COMMENT ON FUNCTION jobs_private.is_session_day(text, date) IS
'Whether a calendar has a session that is labelled with this day. 22008 outside of its years, 42704 no such calendar';

CREATE FUNCTION jobs_private.next_tick(cron text, timezone text, calendar text, after timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    named record := jobs_private.bell(cron);
    tick timestamptz := after;
    day date;
BEGIN
    IF named.bell IS NULL AND lower(btrim(cron) COLLATE "C") ~ '^@(open|close)' THEN
        PERFORM bourse.refuse('22023', format('cron %s is no time beside a bell', bourse_private.quoted(cron)),
            '@open, @close, or up to 999 minutes before or after, as @open+15m and @close-5m.');
    ELSIF calendar IS NULL AND named.bell IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('cron %s is a bell of no calendar', bourse_private.quoted(cron)),
            'Name the trading calendar, as calendar => ''XNYS''.');
    ELSIF calendar IS NULL THEN
        RETURN jobs_private.cron_tick(cron, timezone, after);
    ELSIF named.bell IS NOT NULL THEN
        RETURN jobs_private.next_bell(calendar, named.bell, after - named.distance) + named.distance;
    END IF;
    LOOP
        tick := jobs_private.cron_tick(cron, timezone, tick);
        day := (tick AT TIME ZONE timezone)::date;
        EXIT WHEN jobs_private.is_session_day(calendar, day);
        -- On to the next day; an expression of every second has 86,400 ticks on this one.
        tick := greatest(tick, ((day + 1)::timestamp AT TIME ZONE timezone) - interval '1 second');
    END LOOP;
    RETURN tick;
END
$$;
COMMENT ON FUNCTION jobs_private.next_tick(text, text, text, timestamptz) IS
'The first tick after this time of an expression that may be tied to a calendar: only days in the zone on which it has '
'a session, or its bells. SQLSTATEs as cron_tick(), next_bell(), is_session_day()';

-- The newest days first, until there are enough: days without a session have no ticks.
CREATE FUNCTION jobs_private.due_on_sessions(cron text, timezone text, calendar text, first timestamptz,
                                             until timestamptz, most integer) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    ticks timestamptz[] := '{}';
    day date := (until AT TIME ZONE timezone)::date;
    ends timestamptz;
    tick timestamptz;
BEGIN
    WHILE day >= (first AT TIME ZONE timezone)::date AND cardinality(ticks) < most LOOP
        IF jobs_private.is_session_day(calendar, day) THEN
            ends := least(until, ((day + 1)::timestamp AT TIME ZONE timezone) - interval '1 microsecond');
            tick := jobs_private.cron_tick(cron, timezone, greatest(first, day::timestamp AT TIME ZONE timezone)
                                                           - interval '1 microsecond');
            IF tick <= ends THEN
                ticks := ARRAY(SELECT d FROM jobs_private.cron_due(cron, timezone, tick, ends,
                                                                   most - cardinality(ticks)) d WHERE d <= ends)
                         || ticks;
            END IF;
        END IF;
        day := day - 1;
    END LOOP;
    RETURN ticks;
END
$$;
COMMENT ON FUNCTION jobs_private.due_on_sessions(text, text, text, timestamptz, timestamptz, integer) IS
'The ticks from first to until on days on which a calendar has a session, the newest of them when there are more than '
'most, in order. SQLSTATEs as cron_tick(), is_session_day()';

CREATE FUNCTION jobs_private.due_ticks(cron text, timezone text, calendar text, first timestamptz, until timestamptz,
                                       most integer) RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    named record := jobs_private.bell(cron);
    tick timestamptz := first;
    ticks timestamptz[] := ARRAY[first];
BEGIN
    IF named.bell IS NULL THEN
        ticks := jobs_private.due_on_sessions(cron, timezone, calendar, first, until, most);
        -- The first is due whatever expression and calendar say by now.
        IF cardinality(ticks) < most AND ticks[1] IS DISTINCT FROM first THEN
            ticks := first || ticks;
        END IF;
        RETURN QUERY SELECT t FROM unnest(ticks) t;
        RETURN;
    END IF;
    LOOP
        BEGIN
            tick := jobs_private.next_tick(cron, timezone, calendar, tick);
        EXCEPTION WHEN datetime_field_overflow THEN
            EXIT;
        END;
        EXIT WHEN tick > until;
        ticks := ticks || tick;
    END LOOP;
    RETURN QUERY SELECT t FROM unnest(ticks[greatest(1, cardinality(ticks) - most + 1):]) t;
END
$$;
COMMENT ON FUNCTION jobs_private.due_ticks(text, text, text, timestamptz, timestamptz, integer) IS
'The due ticks that cron_due() gives, of an expression that is tied to a calendar; up to the end of its years';

CREATE FUNCTION jobs.next_ticks(cron text, timezone text DEFAULT 'UTC', after timestamptz DEFAULT now(),
                                n integer DEFAULT 1, calendar text DEFAULT NULL) RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    tick timestamptz := after;
BEGIN
    PERFORM bourse_private.require_given('cron', cron), bourse_private.require_given('timezone', timezone),
            bourse_private.require_given('after', after), bourse_private.require_given('n', n);
    IF n NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('n is %s', n), 'Ask for 1 to 10000 ticks.');
    END IF;
    PERFORM bourse_private.require_time_zone(timezone);
    IF calendar IS NULL AND lower(btrim(cron) COLLATE "C") !~ '^@(open|close)' THEN
        RETURN QUERY SELECT t FROM jobs_private.cron_ticks(cron, timezone, after, n) t;
        RETURN;
    END IF;
    tick := jobs_private.next_tick(cron, timezone, calendar, tick);
    RETURN NEXT tick;
    FOR i IN 2 .. n LOOP
        -- Near the end of a calendar there are fewer.
        BEGIN
            tick := jobs_private.next_tick(cron, timezone, calendar, tick);
        EXCEPTION WHEN datetime_field_overflow THEN
            RETURN;
        END;
        RETURN NEXT tick;
    END LOOP;
END
$$;
COMMENT ON FUNCTION jobs.next_ticks(text, text, timestamptz, integer, text) IS
'The next n times at which a cron expression is due in a time zone, each after the one before; of a schedule with a '
'trading calendar only those on its sessions, or at its bells, and no more than there are before it ends. 22004 NULL, '
'22008 outside of the years 1900 to 4899, or none before the calendar ends, 22023 no expression, no zone, n out of '
'bounds, 42704 no such calendar';
GRANT EXECUTE ON FUNCTION jobs.next_ticks(text, text, timestamptz, integer, text)
    TO bourse_viewer, bourse_worker, bourse_monitor;
