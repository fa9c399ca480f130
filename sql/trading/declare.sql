-- What trading declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION trading_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('bot_accounts', is_audited => true, engine_written => true,
                                     on_erasure => 'delete'),
        bourse_private.declare_table('bot_heartbeats', on_erasure => 'delete'),
        bourse_private.declare_table('bot_events', on_erasure => 'delete'),
        bourse_private.declare_table('positions', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('trades', engine_written => true, on_erasure => 'delete',
                                     time_column => 'entry_time', partition_by => 'month'),
        bourse_private.declare_table('fills', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('fill_corrections', on_erasure => 'delete'),
        bourse_private.declare_table('cash_events', on_erasure => 'delete'),
        bourse_private.declare_table('balances', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('equity_snapshots', on_erasure => 'delete'),
        bourse_private.declare_table('fill_commands', engine_written => true),
        bourse_private.declare_table('fill_rejections', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('bot_orders', on_erasure => 'delete'),
        bourse_private.declare_table('unbooked_fills', on_erasure => 'delete'),
        bourse_private.declare_table('bot_markets', on_erasure => 'delete'),
        bourse_private.declare_table('pair_locks', on_erasure => 'delete', time_column => 'locked_until',
                                     keep => '90 days'),
        bourse_private.declare_table('performance_metrics', on_erasure => 'delete'),
        bourse_private.declare_table('price_ranges'),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION trading_private.own_tables() IS
'The tables of trading. Of bots the trail has what people change of their settings; the steps of their life are '
'events, and heartbeats leave no trace';

CREATE FUNCTION trading_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot_id bigint;
BEGIN
    FOR bot_id IN SELECT b.id FROM trading.bot_accounts b WHERE b.user_id = user_id ORDER BY b.id FOR UPDATE LOOP
        PERFORM trading_private.sync(bot_id, thorough => true), trading_private.require_idle(bot_id);
    END LOOP;
END
$$;
COMMENT ON FUNCTION trading_private.before_erasure(bigint) IS
'Locks the bots of a user who is to be erased; refuses while one has active trades or orders (23503)';

CREATE FUNCTION trading_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT 'trading_bots', count(*)::numeric, jsonb_build_object('status', b.status)
    FROM trading.bot_accounts b GROUP BY b.status
    UNION ALL
    SELECT 'trading_silent_bots', count(*), NULL FROM trading.bot_heartbeats h WHERE h.silent_since IS NOT NULL
$$;
COMMENT ON FUNCTION trading_private.own_metrics() IS
'What metrics() says of trading: how many bots there are of each status, and how many are silent. Reads a row for each '
'bot';

CREATE FUNCTION trading_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT 'warning', 'bot_is_silent', h.bot_id::text,
           format('no heartbeat since %s', coalesce(h.last_heartbeat, h.silent_since)),
           'Its next heartbeat has it go on; trading.start_bot() or stop_bot() end the wait.'
    FROM (SELECT s.* FROM trading.bot_heartbeats s WHERE s.silent_since IS NOT NULL ORDER BY s.bot_id LIMIT 100) h
    UNION ALL
    (SELECT 'warning', 'trades_are_not_booked', u.bot_id::text, format('trades: %s, %s (%s)', count(*),
            min(u.reason), min(u.sqlstate)),
            'trading.unbooked_fills has them. Mend what is in their way, then trading.retry_fills().'
     FROM trading.unbooked_fills u GROUP BY u.user_id, u.bot_id ORDER BY u.user_id, u.bot_id LIMIT 100)
$$;
COMMENT ON FUNCTION trading_private.own_alerts() IS
'What alerts() says of trading: bots that have gone silent, and those in whose books trades are missing, up to 100 '
'each. Costs a probe of an index, and what is not booked';

CREATE FUNCTION trading_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM FROM trading.bot_accounts b ORDER BY b.id LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION trading_private.own_health() IS 'Whether bots can be read';

CREATE FUNCTION trading_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT 'bot_without_heartbeats', count(*) FROM trading.bot_accounts b
    WHERE NOT EXISTS (SELECT FROM trading.bot_heartbeats h WHERE h.bot_id = b.id)
    UNION ALL
    SELECT 'bot_watched_in_vain', count(*) FROM trading.bot_accounts b JOIN trading.bot_heartbeats h ON h.bot_id = b.id
    WHERE h.is_watched <> (b.status IN ('starting', 'running', 'paused', 'stopping'))
    UNION ALL
    SELECT 'order_to_be_cancelled', count(*) FROM trading.bot_orders o WHERE o.is_unwanted AND NOT o.is_settled
    UNION ALL
    SELECT 'trade_that_is_not_booked', count(*) FROM trading.unbooked_fills
$$;
COMMENT ON FUNCTION trading_private.own_integrity() IS
'What integrity() counts of trading: bots without a row for heartbeats, bots that are watched in a status in which '
'they are not at work, or the other way round, orders of bots that have stopped and whose market has not let them go, '
'trades of our exchange that could not be booked. Reads every bot';

CREATE FUNCTION trading_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM trading_private.note_prices(100);
    PERFORM trading_private.tick_bots();
END
$$;
COMMENT ON FUNCTION trading_private.on_tick() IS
'What the ticker of the platform does for trading: note_prices(), tick_bots()';
