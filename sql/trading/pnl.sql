-- What bots have come to, over their closed trades.

CREATE FUNCTION trading_private.require_trade_type(trade_type text, run_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('trade_type', trade_type);
    IF trade_type NOT IN ('paper', 'live', 'backtest') THEN
        PERFORM bourse.refuse('22023', format('trade_type is %s', bourse_private.quoted(trade_type)),
            'Give paper, live or backtest.');
    ELSIF run_id < 0 OR run_id > 0 AND trade_type <> 'backtest' THEN
        PERFORM bourse.refuse('22023', format('run_id is %s of %s trades', run_id, trade_type),
            'Only a backtest has runs: leave run_id out, or give the number of one.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_trade_type(text, bigint) IS
'Refuses what is no type of trades: NULL (22004), another word, a run of what is no backtest (22023)';

CREATE FUNCTION trading_private.require_span(starts timestamptz, ends timestamptz, unit text, time_zone text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('"from"', starts), bourse_private.require_given('"to"', ends),
            bourse_private.require_given('unit', unit), bourse_private.require_given('time_zone', time_zone);
    IF unit NOT IN ('hour', 'day', 'week', 'month', 'quarter', 'year') THEN
        PERFORM bourse.refuse('22023', format('unit is %s', bourse_private.quoted(unit)),
            'Give hour, day, week, month, quarter or year.');
    ELSIF NOT starts < ends THEN
        PERFORM bourse.refuse('22023', format('from %s to %s', starts, ends),
            'Give a span that begins before it ends.');
    END IF;
    PERFORM bourse_private.require_time_zone(time_zone);
END
$$;
COMMENT ON FUNCTION trading_private.require_span(timestamptz, timestamptz, text, text) IS
'Refuses NULL (22004), a span that is none, a unit or a time zone that there is not (22023)';

-- A day begins where the zone says, so the night of a change of the clock has 23 or 25 hours.
CREATE FUNCTION trading.pnl_summary(bot_id bigint, "from" timestamptz, "to" timestamptz, unit text DEFAULT 'day',
                                    time_zone text DEFAULT 'UTC', trade_type text DEFAULT 'live',
                                    run_id bigint DEFAULT NULL)
RETURNS TABLE (period timestamptz, quote text, trades bigint, wins bigint, losses bigint, gross_pnl numeric,
               commission numeric, funding numeric, net_pnl numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    bot record;
    run CONSTANT bigint := coalesce(pnl_summary.run_id, 0);
BEGIN
    PERFORM trading_private.require_bot(pnl_summary.bot_id),
            trading_private.require_span("from", "to", unit, time_zone),
            trading_private.require_trade_type(pnl_summary.trade_type, run);
    SELECT b.user_id, b.quote INTO bot FROM trading.bot_accounts b WHERE b.id = pnl_summary.bot_id;
    RETURN QUERY
    WITH closed AS (
        SELECT date_trunc(unit, t.exit_time, time_zone) AS starts, count(*) AS trades,
               count(*) FILTER (WHERE t.net_pnl > 0) AS wins, count(*) FILTER (WHERE t.net_pnl < 0) AS losses,
               sum(t.gross_pnl) AS gross_pnl, sum(t.commission) AS commission
        FROM trading.trades t
        -- Nothing ends before it begins: months after the span are not looked at.
        WHERE t.user_id = bot.user_id AND t.bot_id = pnl_summary.bot_id AND t.trade_type = pnl_summary.trade_type
          AND t.exit_time >= "from" AND t.exit_time < "to" AND t.entry_time < "to" AND t.run_id = run
          AND t.status = 'closed'
        GROUP BY 1
    ), paid AS (
        SELECT date_trunc(unit, c.at, time_zone) AS starts, sum(c.amount) AS funding
        FROM trading.cash_events c
        WHERE c.user_id = bot.user_id AND c.bot_id = pnl_summary.bot_id AND c.trade_type = pnl_summary.trade_type
          AND c.at >= "from" AND c.at < "to" AND c.run_id = run AND c.kind IN ('funding', 'dividend', 'interest')
        GROUP BY 1
    )
    SELECT coalesce(k.starts, p.starts),
           bot.quote, coalesce(k.trades, 0), coalesce(k.wins, 0), coalesce(k.losses, 0), coalesce(k.gross_pnl, 0),
           coalesce(k.commission, 0), coalesce(p.funding, 0),
           coalesce(k.gross_pnl, 0) - coalesce(k.commission, 0) + coalesce(p.funding, 0)
    FROM closed k FULL JOIN paid p ON p.starts = k.starts
    ORDER BY 1;
END
$$;
COMMENT ON FUNCTION trading.pnl_summary(bigint, timestamptz, timestamptz, text, text, text, bigint) IS
'What the trades of a bot that were closed in a span have come to, from "from" on and before "to", by unit (hour, day, '
'week, month, quarter, year) of a time zone: when the unit begins, the quote of the bot, trades, those that have won '
'and lost net of commission, gross_pnl, commission (negative: rebates), funding (dividends and interest too), net_pnl '
'= gross_pnl - commission + funding. Units in which nothing was closed or paid are left out. Of one trade_type, '
'and of one run of a backtest (NULL: what is of none). 22004 NULL, 22023 unit, span, zone, trade_type or run_id, 42704 '
'no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.pnl_summary(bigint, timestamptz, timestamptz, text, text, text, bigint)
    TO bourse_viewer, bourse_worker;
