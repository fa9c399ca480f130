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
            format('guards.%s is %s', array_to_string(path, '.'),
                CASE WHEN value IS NULL THEN 'missing' ELSE bourse_private.quoted(value) END),
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
                CASE WHEN guards #>> path IS NULL THEN 'missing' ELSE bourse_private.quoted(guards #>> path) END),
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
        IF trading_private.guard_number(guards, '{stop_loss,trades}', 1000) % 1 <> 0 THEN
            PERFORM bourse.refuse('22023', format('guards.stop_loss.trades is %s', guards #>> '{stop_loss,trades}'),
                'Give a whole number of trades, from 1 to 1000.');
        END IF;
        PERFORM trading_private.guard_interval(guards, '{stop_loss,within}'),
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

-- A trade ended when it says, or when that was told if it was told late: who says that it was long ago opens nothing.
-- The indexes on what a bot has closed begin with its user.
CREATE FUNCTION trading_private.cooldown_until(user_id bigint, bot_id bigint, trade_type text, symbol text,
                                               guards jsonb) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    cooldown interval;
    since timestamptz;
BEGIN
    IF NOT guards ? 'cooldown' THEN
        RETURN NULL;
    END IF;
    cooldown := trading_private.guard_interval(guards, '{cooldown}');
    since := clock_timestamp() - cooldown;
    RETURN (SELECT max(greatest(t.exit_time, t.told_at)) FROM trading.trades t
            WHERE t.user_id = user_id AND t.bot_id = bot_id AND t.trade_type = trade_type
              AND (t.exit_time > since OR t.told_at > since) AND t.symbol = symbol AND t.run_id = 0
              AND t.status = 'closed') + cooldown;
END
$$;
COMMENT ON FUNCTION trading_private.cooldown_until(bigint, bigint, text, text, jsonb) IS
'Until when the cooldown after the last trade in a market lasts; NULL: none';

-- A lock is longer than what it looks at: it counts from each exit that was one too many.
CREATE FUNCTION trading_private.losses_until(user_id bigint, bot_id bigint, trade_type text, symbol text, guards jsonb)
RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    within interval;
    lock interval;
    since timestamptz;
BEGIN
    IF NOT guards ? 'stop_loss' THEN
        RETURN NULL;
    END IF;
    within := trading_private.guard_interval(guards, '{stop_loss,within}');
    lock := trading_private.guard_interval(guards, '{stop_loss,lock}');
    since := clock_timestamp() - within - lock;
    RETURN (
        SELECT max(l.ended) + lock FROM (
            SELECT greatest(t.exit_time, t.told_at) AS ended,
                   count(*) OVER (ORDER BY greatest(t.exit_time, t.told_at)
                                  RANGE BETWEEN within PRECEDING AND CURRENT ROW) AS losses
            FROM trading.trades t
            WHERE t.user_id = user_id AND t.bot_id = bot_id AND t.trade_type = trade_type
              AND (t.exit_time > since OR t.told_at > since) AND t.run_id = 0 AND t.status = 'closed'
              AND t.net_pnl < 0
              AND t.exit_reason IN ('stop_loss', 'trailing_stop_loss', 'stop_loss_on_exchange', 'liquidation')
              AND (t.symbol = symbol OR NOT coalesce((guards #> '{stop_loss,per_symbol}')::boolean, false))) l
        WHERE l.losses >= trading_private.guard_number(guards, '{stop_loss,trades}', 1000));
END
$$;
COMMENT ON FUNCTION trading_private.losses_until(bigint, bigint, text, text, jsonb) IS
'Until when the guard against stop losses bars entries: so many trades within so long have ended by one; NULL: it '
'does not';

-- Money that is put in or taken out is no gain or loss: what the balance was before is scaled to what it is after, so
-- that a fall stays the same part of the peak. Where nothing is left to scale a new reckoning begins. What comes first
-- the number of the fill says, and money moves when it is told: neither is as somebody says.
CREATE FUNCTION trading_private.balances_since(user_id bigint, bot_id bigint, trade_type text, since timestamptz)
RETURNS TABLE (at timestamptz, is_cash boolean, reckoning bigint, worth_before numeric, worth numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
    WITH moves AS (
        SELECT greatest(t.exit_time, t.told_at) AS at, false AS is_cash, 2 * t.last_fill AS place, t.id, '' AS cash_id,
               t.net_pnl AS amount
        FROM trading.trades t
        WHERE t.user_id = balances_since.user_id AND t.bot_id = balances_since.bot_id
          AND t.trade_type = balances_since.trade_type
          AND (t.exit_time > balances_since.since OR t.told_at > balances_since.since) AND t.run_id = 0
          AND t.status = 'closed'
        UNION ALL
        SELECT c.created_at, c.kind IN ('deposit', 'withdrawal'), 2 * c.fill_number + 1, 0, c.cash_id, c.amount
        FROM trading.cash_events c
        WHERE c.user_id = balances_since.user_id AND c.bot_id = balances_since.bot_id
          AND c.trade_type = balances_since.trade_type AND c.created_at > balances_since.since AND c.run_id = 0
    ), balances AS (
        SELECT m.*, b.current_balance - sum(m.amount) OVER () + sum(m.amount) OVER in_time AS balance
        FROM moves m CROSS JOIN trading.bot_accounts b WHERE b.id = balances_since.bot_id
        WINDOW in_time AS (ORDER BY m.place, m.at, m.id, m.cash_id)
    ), steps AS (
        SELECT s.*, s.is_cash AND (s.balance <= 0 OR s.balance <= s.amount) AS begins,
               CASE WHEN s.is_cash AND s.balance > 0 AND s.balance > s.amount
                    THEN ln(s.balance / (s.balance - s.amount)) ELSE 0 END AS step
        FROM balances s
    ), scaled AS (
        -- No factor of any use lies beyond the bound, and exp() ends at 6000.
        SELECT s.*, count(*) FILTER (WHERE s.begins) OVER in_time AS reckoning,
               exp(least(greatest(sum(s.step) OVER in_time, -500), 500)) AS factor
        FROM steps s WINDOW in_time AS (ORDER BY s.place, s.at, s.id, s.cash_id)
    )
    SELECT s.at, s.is_cash, s.reckoning,
           CASE WHEN s.is_cash THEN s.balance ELSE s.balance - s.amount END / s.factor, s.balance / s.factor
    FROM scaled s
$$;
COMMENT ON FUNCTION trading_private.balances_since(bigint, bigint, text, timestamptz) IS
'The balances of a bot before and after each trade that was closed since some time, and each funding or the like, as '
'if nobody had put money in or taken it out: only parts of each other mean something, within one reckoning';

CREATE FUNCTION trading_private.drawdown_until(user_id bigint, bot_id bigint, trade_type text, guards jsonb)
RETURNS timestamptz
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
        WITH peaks AS (
            -- The balance before a trade is a peak as well: the first loss counts.
            SELECT s.at, s.is_cash, s.worth,
                   max(greatest(s.worth, s.worth_before)) OVER (
                       PARTITION BY s.reckoning ORDER BY s.at RANGE BETWEEN within PRECEDING AND CURRENT ROW) AS peak
            FROM trading_private.balances_since(user_id, bot_id, trade_type, clock_timestamp() - within - lock) s
        )
        SELECT max(p.at) + lock FROM peaks p
        WHERE NOT p.is_cash AND p.peak > 0
          AND round((p.peak - p.worth) * 100 / p.peak, 8)
              >= trading_private.guard_number(guards, '{drawdown,percent}', 100));
END
$$;
COMMENT ON FUNCTION trading_private.drawdown_until(bigint, bigint, text, jsonb) IS
'Until when the guard against drawdown bars entries: within so long the balance has fallen by so many per cent of its '
'peak, deposits and withdrawals apart; NULL: it does not';

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
    FROM (SELECT b.user_id, b.id, b.trade_type, b.config -> 'guards' AS guards FROM trading.bot_accounts b
          WHERE b.id = entry_locks.bot_id AND b.config ? 'guards') b
    CROSS JOIN LATERAL (VALUES
        (trading_private.cooldown_until(b.user_id, b.id, b.trade_type, entry_locks.symbol, b.guards),
         'The guard cooldown waits after a trade'),
        (trading_private.losses_until(b.user_id, b.id, b.trade_type, entry_locks.symbol, b.guards),
         'The guard stop_loss has seen too many losses'),
        (trading_private.drawdown_until(b.user_id, b.id, b.trade_type, b.guards),
         'The guard drawdown has seen the balance fall too far')) g (locked_until, reason)
    WHERE g.locked_until > clock_timestamp()
$$;
COMMENT ON FUNCTION trading_private.entry_locks(bigint, text, text) IS
'What bars a bot from entering a market now, on this side or (NULL) on one of them: until when, and why';

CREATE FUNCTION trading_private.require_pair(symbol text, side text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text('symbol', symbol, 64);
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
