-- What bots have come to in periods.

CREATE FUNCTION marketplace_private.return_figures(
    returns float8[], OUT max_drawdown float8, OUT sharpe_ratio float8, OUT sortino_ratio float8, OUT volatility float8)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT analytics.max_drawdown(d.r ORDER BY d.day), analytics.sharpe_ratio(d.r, 365),
           analytics.sortino_ratio(d.r, 365), analytics.volatility(d.r, 365)
    FROM unnest(returns) WITH ORDINALITY d (r, day)
$$;
COMMENT ON FUNCTION marketplace_private.return_figures(float8[]) IS
'What analytics says of daily returns, with 365 days a year; NULL: undefined';

CREATE FUNCTION marketplace_private.require_period(period_start timestamptz, period_end timestamptz) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('period_start', period_start),
            bourse_private.require_given('period_end', period_end);
    IF NOT isfinite(period_start) OR NOT isfinite(period_end) OR period_start >= period_end THEN
        PERFORM bourse.refuse('22023', format('no period lasts from %s to %s', period_start, period_end),
            'Give two times, the earlier one first.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_period(timestamptz, timestamptz) IS
'Refuses what is no period: NULL (22004), an end that is not after its start, infinity (22023)';

-- No day has a return without cost: a trade of something that has cost nothing is in the sums, and in no return.
CREATE FUNCTION marketplace_private.traded(period_start timestamptz, period_end timestamptz) RETURNS TABLE (
    bot_id bigint, trades bigint, wins bigint, pnl numeric, commission numeric, profit_factor float8, returns float8[])
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    WITH closed AS (
        SELECT t.bot_id, (t.exit_time AT TIME ZONE 'UTC')::date AS day, t.pnl, t.commission,
               t.quantity * t.entry_price AS cost
        FROM marketplace.trades t
        WHERE t.status = 'CLOSED' AND t.exit_time >= traded.period_start AND t.exit_time < traded.period_end
          AND t.entry_time < traded.period_end
    ), daily AS (
        SELECT c.bot_id, c.day, (sum(c.pnl) / nullif(sum(c.cost), 0))::float8 AS r FROM closed c
        GROUP BY c.bot_id, c.day
    )
    SELECT c.bot_id, count(*), count(*) FILTER (WHERE c.pnl > 0), sum(c.pnl), sum(c.commission),
           analytics.profit_factor(c.pnl::float8),
           (SELECT array_agg(d.r ORDER BY d.day) FROM daily d WHERE d.bot_id = c.bot_id AND d.r IS NOT NULL)
    FROM closed c GROUP BY c.bot_id
$$;
COMMENT ON FUNCTION marketplace_private.traded(timestamptz, timestamptz) IS
'What was closed from one time until before another, by bot; returns: day by day (UTC), P&L by what the trades have '
'cost. Reads the trades that were opened before the end';

CREATE FUNCTION marketplace_private.subscribed(period_start timestamptz, period_end timestamptz)
RETURNS TABLE (bot_id bigint, total bigint, active bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT s.bot_id, count(*),
           count(*) FILTER (WHERE s.ends_at IS NULL OR s.ends_at >= subscribed.period_end)
    FROM marketplace.subscriptions s
    WHERE s.started_at < subscribed.period_end AND (s.ends_at IS NULL OR s.ends_at > subscribed.period_start)
    GROUP BY s.bot_id
$$;
COMMENT ON FUNCTION marketplace_private.subscribed(timestamptz, timestamptz) IS
'How many subscriptions there were between two times, and how many of them had not ended at the end, by bot';

CREATE FUNCTION marketplace_private.figures_of(period_start timestamptz, period_end timestamptz) RETURNS TABLE (
    bot_id bigint, developer_id bigint, total_subscribers bigint, active_subscribers bigint, total_trades bigint,
    winning_trades bigint, win_rate numeric, average_pnl numeric, total_pnl numeric, max_drawdown float8,
    sharpe_ratio float8, sortino_ratio float8, volatility float8, profit_factor float8, total_commission numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT b.id, b.developer_id, coalesce(s.total, 0), coalesce(s.active, 0), coalesce(t.trades, 0),
           coalesce(t.wins, 0), round(100.0 * t.wins / t.trades, 2), round(t.pnl / t.trades, 8), coalesce(t.pnl, 0),
           f.max_drawdown, f.sharpe_ratio, f.sortino_ratio, f.volatility, t.profit_factor, coalesce(t.commission, 0)
    FROM marketplace_private.subscribed(figures_of.period_start, figures_of.period_end) s
    FULL JOIN marketplace_private.traded(figures_of.period_start, figures_of.period_end) t ON t.bot_id = s.bot_id
    JOIN marketplace.bots b ON b.id = coalesce(s.bot_id, t.bot_id)
    CROSS JOIN LATERAL marketplace_private.return_figures(t.returns) f
$$;
COMMENT ON FUNCTION marketplace_private.figures_of(timestamptz, timestamptz) IS
'The rows that marketplace.bot_performance should have for a period: of bots that had subscriptions or trades in it';

CREATE FUNCTION marketplace_private.refresh_histories() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp AS $$
    WITH counted AS MATERIALIZED (
        SELECT t.bot_id, count(*) AS trades, min(greatest(t.entry_time, s.started_at)) AS first
        FROM marketplace.trades t
        JOIN marketplace.subscriptions s ON s.user_id = t.user_id AND s.id = t.subscription_id
        WHERE t.status = 'CLOSED' AND NOT s.is_testnet AND NOT s.is_own GROUP BY t.bot_id
    )
    UPDATE marketplace.bots b SET total_trades = h.trades, first_trade_at = h.first
    FROM (SELECT c.bot_id, c.trades, c.first FROM counted c
          UNION ALL
          SELECT n.id, 0, NULL FROM marketplace.bots n
          WHERE n.total_trades > 0 AND NOT EXISTS (SELECT FROM counted c WHERE c.bot_id = n.id)) h
    WHERE b.id = h.bot_id AND (b.total_trades, b.first_trade_at) IS DISTINCT FROM (h.trades, h.first)
$$;
COMMENT ON FUNCTION marketplace_private.refresh_histories() IS
'Counts the history of bots for marketplace.bots, total_trades and first_trade_at: closed trades on mainnet, of '
'subscriptions of others than their developers. What is traded on testnet has cost nobody anything. entry_time is what '
'somebody says: nothing was entered for a subscription before it had begun';

-- One at a time: what two would write at once is the same, and the second finds nothing to do.
CREATE FUNCTION marketplace.refresh_bot_performance(period_start timestamptz, period_end timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
    gone bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_operator(), marketplace_private.require_period(period_start, period_end);
    LOCK TABLE marketplace.bot_performance IN SHARE ROW EXCLUSIVE MODE;
    WITH figures AS MATERIALIZED (
        SELECT f.* FROM marketplace_private.figures_of(period_start, period_end) f
    ), deleted AS (
        DELETE FROM marketplace.bot_performance p
        WHERE p.period_start = period_start AND p.period_end = period_end
          AND p.bot_id NOT IN (SELECT f.bot_id FROM figures f)
        RETURNING p.id
    ), upserted AS (
        INSERT INTO marketplace.bot_performance AS p (
            bot_id, period_start, period_end, developer_id, total_subscribers, active_subscribers, total_trades,
            winning_trades, win_rate, average_pnl, total_pnl, max_drawdown, sharpe_ratio, sortino_ratio, volatility,
            profit_factor, total_commission)
        SELECT f.bot_id, period_start, period_end, f.developer_id, f.total_subscribers, f.active_subscribers,
               f.total_trades, f.winning_trades, f.win_rate, f.average_pnl, f.total_pnl, f.max_drawdown,
               f.sharpe_ratio, f.sortino_ratio, f.volatility, f.profit_factor, f.total_commission
        FROM figures f
        ON CONFLICT ON CONSTRAINT bot_performance_key DO UPDATE
        SET total_subscribers = excluded.total_subscribers, active_subscribers = excluded.active_subscribers,
            total_trades = excluded.total_trades, winning_trades = excluded.winning_trades,
            win_rate = excluded.win_rate, average_pnl = excluded.average_pnl, total_pnl = excluded.total_pnl,
            max_drawdown = excluded.max_drawdown, sharpe_ratio = excluded.sharpe_ratio,
            sortino_ratio = excluded.sortino_ratio, volatility = excluded.volatility,
            profit_factor = excluded.profit_factor, total_commission = excluded.total_commission,
            calculated_at = excluded.calculated_at
        WHERE (p.total_subscribers, p.active_subscribers, p.total_trades, p.winning_trades, p.total_pnl,
               p.max_drawdown, p.sharpe_ratio, p.sortino_ratio, p.volatility, p.profit_factor, p.total_commission)
              IS DISTINCT FROM (
               excluded.total_subscribers, excluded.active_subscribers, excluded.total_trades,
               excluded.winning_trades, excluded.total_pnl, excluded.max_drawdown, excluded.sharpe_ratio,
               excluded.sortino_ratio, excluded.volatility, excluded.profit_factor, excluded.total_commission)
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM upserted) INTO gone, written;
    PERFORM marketplace_private.refresh_histories();
    RETURN gone + written;
END
$$;
COMMENT ON FUNCTION marketplace.refresh_bot_performance(timestamptz, timestamptz) IS
'Computes marketplace.bot_performance for a period, from its start until before its end: a row for each bot that had '
'subscriptions or closed trades in it. Returns how many rows have changed: 0 when it is called again and nothing was '
'closed meanwhile. Counts the history of bots as well, total_trades and first_trade_at: all closed trades on mainnet, '
'of subscriptions of others than their developers. Waits for another refresh. Reads the trades that were opened before '
'the end. 22004 NULL, 22023 no period, 42501 the session does not act for everybody';
GRANT EXECUTE ON FUNCTION marketplace.refresh_bot_performance(timestamptz, timestamptz)
    TO bourse_admin, bourse_gateway, bourse_worker;
