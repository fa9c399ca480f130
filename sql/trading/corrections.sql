-- Fills that were wrong. The journal stays as it is; what counts is booked again out of it.

CREATE FUNCTION trading_private.require_amount(name text, amount numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(name, amount);
    IF amount = 'NaN' OR abs(amount) = 'Infinity' THEN
        PERFORM bourse.refuse('22023', format('%s is %s', name, amount), format('Give a finite %s.', name));
    ELSIF scale(trim_scale(amount)) > 8 THEN
        PERFORM bourse.refuse('22023',
            format('%s %s has more than 8 decimals', name, bourse_private.clip(amount::text)),
            format('Round the %s to 8 decimals or fewer.', name));
    ELSIF abs(amount) >= 1000000000000 THEN
        PERFORM bourse.refuse('22003', format('%s %s leaves the range of NUMERIC(20,8)', name,
            bourse_private.clip(amount::text)),
            'No quantity, price, fee, cost or balance may reach 1000000000000.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_amount(text, numeric) IS
'Refuses what is no exact amount: 22004 NULL, 22023 NaN, infinity, more than 8 decimals, 22003 too large';

-- A position is open from the fill that has opened it until the one that has closed it: which one money was for, the
-- number of the fill before it says, whatever has become of the fills.
CREATE FUNCTION trading_private.fund_positions(user_id bigint, bot_id bigint, trade_type text, symbol text,
                                               run_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    UPDATE trading.cash_events c SET position_id = (
        SELECT p.id FROM trading.positions p
        WHERE p.user_id = user_id AND p.bot_id = bot_id AND p.trade_type = trade_type AND p.symbol = symbol
          AND p.run_id = run_id AND p.first_fill <= c.fill_number
          AND (p.status = 'open' OR p.last_fill > c.fill_number))
    WHERE c.user_id = user_id AND c.bot_id = bot_id AND c.trade_type = trade_type AND c.symbol = symbol
      AND c.run_id = run_id AND c.kind NOT IN ('deposit', 'withdrawal');
    PERFORM trading_private.require_sum(format('the funding of position %s', c.position_id), sum(c.amount))
    FROM trading.cash_events c
    WHERE c.user_id = user_id AND c.bot_id = bot_id AND c.trade_type = trade_type AND c.symbol = symbol
      AND c.run_id = run_id AND c.position_id IS NOT NULL
    GROUP BY c.position_id;
    UPDATE trading.positions p SET funding = paid.amount
    FROM (SELECT c.position_id, sum(c.amount) AS amount FROM trading.cash_events c
          WHERE c.user_id = user_id AND c.bot_id = bot_id AND c.trade_type = trade_type AND c.symbol = symbol
            AND c.run_id = run_id AND c.position_id IS NOT NULL
          GROUP BY c.position_id) paid
    WHERE p.id = paid.position_id;
END
$$;
COMMENT ON FUNCTION trading_private.fund_positions(bigint, bigint, text, text, bigint) IS
'Gives funding and the like of a bot in a symbol to the positions that were open when it was told, after they have '
'been booked again, without any. For correct_fill() and bust_fill() only';

CREATE FUNCTION trading_private.correct(bot_id bigint, fill_id text, kind text, quantity numeric, price numeric,
                                        fee numeric, reason text) RETURNS numeric
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner_id bigint;
    told record;
    last record;
BEGIN
    PERFORM bourse_private.require_read_committed(kind || '_fill()');
    owner_id := (SELECT l.user_id FROM trading_private.lock_bot(bot_id) l);
    PERFORM bourse_private.require_given('fill_id', fill_id);
    PERFORM bourse_private.require_given('reason', reason);
    IF length(btrim(reason)) NOT BETWEEN 1 AND 500 THEN
        PERFORM bourse.refuse('22023', format('reason has %s characters', length(btrim(reason))),
            'Give a reason of 1 to 500 characters.');
    END IF;
    SELECT * INTO told FROM trading.fills f
    WHERE f.user_id = owner_id AND f.bot_id = bot_id AND f.fill_id = fill_id;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704',
            format('fill %s of bot %s does not exist', bourse_private.quoted(fill_id), bot_id),
            'trading.fills has the fills of your bots.');
    END IF;
    IF trading_private.trade_of_fill(fill_id) IS NOT NULL THEN
        PERFORM bourse.refuse('55000',
            format('fill %s of bot %s is a trade of this exchange', bourse_private.quoted(fill_id), bot_id),
            'What was traded here was: book a difference with trading.apply_cash().');
    END IF;
    SELECT * INTO last FROM trading.fill_corrections c
    WHERE c.user_id = owner_id AND c.bot_id = bot_id AND c.fill_id = fill_id ORDER BY c.id DESC LIMIT 1;
    IF last.kind = 'bust' THEN
        PERFORM bourse.refuse('55000', format('fill %s of bot %s was busted', bourse_private.quoted(fill_id), bot_id),
            'It never was: book what was executed instead as a fill of its own.');
    END IF;
    IF kind = 'correct' THEN
        quantity := coalesce(quantity, last.quantity, told.quantity);
        price := coalesce(price, last.price, told.price);
        fee := coalesce(fee, last.fee, told.fee);
        PERFORM trading_private.require_amount('quantity', quantity), trading_private.require_amount('price', price),
                trading_private.require_amount('fee', fee);
        IF quantity <= 0 OR price < 0 THEN
            PERFORM bourse.refuse('22023', format('quantity is %s, price is %s', quantity, price),
                'Give a positive quantity and a price of 0 or more; bust_fill() takes a fill away.');
        END IF;
    END IF;
    INSERT INTO trading.fill_corrections (bot_id, user_id, fill_id, kind, quantity, price, fee, reason, fill_count)
    SELECT bot_id, owner_id, fill_id, kind, quantity, price, fee, btrim(reason), s.fill_count
    FROM trading_private.sums_of(bot_id, told.trade_type, told.run_id) s;
    PERFORM trading_private.refold(bot_id, told.trade_type, told.symbol, told.run_id);
    PERFORM trading_private.fund_positions(owner_id, bot_id, told.trade_type, told.symbol, told.run_id),
            trading_private.see_prices_again(owner_id, bot_id, told.symbol);
    RETURN (SELECT s.balance FROM trading_private.sums_of(bot_id, told.trade_type, told.run_id) s);
END
$$;
COMMENT ON FUNCTION trading_private.correct(bigint, text, text, numeric, numeric, numeric, text) IS
'For correct_fill() and bust_fill() only';

CREATE FUNCTION trading.correct_fill(bot_id bigint, fill_id text, quantity numeric, price numeric, fee numeric,
                                     reason text) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    RETURN trading_private.correct(bot_id, fill_id, 'correct', quantity, price, fee, reason);
END
$$;
COMMENT ON FUNCTION trading.correct_fill(bigint, text, numeric, numeric, numeric, text) IS
'Says what a fill was instead, NULL: as it is, and books all fills of the bot in its symbol again, up to 100000: '
'positions, trades and balance are as if it had been told so at once. The journal keeps what was told, and '
'fill_corrections who has corrected it and why. Returns the balance. 22003 overflow, 22004 NULL, 22023 bad value, '
'25001 isolation, 42704 no such bot or fill, 54000 too many fills, 55000 it was busted, or is a trade of this '
'exchange, which stays';

CREATE FUNCTION trading.bust_fill(bot_id bigint, fill_id text, reason text) RETURNS numeric
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    RETURN trading_private.correct(bot_id, fill_id, 'bust', NULL, NULL, NULL, reason);
END
$$;
COMMENT ON FUNCTION trading.bust_fill(bigint, text, text) IS
'Says that a fill never was, and books the others again, as correct_fill() does. Its fill_id stays taken. Returns the '
'balance. SQLSTATEs as correct_fill()';
GRANT EXECUTE ON FUNCTION trading.correct_fill(bigint, text, numeric, numeric, numeric, text),
    trading.bust_fill(bigint, text, text) TO bourse_trader, bourse_worker;
