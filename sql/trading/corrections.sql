-- Fills that were wrong. The journal stays as it is; what counts is booked again out of it.

CREATE FUNCTION trading_private.require_amount(name text, amount numeric) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
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

CREATE FUNCTION trading_private.balance_of(bot_id bigint, trade_type text, run_id bigint) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT CASE WHEN b.trade_type = balance_of.trade_type AND balance_of.run_id = 0 THEN b.current_balance
                ELSE (SELECT s.current_balance FROM trading.balances s
                      WHERE s.user_id = b.user_id AND s.bot_id = b.id AND s.trade_type = balance_of.trade_type
                        AND s.run_id = balance_of.run_id) END
    FROM trading.bot_accounts b WHERE b.id = balance_of.bot_id
$$;
COMMENT ON FUNCTION trading_private.balance_of(bigint, text, bigint) IS
'The balance of a bot in its own books or in others; NULL: it has no such books';

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
    INSERT INTO trading.fill_corrections (bot_id, user_id, fill_id, kind, quantity, price, fee, reason)
    VALUES (bot_id, owner_id, fill_id, kind, quantity, price, fee, btrim(reason));
    PERFORM trading_private.refold(bot_id, told.trade_type, told.symbol, told.run_id);
    RETURN trading_private.balance_of(bot_id, told.trade_type, told.run_id);
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
'25001 isolation, 42704 no such bot or fill, 54000 too many fills, 55000 it was busted';

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
