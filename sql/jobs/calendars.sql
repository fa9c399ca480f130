-- Schedules that are tied to a trading calendar keep the version of it from which their next tick was computed: a
-- schedule with another version than the calendar has now is asked anew before it is due.

-- Nothing is waited for: who holds a schedule holds up neither whoever edits a calendar nor the ticks of others.
CREATE FUNCTION jobs_private.heed_calendar(cal text, at timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    moved bigint;
BEGIN
    WITH held AS MATERIALIZED (
        SELECT s.id, s.cron, s.timezone, s.next_run_at, t.updated_at AS version
        FROM calendar.trading_hours_templates t
        JOIN jobs.schedules s ON s.calendar = t.name AND s.enabled AND s.calendar_version <> t.updated_at
        WHERE t.name = cal LIMIT most
        FOR NO KEY UPDATE OF s SKIP LOCKED
    ), patterns AS MATERIALIZED (
        -- Many schedules share one.
        SELECT p.cron, p.timezone, n.tick, n.problem
        FROM (SELECT DISTINCT h.cron, h.timezone FROM held h) p
        CROSS JOIN LATERAL jobs_private.tick_or_problem(p.cron, p.timezone, cal, at) n
    ), asked AS MATERIALIZED (
        -- What was due before the calendar changed is due still; what came after only if it is a tick of it.
        SELECT h.*, CASE WHEN h.next_run_at > at OR h.next_run_at IS NULL THEN false
                         WHEN h.next_run_at <= h.version THEN true
                         ELSE coalesce((jobs_private.tick_or_problem(h.cron, h.timezone, cal,
                                            h.next_run_at - interval '1 us')).tick = h.next_run_at, false) END AS is_due
        FROM held h
    )
    UPDATE jobs.schedules s
    SET calendar_version = a.version,
        next_run_at = CASE WHEN a.is_due THEN s.next_run_at ELSE p.tick END,
        -- A problem stays said until a tick has gone well.
        problem = CASE WHEN a.is_due THEN s.problem ELSE coalesce(p.problem, s.problem) END,
        problem_at = CASE WHEN a.is_due OR p.problem IS NULL THEN s.problem_at ELSE at END
    FROM asked a JOIN patterns p ON p.cron = a.cron AND p.timezone = a.timezone
    WHERE s.id = a.id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved > 0 THEN
        PERFORM bourse_private.notify('scheduler_updates', 'reload');
    END IF;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION jobs_private.heed_calendar(text, timestamptz, integer) IS
'Moves the next ticks of up to so many schedules of a calendar that has changed; those that somebody is changing are '
'passed over. Returns of how many';

CREATE FUNCTION jobs_private.changed_calendars() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT t.name FROM calendar.trading_hours_templates t
    WHERE EXISTS (SELECT FROM jobs.schedules s
                  WHERE s.calendar = t.name AND s.enabled AND s.calendar_version < t.updated_at)
       OR EXISTS (SELECT FROM jobs.schedules s
                  WHERE s.calendar = t.name AND s.enabled AND s.calendar_version > t.updated_at)
$$;
COMMENT ON FUNCTION jobs_private.changed_calendars() IS
'The calendars that have changed since the next ticks of their schedules were computed. Two probes of an index each';

-- When the transaction commits: the rows of a calendar are one by then, and schedules are locked no longer than that.
CREATE FUNCTION jobs_private.heed_calendar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    -- Under another isolation level a schedule that has been ticked meanwhile would fail the change of the calendar.
    IF current_setting('transaction_isolation') = 'read committed' THEN
        PERFORM jobs_private.heed_calendar(NEW.name, clock_timestamp(), 10000);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION jobs_private.heed_calendar() IS
'Trigger: a calendar has changed, so the next ticks of its schedules move. tick() does those that are left';
