-- What a monitor is told of orders, trades, balances and the time that calls take.

CREATE FUNCTION exchange_private.sequencer_wait_ms() RETURNS bigint
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'sequencer_wait_ms_wrapper';
COMMENT ON FUNCTION exchange_private.sequencer_wait_ms() IS
'For how many milliseconds the request to the sequencer has waited that waits longest; NULL: none does';

CREATE FUNCTION exchange_private.recent_cancels(OUT orders bigint, OUT cancelled bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
    SELECT count(*), count(*) FILTER (WHERE r.cancel_reason = 'user')
    FROM (SELECT o.created_at, o.cancel_reason FROM exchange.orders o ORDER BY o.id DESC LIMIT 1000) r
    WHERE r.created_at > clock_timestamp() - interval '10 minutes'
$$;
COMMENT ON FUNCTION exchange_private.recent_cancels() IS
'How many orders there are of the last ten minutes, of the last 1,000 orders at most, and how many of them their users '
'have cancelled since';

-- The server counts calls of functions where track_functions = all: those that have come to their end.
CREATE FUNCTION exchange_private.call_figures() RETURNS TABLE (call text, calls numeric, seconds numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT p.proname::text, sum(pg_stat_get_function_calls(p.oid)),
           sum(pg_stat_get_function_total_time(p.oid))::numeric / 1000
    FROM pg_proc p
    WHERE p.pronamespace = 'exchange'::regnamespace AND p.proname IN (
        'place_order', 'cancel_order', 'cancel_all_orders', 'amend_order', 'submit_order', 'submit_cancel',
        'submit_amend', 'submit_cancel_all', 'submit_transfer', 'deposit', 'withdraw', 'transfer',
        'update_asset_balance', 'update_user_balance', 'order_book')
      AND pg_stat_get_function_calls(p.oid) > 0
    GROUP BY p.proname
$$;
COMMENT ON FUNCTION exchange_private.call_figures() IS
'How often calls of the exchange have come to their end, and how long they have taken together; none where '
'track_functions is not all';

CREATE FUNCTION exchange_private.order_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'exchange_orders_total', pg_stat_get_tuples_inserted('exchange.orders'::regclass)::numeric, NULL::jsonb
    UNION ALL
    SELECT 'exchange_rejected_commands_total', pg_stat_get_tuples_inserted('exchange.command_rejections'::regclass),
           NULL
    UNION ALL
    SELECT 'exchange_trades_total', coalesce(sum(m.last_sequence), 0), NULL FROM exchange.markets m
    UNION ALL
    SELECT v.name, t.total, NULL FROM bourse_private.tally() t JOIN (VALUES
        ('exchange.cancels', 'exchange_cancels_total'), ('exchange.refused_funds', 'exchange_refused_funds_total'))
        v (what, name) ON v.what = t.what
    UNION ALL
    SELECT v.name, v.value, NULL FROM exchange_private.recent_cancels() r CROSS JOIN LATERAL (VALUES
        ('exchange_recent_orders', r.orders),
        ('exchange_recent_cancel_ratio', CASE WHEN r.orders > 0 THEN round(r.cancelled::numeric / r.orders, 4) END))
        v (name, value)
    UNION ALL
    SELECT 'exchange_sequencer_wait_seconds', coalesce(exchange_private.sequencer_wait_ms(), 0)::numeric / 1000, NULL
    UNION ALL
    SELECT v.name, v.value, jsonb_build_object('call', f.call)
    FROM exchange_private.call_figures() f CROSS JOIN LATERAL (VALUES
        ('exchange_calls_total', f.calls), ('exchange_call_seconds_total', f.seconds)) v (name, value)
$$;
COMMENT ON FUNCTION exchange_private.order_metrics() IS
'What metrics() says of orders, trades, cancels, refused funds and how long calls take. Costs the rows of markets, the '
'last 1,000 orders, and a look at the catalog';

CREATE FUNCTION exchange_private.order_alerts() RETURNS TABLE (severity text, alert text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'critical', 'sequencer_is_stalled', format('a request has waited for %s ms', w.ms),
           'SELECT * FROM exchange.sequencer_status(); somebody may hold a lock that it needs: pg_blocking_pids().'
    FROM exchange_private.sequencer_wait_ms() w (ms)
    WHERE w.ms > 1000 * bourse_private.threshold('sequencer_is_stalled')
    UNION ALL
    SELECT 'warning', 'balance_changes_fail', format('%s within the last minutes', t.lately),
           'Accounts ask for more than they have: a client that does not look, or an attack.'
    FROM bourse_private.tally() t
    WHERE t.what = 'exchange.refused_funds' AND t.lately > bourse_private.threshold('balance_changes_fail')
    UNION ALL
    SELECT 'warning', 'cancellations_are_unusual',
           format('of %s orders of the last ten minutes their users have cancelled %s', r.orders, r.cancelled),
           'exchange.orders says whose they are.'
    FROM exchange_private.recent_cancels() r
    WHERE r.orders >= 100 AND r.cancelled * 100 > r.orders * bourse_private.threshold('cancellations_are_unusual')
$$;
COMMENT ON FUNCTION exchange_private.order_alerts() IS
'What alerts() says of orders and balances: a request that the sequencer does not answer, changes of balances that are '
'refused, many cancels. Costs the last 1,000 orders';

CREATE FUNCTION exchange_private.own_thresholds() RETURNS TABLE (alert text, value numeric, unit text, meaning text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    VALUES
    ('balance_changes_fail', 100, 'refusals', 'for want of funds in the last 5 to 10 minutes'),
    ('cancellations_are_unusual', 95, 'percent', 'of the orders of the last ten minutes, of 100 to 1,000 of them'),
    ('inbox_waits', 60, 'seconds', 'since the first command has come into the bulk inbox'),
    ('sequencer_is_stalled', 10, 'seconds', 'for which a request to the sequencer has waited'),
    ('venue_transfer_waits', 600, 'seconds', 'for which a transfer to another venue has been under way')
$$;
COMMENT ON FUNCTION exchange_private.own_thresholds() IS 'The thresholds of the exchange';
