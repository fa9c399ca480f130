-- What bots have traded on our own exchange, taken from its trades into their books. The exchange knows nothing of it:
-- each bot keeps how far a market is booked, and the journal of fills takes a trade once.

-- Few trades since it was looked at last are read one by one, of many only those of the bot's orders. Both are as of
-- one moment of the market: its sequence has no gap, and nothing comes before what is there.
CREATE FUNCTION trading_private.trades_since(bot_id bigint, symbol text, booked bigint, reached bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT jsonb_agg(to_jsonb(f)) FROM (
            SELECT o.bot_id, format('exchange:%s:%s', t.id, o.order_id) AS fill_id, t.symbol, o.side,
                   t.amount AS quantity, t.price,
                   CASE o.side WHEN 'buy' THEN t.buyer_commission ELSE t.seller_commission END AS fee,
                   t.created_at AS filled_at, o.strategy_name, o.entry_logic_name, o.exit_logic_name, o."interval",
                   o.exit_reason, t.sequence
            FROM exchange.trades t
            JOIN trading.bot_orders o ON o.order_id = t.buy_order_id AND o.side = 'buy'
                                         OR o.order_id = t.sell_order_id AND o.side = 'sell'
            WHERE reached - booked <= 5000 AND t.symbol = symbol AND t.sequence > booked AND t.sequence <= reached
              AND o.bot_id = bot_id
            UNION ALL
            SELECT o.bot_id, format('exchange:%s:%s', t.id, o.order_id), t.symbol, o.side, t.amount, t.price, t.fee,
                   t.created_at, o.strategy_name, o.entry_logic_name, o.exit_logic_name, o."interval", o.exit_reason,
                   t.sequence
            FROM trading.bot_orders o
            CROSS JOIN LATERAL (
                SELECT b.id, b.symbol, b.amount, b.price, b.buyer_commission AS fee, b.created_at, b.sequence
                FROM exchange.trades b WHERE b.buy_order_id = o.order_id AND o.side = 'buy'
                UNION ALL
                SELECT s.id, s.symbol, s.amount, s.price, s.seller_commission, s.created_at, s.sequence
                FROM exchange.trades s WHERE s.sell_order_id = o.order_id AND o.side = 'sell') t
            WHERE reached - booked > 5000 AND o.bot_id = bot_id AND o.symbol = symbol AND NOT o.is_settled
              AND t.sequence > booked AND t.sequence <= reached) f);
END
$$;
COMMENT ON FUNCTION trading_private.trades_since(bigint, text, bigint, bigint) IS
'The trades of a bot in a market after one sequence and up to another, as apply_facts() takes them; NULL: none';

-- Which orders have ended is asked first: then their trades are among those that a market has reached.
CREATE FUNCTION trading_private.sync(bot_id bigint, thorough boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    ended bigint[];
    market record;
    facts jsonb := '[]';
BEGIN
    IF thorough THEN
        ended := ARRAY(SELECT o.order_id FROM trading.bot_orders o LEFT JOIN exchange.orders x ON x.id = o.order_id
                       WHERE o.bot_id = bot_id AND NOT o.is_settled AND (x.id IS NULL OR x.ended_at IS NOT NULL));
    END IF;
    FOR market IN
        SELECT k.symbol, k.booked_sequence, m.last_sequence
        FROM trading.bot_markets k JOIN exchange.markets m ON m.symbol = k.symbol
        WHERE k.bot_id = bot_id AND m.last_sequence > k.booked_sequence
          AND EXISTS (SELECT FROM trading.bot_orders o
                      WHERE o.bot_id = bot_id AND o.symbol = k.symbol AND NOT o.is_settled)
    LOOP
        facts := facts || coalesce(trading_private.trades_since(bot_id, market.symbol, market.booked_sequence,
                                                                market.last_sequence), '[]');
        UPDATE trading.bot_markets k SET booked_sequence = market.last_sequence
        WHERE k.bot_id = bot_id AND k.symbol = market.symbol;
    END LOOP;
    IF facts <> '[]' THEN
        PERFORM trading_private.apply_facts(jsonb_agg(f ORDER BY (f ->> 'filled_at')::timestamptz, f -> 'sequence'))
        FROM jsonb_array_elements(facts) f;
    END IF;
    IF ended <> '{}' THEN
        UPDATE trading.bot_orders o SET is_settled = true WHERE o.order_id = ANY (ended);
    END IF;
    PERFORM trading_private.settle(bot_id);
    RETURN jsonb_array_length(facts);
END
$$;
COMMENT ON FUNCTION trading_private.sync(bigint, boolean) IS
'Books what a bot that is locked has traded on our own exchange since it was booked last, whatever its status, and '
'says how many trades. Costs a probe for each of its markets, and what was traded there since; thorough: its orders '
'that are not settled as well, of which those that have ended are settled';

-- Trades before its first order, or while it had none, are not the bot's.
CREATE FUNCTION trading_private.enter_market(bot_id bigint, user_id bigint, symbol text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT EXISTS (SELECT FROM trading.bot_orders o
                   WHERE o.bot_id = bot_id AND o.symbol = symbol AND NOT o.is_settled) THEN
        INSERT INTO trading.bot_markets AS k (bot_id, symbol, user_id, booked_sequence)
        SELECT bot_id, symbol, user_id, m.last_sequence FROM exchange.markets m WHERE m.symbol = symbol
        ON CONFLICT ON CONSTRAINT bot_markets_pkey DO UPDATE SET booked_sequence = excluded.booked_sequence;
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.enter_market(bigint, bigint, text) IS
'Before a bot places an order: notes where the trades of its market are, if none of its orders there can have some '
'that are not booked';

-- What goes wrong with one bot is told, and holds up no other. Where there are more bots than a call takes, chance says
-- whose turn it is: none is always behind the others.
CREATE FUNCTION trading_private.sync_behind(most integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
DECLARE
    behind bigint;
    booked bigint := 0;
BEGIN
    FOR behind IN SELECT b.bot_id FROM (SELECT DISTINCT o.bot_id FROM trading.bot_orders o WHERE NOT o.is_settled) b
                  ORDER BY random() LIMIT most LOOP
        BEGIN
            PERFORM FROM trading.bot_accounts b WHERE b.id = behind FOR NO KEY UPDATE SKIP LOCKED;
            IF FOUND THEN
                booked := booked + trading_private.sync(behind, thorough => true);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            RAISE LOG 'trades of bot % cannot be booked: % (%)', behind, bourse_private.clip(SQLERRM), SQLSTATE;
        END;
    END LOOP;
    RETURN booked;
END
$$;
COMMENT ON FUNCTION trading_private.sync_behind(integer) IS
'sync() of all bots that have orders which have not ended and been booked, up to so many, by chance; those that '
'somebody else has locked are left to the next call';

CREATE FUNCTION trading.sync_fills(bot_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    behind bigint;
    booked bigint := 0;
BEGIN
    PERFORM bourse.require_installed();
    IF bot_id IS NOT NULL THEN
        PERFORM trading_private.lock_bot(bot_id);
        RETURN trading_private.sync(bot_id, thorough => true);
    ELSIF identity.acts_for_all() THEN
        RETURN trading_private.sync_behind(NULL);
    END IF;
    FOR behind IN SELECT DISTINCT o.bot_id FROM trading.bot_orders o
                  WHERE o.user_id = identity.current_user_id() AND NOT o.is_settled ORDER BY o.bot_id LOOP
        PERFORM trading_private.lock_bot(behind);
        booked := booked + trading_private.sync(behind, thorough => true);
    END LOOP;
    RETURN booked;
END
$$;
COMMENT ON FUNCTION trading.sync_fills(bigint) IS
'Books what a bot has traded on our own exchange, each trade once, in order of time, whatever its status: it has '
'happened. Says how many. NULL: all bots of the session''s user; of whoever acts for everybody all that nobody else '
'has locked. place_order() and the steps of a bot''s life do it themselves; the ticker of the platform does it every '
'10 seconds. 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.sync_fills(bigint) TO bourse_trader, bourse_worker;
