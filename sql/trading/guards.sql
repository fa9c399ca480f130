-- What keeps a bot from entering for a while: locks that somebody has set, and guards that follow from its settings and
-- its last trades. Guards are asked when an entry is about to be made: nothing is written, nothing can be stale.

CREATE FUNCTION trading_private.guard_interval(guards jsonb, path text[]) RETURNS interval
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET intervalstyle = 'postgres' AS $$
DECLARE
    value text := guards #>> path;
    given interval;
BEGIN
    IF jsonb_typeof(guards #> path) = 'string' THEN
        given := value::interval;
    END IF;
    IF given IS NULL OR given NOT BETWEEN interval '1 second' AND interval '365 days' THEN
        PERFORM bourse.refuse('22023',
            format('guards.%s is %s', array_to_string(path, '.'), coalesce(bourse_private.quoted(value), 'missing')),
            'Give an interval from 1 second to 365 days, like "30 minutes".');
    END IF;
    RETURN given;
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow OR interval_field_overflow THEN
    PERFORM bourse.refuse('22023', format('guards.%s is %s', array_to_string(path, '.'), bourse_private.quoted(value)),
        'Give an interval from 1 second to 365 days, like "30 minutes".');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION trading_private.guard_interval(jsonb, text[]) IS
'An interval of the guards in a bot''s settings; refuses what is none from 1 second to 365 days (22023)';

CREATE FUNCTION trading_private.guard_number(guards jsonb, path text[], most numeric) RETURNS numeric
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    given numeric;
BEGIN
    IF jsonb_typeof(guards #> path) = 'number' THEN
        given := (guards #>> path)::numeric;
    END IF;
    IF given IS NULL OR given <= 0 OR given > most THEN
        PERFORM bourse.refuse('22023',
            format('guards.%s is %s', array_to_string(path, '.'),
                coalesce(bourse_private.quoted(guards #>> path), 'missing')),
            format('Give a number above 0, up to %s.', most));
    END IF;
    RETURN given;
END
$$;
COMMENT ON FUNCTION trading_private.guard_number(jsonb, text[], numeric) IS
'A number of the guards in a bot''s settings; refuses what is none above 0 and up to the most (22023)';

-- A guard that is misspelt guards nothing: what is not known is refused.
CREATE FUNCTION trading_private.require_guards(guards jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    known CONSTANT jsonb := '{"cooldown": null, "stop_loss": {"trades": 0, "within": 0, "lock": 0, "per_symbol": 0},
                              "drawdown": {"percent": 0, "within": 0, "lock": 0}}';
    unknown text;
BEGIN
    IF guards IS NULL THEN
        RETURN;
    ELSIF jsonb_typeof(guards) <> 'object' THEN
        PERFORM bourse.refuse('22023', format('guards is a JSON %s', jsonb_typeof(guards)), 'Give a JSON object.');
    END IF;
    SELECT k INTO unknown FROM (
        SELECT g.key FROM jsonb_object_keys(guards) g (key) WHERE NOT known ? g.key
        UNION ALL
        SELECT g.key || '.' || i.key FROM jsonb_each(guards) g
        CROSS JOIN LATERAL jsonb_object_keys(
            CASE jsonb_typeof(g.value) WHEN 'object' THEN g.value ELSE '{}' END) i (key)
        WHERE known ? g.key AND NOT coalesce(known -> g.key ? i.key, false)) u (k) LIMIT 1;
    IF unknown IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('there is no guard %s', bourse_private.quoted(unknown)),
            'Guards are cooldown, stop_loss {trades, within, lock, per_symbol}, drawdown {percent, within, lock}.');
    END IF;
    IF guards ? 'cooldown' THEN
        PERFORM trading_private.guard_interval(guards, '{cooldown}');
    END IF;
    IF guards ? 'stop_loss' THEN
        PERFORM trading_private.guard_number(guards, '{stop_loss,trades}', 1000),
                trading_private.guard_interval(guards, '{stop_loss,within}'),
                trading_private.guard_interval(guards, '{stop_loss,lock}');
        IF jsonb_typeof(guards #> '{stop_loss,per_symbol}') <> 'boolean' THEN
            PERFORM bourse.refuse('22023', 'guards.stop_loss.per_symbol is neither true nor false',
                'true: losses of a market bar entries there; false, as without it: everywhere.');
        END IF;
    END IF;
    IF guards ? 'drawdown' THEN
        PERFORM trading_private.guard_number(guards, '{drawdown,percent}', 100),
                trading_private.guard_interval(guards, '{drawdown,within}'),
                trading_private.guard_interval(guards, '{drawdown,lock}');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_guards(jsonb) IS
'Refuses guards in a bot''s settings that nobody would follow: unknown, or with a value that is none (22023)';

CREATE FUNCTION trading_private.cooldown_until(bot_id bigint, trade_type text, symbol text, guards jsonb)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT guards ? 'cooldown' THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT max(t.exit_time) FROM trading.trades t
            WHERE t.bot_id = bot_id AND t.trade_type = trade_type AND t.symbol = symbol AND t.run_id = 0
              AND t.status = 'closed')
           + trading_private.guard_interval(guards, '{cooldown}');
END
$$;
COMMENT ON FUNCTION trading_private.cooldown_until(bigint, text, text, jsonb) IS
'Until when the cooldown after the last trade in a market lasts; NULL: none';

-- A lock is longer than what it looks at: it counts from each exit that was one too many.
CREATE FUNCTION trading_private.losses_until(bot_id bigint, trade_type text, symbol text, guards jsonb)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    within interval;
    lock interval;
BEGIN
    IF NOT guards ? 'stop_loss' THEN
        RETURN NULL;
    END IF;
    within := trading_private.guard_interval(guards, '{stop_loss,within}');
    lock := trading_private.guard_interval(guards, '{stop_loss,lock}');
    RETURN (
        SELECT max(l.exit_time) + lock FROM (
            SELECT t.exit_time,
                   count(*) OVER (ORDER BY t.exit_time RANGE BETWEEN within PRECEDING AND CURRENT ROW) AS losses
            FROM trading.trades t
            WHERE t.bot_id = bot_id AND t.trade_type = trade_type AND t.run_id = 0 AND t.status = 'closed'
              AND t.net_pnl < 0
              AND t.exit_reason IN ('stop_loss', 'trailing_stop_loss', 'stop_loss_on_exchange', 'liquidation')
              AND t.exit_time > clock_timestamp() - within - lock
              AND (t.symbol = symbol OR NOT coalesce((guards #> '{stop_loss,per_symbol}')::boolean, false))) l
        WHERE l.losses >= trading_private.guard_number(guards, '{stop_loss,trades}', 1000));
END
$$;
COMMENT ON FUNCTION trading_private.losses_until(bigint, text, text, jsonb) IS
'Until when the guard against stop losses bars entries: so many trades within so long have ended by one; NULL: it '
'does not';

CREATE FUNCTION trading_private.drawdown_until(bot_id bigint, trade_type text, guards jsonb) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    within interval;
    lock interval;
BEGIN
    IF NOT guards ? 'drawdown' THEN
        RETURN NULL;
    END IF;
    within := trading_private.guard_interval(guards, '{drawdown,within}');
    lock := trading_private.guard_interval(guards, '{drawdown,lock}');
    RETURN (
        WITH closed AS (
            SELECT t.exit_time, t.id, t.net_pnl FROM trading.trades t
            WHERE t.bot_id = bot_id AND t.trade_type = trade_type AND t.run_id = 0 AND t.status = 'closed'
              AND t.exit_time > clock_timestamp() - within - lock
        ), balances AS (
            SELECT c.exit_time, c.net_pnl,
                   b.current_balance - sum(c.net_pnl) OVER () + sum(c.net_pnl) OVER (ORDER BY c.exit_time, c.id)
                       AS balance
            FROM closed c CROSS JOIN trading.bot_accounts b WHERE b.id = bot_id
        ), peaks AS (
            -- The balance before a trade is a peak as well: the first loss counts.
            SELECT s.exit_time, s.balance,
                   max(greatest(s.balance, s.balance - s.net_pnl))
                       OVER (ORDER BY s.exit_time RANGE BETWEEN within PRECEDING AND CURRENT ROW) AS peak
            FROM balances s
        )
        SELECT max(p.exit_time) + lock FROM peaks p
        WHERE p.peak > 0
          AND (p.peak - p.balance) * 100 >= p.peak * trading_private.guard_number(guards, '{drawdown,percent}', 100));
END
$$;
COMMENT ON FUNCTION trading_private.drawdown_until(bigint, text, jsonb) IS
'Until when the guard against drawdown bars entries: within so long the balance has fallen by so many per cent of its '
'peak; NULL: it does not';

CREATE FUNCTION trading_private.entry_locks(bot_id bigint, symbol text, side text)
RETURNS TABLE (locked_until timestamptz, reason text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT l.locked_until, format('It is locked: %s', coalesce(l.reason, 'no reason given'))
    FROM trading.pair_locks l
    WHERE l.user_id = (SELECT b.user_id FROM trading.bot_accounts b WHERE b.id = entry_locks.bot_id)
      AND l.bot_id = entry_locks.bot_id AND l.symbol IN (entry_locks.symbol, '*')
      AND (l.side IN (entry_locks.side, '*') OR entry_locks.side IS NULL) AND l.locked_until > clock_timestamp()
    UNION ALL
    SELECT g.locked_until, g.reason
    FROM (SELECT b.id, b.trade_type, b.config -> 'guards' AS guards FROM trading.bot_accounts b
          WHERE b.id = entry_locks.bot_id AND b.config ? 'guards') b
    CROSS JOIN LATERAL (VALUES
        (trading_private.cooldown_until(b.id, b.trade_type, entry_locks.symbol, b.guards),
         'The guard cooldown waits after a trade'),
        (trading_private.losses_until(b.id, b.trade_type, entry_locks.symbol, b.guards),
         'The guard stop_loss has seen too many losses'),
        (trading_private.drawdown_until(b.id, b.trade_type, b.guards),
         'The guard drawdown has seen the balance fall too far')) g (locked_until, reason)
    WHERE g.locked_until > clock_timestamp()
$$;
COMMENT ON FUNCTION trading_private.entry_locks(bigint, text, text) IS
'What bars a bot from entering a market now, on this side or (NULL) on one of them: until when, and why';

CREATE FUNCTION trading_private.require_pair(symbol text, side text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text('symbol', symbol, 20);
    IF side NOT IN ('buy', 'sell', '*') THEN
        PERFORM bourse.refuse('22023', format('side is %s', bourse_private.quoted(side)),
            'Entries are buy or sell; * is both.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_pair(text, text) IS
'Refuses a symbol that is NULL (22004), blank or too long, and a side that is none (22023)';

CREATE FUNCTION trading.lock_pair(bot_id bigint, symbol text, side text, until timestamptz, reason text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    locked bigint;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM trading_private.require_pair(symbol, side), bourse_private.require_given('side', side),
            bourse_private.require_given('until', until);
    IF until <= clock_timestamp() OR NOT isfinite(until) THEN
        PERFORM bourse.refuse('22023', format('until is %s', until), 'Give a time that is to come.');
    ELSIF length(reason) > 500 THEN
        PERFORM bourse.refuse('22023', format('reason has %s characters', length(reason)),
            'Give up to 500 characters.');
    ELSIF (SELECT count(*) FROM trading.pair_locks l
           WHERE l.user_id = bot.user_id AND l.bot_id = bot_id AND l.locked_until > clock_timestamp()) >= 1000 THEN
        PERFORM bourse.refuse('54000', format('bot %s has 1000 locks', bot_id),
            'trading.unlock_pair() takes them away.');
    END IF;
    INSERT INTO trading.pair_locks (user_id, bot_id, symbol, side, locked_until, reason)
    VALUES (bot.user_id, bot_id, symbol, side, until, reason) RETURNING id INTO locked;
    RETURN locked;
END
$$;
COMMENT ON FUNCTION trading.lock_pair(bigint, text, text, timestamptz, text) IS
'Bars a bot from entering a market until some time: place_order() refuses entries, exits are free. symbol: *: all '
'markets; side: buy, sell, *: both; reason: up to 500 characters. Returns the id of the lock. 22004 NULL, 22023 a bad '
'value, 42704 no such bot, or of another user, 54000 it has 1,000 of them';

CREATE FUNCTION trading.unlock_pair(bot_id bigint, symbol text, side text DEFAULT '*') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    ended bigint;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM trading_private.require_pair(symbol, side), bourse_private.require_given('side', side);
    UPDATE trading.pair_locks l SET locked_until = clock_timestamp()
    WHERE l.user_id = bot.user_id AND l.bot_id = bot_id AND l.symbol = symbol AND (l.side = side OR side = '*')
      AND l.locked_until > clock_timestamp();
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION trading.unlock_pair(bigint, text, text) IS
'Ends the locks that lock_pair() has set for a symbol (* those for all markets), on a side, or * on any. Guards are '
'not touched. Returns how many. SQLSTATEs as lock_pair()';

CREATE FUNCTION trading.locked_until(bot_id bigint, symbol text, side text DEFAULT NULL) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM trading_private.require_bot(bot_id), trading_private.require_pair(symbol, side);
    RETURN (SELECT max(l.locked_until) FROM trading_private.entry_locks(bot_id, symbol, nullif(side, '*')) l);
END
$$;
COMMENT ON FUNCTION trading.locked_until(bigint, text, text) IS
'Until when a bot may not enter a market, by lock_pair() and by the guards in its settings; NULL: it may. side: buy, '
'sell; NULL: whichever is locked longer. SQLSTATEs as lock_pair()';
GRANT EXECUTE ON FUNCTION trading.lock_pair(bigint, text, text, timestamptz, text),
    trading.unlock_pair(bigint, text, text) TO bourse_trader, bourse_worker;
GRANT EXECUTE ON FUNCTION trading.locked_until(bigint, text, text) TO bourse_viewer, bourse_worker;
