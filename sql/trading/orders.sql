-- Orders of bots on our own exchange: whose they are, and which a bot may have.

CREATE FUNCTION trading_private.takes_order(status text, is_exit boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT status = 'running' OR is_exit AND status IN ('paused', 'stopping', 'error')
$$;
COMMENT ON FUNCTION trading_private.takes_order(text, boolean) IS
'Whether a bot in this status may place an order that can do no more than reduce its position (is_exit), or another';

-- What rests already counts: two exits of the whole position would open one the other way.
CREATE FUNCTION trading_private.is_exit(bot_id bigint, trade_type text, symbol text, side text, amount numeric)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held numeric := (SELECT p.qty_open FROM trading.positions p
                     WHERE p.bot_id = bot_id AND p.trade_type = trade_type AND p.symbol = symbol AND p.run_id = 0
                       AND p.status = 'open' AND p.direction = CASE side WHEN 'sell' THEN 'long' ELSE 'short' END);
BEGIN
    IF held IS NULL OR amount IS NULL OR amount > held
       -- Nobody knows what it holds.
       OR EXISTS (SELECT FROM trading.unbooked_fills u
                  JOIN trading.bot_accounts b ON b.id = bot_id AND b.user_id = u.user_id
                  WHERE u.bot_id = bot_id AND u.symbol = symbol) THEN
        RETURN false;
    END IF;
    RETURN held - amount >= (
        SELECT coalesce(sum(x.amount - x.filled_amount), 0)
        FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
        WHERE o.bot_id = bot_id AND o.symbol = symbol AND NOT o.is_settled AND o.side = side
          AND x.status IN ('open', 'pending'));
END
$$;
COMMENT ON FUNCTION trading_private.is_exit(bigint, text, text, text, numeric) IS
'Whether an order of a bot can do no more than reduce its open position, beside the orders that rest already';

CREATE FUNCTION trading_private.require_entry(bot_id bigint, symbol text, side text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    lock record;
BEGIN
    SELECT l.locked_until, l.reason INTO lock FROM trading_private.entry_locks(bot_id, symbol, side) l
    ORDER BY l.locked_until DESC LIMIT 1;
    IF FOUND THEN
        PERFORM bourse.refuse('55000',
            format('bot %s does not enter %s until %s', bot_id, symbol,
                to_char(lock.locked_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')),
            format('%s. trading.locked_until() tells before; exits are free.', lock.reason));
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_entry(bigint, text, text) IS
'Refuses an entry that a lock or a guard of the bot''s settings bars, and says until when and why (55000)';

-- A repeated client_order_id gives the first answer, whatever has become of the bot.
CREATE FUNCTION trading_private.is_repeated(bot_id bigint, user_id bigint, client_order_id text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
DECLARE
    first record;
BEGIN
    SELECT x.id, o.bot_id INTO first FROM exchange.orders x LEFT JOIN trading.bot_orders o ON o.order_id = x.id
    WHERE x.user_id = is_repeated.user_id AND x.client_order_id = is_repeated.client_order_id;
    IF first.id IS NOT NULL AND first.bot_id IS DISTINCT FROM is_repeated.bot_id THEN
        PERFORM bourse.refuse('23505',
            format('client_order_id %s is that of an order of %s', bourse_private.quoted(client_order_id),
                coalesce('bot ' || first.bot_id, 'no bot')),
            'Give each order an id of its own.');
    END IF;
    RETURN first.id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION trading_private.is_repeated(bigint, bigint, text) IS
'Whether the bot has an order of this client_order_id; refuses one that its user has used otherwise (23505)';

CREATE FUNCTION trading_private.require_market(symbol text, quote text, trade_type text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    traded text := (SELECT m.quote FROM exchange.markets m WHERE m.symbol = require_market.symbol);
BEGIN
    IF trade_type = 'backtest' THEN
        PERFORM bourse.refuse('22023', 'a backtest places no orders', 'Book its fills with trading.apply_fill().');
    ELSIF traded <> quote THEN
        PERFORM bourse.refuse('22023', format('%s trades in %s, the bot keeps its books in %s', symbol, traded, quote),
            'Make a bot with that quote for it.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_market(text, text, text) IS
'Refuses a market of another quote, and orders of a backtest (22023); an unknown market is the exchange''s to refuse';

-- As apply_fill() says it, which books the fills with them.
CREATE FUNCTION trading_private.require_label(name text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF length(value) > most THEN
        PERFORM bourse.refuse('22023', format('%s has %s bytes', name, octet_length(value)),
            format('%s has up to %s characters.', name, most));
    END IF;
    PERFORM bourse_private.require_line(name, value) WHERE value <> '';
END
$$;
COMMENT ON FUNCTION trading_private.require_label(text, text, integer) IS
'Refuses a label of more characters than its column has, or one that cannot be read (22023); NULL and none pass';

CREATE FUNCTION trading.place_order(
    bot_id bigint, symbol text, side text, price numeric, amount numeric, order_type text DEFAULT 'limit',
    time_in_force text DEFAULT 'gtc', client_order_id text DEFAULT NULL, stop_price numeric DEFAULT NULL,
    display_amount numeric DEFAULT NULL, quote_amount numeric DEFAULT NULL, post_only boolean DEFAULT false,
    expires_at timestamptz DEFAULT NULL, self_trade_prevention text DEFAULT 'cancel_taker',
    strategy_name text DEFAULT NULL, entry_logic_name text DEFAULT NULL, exit_logic_name text DEFAULT NULL,
    "interval" text DEFAULT NULL, exit_reason text DEFAULT NULL) RETURNS exchange.order_result
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    exits boolean;
    placed exchange.order_result;
BEGIN
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    -- Another bot of the user, or the user, may be placing an order under it, and not be seen yet.
    PERFORM exchange_private.hold_client_ids(bot.user_id) WHERE client_order_id IS NOT NULL;
    IF client_order_id IS NULL OR NOT trading_private.is_repeated(bot_id, bot.user_id, client_order_id) THEN
        PERFORM trading_private.require_market(symbol, bot.quote, bot.trade_type),
                trading_private.require_label('strategy_name', strategy_name, 100),
                trading_private.require_label('entry_logic_name', entry_logic_name, 100),
                trading_private.require_label('exit_logic_name', exit_logic_name, 100),
                trading_private.require_label('interval', "interval", 10),
                trading_private.require_label('exit_reason', exit_reason, 100),
                trading_private.sync(bot_id);
        -- What has been booked may have had it fail, or end.
        bot.status := (SELECT b.status FROM trading.bot_accounts b WHERE b.id = bot_id);
        exits := trading_private.is_exit(bot_id, bot.trade_type, symbol, side, amount);
        IF NOT trading_private.takes_order(bot.status, exits) THEN
            PERFORM trading_private.refuse_step(bot_id, bot.status, CASE WHEN exits THEN 'place an order'
                                                                         ELSE 'place an order that opens' END);
        ELSIF NOT exits THEN
            PERFORM trading_private.require_entry(bot_id, symbol, side);
        END IF;
        PERFORM trading_private.enter_market(bot_id, bot.user_id, symbol);
    END IF;
    placed := exchange.place_order(bot.user_id, symbol, side, price, amount, order_type, time_in_force,
                                   client_order_id, stop_price, display_amount, quote_amount, post_only, expires_at,
                                   self_trade_prevention);
    IF exits IS NOT NULL THEN
        INSERT INTO trading.bot_orders (order_id, user_id, bot_id, symbol, side, is_exit, strategy_name,
                                        entry_logic_name, exit_logic_name, "interval", exit_reason)
        VALUES (placed.id, bot.user_id, bot_id, symbol, side, exits, strategy_name, entry_logic_name, exit_logic_name,
                "interval", exit_reason);
        PERFORM trading_private.sync(bot_id) WHERE placed.filled_amount > 0;
    END IF;
    RETURN placed;
END
$$;
COMMENT ON FUNCTION trading.place_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric,
                                        numeric, boolean, timestamptz, text, text, text, text, text, text) IS
'exchange.place_order() of a bot, with the money of its user: remembers whose order it is, and books what it trades at '
'once. A running bot places any order; one that is paused, stopping or has failed only what reduces its position, '
'beside the orders that rest. Entries wait for locks and guards: locked_until(). A repeated client_order_id gives the '
'first answer, whatever has become of the bot. strategy_name and what follows go with its fills: up to 100 characters, '
'interval 10. 22004 NULL, 22023 a market of another quote, a backtest, a label that is too long, 23505 the '
'client_order_id of an order that is not of this bot, 42704 no such bot, or of another user, 55000 not in its status, '
'or locked; the rest as exchange.place_order()';
GRANT EXECUTE ON FUNCTION trading.place_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric,
                                              numeric, boolean, timestamptz, text, text, text, text, text, text)
    TO bourse_trader, bourse_worker;

-- An order was an exit when it was placed; another may have closed the position since. The oldest exits come first.
CREATE FUNCTION trading_private.mark_unwanted(bot_id bigint, exits_only boolean DEFAULT false) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
    UPDATE trading.bot_orders u SET is_unwanted = true
    FROM (SELECT o.order_id, o.is_exit AND coalesce(
                     sum(x.amount - x.filled_amount) FILTER (WHERE o.is_exit)
                         OVER (PARTITION BY o.symbol, o.side ORDER BY o.order_id) <= p.qty_open, false) AS is_exit
          FROM trading.bot_orders o JOIN trading.bot_accounts b ON b.id = o.bot_id
          JOIN exchange.orders x ON x.id = o.order_id AND x.status IN ('open', 'pending')
          LEFT JOIN trading.positions p
              ON p.bot_id = o.bot_id AND p.trade_type = b.trade_type AND p.symbol = o.symbol AND p.run_id = 0
             AND p.status = 'open' AND p.direction = CASE o.side WHEN 'sell' THEN 'long' ELSE 'short' END
          WHERE o.bot_id = mark_unwanted.bot_id AND NOT o.is_settled AND NOT o.is_unwanted
            AND (o.is_exit OR NOT exits_only)) now
    WHERE u.order_id = now.order_id AND NOT now.is_exit
$$;
COMMENT ON FUNCTION trading_private.mark_unwanted(bigint, boolean) IS
'Which resting orders of a bot that is locked are to be cancelled, as it may open nothing: all that were placed '
'to open, and exits beyond what is open now. exits_only: those alone, as what was placed to close opens nothing';

CREATE FUNCTION trading_private.withdraw_orders(bot_id bigint, exits_too boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    cancelled integer;
    remaining bigint;
BEGIN
    IF exits_too THEN
        UPDATE trading.bot_orders o SET is_unwanted = true
        WHERE o.bot_id = bot_id AND NOT o.is_settled AND NOT o.is_unwanted;
    ELSE
        PERFORM trading_private.mark_unwanted(bot_id);
    END IF;
    cancelled := trading_private.cancel_of_bot(bot_id);
    SELECT count(*) INTO remaining FROM trading.bot_orders o
    WHERE o.bot_id = bot_id AND o.is_unwanted AND NOT o.is_settled;
    RETURN jsonb_build_object('cancelled_orders', nullif(cancelled, 0), 'orders_left', nullif(remaining, 0));
END
$$;
COMMENT ON FUNCTION trading_private.withdraw_orders(bigint, boolean) IS
'Cancels the resting orders of a bot that is locked, exits only if they are to go too, and says how many have gone and '
'how many a market does not let go now';

-- Orders go and steps are taken, whatever becomes of the books.
CREATE FUNCTION trading_private.try_to_sync(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM trading_private.sync(bot_id, thorough => true), trading_private.cancel_of_bot(bot_id);
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'trades of bot % cannot be booked: % (%)', bot_id, bourse_private.clip(SQLERRM), SQLSTATE;
END
$$;
COMMENT ON FUNCTION trading_private.try_to_sync(bigint) IS
'sync() of a bot that is locked, with its orders that have ended, and the end of those that are exits no more by that. '
'What goes wrong is told, and nothing of it is kept';
