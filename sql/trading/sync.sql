-- What bots have traded on our own exchange, taken from its trades into their books. The exchange knows nothing of it:
-- each bot keeps how far a market is booked, and the journal of fills takes a trade once.

CREATE FUNCTION trading_private.fill_of_trade(trade_id bigint, order_id bigint) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'trading_fill_of_trade_wrapper';
COMMENT ON FUNCTION trading_private.fill_of_trade(bigint, bigint) IS
'The fill_id of a trade of our exchange in the books of the bot whose order it was: a trade of a bot with itself is '
'two fills';

CREATE FUNCTION trading_private.trade_of_fill(fill_id text) RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'trading_trade_of_fill_wrapper';
COMMENT ON FUNCTION trading_private.trade_of_fill(text) IS
'The trade of our exchange that a fill is; NULL: somebody has told it, who may take no fill_id of a trade';

-- Few trades since it was looked at last are read one by one, of many only those of the bot's orders. Both are as of
-- one moment of the market: its sequence has no gap, and nothing comes before what is there. Of one sequence there may
-- be two, one of each side: where not all are taken, the last one waits.
CREATE FUNCTION trading_private.trades_since(bot_id bigint, symbol text, booked bigint, reached bigint, most integer,
                                             OUT trades jsonb, OUT until bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_variable
BEGIN
    WITH found AS MATERIALIZED (
        SELECT f.* FROM (
            SELECT o.bot_id, o.order_id, t.id AS trade_id, trading_private.fill_of_trade(t.id, o.order_id) AS fill_id,
                   t.symbol, o.side, t.amount AS quantity, t.price,
                   CASE o.side WHEN 'buy' THEN t.buyer_commission ELSE t.seller_commission END AS fee,
                   t.created_at AS filled_at, o.strategy_name, o.entry_logic_name, o.exit_logic_name, o."interval",
                   o.exit_reason, t.sequence
            FROM exchange.trades t
            JOIN trading.bot_orders o ON o.order_id = t.buy_order_id AND o.side = 'buy'
                                         OR o.order_id = t.sell_order_id AND o.side = 'sell'
            WHERE reached - booked <= 5000 AND t.symbol = symbol AND t.sequence > booked AND t.sequence <= reached
              AND o.bot_id = bot_id
            UNION ALL
            SELECT o.bot_id, o.order_id, t.id, trading_private.fill_of_trade(t.id, o.order_id), t.symbol, o.side,
                   t.amount, t.price, t.fee, t.created_at, o.strategy_name, o.entry_logic_name, o.exit_logic_name,
                   o."interval", o.exit_reason, t.sequence
            FROM trading.bot_orders o
            CROSS JOIN LATERAL (
                SELECT b.id, b.symbol, b.amount, b.price, b.buyer_commission AS fee, b.created_at, b.sequence
                FROM exchange.trades b WHERE b.buy_order_id = o.order_id AND o.side = 'buy'
                UNION ALL
                SELECT s.id, s.symbol, s.amount, s.price, s.seller_commission, s.created_at, s.sequence
                FROM exchange.trades s WHERE s.sell_order_id = o.order_id AND o.side = 'sell') t
            WHERE reached - booked > 5000 AND o.bot_id = bot_id AND o.symbol = symbol AND NOT o.is_settled
              AND t.sequence > booked AND t.sequence <= reached) f
        ORDER BY f.sequence LIMIT most
    ), bound AS (
        SELECT CASE WHEN count(*) = most THEN max(f.sequence) - 1 ELSE reached END AS until FROM found f
    )
    SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.sequence) FILTER (WHERE f.sequence <= b.until), '[]'), b.until
    INTO trades, until FROM bound b LEFT JOIN found f ON true GROUP BY b.until;
END
$$;
COMMENT ON FUNCTION trading_private.trades_since(bigint, text, bigint, bigint, integer) IS
'The trades of a bot in a market after one sequence and up to another, as apply_facts() takes them, up to so many; and '
'the sequence up to which these are all';

-- In portions, each in order of time: what a call takes is held in memory.
CREATE FUNCTION trading_private.book_trades(bot_id bigint, portions integer, OUT booked bigint, OUT set_aside bigint,
                                            OUT is_all boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 50000;
    market record;
    part record;
    facts jsonb;
BEGIN
    booked := 0;
    set_aside := 0;
    FOR portion IN 1..portions LOOP
        facts := '[]';
        is_all := true;
        FOR market IN
            SELECT k.symbol, k.booked_sequence, m.last_sequence
            FROM trading.bot_markets k JOIN exchange.markets m ON m.symbol = k.symbol
            WHERE k.bot_id = bot_id AND m.last_sequence > k.booked_sequence
              AND EXISTS (SELECT FROM trading.bot_orders o
                          WHERE o.bot_id = bot_id AND o.symbol = k.symbol AND NOT o.is_settled)
        LOOP
            part := trading_private.trades_since(bot_id, market.symbol, market.booked_sequence, market.last_sequence,
                                                 most);
            facts := facts || part.trades;
            UPDATE trading.bot_markets k SET booked_sequence = part.until
            WHERE k.bot_id = bot_id AND k.symbol = market.symbol;
            is_all := part.until = market.last_sequence AND jsonb_array_length(facts) < most;
            EXIT WHEN NOT is_all;
        END LOOP;
        booked := booked + jsonb_array_length(facts);
        set_aside := set_aside + trading_private.book_facts(bot_id, facts);
        EXIT WHEN is_all;
    END LOOP;
    booked := booked - set_aside;
END
$$;
COMMENT ON FUNCTION trading_private.book_trades(bigint, integer) IS
'Books what a bot that is locked has traded on our own exchange since it was booked last, up to so many portions of '
'50,000 trades; says how many, how many more could not be booked and were set aside, and whether these are all';

-- Which orders have ended is asked first: then their trades are among those that a market has reached.
CREATE FUNCTION trading_private.sync(bot_id bigint, thorough boolean DEFAULT false, portions integer DEFAULT 1000000)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    ended bigint[];
    done record;
BEGIN
    IF thorough THEN
        ended := ARRAY(SELECT o.order_id FROM trading.bot_orders o LEFT JOIN exchange.orders x ON x.id = o.order_id
                       WHERE o.bot_id = bot_id AND NOT o.is_settled AND (x.id IS NULL OR x.ended_at IS NOT NULL));
    END IF;
    done := trading_private.book_trades(bot_id, portions);
    IF ended <> '{}' AND done.is_all THEN
        UPDATE trading.bot_orders o SET is_settled = true WHERE o.order_id = ANY (ended);
    END IF;
    PERFORM trading_private.settle(bot_id);
    PERFORM trading_private.mark_unwanted(bot_id, exits_only => true) WHERE thorough OR done.booked > 0;
    IF done.set_aside > 0 THEN
        PERFORM trading_private.fail_unbooked(
            bot_id, format('trades that cannot be booked: %s, in trading.unbooked_fills', done.set_aside));
    END IF;
    RETURN done.booked;
END
$$;
COMMENT ON FUNCTION trading_private.sync(bigint, boolean, integer) IS
'Books what a bot that is locked has traded on our own exchange since it was booked last, whatever its status, up to '
'so many portions, and says how many trades. Those that cannot be booked are set aside, and the bot fails. Costs a '
'probe for each of its markets, and what was traded there since; thorough: its orders that are not settled as well, of '
'which those that have ended are settled';

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

-- What goes wrong with one bot is told, and holds up no other. Where a call does not come to all bots, chance says
-- whose turn it is: none is always behind the others.
CREATE FUNCTION trading_private.sync_behind(owner bigint, lasting interval DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    portions CONSTANT integer := CASE WHEN lasting IS NULL THEN 1000000 ELSE 1 END;
    behind bigint;
    booked bigint := 0;
    failure text;
BEGIN
    FOR behind IN SELECT b.bot_id FROM (SELECT DISTINCT o.bot_id FROM trading.bot_orders o
                                        WHERE NOT o.is_settled AND (owner IS NULL OR o.user_id = owner)) b
                  ORDER BY random() LOOP
        EXIT WHEN clock_timestamp() > began + lasting;
        BEGIN
            PERFORM FROM trading.bot_accounts b WHERE b.id = behind FOR NO KEY UPDATE SKIP LOCKED;
            IF FOUND THEN
                booked := booked + trading_private.sync(behind, thorough => true, portions => portions);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            failure := format('trades of bot %s cannot be booked: %s (%s)', behind, bourse_private.clip(SQLERRM),
                              SQLSTATE);
            RAISE WARNING '%', failure;
            -- What passes is tried again. Otherwise nobody knows what it holds, until its books are mended.
            IF SQLSTATE !~ '^(40|53|55|57|58)' THEN
                PERFORM trading_private.fail_unbooked(b.id, failure)
                FROM (SELECT l.id FROM trading.bot_accounts l WHERE l.id = behind FOR NO KEY UPDATE SKIP LOCKED) b;
            END IF;
        END;
    END LOOP;
    RETURN booked;
END
$$;
COMMENT ON FUNCTION trading_private.sync_behind(bigint, interval) IS
'sync() of all bots, or those of a user, that have orders which have not ended and been booked, by chance; lasting: '
'for about so long, and a portion of each. Those that somebody else has locked are left to the next call. What goes '
'wrong with a bot is told, and has it fail unless it passes';

CREATE FUNCTION trading.sync_fills(bot_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF bot_id IS NOT NULL THEN
        PERFORM trading_private.lock_bot(bot_id);
        RETURN trading_private.sync(bot_id, thorough => true);
    END IF;
    PERFORM bourse_private.require_read_committed('sync_fills()');
    RETURN trading_private.sync_behind(
        CASE WHEN identity.acts_for_all() THEN NULL ELSE coalesce(identity.current_user_id(), 0) END);
END
$$;
COMMENT ON FUNCTION trading.sync_fills(bigint) IS
'Books what a bot has traded on our own exchange, each trade once, in order of time, whatever its status: it has '
'happened. Says how many. What cannot be booked stands in trading.unbooked_fills then, and the bot has failed; the '
'others are booked. NULL: all bots of the session''s user, of whoever acts for everybody all, that nobody else has '
'locked; what goes wrong with one is a warning, and has it fail. place_order() and the steps of a bot''s life do it '
'themselves; the ticker of the platform does it every 10 seconds. 25001 isolation, 42704 no such bot, or of another '
'user';
GRANT EXECUTE ON FUNCTION trading.sync_fills(bigint) TO bourse_trader, bourse_worker;
