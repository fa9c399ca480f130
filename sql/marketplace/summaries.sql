-- Sums of bots, periods, and what is recomputed.

-- A session plans for as many partitions as it asks for, which takes longer than all else: first for the few that a bot
-- which is at work has traded in, by their bound, and for all of them, once for all bots, where it has not.
CREATE FUNCTION marketplace_private.last_trade_of(bot_id bigint) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_variable
DECLARE
    last timestamptz;
BEGIN
    EXECUTE 'SELECT t.entry_time FROM marketplace.trades t WHERE t.bot_id + 0 = $1 AND t.entry_time >= $2 '
            'ORDER BY t.entry_time DESC LIMIT 1'
    INTO last USING bot_id, date_trunc('month', now(), 'UTC') - interval '1 month';
    IF last IS NULL THEN
        last := (SELECT t.entry_time FROM marketplace.trades t WHERE t.bot_id + 0 = bot_id
                 ORDER BY t.entry_time DESC LIMIT 1);
    END IF;
    RETURN last;
END
$$;
COMMENT ON FUNCTION marketplace_private.last_trade_of(bigint) IS
'When the last trade of a bot was opened, of all its subscribers; NULL: it has none';

-- The developer of a bot is told its sums, and nothing of any subscriber: row security knows no sums. One statement, so
-- that what is folded meanwhile is neither missed nor counted twice.
CREATE FUNCTION marketplace.bot_totals(bot_id bigint) RETURNS TABLE (
    total_subscriptions bigint, active_subscriptions bigint, total_trades bigint, winning_trades bigint,
    total_pnl numeric, total_commission numeric, last_trade_time timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, marketplace, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT s.total_subscriptions + c.total_subscriptions, s.active_subscriptions + c.active_subscriptions,
           s.total_trades + c.total_trades, s.winning_trades + c.winning_trades, s.total_pnl + c.total_pnl,
           s.total_commission + c.total_commission,
           marketplace_private.last_trade_of(b.id)
    FROM marketplace.bots b JOIN marketplace.bot_sums s ON s.bot_id = b.id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(o.total_subscriptions), 0)::bigint AS total_subscriptions,
               coalesce(sum(o.active_subscriptions), 0)::bigint AS active_subscriptions,
               coalesce(sum(o.total_trades), 0)::bigint AS total_trades,
               coalesce(sum(o.winning_trades), 0)::bigint AS winning_trades,
               coalesce(sum(o.total_pnl), 0) AS total_pnl, coalesce(sum(o.total_commission), 0) AS total_commission
        FROM marketplace.bot_sum_changes o WHERE o.bot_id = b.id) c
    WHERE b.id = bot_totals.bot_id AND identity.acts_for(b.developer_id);
END
$$;
COMMENT ON FUNCTION marketplace.bot_totals(bigint) IS
'What the closed trades of a bot have come to, of all its subscriptions together, those that have ended as well: one '
'row for its developer and for who acts for everybody, none for others. total_pnl and total_commission in quote, '
'whatever that is; last_trade_time: when its last trade was opened. Costs the same for a million trades';
GRANT EXECUTE ON FUNCTION marketplace.bot_totals(bigint) TO bourse_viewer, bourse_worker;
