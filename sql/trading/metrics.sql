-- What bots have come to, in the figures of analytics.

-- One row without a result keeps the figures of nothing from being nothing: counts are 0, ratios undefined. Where there
-- is no balance to begin with, what is a part of it is undefined.
CREATE FUNCTION trading_private.trade_metrics(bot_id bigint, trade_type text, run_id bigint, symbol text,
                                              "interval" text, entry_logic_name text, exit_logic_name text,
                                              method text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    metrics jsonb;
BEGIN
    SELECT b.user_id, b.starting_balance INTO bot FROM trading.bot_accounts b WHERE b.id = bot_id;
    SELECT analytics.trade_statistics(c.net_pnl, c.exit_time, coalesce(nullif(bot.starting_balance, 0), 1), method,
                                      c.entry_time ORDER BY c.exit_time, c.id)
    INTO metrics
    FROM (SELECT t.id, t.net_pnl, t.exit_time, t.entry_time FROM trading.trades t
          WHERE t.user_id = bot.user_id AND t.bot_id = bot_id AND t.trade_type = trade_type AND t.run_id = run_id
            AND t.status = 'closed' AND (symbol IS NULL OR t.symbol = symbol)
            AND ("interval" IS NULL OR t."interval" = "interval")
            AND (entry_logic_name IS NULL OR t.entry_logic_name = entry_logic_name)
            AND (exit_logic_name IS NULL OR t.exit_logic_name = exit_logic_name)
          UNION ALL
          SELECT 0, NULL, now(), NULL) c;
    IF bot.starting_balance = 0 THEN
        metrics := metrics || jsonb_build_object(
            'starting_balance', 0, 'final_balance', metrics -> 'net_pnl', 'total_return', NULL,
            'max_drawdown_relative', NULL, 'sharpe_ratio', NULL, 'sortino_ratio', NULL, 'calmar_ratio', NULL);
    END IF;
    RETURN metrics;
END
$$;
COMMENT ON FUNCTION trading_private.trade_metrics(bigint, text, bigint, text, text, text, text, text) IS
'analytics.trade_statistics() of the closed trades of a bot under these conditions, NULL: none. For '
'calculate_metrics() only';

CREATE FUNCTION trading_private.return_metrics(bot_id bigint, trade_type text, run_id bigint, periods integer)
RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT analytics.return_statistics(u.r, u.at, return_metrics.periods ORDER BY u.at)
    FROM (SELECT analytics.equity_returns(s.equity, s.at, interval '1 day', 'UTC' ORDER BY s.at) AS curve
          FROM trading.equity_snapshots s
          WHERE s.user_id = (SELECT b.user_id FROM trading.bot_accounts b WHERE b.id = return_metrics.bot_id)
            AND s.bot_id = return_metrics.bot_id AND s.trade_type = return_metrics.trade_type
            AND s.run_id = return_metrics.run_id) e
    CROSS JOIN LATERAL unnest(e.curve) u
    HAVING count(u.r) > 0
$$;
COMMENT ON FUNCTION trading_private.return_metrics(bigint, text, bigint, integer) IS
'analytics.return_statistics() of the daily returns (UTC) of a bot''s equity snapshots; NULL: there are not two days '
'of them. For calculate_metrics() only';

CREATE FUNCTION trading.calculate_metrics(
    bot_id bigint, trade_type text, symbol text DEFAULT NULL, "interval" text DEFAULT NULL,
    entry_logic_name text DEFAULT NULL, exit_logic_name text DEFAULT NULL, method text DEFAULT 'quantstats',
    periods integer DEFAULT 365, store boolean DEFAULT true, run_id bigint DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    metrics jsonb;
    is_whole CONSTANT boolean := num_nonnulls(symbol, "interval", entry_logic_name, exit_logic_name) = 0;
BEGIN
    PERFORM trading_private.require_bot(bot_id);
    run_id := coalesce(run_id, 0);
    PERFORM trading_private.require_trade_type(trade_type, run_id), bourse_private.require_given('method', method),
            bourse_private.require_given('periods', periods), bourse_private.require_given('store', store);
    PERFORM bourse.refuse('22023', format('%s has %s characters', c.name, length(c.value)),
                          format('Give up to %s characters.', c.most))
    FROM (VALUES ('symbol', symbol, 64), ('"interval"', "interval", 10), ('entry_logic_name', entry_logic_name, 100),
                 ('exit_logic_name', exit_logic_name, 100)) c (name, value, most)
    WHERE length(c.value) > c.most;
    IF method NOT IN ('quantstats', 'freqtrade') THEN
        PERFORM bourse.refuse('22023', format('method is %s', bourse_private.quoted(method)),
            'Give quantstats or freqtrade: docs/analytics.md has what differs.');
    ELSIF periods NOT BETWEEN 1 AND 100000 THEN
        PERFORM bourse.refuse('22023', format('periods is %s', periods),
            'Give the periods of a year, like 365, or 252 for days on which an exchange is open.');
    END IF;
    metrics := trading_private.trade_metrics(bot_id, trade_type, run_id, symbol, "interval", entry_logic_name,
                                             exit_logic_name, method)
               || jsonb_build_object('method', method, 'returns', CASE WHEN is_whole THEN
                      trading_private.return_metrics(bot_id, trade_type, run_id, periods) END);
    IF store THEN
        INSERT INTO trading.performance_metrics (user_id, bot_id, trade_type, run_id, symbol, "interval",
                                                 entry_logic_name, exit_logic_name, metrics)
        SELECT b.user_id, bot_id, trade_type, run_id, symbol, "interval", entry_logic_name, exit_logic_name, metrics
        FROM trading.bot_accounts b WHERE b.id = bot_id;
    END IF;
    RETURN metrics;
END
$$;
COMMENT ON FUNCTION trading.calculate_metrics(bigint, text, text, text, text, text, text, integer, boolean, bigint) IS
'What the closed trades of a bot come to, of one trade_type and one run of a backtest (NULL: of none); of one symbol, '
'interval, entry or exit logic where they are given: analytics.trade_statistics() by method (quantstats, freqtrade), '
'from the starting_balance of the bot (0: what is a part of it is null), funding left out; method; and, where nothing '
'narrows it, returns: analytics.return_statistics() of the daily returns of its equity snapshots with so many periods '
'a year, null without two days of them. Undefined is null, counts of no trade are 0. store: as a row of '
'trading.performance_metrics. 22004 NULL, 22023 trade_type, run_id, a condition that is too long, method, periods, '
'42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION
    trading.calculate_metrics(bigint, text, text, text, text, text, text, integer, boolean, bigint)
    TO bourse_trader, bourse_worker;
