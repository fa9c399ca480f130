-- What bots have traded on our own exchange and cannot be booked: set aside, told of, and tried again.

CREATE FUNCTION trading_private.apply_facts(fills jsonb)
RETURNS TABLE (place bigint, sqlstate text, reason text, hint text)
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_apply_facts_wrapper';
COMMENT ON FUNCTION trading_private.apply_facts(jsonb) IS
'As apply_fills(), whatever the status of the bots and whoever calls: what our own exchange has executed has happened. '
'Returns those that cannot be booked, by their places from 0, and why; the others are';

CREATE FUNCTION trading_private.book_facts(bot_id bigint, facts jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_column
DECLARE
    ordered jsonb;
    refused jsonb;
BEGIN
    IF facts = '[]' THEN
        RETURN 0;
    END IF;
    SELECT jsonb_agg(f ORDER BY (f ->> 'filled_at')::timestamptz, f -> 'sequence') INTO ordered
    FROM jsonb_array_elements(facts) f;
    SELECT jsonb_agg(to_jsonb(r)) INTO refused FROM trading_private.apply_facts(ordered) r;
    PERFORM trading_private.see_prices(book_facts.bot_id, ordered);
    IF refused IS NULL THEN
        RETURN 0;
    END IF;
    INSERT INTO trading.unbooked_fills AS u (order_id, trade_id, user_id, bot_id, symbol, side, quantity, price, fee,
                                             traded_at, sqlstate, reason, hint)
    SELECT f.order_id, f.trade_id, b.user_id, b.id, f.symbol, f.side, f.quantity, f.price, f.fee, f.filled_at,
           r.sqlstate, r.reason, r.hint
    FROM jsonb_to_recordset(refused) AS r (place integer, sqlstate text, reason text, hint text)
    CROSS JOIN LATERAL jsonb_to_record(ordered -> r.place) AS f (
        order_id bigint, trade_id bigint, symbol text, side text, quantity numeric, price numeric, fee numeric,
        filled_at timestamptz)
    JOIN trading.bot_accounts b ON b.id = book_facts.bot_id
    ON CONFLICT ON CONSTRAINT unbooked_fills_pkey DO UPDATE
    SET sqlstate = excluded.sqlstate, reason = excluded.reason, hint = excluded.hint, tried_at = excluded.tried_at;
    RETURN jsonb_array_length(refused);
END
$$;
COMMENT ON FUNCTION trading_private.book_facts(bigint, jsonb) IS
'Books trades of a bot that is locked in order of time. What cannot be booked is set aside; says how many';

-- It opens nothing as long as nobody knows what it holds. Resting entries are the ticker's to cancel: whoever books may
-- hold a market already.
CREATE FUNCTION trading_private.fail_unbooked(bot_id bigint, error text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM trading_private.mark_unwanted(bot_id);
    PERFORM trading_private.take_step(b.id, b.status, 'fail', 'error', jsonb_build_object('error', error))
    FROM trading.bot_accounts b JOIN trading.bot_transitions() t ON t.old_status = b.status AND t.step = 'fail'
    WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION trading_private.fail_unbooked(bigint, text) IS
'Has a bot that is locked fail, if it is at work, because trades of it are missing from its books; its resting entries '
'are to be cancelled';

CREATE FUNCTION trading.retry_fills(bot_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    owner bigint;
    facts jsonb;
    booked bigint;
BEGIN
    owner := (SELECT l.user_id FROM trading_private.lock_bot(bot_id, for_anybody => identity_private.is_operator()) l);
    SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') INTO facts FROM (
        SELECT u.bot_id, u.order_id, u.trade_id, trading_private.fill_of_trade(u.trade_id, u.order_id) AS fill_id,
               u.symbol, u.side, u.quantity, u.price, u.fee, u.traded_at AS filled_at, o.strategy_name,
               o.entry_logic_name, o.exit_logic_name, o."interval", o.exit_reason, u.trade_id AS sequence
        FROM trading.unbooked_fills u JOIN trading.bot_orders o ON o.order_id = u.order_id
        WHERE u.user_id = owner AND u.bot_id = bot_id
        ORDER BY u.trade_id LIMIT 50000) f;
    booked := jsonb_array_length(facts) - trading_private.book_facts(bot_id, facts);
    DELETE FROM trading.unbooked_fills u USING jsonb_array_elements(facts) f
    WHERE u.user_id = owner AND u.bot_id = bot_id AND u.order_id = (f ->> 'order_id')::bigint
      AND u.trade_id = (f ->> 'trade_id')::bigint AND u.tried_at < began;
    PERFORM trading_private.settle(bot_id);
    RETURN booked;
END
$$;
COMMENT ON FUNCTION trading.retry_fills(bigint) IS
'Books the trades of trading.unbooked_fills of a bot, up to 50,000 of them, and says how many; what still cannot be '
'booked stays there, with the reason. Afterwards start_bot() has the bot go on. For its user, and for operators. 22004 '
'NULL, 25001 isolation, 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.retry_fills(bigint) TO bourse_trader, bourse_worker;
