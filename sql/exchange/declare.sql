-- What the exchange declares of itself, as sql/bourse/modules.sql says.

-- The engine writes its tables past the executor. What operators change of markets is audited all the same.
CREATE FUNCTION exchange_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('markets', is_audited => true, engine_written => true),
        bourse_private.declare_table('assets', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('transfers', on_erasure => 'keep'),
        bourse_private.declare_table('venue_transfers', on_erasure => 'keep'),
        bourse_private.declare_table('venues', is_audited => true),
        bourse_private.declare_table('orders', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('trades', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('order_amendments', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('order_commands', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('command_rejections', engine_written => true, on_erasure => 'keep'),
        bourse_private.declare_table('command_attempts', engine_written => true),
        bourse_private.declare_table('fee_groups', is_audited => true, on_erasure => 'keep'),
        bourse_private.declare_table('fee_schedules', is_audited => true),
        bourse_private.declare_table('*', on_erasure => 'keep')];
END
$$;
COMMENT ON FUNCTION exchange_private.own_tables() IS 'The tables of the exchange';

-- Ids of refused commands are those of commands that have been in the inbox.
CREATE FUNCTION exchange_private.own_numbered_columns()
RETURNS TABLE (sequence regclass, relation regclass, column_name name)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'exchange.order_commands_id_seq'::regclass, 'exchange.command_rejections'::regclass, 'command_id'::name
$$;
COMMENT ON FUNCTION exchange_private.own_numbered_columns() IS
'The columns of the exchange whose values the sequence of another table gives';

CREATE FUNCTION exchange_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    live bigint;
    held text;
BEGIN
    PERFORM FROM exchange.assets a WHERE a.user_id = user_id ORDER BY a.symbol FOR UPDATE;
    SELECT count(*) INTO live FROM exchange.orders o WHERE o.user_id = user_id AND o.status IN ('open', 'pending');
    SELECT string_agg(format('%s %s', trim_scale(a.amount + a.locked_amount), a.symbol), ', ' ORDER BY a.symbol)
    INTO held
    FROM exchange.assets a WHERE a.user_id = user_id AND a.amount + a.locked_amount <> 0;
    IF live > 0 OR held IS NOT NULL THEN
        PERFORM bourse.refuse('55006',
            format('user %s has %s live orders and holds %s', user_id, live, coalesce(held, 'nothing')),
            'Cancel the orders (exchange.cancel_all_orders) and withdraw the balances first.');
    END IF;
    -- What is in suspense may come back.
    IF to_regclass('exchange.venue_transfers') IS NOT NULL THEN
        SELECT count(*) INTO live FROM exchange.venue_transfers v WHERE v.user_id = user_id AND v.status = 'sent';
    END IF;
    IF live > 0 THEN
        PERFORM bourse.refuse('55006', format('user %s has %s transfers to other venues under way', user_id, live),
            'Wait until exchange.unsettled_venue_transfers() has none of the user.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.before_erasure(bigint) IS
'Locks the balances of a user who is to be erased; refuses while there are any, live orders, or transfers to other '
'venues under way (55006)';

CREATE FUNCTION exchange_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM exchange.verify() v
$$;
COMMENT ON FUNCTION exchange_private.own_verify() IS 'exchange.verify()';

CREATE FUNCTION exchange_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'command_set_aside', count(*) FROM exchange.order_commands c WHERE c.set_aside_at IS NOT NULL
    UNION ALL
    SELECT 'live_order_past_its_time', count(*) FROM exchange.orders o
    WHERE o.status IN ('open', 'pending') AND o.expires_at < clock_timestamp() - interval '1 minute'
    UNION ALL
    SELECT 'code_that_misses_rows', count(*)
    FROM bourse_private.declared_tables() t, exchange_private.unfired_code(t.relation)
    WHERE t.module = 'exchange' AND t.engine_written
$$;
COMMENT ON FUNCTION exchange_private.own_integrity() IS
'What integrity() counts of the exchange: commands that were set aside, live orders that should have expired a minute '
'ago, triggers and rules of others that miss what the engine writes. Reads the inbox and the live orders that can '
'expire';

CREATE FUNCTION exchange_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH waiting AS MATERIALIZED (SELECT c.created_at FROM exchange.order_commands c ORDER BY c.id LIMIT 10000)
    SELECT 'exchange_inbox_commands', count(*)::numeric, NULL::jsonb FROM waiting
    UNION ALL
    SELECT 'exchange_inbox_age_seconds',
           extract(epoch FROM clock_timestamp() - (SELECT w.created_at FROM waiting w LIMIT 1)), NULL
    UNION ALL
    SELECT 'exchange_live_orders_estimate', greatest(c.reltuples, 0)::numeric, NULL
    FROM pg_class c WHERE c.oid = to_regclass('exchange.idx_orders_user_live')
    UNION ALL
    SELECT 'exchange_unswept_trades', coalesce(sum(m.last_sequence - m.swept_sequence), 0), NULL FROM exchange.markets m
    UNION ALL
    SELECT 'exchange_markets', count(*), jsonb_build_object('status', m.status)
    FROM exchange.markets m GROUP BY m.status
    UNION ALL
    SELECT v.name, v.value, v.labels FROM exchange.sequencer_status() s CROSS JOIN LATERAL (VALUES
        ('exchange_sequencer_working', (s.state = 'working')::integer::numeric, jsonb_build_object('state', s.state)),
        ('exchange_sequencer_queued', s.queued, NULL), ('exchange_sequencer_batches_total', s.batches, NULL),
        ('exchange_sequencer_requests_total', s.requests, NULL)) v (name, value, labels)
    UNION ALL
    SELECT v.name, v.value, NULL FROM exchange_private.suspense() s CROSS JOIN LATERAL (VALUES
        ('exchange_unsettled_venue_transfers', s.unsettled::numeric),
        ('exchange_unsettled_venue_transfer_age_seconds', extract(epoch FROM s.age))) v (name, value)
    UNION ALL
    SELECT f.name, f.value, f.labels FROM exchange_private.order_metrics() f
$$;
COMMENT ON FUNCTION exchange_private.own_metrics() IS
'What metrics() says of the exchange: commands in the inbox (up to 10,000 are counted) and the age of the first, live '
'orders as of the last VACUUM or ANALYZE, trades whose fees are not swept, markets by status, the sequencer and what '
'it has done since the server started, transfers to other venues that are under way, and what order_metrics() says. '
'Costs the inbox and the transfers under way, 10,000 of each at most, rows that have left them and wait for VACUUM, '
'and the rows of markets';

CREATE FUNCTION exchange_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'critical', 'sequencer_has_a_setback', NULL::text, s.setback, 'docs/sequencer.md says what each means.'
    FROM exchange.sequencer_status() s WHERE s.setback IS NOT NULL
    UNION ALL
    SELECT 'warning', 'inbox_waits', NULL, format('its first command is of %s', c.created_at),
           'Have exchange.match_orders() called, or look at exchange.sequencer_status().'
    FROM (SELECT c.created_at FROM exchange.order_commands c ORDER BY c.id LIMIT 1) c
    WHERE extract(epoch FROM clock_timestamp() - c.created_at) > bourse_private.threshold('inbox_waits')
    UNION ALL
    SELECT 'warning', 'venue_transfer_waits', NULL,
           format('%s transfers to other venues are under way, the first for %s', s.unsettled, s.age),
           'SELECT * FROM exchange.unsettled_venue_transfers(); does the carrier work, and reach the other venue?'
    FROM exchange_private.suspense() s
    WHERE extract(epoch FROM s.age) > bourse_private.threshold('venue_transfer_waits')
    UNION ALL
    SELECT f.severity, f.alert, NULL, f.detail, f.hint FROM exchange_private.order_alerts() f
    UNION ALL
    SELECT 'critical', 'market_has_no_hours', m.symbol,
           format('calendar %s %s', m.calendar, CASE WHEN t.is_active THEN 'has ended' ELSE 'is not active' END),
           'The market takes no orders: continue the calendar with calendar.load_calendar(), switch it on, or give the '
           'market another with exchange.set_market_calendar().'
    FROM exchange.markets m JOIN calendar.trading_hours_templates t ON t.name = m.calendar
    -- A bell that is due and was rung by what was refused has been undone with it.
    WHERE m.bell_at IS NULL
       OR m.bell_at <= clock_timestamp()
          AND (SELECT b.bell_at IS NULL FROM exchange_private.bell_of(m.symbol, clock_timestamp()) b)
$$;
COMMENT ON FUNCTION exchange_private.own_alerts() IS
'What alerts() says of the exchange: the sequencer cannot carry out the inbox, a command has waited for a minute, a '
'transfer to another venue for ten, the calendar of a market does not say when it opens. Costs a probe of an index, '
'rows that have left the inbox and wait for VACUUM, transfers under way up to 10,000, and the rows of markets';

CREATE FUNCTION exchange_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM FROM exchange.markets m ORDER BY m.symbol LIMIT 1;
    RETURN QUERY
    SELECT s.state IN ('working', 'starting', 'wanted', 'not preloaded') AND s.setback IS NULL,
           coalesce(s.setback, CASE WHEN s.state NOT IN ('working', 'not preloaded')
                                    THEN 'the sequencer is ' || s.state END)
    FROM exchange.sequencer_status() s;
END
$$;
COMMENT ON FUNCTION exchange_private.own_health() IS
'Whether markets can be read and the sequencer works, where the library is preloaded';
