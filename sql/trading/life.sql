-- The life of bots. One function takes a step, and one table says which there are.

CREATE FUNCTION trading.bot_transitions() RETURNS TABLE (old_status text, step text, new_status text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, trading, pg_temp AS $$
    VALUES
        ('created',  'start',     'running',  'start_bot(): it may open and close positions'),
        ('created',  'start',     'starting', 'start_bot(await_heartbeat => true): its first heartbeat has it run'),
        ('stopped',  'start',     'running',  'as created'),
        ('stopped',  'start',     'starting', 'as created'),
        ('error',    'start',     'running',  'as created: somebody has looked at it'),
        ('error',    'start',     'starting', 'as created'),
        ('starting', 'heartbeat', 'running',  'its program is there'),
        ('starting', 'pause',     'paused',   'pause_bot(): it may only close positions'),
        ('running',  'pause',     'paused',   'as starting'),
        ('paused',   'resume',    'running',  'resume_bot()'),
        ('starting', 'stop',      'stopped',  'stop_bot(): its resting orders are cancelled, it opens nothing'),
        ('running',  'stop',      'stopped',  'as starting'),
        ('paused',   'stop',      'stopped',  'as starting'),
        ('error',    'stop',      'stopped',  'as starting'),
        ('stopping', 'stop',      'stopped',  'stop_bot(): positions stay open after all'),
        ('running',  'stop',      'stopping', 'stop_bot(close_positions => true): exits only, until it is flat'),
        ('paused',   'stop',      'stopping', 'as running'),
        ('error',    'stop',      'stopping', 'as running'),
        ('stopping', 'settle',    'stopped',  'the last position is closed'),
        ('starting', 'fail',      'error',    'fail_bot(): error_count counts it'),
        ('running',  'fail',      'error',    'as starting'),
        ('paused',   'fail',      'error',    'as starting'),
        ('stopping', 'fail',      'error',    'as starting'),
        ('starting', 'silence',   'error',    'sweep_bots(): no heartbeat for too long'),
        ('running',  'silence',   'error',    'as starting'),
        ('paused',   'silence',   'error',    'as starting'),
        ('stopping', 'silence',   'error',    'as starting'),
        ('error',    'recover',   'running',  'a heartbeat of a bot that was silent: it goes on where it was'),
        ('error',    'recover',   'paused',   'as running'),
        ('error',    'recover',   'stopping', 'as running'),
        ('created',  'disable',   'disabled', 'disable_bot(): operators take it out of use'),
        ('starting', 'disable',   'disabled', 'as created'),
        ('running',  'disable',   'disabled', 'as created'),
        ('paused',   'disable',   'disabled', 'as created'),
        ('stopping', 'disable',   'disabled', 'as created'),
        ('stopped',  'disable',   'disabled', 'as created'),
        ('error',    'disable',   'disabled', 'as created'),
        ('disabled', 'enable',    'stopped',  'enable_bot(): it may be started again')
$$;
COMMENT ON FUNCTION trading.bot_transitions() IS
'The steps in the life of a bot: from which status, the step, to which status, who takes it. Any other is refused '
'(55000)';
GRANT EXECUTE ON FUNCTION trading.bot_transitions() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION trading_private.refuse_step(bot_id bigint, status text, attempt text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    -- What the platform does by itself is nobody's to call, and disabling no way out.
    allowed text := (SELECT string_agg(DISTINCT t.step || '_bot()', ', ') FROM trading.bot_transitions() t
                     WHERE t.old_status = status AND t.step IN ('start', 'pause', 'resume', 'stop', 'fail'));
BEGIN
    PERFORM bourse.refuse('55000', format('bot %s cannot %s: its status is %s', bot_id, attempt, status),
        format('Now it takes %s. trading.bot_transitions() has all steps.',
            coalesce(allowed, 'enable_bot() of an operator')));
END
$$;
COMMENT ON FUNCTION trading_private.refuse_step(bigint, text, text) IS
'Says that a bot cannot do this in its status, and what it can (55000)';

-- The bot is locked. Who awaits or misses its heartbeats is told in the same row that they are written to.
CREATE FUNCTION trading_private.take_step(bot_id bigint, status text, step text, new_status text,
                                          detail jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    failed CONSTANT boolean := step IN ('fail', 'silence');
    is_free boolean;
    owner bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM trading.bot_transitions() t
                   WHERE t.old_status = status AND t.step = step AND t.new_status = new_status) THEN
        PERFORM trading_private.refuse_step(bot_id, status, step);
    END IF;
    UPDATE trading.bot_accounts b
    SET status = new_status,
        started_at = CASE step WHEN 'start' THEN moment ELSE b.started_at END,
        stopped_at = CASE new_status WHEN 'stopped' THEN moment ELSE b.stopped_at END,
        error_count = b.error_count + failed::integer,
        last_error = CASE WHEN failed THEN detail ->> 'error' ELSE b.last_error END
    WHERE b.id = bot_id RETURNING b.user_id INTO owner;
    -- Whoever is writing a heartbeat is not waited for, but to start: what is missed here the next look of the sweep
    -- mends, and nothing that is at work goes unwatched.
    PERFORM FROM trading.bot_heartbeats h WHERE h.bot_id = bot_id FOR NO KEY UPDATE SKIP LOCKED;
    is_free := FOUND;
    UPDATE trading.bot_heartbeats h
    SET is_watched = new_status IN ('starting', 'running', 'paused', 'stopping'),
        awaited_since = CASE new_status WHEN 'starting' THEN moment END,
        silent_since = CASE step WHEN 'silence' THEN moment END,
        last_heartbeat = CASE step WHEN 'start' THEN NULL ELSE h.last_heartbeat END
    WHERE h.bot_id = bot_id AND (is_free OR step = 'start');
    INSERT INTO trading.bot_events (user_id, bot_id, at, event, old_status, new_status, detail)
    VALUES (owner, bot_id, moment, step, status, new_status, nullif(jsonb_strip_nulls(detail), '{}'));
    RETURN new_status;
END
$$;
COMMENT ON FUNCTION trading_private.take_step(bigint, text, text, text, jsonb) IS
'Takes a step in the life of a bot that is locked and has this status, and returns the new one. Refuses one that '
'bot_transitions() does not have (55000)';

CREATE FUNCTION trading.start_bot(bot_id bigint, await_heartbeat boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    bot record;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM bourse_private.require_given('await_heartbeat', await_heartbeat);
    PERFORM bourse.refuse('55000', format('trades of bot %s are not in its books', start_bot.bot_id),
                          'trading.unbooked_fills says why: trading.retry_fills() books them once that is mended.')
    FROM trading.unbooked_fills u WHERE u.user_id = bot.user_id AND u.bot_id = start_bot.bot_id LIMIT 1;
    RETURN trading_private.take_step(bot_id, bot.status, 'start',
                                     CASE WHEN await_heartbeat THEN 'starting' ELSE 'running' END);
END
$$;
COMMENT ON FUNCTION trading.start_bot(bigint, boolean) IS
'Starts a bot that was created, stopped or has failed, and returns its status: running. await_heartbeat: starting, and '
'its first heartbeat has it run; if none comes, sweep_bots() has it fail. 22004 NULL, 42704 no such bot, or of another '
'user, 55000 not from its status, or trades of it could not be booked';

CREATE FUNCTION trading.pause_bot(bot_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    withdrawn jsonb;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    withdrawn := trading_private.withdraw_orders(bot_id, exits_too => false);
    PERFORM trading_private.take_step(bot_id, bot.status, 'pause', 'paused', withdrawn),
            trading_private.try_to_sync(bot_id);
    RETURN (SELECT b.status FROM trading.bot_accounts b WHERE b.id = bot_id);
END
$$;
COMMENT ON FUNCTION trading.pause_bot(bigint) IS
'Has a bot open nothing more; it may close what is open. Its resting entries on our exchange are cancelled, its exits '
'stay. Returns its status. 22004 NULL, 42704 no such bot, or of another user, 55000 not from its status';

CREATE FUNCTION trading.resume_bot(bot_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    bot record;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    RETURN trading_private.take_step(bot_id, bot.status, 'resume', 'running');
END
$$;
COMMENT ON FUNCTION trading.resume_bot(bigint) IS
'Ends the pause of a bot. Returns its status. 22004 NULL, 42704 no such bot, or of another user, 55000 not from its '
'status';

-- A bot that was stopping may turn out to be flat, and stopped, once its trades are booked.
CREATE FUNCTION trading.stop_bot(bot_id bigint, close_positions boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    was record;
    bot record;
    withdrawn jsonb;
BEGIN
    SELECT * INTO was FROM trading_private.lock_bot(bot_id);
    PERFORM bourse_private.require_given('close_positions', close_positions);
    withdrawn := trading_private.withdraw_orders(bot_id, exits_too => NOT close_positions);
    PERFORM trading_private.try_to_sync(bot_id);
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    IF bot.status = 'stopped' AND was.status <> 'stopped' THEN
        RETURN bot.status;
    END IF;
    RETURN trading_private.take_step(
        bot_id, bot.status, 'stop',
        CASE WHEN close_positions AND bot.open_positions > 0 THEN 'stopping' ELSE 'stopped' END, withdrawn);
END
$$;
COMMENT ON FUNCTION trading.stop_bot(bigint, boolean) IS
'Stops a bot: in this transaction its resting orders on our exchange are cancelled, and no more are taken; what is '
'open stays open. close_positions: while positions are open it is stopping, which keeps its exits and takes more of '
'them, and it is stopped when the last one is closed. An order that its market does not let go now (halted) is '
'cancelled by the ticker, once it does. Returns its status. 22004 NULL, 42704 no such bot, or of another user, 55000 '
'not from its status';

CREATE FUNCTION trading_private.settle(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM trading_private.take_step(b.id, b.status, 'settle', 'stopped')
    FROM trading.bot_accounts b WHERE b.id = bot_id AND b.status = 'stopping' AND b.open_positions = 0;
    IF FOUND THEN
        UPDATE trading.bot_orders o SET is_unwanted = true WHERE o.bot_id = bot_id AND NOT o.is_settled;
    ELSE
        PERFORM trading_private.mark_unwanted(b.id) FROM trading.bot_accounts b
        WHERE b.id = bot_id AND b.status IN ('paused', 'stopping', 'error');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.settle(bigint) IS
'A bot that is locked, stopping and flat is stopped; exits of one that may only close, beyond what is still open, are '
'to be cancelled. For whatever books fills';

CREATE FUNCTION trading.fail_bot(bot_id bigint, error text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    bot record;
    withdrawn jsonb;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM bourse_private.require_given('error', error, 'Say what has failed.');
    withdrawn := trading_private.withdraw_orders(bot_id, exits_too => false);
    PERFORM trading_private.take_step(bot_id, bot.status, 'fail', 'error', withdrawn || jsonb_build_object('error',
                CASE WHEN bourse_private.secret_in(jsonb_build_object('error', error)) IS NULL THEN left(error, 2000)
                     ELSE '[redacted]' END)),
            trading_private.try_to_sync(bot_id);
    RETURN 'error';
END
$$;
COMMENT ON FUNCTION trading.fail_bot(bigint, text) IS
'Says that a bot has failed, and with what; error_count counts it. It opens nothing until it is started again: its '
'resting entries on our exchange are cancelled, its exits stay. error: 2000 characters are kept, and nothing of one '
'that holds a secret. Returns its status. 22004 NULL, 42704 no such bot, or of another user, 55000 not from its '
'status';
GRANT EXECUTE ON FUNCTION trading.start_bot(bigint, boolean), trading.pause_bot(bigint), trading.resume_bot(bigint),
    trading.stop_bot(bigint, boolean), trading.fail_bot(bigint, text) TO bourse_trader, bourse_worker;

-- An operator waits for nobody for long: a moment for each market, which he would hold while he waits for the next.
CREATE FUNCTION trading.disable_bot(bot_id bigint, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    bot record;
    withdrawn jsonb;
BEGIN
    PERFORM identity_private.require_operator();
    BEGIN
        SELECT * INTO bot FROM trading_private.lock_bot(bot_id, for_anybody => true);
    EXCEPTION WHEN lock_not_available THEN
        PERFORM bourse.refuse('55P03', format('bot %s is held by another transaction', bot_id),
            'pg_blocking_pids() of a call that waits says whose: pg_terminate_backend() ends it, then call again.');
    END;
    IF length(reason) > 2000 THEN
        PERFORM bourse.refuse('22023', format('reason has %s characters', length(reason)),
            'Give up to 2000 characters.');
    END IF;
    PERFORM set_config('lock_timeout', '20ms', true);
    withdrawn := trading_private.withdraw_orders(bot_id, exits_too => true);
    PERFORM trading_private.take_step(bot_id, bot.status, 'disable', 'disabled',
                                      withdrawn || jsonb_build_object('reason', reason)),
            trading_private.try_to_sync(bot_id);
    RETURN 'disabled';
END
$$;
COMMENT ON FUNCTION trading.disable_bot(bigint, text) IS
'Takes a bot out of use, whatever its user says, until enable_bot(), and cancels its orders on our exchange. Its user '
'reads the reason among its events. Returns its status. It waits for up to 5 seconds for whoever holds the bot, and '
'for no market: the ticker cancels what is in one that somebody holds. For operators. 22004 NULL, 22023 reason, 42501 '
'a session that acts for one user, 42704 no such bot, 55000 it is disabled, 55P03 somebody holds the bot';

CREATE FUNCTION trading.enable_bot(bot_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    bot record;
BEGIN
    PERFORM identity_private.require_operator();
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id, for_anybody => true);
    RETURN trading_private.take_step(bot_id, bot.status, 'enable', 'stopped');
END
$$;
COMMENT ON FUNCTION trading.enable_bot(bigint) IS
'Has a bot that was disabled be stopped, so that its user may start it. Returns its status. For operators. SQLSTATEs '
'as disable_bot()';
GRANT EXECUTE ON FUNCTION trading.disable_bot(bigint, text), trading.enable_bot(bigint)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION trading.bot_events(bot_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (id bigint, at timestamptz, event text, old_status text, new_status text, actor text, actor_id bigint,
               detail jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM trading_private.require_bot(bot_events.bot_id);
    PERFORM bourse_private.require_page('events', "limit");
    RETURN QUERY
    SELECT e.id, e.at, e.event, e.old_status, e.new_status, e.actor::text, e.actor_id, e.detail
    FROM trading.bot_events e
    WHERE e.user_id = (SELECT b.user_id FROM trading.bot_accounts b WHERE b.id = bot_events.bot_id)
      AND e.bot_id = bot_events.bot_id AND e.id < coalesce(before, 9223372036854775807)
    ORDER BY e.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION trading.bot_events(bigint, integer, bigint) IS
'What has happened to a bot, the latest first: when, the step, from which status to which, the login and the user who '
'did it, more. With before those with a smaller id: give the last one to go on. 22004 NULL bot, 22023 limit not 1 to '
'10000, 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.bot_events(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
