-- Heartbeats. Whoever writes one holds its row and never waits for a bot: steps lock the bot first, then this row.

CREATE FUNCTION trading_private.wake(bot_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    was text;
BEGIN
    -- A step that was taken while a heartbeat was being written has left its row as it was.
    UPDATE trading.bot_heartbeats h SET awaited_since = NULL, silent_since = NULL
    FROM trading.bot_accounts b
    WHERE b.id = h.bot_id AND h.bot_id = ANY (bot_ids) AND b.status NOT IN ('starting', 'error');
    FOR bot IN SELECT b.id, b.user_id, b.status FROM trading.bot_accounts b
               WHERE b.id = ANY (bot_ids) AND b.status IN ('starting', 'error')
               ORDER BY b.id FOR NO KEY UPDATE SKIP LOCKED LOOP
        IF bot.status = 'starting' THEN
            PERFORM trading_private.take_step(bot.id, bot.status, 'heartbeat', 'running');
        ELSIF EXISTS (SELECT FROM trading.bot_heartbeats h WHERE h.bot_id = bot.id AND h.silent_since IS NOT NULL)
              -- Nobody knows what it holds.
              AND NOT EXISTS (SELECT FROM trading.unbooked_fills u
                              WHERE u.user_id = bot.user_id AND u.bot_id = bot.id) THEN
            SELECT nullif(e.old_status, 'starting') INTO was FROM trading.bot_events e
            WHERE e.user_id = bot.user_id AND e.bot_id = bot.id AND e.event = 'silence' ORDER BY e.id DESC LIMIT 1;
            PERFORM trading_private.take_step(bot.id, bot.status, 'recover', coalesce(was, 'running')),
                    trading_private.settle(bot.id);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION trading_private.wake(bigint[]) IS
'Bots that have just been heard of: those that were awaited run, those that were silent go on where they were. One in '
'which somebody else is taking a step has its next heartbeat for it';

-- A row that somebody else is writing is skipped: it has a heartbeat, or a step, and nobody waits for another's bot.
CREATE FUNCTION trading.heartbeats(bot_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100000;
    beaten bigint;
    waking bigint[];
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('bot_ids', bot_ids);
    IF cardinality(bot_ids) > most THEN
        PERFORM bourse.refuse('54000', format('%s heartbeats in one call', cardinality(bot_ids)),
            format('Send up to %s in a call.', most));
    END IF;
    IF NOT identity.acts_for_all() THEN
        bot_ids := ARRAY(SELECT b.id FROM trading.bot_accounts b
                         WHERE b.id = ANY (bot_ids) AND b.user_id = identity.current_user_id());
    END IF;
    WITH held AS MATERIALIZED (
        SELECT h.ctid AS place, h.bot_id, h.awaited_since IS NOT NULL OR h.silent_since IS NOT NULL AS wakes
        FROM trading.bot_heartbeats h WHERE h.bot_id = ANY (bot_ids) FOR NO KEY UPDATE SKIP LOCKED
    ), beats AS (
        UPDATE trading.bot_heartbeats h SET last_heartbeat = clock_timestamp()
        FROM held WHERE h.ctid = held.place RETURNING held.bot_id, held.wakes
    )
    SELECT count(*), array_agg(b.bot_id) FILTER (WHERE b.wakes) INTO beaten, waking FROM beats b;
    IF waking IS NOT NULL THEN
        PERFORM trading_private.wake(waking);
    END IF;
    RETURN beaten;
END
$$;
COMMENT ON FUNCTION trading.heartbeats(bigint[]) IS
'The heartbeats of many bots in one call, and how many were written: those that are not there, or of users whom the '
'session does not act for, are none, nor are those that another session is writing just now. A bot that was awaited '
'runs, one that was silent goes on where it was. 22004 NULL, 54000 more than 100,000';

CREATE FUNCTION trading.heartbeat(bot_id bigint, progress jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    wakes boolean;
BEGIN
    PERFORM trading_private.require_bot(bot_id);
    IF jsonb_typeof(progress) <> 'object' OR octet_length(progress::text) > 8192 THEN
        PERFORM bourse.refuse('22023',
            format('progress is a JSON %s of %s bytes', jsonb_typeof(progress), octet_length(progress::text)),
            'Give a JSON object of up to 8192 bytes, or NULL.');
    END IF;
    PERFORM bourse_private.require_shallow('progress', progress);
    UPDATE trading.bot_heartbeats h
    SET last_heartbeat = clock_timestamp(), progress = coalesce(bourse_private.redact(progress), h.progress)
    WHERE h.bot_id = bot_id
    RETURNING h.awaited_since IS NOT NULL OR h.silent_since IS NOT NULL INTO wakes;
    IF wakes THEN
        PERFORM trading_private.wake(ARRAY[bot_id]);
    END IF;
    RETURN (SELECT b.status FROM trading.bot_accounts b WHERE b.id = bot_id);
END
$$;
COMMENT ON FUNCTION trading.heartbeat(bigint, jsonb) IS
'A bot says that it is there, and how it is getting on: progress, a JSON object of up to 8192 bytes; NULL leaves what '
'it has told last, secrets are redacted. Returns its status: what it may do now. One that was awaited runs, one that '
'was silent goes on where it was. 22004 NULL bot, 22023 progress, 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.heartbeats(bigint[]), trading.heartbeat(bigint, jsonb)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION trading_private.report_bots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    silent bigint[] := ARRAY(SELECT h.bot_id FROM trading.bot_heartbeats h WHERE h.silent_since IS NOT NULL
                             ORDER BY h.bot_id LIMIT 100);
BEGIN
    PERFORM messaging_private.record_health(
        'trading_bot', NULL, silent = '{}', NULL,
        format('silent bots: %s', array_to_string(silent[:10], ', ') || CASE WHEN silent[11] IS NOT NULL THEN ' …'
                                                                             ELSE '' END),
        jsonb_build_object('silent', silent));
END
$$;
COMMENT ON FUNCTION trading_private.report_bots() IS
'Reports on the system trading_bot: it fails while bots are silent, and tells which, up to 100. A sweep does, and no '
'heartbeat: it would hold the row for as long as its transaction lasts';

CREATE FUNCTION trading_private.sweep(silent interval, most integer)
RETURNS TABLE (bot_id bigint, last_heartbeat timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    until CONSTANT timestamptz := clock_timestamp() - silent;
    suspect record;
BEGIN
    FOR suspect IN
        SELECT h.bot_id, coalesce(h.last_heartbeat, h.awaited_since) AS at, b.status
        FROM trading.bot_heartbeats h JOIN trading.bot_accounts b ON b.id = h.bot_id
        WHERE h.is_watched AND coalesce(h.last_heartbeat, h.awaited_since) < until
        ORDER BY 2 LIMIT most FOR NO KEY UPDATE OF b SKIP LOCKED
    LOOP
        -- It may have been heard of since, or be just now.
        SELECT h.bot_id, h.last_heartbeat INTO bot_id, last_heartbeat FROM trading.bot_heartbeats h
        WHERE h.bot_id = suspect.bot_id AND h.is_watched AND coalesce(h.last_heartbeat, h.awaited_since) < until
        FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        IF suspect.status NOT IN ('starting', 'running', 'paused', 'stopping') THEN
            -- A step that was taken while a heartbeat was being written has left its row as it was.
            UPDATE trading.bot_heartbeats h SET is_watched = false, awaited_since = NULL WHERE h.bot_id = bot_id;
            CONTINUE;
        END IF;
        PERFORM trading_private.take_step(suspect.bot_id, suspect.status, 'silence', 'error', jsonb_build_object(
            'error', format('no heartbeat since %s', to_char(suspect.at AT TIME ZONE 'UTC',
                                                             'YYYY-MM-DD HH24:MI:SS "UTC"'))));
        PERFORM trading_private.mark_unwanted(suspect.bot_id);
        RETURN NEXT;
    END LOOP;
    -- The same of one that was silent: it is no more.
    UPDATE trading.bot_heartbeats h SET silent_since = NULL WHERE h.ctid = ANY (ARRAY(
        SELECT s.ctid FROM trading.bot_heartbeats s JOIN trading.bot_accounts b ON b.id = s.bot_id
        WHERE s.silent_since IS NOT NULL AND b.status <> 'error' FOR NO KEY UPDATE OF s SKIP LOCKED));
    PERFORM trading_private.cancel_unwanted(100), trading_private.report_bots();
END
$$;
COMMENT ON FUNCTION trading_private.sweep(interval, integer) IS
'What sweep_bots() does for a caller who may, and up to 100 orders that are to be cancelled. Reads a narrow row for '
'each bot; bots that somebody else has locked are '
'left to the next call';

CREATE FUNCTION trading.sweep_bots(silent interval DEFAULT '90 seconds', "limit" integer DEFAULT 1000)
RETURNS TABLE (bot_id bigint, last_heartbeat timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_operator();
    IF (silent BETWEEN interval '1 second' AND interval '1000 days' AND "limit" BETWEEN 1 AND 10000) IS NOT TRUE THEN
        PERFORM bourse.refuse('22023',
            format('silent is %s, limit %s', coalesce(silent::text, 'NULL'), coalesce("limit"::text, 'NULL')),
            'Give an interval of 1 second to 1000 days, and 1 to 10000 bots.');
    END IF;
    PERFORM bourse_private.require_read_committed('sweep_bots()');
    RETURN QUERY SELECT s.bot_id, s.last_heartbeat FROM trading_private.sweep(silent, "limit") s;
END
$$;
COMMENT ON FUNCTION trading.sweep_bots(interval, integer) IS
'Has bots fail that are at work and have not been heard of for so long, up to so many, those first that have been '
'silent longest, and returns them. Their resting entries on our exchange are cancelled. A bot that has sent no '
'heartbeat since it was started is watched only if it is awaited. Reports on the system trading_bot to '
'messaging.system_health. The ticker of the platform does it every 10 seconds. For operators. 22023 an argument, 25001 '
'not under READ COMMITTED, 42501 a session that acts for one user';
GRANT EXECUTE ON FUNCTION trading.sweep_bots(interval, integer) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION trading_private.tick_bots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF EXISTS (SELECT FROM messaging.system_health h
               WHERE h.system = 'trading_bot' AND coalesce(h.component, '') = ''
                 AND h.checked_at > clock_timestamp() - interval '10 seconds')
       OR NOT EXISTS (SELECT FROM trading.bot_heartbeats h) THEN
        RETURN;
    END IF;
    -- What is cancelled holds its market to the end: that comes last.
    PERFORM trading_private.sync_behind(NULL, lasting => interval '2 seconds');
    PERFORM trading_private.sweep(interval '90 seconds', 1000);
END
$$;
COMMENT ON FUNCTION trading_private.tick_bots() IS
'What the ticker of the platform does for bots, once there is one: sweep_bots() and sync_fills() every 10 seconds';
