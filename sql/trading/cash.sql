-- Money that moves without a trade, and what bots are worth.

-- What has happened has a time, and a calendar of daily returns an end.
CREATE FUNCTION trading_private.require_time(name text, at timestamptz) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_require_time_wrapper';
COMMENT ON FUNCTION trading_private.require_time(text, timestamptz) IS
'Refuses what is no time at which something can have happened: NULL (22004), before 1970, more than a day ahead '
'(22023), as apply_fill() does';

CREATE FUNCTION trading_private.require_sum(name text, amount numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF abs(amount) >= 1000000000000 THEN
        PERFORM bourse.refuse('22003', format('%s would be %s', name, trim_scale(amount)),
            'No balance, result or funding may reach 1000000000000.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_sum(text, numeric) IS
'Refuses a sum that NUMERIC(20,8) does not hold (22003)';

CREATE FUNCTION trading_private.sums_of(bot_id bigint, trade_type text, run_id bigint)
RETURNS TABLE (balance numeric, total_pnl numeric, fill_count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT coalesce(s.current_balance, b.starting_balance), coalesce(s.total_pnl, 0), coalesce(s.fill_count, 0)
    FROM trading.bot_accounts b LEFT JOIN LATERAL (
        SELECT b.current_balance, b.total_pnl, b.fill_count
        WHERE b.trade_type = sums_of.trade_type AND sums_of.run_id = 0
        UNION ALL
        SELECT o.current_balance, o.total_pnl, o.fill_count FROM trading.balances o
        WHERE o.user_id = b.user_id AND o.bot_id = b.id AND o.trade_type = sums_of.trade_type
          AND o.run_id = sums_of.run_id) s ON true
    WHERE b.id = sums_of.bot_id
$$;
COMMENT ON FUNCTION trading_private.sums_of(bigint, text, bigint) IS
'Balance, result and fills of a bot in its own books or in others; of books that there are not yet: as they begin';

CREATE FUNCTION trading_private.move_balance(bot_id bigint, trade_type text, run_id bigint, amount numeric,
                                             is_result boolean) RETURNS numeric
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    result numeric := CASE WHEN is_result THEN amount ELSE 0 END;
    moved numeric;
BEGIN
    UPDATE trading.bot_accounts b
    SET current_balance = b.current_balance + amount, total_pnl = b.total_pnl + result
    WHERE b.id = bot_id AND b.trade_type = trade_type AND run_id = 0
    RETURNING b.current_balance INTO moved;
    IF NOT FOUND THEN
        INSERT INTO trading.balances AS s (bot_id, user_id, trade_type, run_id, starting_balance, current_balance,
                                           total_pnl)
        SELECT b.id, b.user_id, trade_type, run_id, b.starting_balance, b.starting_balance + amount, result
        FROM trading.bot_accounts b WHERE b.id = bot_id
        ON CONFLICT ON CONSTRAINT balances_pkey DO UPDATE
        SET current_balance = s.current_balance + amount, total_pnl = s.total_pnl + result
        RETURNING s.current_balance INTO moved;
    END IF;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION trading_private.move_balance(bigint, text, bigint, numeric, boolean) IS
'Moves the balance of a bot that is locked, in its own books or in others, and returns it. is_result: its result, too';

CREATE FUNCTION trading_private.require_book(bot_id bigint, own_type text, trade_type text, run_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF trade_type NOT IN ('paper', 'live', 'backtest') THEN
        PERFORM bourse.refuse('22023', format('trade_type is %s', bourse_private.quoted(trade_type)),
            'A trade_type is paper, live or backtest.');
    ELSIF run_id < 0 OR trade_type <> 'backtest' AND run_id <> 0 THEN
        PERFORM bourse.refuse('22023', format('run_id is %s of the %s books of bot %s', run_id, trade_type, bot_id),
            'Only a backtest has runs: leave run_id out.');
    ELSIF trade_type = 'backtest' AND own_type <> 'backtest' AND run_id = 0 THEN
        PERFORM bourse.refuse('22023', format('a backtest of bot %s has no run_id', bot_id),
            'Give a number to each run: their sums are not mixed.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_book(bigint, text, text, bigint) IS
'Refuses books that a bot cannot have (22023)';

CREATE FUNCTION trading.apply_cash(bot_id bigint, cash_id text, kind text, amount numeric, symbol text DEFAULT NULL,
                                   at timestamptz DEFAULT now(), trade_type text DEFAULT NULL,
                                   run_id bigint DEFAULT NULL) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    before record;
    sums record;
    held record;
    is_result boolean;
    moved numeric;
BEGIN
    PERFORM bourse_private.require_read_committed('apply_cash()');
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM bourse_private.require_given('cash_id', cash_id), bourse_private.require_given('kind', kind);
    PERFORM trading_private.require_time('at', at), trading_private.require_amount('amount', amount);
    PERFORM identity_private.require_text('symbol', symbol, 64) WHERE symbol IS NOT NULL;
    trade_type := coalesce(trade_type, bot.trade_type);
    run_id := coalesce(run_id, 0);
    PERFORM trading_private.require_book(bot_id, bot.trade_type, trade_type, run_id);
    IF length(cash_id) NOT BETWEEN 1 AND 128 THEN
        PERFORM bourse.refuse('22023', format('cash_id has %s characters', length(cash_id)),
            'A cash_id has 1 to 128 characters.');
    ELSIF kind NOT IN ('funding', 'dividend', 'interest', 'deposit', 'withdrawal') THEN
        PERFORM bourse.refuse('22023', format('kind is %s', bourse_private.quoted(kind)),
            'A kind is funding, dividend, interest, deposit or withdrawal.');
    ELSIF amount = 0 OR kind = 'deposit' AND amount < 0 OR kind = 'withdrawal' AND amount > 0 THEN
        PERFORM bourse.refuse('22023', format('amount of a %s is %s', kind, amount),
            'It is what the balance moves by: a deposit is positive, a withdrawal negative, others either.');
    END IF;
    SELECT * INTO before FROM trading.cash_events c
    WHERE c.user_id = bot.user_id AND c.bot_id = bot_id AND c.cash_id = cash_id;
    IF FOUND THEN
        IF (before.kind, before.amount, before.symbol, before.trade_type, before.run_id)
           IS DISTINCT FROM (kind, amount, symbol, trade_type, run_id) THEN
            PERFORM bourse.refuse('23505',
                format('cash %s of bot %s was booked with other figures', bourse_private.quoted(cash_id), bot_id),
                'A cash_id names one event for ever: send the same figures again, or book the difference.');
        END IF;
        RETURN before.balance;
    END IF;
    is_result := kind NOT IN ('deposit', 'withdrawal');
    PERFORM trading_private.require_sound(bot_id, trade_type, run_id) WHERE is_result;
    SELECT p.id, p.funding INTO held FROM trading.positions p
    WHERE p.bot_id = bot_id AND p.trade_type = trade_type AND p.symbol = symbol AND p.run_id = run_id
      AND p.status = 'open' AND is_result;
    SELECT * INTO sums FROM trading_private.sums_of(bot_id, trade_type, run_id);
    PERFORM trading_private.require_sum(format('the balance of bot %s', bot_id), sums.balance + amount),
            trading_private.require_sum(format('the result of bot %s', bot_id),
                                        sums.total_pnl + CASE WHEN is_result THEN amount ELSE 0 END),
            trading_private.require_sum(format('the funding of position %s', held.id), held.funding + amount);
    UPDATE trading.positions p SET funding = p.funding + amount, updated_at = now() WHERE p.id = held.id;
    moved := trading_private.move_balance(bot_id, trade_type, run_id, amount, is_result);
    INSERT INTO trading.cash_events (bot_id, user_id, cash_id, kind, amount, symbol, at, trade_type, run_id,
                                     position_id, fill_number, balance)
    VALUES (bot_id, bot.user_id, cash_id, kind, amount, symbol, at, trade_type, run_id, held.id, sums.fill_count,
            moved);
    RETURN moved;
END
$$;
COMMENT ON FUNCTION trading.apply_cash(bigint, text, text, numeric, text, timestamptz, text, bigint) IS
'Books money of a bot that moves without a trade, once for each cash_id; returns the balance after it, and to a repeat '
'the first answer. kind: funding, dividend, interest (results, also of the open position in symbol), deposit, '
'withdrawal; amount: what the balance moves by, a withdrawal is negative. 22003 overflow, 22004 NULL, 22023 bad value, '
'23505 cash_id was booked with other figures, 25001 isolation, 42704 no such bot, or of another user, XX001 an open '
'position is damaged';
GRANT EXECUTE ON FUNCTION trading.apply_cash(bigint, text, text, numeric, text, timestamptz, text, bigint)
TO bourse_trader, bourse_worker;

CREATE FUNCTION trading_private.require_marks(marks jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF jsonb_typeof(marks) <> 'object' OR EXISTS (
        SELECT FROM jsonb_each(marks) m
        WHERE CASE jsonb_typeof(m.value) WHEN 'number' THEN (m.value::numeric NOT BETWEEN 0 AND 999999999999)
                   ELSE true END) THEN
        PERFORM bourse.refuse('22023', 'marks is not an object of prices',
            'Give {"BTC-USD": 101.5, …}, or NULL: then the last prices of our own markets count.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_marks(jsonb) IS 'Refuses marks that are no prices of 0 or more (22023)';

CREATE FUNCTION trading_private.valued(bot_id bigint, marks jsonb)
RETURNS TABLE (position_id bigint, trade_type text, run_id bigint, symbol text, mark numeric, unrealized_pnl numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT v.id, v.trade_type, v.run_id, v.symbol, v.mark,
           round(CASE v.direction WHEN 'long' THEN 1 ELSE -1 END * (v.qty_open * v.mark * v.multiplier - v.cost), 8)
    FROM (SELECT p.*, round(coalesce((valued.marks -> p.symbol)::numeric,
                     CASE WHEN valued.marks IS NULL THEN
                         (SELECT m.last_price FROM exchange.markets m WHERE m.symbol = p.symbol) END), 8) AS mark
          FROM trading.positions p WHERE p.bot_id = valued.bot_id AND p.status = 'open') v
$$;
COMMENT ON FUNCTION trading_private.valued(bigint, jsonb) IS
'The open positions of a bot, their prices and what is unrealised by them; NULL: no price';

CREATE FUNCTION trading.positions_at(bot_id bigint, marks jsonb DEFAULT NULL)
RETURNS TABLE (position_id bigint, trade_type text, run_id bigint, symbol text, direction text, quantity numeric,
               average_price numeric, multiplier numeric, mark numeric, realized_pnl numeric, unrealized_pnl numeric,
               fees numeric, funding numeric, total_pnl numeric, unconverted_fees bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM trading_private.require_bot(positions_at.bot_id);
    PERFORM trading_private.require_marks(marks);
    RETURN QUERY
    SELECT p.id, p.trade_type, p.run_id, p.symbol, p.direction, p.qty_open, p.avg_price, p.multiplier, v.mark,
           p.realized_pnl, v.unrealized_pnl, p.fees, p.funding,
           p.realized_pnl - p.fees + p.funding + v.unrealized_pnl, p.unconverted_fees
    FROM trading_private.valued(positions_at.bot_id, marks) v JOIN trading.positions p ON p.id = v.position_id
    ORDER BY p.trade_type, p.run_id, p.symbol;
END
$$;
COMMENT ON FUNCTION trading.positions_at(bigint, jsonb) IS
'The open positions of a bot at these prices, {"BTC-USD": 101.5, …}, or NULL: at the last ones of our own markets. '
'What has no price has neither unrealized_pnl nor total_pnl, which is realized_pnl - fees + funding + unrealized_pnl. '
'22004 NULL bot, 22023 marks, 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.positions_at(bigint, jsonb) TO bourse_viewer, bourse_worker;

-- Amounts of lots are texts.
CREATE FUNCTION trading_private.are_lots(lots jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT jsonb_typeof(lots) = 'array' AND NOT jsonb_path_exists(lots, 'strict $[*] ? (@.type() <> "object")')
           AND NOT jsonb_path_exists(lots, '$[*] ? (!(@.low like_regex "^[0-9]+([.][0-9]+)?$")
                                                    || !(@.high like_regex "^[0-9]+([.][0-9]+)?$"))')
$$;
COMMENT ON FUNCTION trading_private.are_lots(jsonb) IS
'Whether it is a list of lots, each with the prices that it has seen';

CREATE FUNCTION trading_private.require_sound(bot_id bigint, trade_type text, run_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.refuse('XX001', format('position %s of bot %s is damaged', p.id, bot_id),
                          'Nothing has changed. trading.verify() tells more: mend the row, or restore it.')
    FROM trading.positions p
    WHERE p.bot_id = bot_id AND p.trade_type = trade_type AND p.run_id = run_id AND p.status = 'open'
      AND ('NaN' IN (p.qty_open, p.cost, p.multiplier, p.low, p.high, p.funding)
           OR NOT trading_private.are_lots(p.lots)) LIMIT 1;
END
$$;
COMMENT ON FUNCTION trading_private.require_sound(bigint, text, bigint) IS
'Refuses books with an open position that holds what none can (XX001)';

-- A mark is seen by what is open in these books, for how far it was ahead and behind.
CREATE FUNCTION trading_private.see_marks(bot_id bigint, trade_type text, run_id bigint, marks jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, trading, pg_temp AS $$
    UPDATE trading.positions p
    SET low = least(p.low, v.mark), high = greatest(p.high, v.mark), lots = (
        SELECT jsonb_agg(l.lot || jsonb_build_object(
            'low', least((l.lot ->> 'low')::numeric, v.mark)::text,
            'high', greatest((l.lot ->> 'high')::numeric, v.mark)::text) ORDER BY l.n)
        FROM jsonb_array_elements(p.lots) WITH ORDINALITY l (lot, n))
    FROM trading_private.valued(see_marks.bot_id, see_marks.marks) v
    WHERE p.id = v.position_id AND v.trade_type = see_marks.trade_type AND v.run_id = see_marks.run_id
      AND (v.mark < p.low OR v.mark > p.high OR p.method = 'fifo' AND v.mark IS NOT NULL)
$$;
COMMENT ON FUNCTION trading_private.see_marks(bigint, text, bigint, jsonb) IS
'Notes prices at the open positions of one book of a bot that is locked. For record_equity() only';

CREATE FUNCTION trading.record_equity(bot_id bigint, at timestamptz DEFAULT now(), marks jsonb DEFAULT NULL,
                                      trade_type text DEFAULT NULL, run_id bigint DEFAULT NULL) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    worth numeric;
    known numeric;
    unmarked integer;
BEGIN
    PERFORM bourse_private.require_read_committed('record_equity()');
    SELECT * INTO bot FROM trading_private.lock_bot(bot_id);
    PERFORM trading_private.require_time('at', at), trading_private.require_marks(marks);
    trade_type := coalesce(trade_type, bot.trade_type);
    run_id := coalesce(run_id, 0);
    PERFORM trading_private.require_book(bot_id, bot.trade_type, trade_type, run_id);
    PERFORM trading_private.require_sound(bot_id, trade_type, run_id);
    SELECT coalesce(sum(v.unrealized_pnl), 0), count(*) FILTER (WHERE v.mark IS NULL) INTO known, unmarked
    FROM trading_private.valued(bot_id, marks) v WHERE v.trade_type = trade_type AND v.run_id = run_id;
    PERFORM trading_private.see_marks(bot_id, trade_type, run_id, marks);
    worth := (SELECT s.balance FROM trading_private.sums_of(bot_id, trade_type, run_id) s);
    PERFORM trading_private.require_sum(format('the equity of bot %s', bot_id), worth + known);
    INSERT INTO trading.equity_snapshots AS e (bot_id, user_id, trade_type, run_id, at, equity, balance, unrealized_pnl,
                                               unmarked)
    VALUES (bot_id, bot.user_id, trade_type, run_id, at, worth + known, worth, known, unmarked)
    ON CONFLICT ON CONSTRAINT equity_snapshots_pkey DO UPDATE
    SET equity = EXCLUDED.equity, balance = EXCLUDED.balance, unrealized_pnl = EXCLUDED.unrealized_pnl,
        unmarked = EXCLUDED.unmarked;
    RETURN worth + known;
END
$$;
COMMENT ON FUNCTION trading.record_equity(bigint, timestamptz, jsonb, text, bigint) IS
'Notes in trading.equity_snapshots what a bot is worth: its balance and what is unrealised at these prices, as '
'positions_at() takes them; what has no price counts as what it has cost, and unmarked says how many. The prices are '
'seen by what is open: mae and mfe. Returns the equity; at one time the last one counts. 22003 overflow, 22004 NULL, '
'22023 bad value, 25001 isolation, 42704 no such bot, or of another user, XX001 an open position is damaged';
GRANT EXECUTE ON FUNCTION trading.record_equity(bigint, timestamptz, jsonb, text, bigint)
TO bourse_trader, bourse_worker;
