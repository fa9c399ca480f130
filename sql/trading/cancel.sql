-- Orders of bots that are to go: is_unwanted, until they are cancelled or have ended.

CREATE FUNCTION trading_private.is_live(order_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT EXISTS (SELECT FROM exchange.orders x WHERE x.id = is_live.order_id AND x.status IN ('open', 'pending'))
$$;
COMMENT ON FUNCTION trading_private.is_live(bigint) IS 'Whether an order of our exchange has not ended';

-- A market that is halted lets no order go: the others are not tried. Whose balance somebody holds, or whose order, has
-- none of his tried: others are not kept waiting for him.
CREATE FUNCTION trading_private.cancel_in_market(symbol text, bot_id bigint DEFAULT NULL, most integer DEFAULT NULL,
                                                 until timestamptz DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    unwanted record;
    busy bigint[] := '{}';
    has_gone boolean;
    cancelled integer := 0;
BEGIN
    BEGIN
        PERFORM exchange_private.hold_markets(ARRAY[symbol]);
    EXCEPTION WHEN lock_not_available THEN
        RETURN 0;
    END;
    FOR unwanted IN SELECT o.order_id, o.user_id FROM trading.bot_orders o
                    WHERE o.symbol = symbol AND o.is_unwanted AND NOT o.is_settled
                      AND (bot_id IS NULL OR o.bot_id = bot_id)
                    ORDER BY o.order_id LOOP
        EXIT WHEN cancelled >= most OR clock_timestamp() > until;
        CONTINUE WHEN unwanted.user_id = ANY (busy);
        -- Somebody may be booking what it has traded, and not end.
        PERFORM FROM trading.bot_orders o WHERE o.order_id = unwanted.order_id FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            busy := busy || unwanted.user_id;
            CONTINUE;
        END IF;
        has_gone := NOT trading_private.is_live(unwanted.order_id);
        IF NOT has_gone THEN
            BEGIN
                PERFORM exchange_private.cancel_for_platform(unwanted.order_id);
                has_gone := true;
                cancelled := cancelled + 1;
            EXCEPTION
                WHEN lock_not_available THEN
                    busy := busy || unwanted.user_id;
                WHEN object_not_in_prerequisite_state OR insufficient_privilege THEN
                    -- The market is halted, or not held by logins like this one.
                    EXIT;
                WHEN OTHERS THEN
                    RAISE WARNING 'order % of a bot cannot be cancelled: % (%)', unwanted.order_id,
                        bourse_private.clip(SQLERRM), SQLSTATE;
            END;
        END IF;
        UPDATE trading.bot_orders o SET is_unwanted = false WHERE o.order_id = unwanted.order_id AND has_gone;
    END LOOP;
    RETURN cancelled;
END
$$;
COMMENT ON FUNCTION trading_private.cancel_in_market(text, bigint, integer, timestamptz) IS
'Cancels the unwanted orders of one market, of a bot or of all, up to so many and until then, and says how many. None '
'if the market is held or halted. What cannot be cancelled for another reason is told in the log, and stays unwanted';

-- All of their markets are held first, in the order of everybody who takes several: balances come behind. Whoever waits
-- for none for long takes one after the other.
CREATE FUNCTION trading_private.cancel_of_bot(bot_id bigint) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    markets CONSTANT text[] := ARRAY(
        SELECT DISTINCT o.symbol FROM trading.bot_orders o
        WHERE o.bot_id = bot_id AND o.is_unwanted AND NOT o.is_settled ORDER BY o.symbol LIMIT 1000);
    market text;
    cancelled integer := 0;
BEGIN
    BEGIN
        PERFORM exchange_private.hold_markets(markets);
    EXCEPTION WHEN lock_not_available THEN
        NULL;
    END;
    FOREACH market IN ARRAY markets LOOP
        cancelled := cancelled + trading_private.cancel_in_market(market, bot_id);
    END LOOP;
    RETURN cancelled;
END
$$;
COMMENT ON FUNCTION trading_private.cancel_of_bot(bigint) IS
'Cancels the unwanted orders of a bot, in up to 1,000 markets, and says how many. What a market does not let go now '
'stays unwanted: the ticker comes back to it';

-- Chance says with which market a call begins, as it does not come to all of them where many are held or halted: none
-- is always behind the others. Markets are not taken in order then; whoever waits so briefly is in no deadlock.
CREATE FUNCTION trading_private.cancel_unwanted(most integer) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET lock_timeout = '10ms' SET enable_seqscan = off AS $$
DECLARE
    until CONSTANT timestamptz := clock_timestamp() + interval '500 ms';
    markets CONSTANT text[] := ARRAY(
        WITH RECURSIVE m (symbol) AS (
            SELECT min(o.symbol) FROM trading.bot_orders o WHERE o.is_unwanted AND NOT o.is_settled
            UNION ALL
            SELECT (SELECT min(o.symbol) FROM trading.bot_orders o
                    WHERE o.is_unwanted AND NOT o.is_settled AND o.symbol > m.symbol)
            FROM m WHERE m.symbol IS NOT NULL)
        SELECT m.symbol FROM m WHERE m.symbol IS NOT NULL);
    first CONSTANT integer := floor(random() * cardinality(markets))::integer;
    market text;
    cancelled integer := 0;
BEGIN
    FOREACH market IN ARRAY markets[first + 1:] || markets[:first] LOOP
        EXIT WHEN cancelled >= most OR clock_timestamp() > until;
        cancelled := cancelled + trading_private.cancel_in_market(market, NULL, most - cancelled, until);
    END LOOP;
    RETURN cancelled;
END
$$;
COMMENT ON FUNCTION trading_private.cancel_unwanted(integer) IS
'Cancels up to so many unwanted orders of all bots, and says how many. Waits for no market: one that is busy or halted '
'is left to the next call';
