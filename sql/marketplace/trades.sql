-- Trades of subscriptions. What is so of each of them, triggers see to: they are opened and closed here, by workers as
-- a plain table, and loaded.

CREATE FUNCTION marketplace_private.pnl(side text, quantity numeric, entry_price numeric, exit_price numeric,
                                        commission numeric, OUT pnl numeric, OUT pnl_percentage numeric)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    pnl := round(quantity * CASE side WHEN 'BUY' THEN exit_price - entry_price ELSE entry_price - exit_price END, 8)
           - commission;
    pnl_percentage := round(100 * pnl / nullif(quantity * entry_price, 0), 4);
END
$$;
COMMENT ON FUNCTION marketplace_private.pnl(text, numeric, numeric, numeric, numeric) IS
'What a trade has come to: exact to 8 decimals, halves away from 0, and in percent of what it has cost to 4; NULL: it '
'has cost nothing';

CREATE FUNCTION marketplace_private.require_trade_amount(name text, price numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM trading_private.require_amount(name, price);
    IF price < 0 THEN
        PERFORM bourse.refuse('22023', format('%s is %s', name, price), format('Give a %s of 0 or more.', name));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_trade_amount(text, numeric) IS
'Refuses what is no price or quantity: NULL (22004), NaN, infinity, more than 8 decimals, less than 0 (22023), too '
'large (22003)';

CREATE FUNCTION marketplace_private.require_stop(name text, price numeric, side text, entry_price numeric,
                                                 is_below boolean) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF price IS NULL THEN
        RETURN;
    END IF;
    PERFORM marketplace_private.require_trade_amount(name, price);
    IF (price < entry_price) <> is_below OR price = entry_price THEN
        PERFORM bourse.refuse('22023', format('%s %s of a %s at %s', name, trim_scale(price), side,
                                              trim_scale(entry_price)),
            format('Give one %s entry_price.', CASE WHEN is_below THEN 'below' ELSE 'above' END));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_stop(text, numeric, text, numeric, boolean) IS
'Refuses a stop-loss or take-profit that is no price, or on the wrong side of the entry (22023, 22003); NULL passes';

CREATE FUNCTION marketplace_private.require_stops(side text, entry_price numeric, stop_loss_price numeric,
                                                  take_profit_price numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_stop('stop_loss_price', stop_loss_price, side, entry_price, side = 'BUY'),
            marketplace_private.require_stop('take_profit_price', take_profit_price, side, entry_price, side = 'SELL');
END
$$;
COMMENT ON FUNCTION marketplace_private.require_stops(text, numeric, numeric, numeric) IS
'Refuses a stop-loss or take-profit on the wrong side of the entry: of a BUY the stop-loss is below, of a SELL above '
'(22023)';


-- What was sent before is answered as it was then: the same figures, or they are of another trade.
CREATE FUNCTION marketplace_private.find_trade(
    user_id bigint, subscription_id bigint, exchange_trade_id text, figures text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    before record;
BEGIN
    SELECT t.id, marketplace_private.figures(t.side, t.quantity, t.entry_price, t.exchange_order_id) AS figures
    INTO before
    FROM marketplace.trade_keys k JOIN marketplace.trades t ON t.id = k.trade_id AND t.entry_time = k.entry_time
    WHERE k.user_id = user_id AND k.subscription_id = subscription_id AND k.exchange_trade_id = exchange_trade_id;
    IF before.figures <> figures THEN
        PERFORM bourse.refuse('23505',
            format('trade %s of subscription %s was opened with other figures',
                   bourse_private.quoted(exchange_trade_id), subscription_id),
            format('It is trade %s: %s. Send the same again, or another exchange_trade_id.', before.id,
                   before.figures));
    END IF;
    RETURN before.id;
END
$$;
COMMENT ON FUNCTION marketplace_private.find_trade(bigint, bigint, text, text) IS
'The trade of a subscription that an exchange_trade_id is; NULL: none. Refuses one with other figures (23505)';

CREATE FUNCTION marketplace_private.figures(side text, quantity numeric, entry_price numeric, exchange_order_id text)
RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT concat_ws(', ', format('%s %s at %s', side, trim_scale(quantity), trim_scale(entry_price)),
                     'order ' || bourse_private.quoted(exchange_order_id))
$$;
COMMENT ON FUNCTION marketplace_private.figures(text, numeric, numeric, text) IS
'What a trade is told from another by, in words';

CREATE FUNCTION marketplace_private.require_exchange_id(name text, id text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF length(id) NOT BETWEEN 1 AND 100 THEN
        PERFORM bourse.refuse('22023', format('%s has %s characters', name, length(id)),
            format('Give an %s of 1 to 100 characters, or leave it out.', name));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_exchange_id(text, text) IS
'Refuses what an exchange cannot have called something: not 1 to 100 characters (22023); NULL passes';

CREATE FUNCTION marketplace_private.require_entry(side text, quantity numeric, entry_price numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('side', side), marketplace_private.require_trade_amount('quantity', quantity),
            marketplace_private.require_trade_amount('entry_price', entry_price);
    IF side NOT IN ('BUY', 'SELL') THEN
        PERFORM bourse.refuse('22023', format('side is %s', bourse_private.quoted(side)), 'Give BUY or SELL.');
    ELSIF quantity = 0 THEN
        PERFORM bourse.refuse('22023', 'quantity is 0', 'A trade has a quantity above 0.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_entry(text, numeric, numeric) IS
'Refuses what no trade begins with: 22004 NULL, 22003 too large, 22023 any other side, quantity or price';

CREATE FUNCTION marketplace.open_trade(
    subscription_id bigint, side text, quantity numeric, entry_price numeric, stop_loss_price numeric DEFAULT NULL,
    take_profit_price numeric DEFAULT NULL, exchange_order_id text DEFAULT NULL, exchange_trade_id text DEFAULT NULL,
    entry_time timestamptz DEFAULT now()) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    opened bigint;
BEGIN
    SELECT * INTO held FROM marketplace_private.lock_subscription(subscription_id);
    PERFORM marketplace_private.require_entry(side, quantity, entry_price),
            marketplace_private.require_stops(side, entry_price, stop_loss_price, take_profit_price),
            marketplace_private.require_exchange_id('exchange_order_id', exchange_order_id),
            marketplace_private.require_exchange_id('exchange_trade_id', exchange_trade_id),
            trading_private.require_time('entry_time', entry_time);
    opened := marketplace_private.find_trade(held.user_id, subscription_id, exchange_trade_id,
        marketplace_private.figures(side, quantity, entry_price, exchange_order_id));
    IF opened IS NOT NULL THEN
        RETURN opened;
    END IF;
    PERFORM marketplace_private.require_may_trade(subscription_id, side, quantity, entry_price, stop_loss_price,
                                                  take_profit_price, entry_time);
    INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, stop_loss_price, take_profit_price,
                                    exchange_order_id, exchange_trade_id, entry_time)
    VALUES (subscription_id, side, quantity, entry_price, stop_loss_price, take_profit_price, exchange_order_id,
            exchange_trade_id, entry_time)
    RETURNING id INTO opened;
    RETURN opened;
END
$$;
COMMENT ON FUNCTION marketplace.open_trade(bigint, text, numeric, numeric, numeric, numeric, text, text, timestamptz) IS
'Writes down a trade that a bot has opened for a subscription, and returns its id. side: BUY (gains when the price '
'rises) or SELL; quantity in the base of the pair, prices in its quote, with up to 8 decimals; stop_loss_price, '
'take_profit_price: on their sides of the entry; exchange_order_id, exchange_trade_id: what the exchange calls them, 1 '
'to 100 characters. The same exchange_trade_id again answers as the first time, with another side, quantity, price or '
'order it is refused. Asks what risk_config allows. 22003 overflow, 22004 NULL, 22023 bad value, or a stop on the '
'wrong side, 23505 exchange_trade_id has other figures, 25001 isolation, 42704 no such subscription, or of another '
'user, 55000 it may not trade now';
GRANT EXECUTE ON FUNCTION marketplace.open_trade(bigint, text, numeric, numeric, numeric, numeric, text, text,
                                                 timestamptz) TO bourse_trader, bourse_worker;

CREATE FUNCTION marketplace_private.refuse_unknown_trade(trade_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('trade_id', trade_id);
    PERFORM bourse.refuse('42704', format('trade %s does not exist', trade_id), 'marketplace.trades lists yours.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_trade(bigint) IS
'Says that there is no such trade, or not for this session: NULL (22004), 42704';

-- Trades are locked before their subscriptions, by functions as by plain statements, which know no other order.
CREATE FUNCTION marketplace_private.lock_trade(trade_id bigint)
RETURNS TABLE (user_id bigint, entry_time timestamptz, status text, exit_price numeric, exit_time timestamptz,
               commission numeric, pnl numeric, pnl_percentage numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT t.user_id, t.entry_time, t.status, t.exit_price, t.exit_time, t.commission, t.pnl, t.pnl_percentage
    FROM marketplace.trades t WHERE t.id = lock_trade.trade_id AND identity.acts_for(t.user_id)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_trade(lock_trade.trade_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_trade(bigint) IS
'Locks a trade until the transaction ends, and says how it is now. 22004 NULL, 42704 no such trade, or of a user whom '
'the session does not act for';

CREATE FUNCTION marketplace.close_trade(trade_id bigint, exit_price numeric, exit_time timestamptz DEFAULT now(),
                                        commission numeric DEFAULT 0, OUT pnl numeric, OUT pnl_percentage numeric)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    was record;
BEGIN
    SELECT * INTO was FROM marketplace_private.lock_trade(trade_id);
    PERFORM marketplace_private.require_trade_amount('exit_price', exit_price),
            trading_private.require_time('exit_time', exit_time),
            trading_private.require_amount('commission', commission);
    IF was.status = 'CLOSED' THEN
        -- A retry that names no time has another one than the first call.
        IF (was.exit_price, was.commission) <> (exit_price, commission)
           OR exit_time NOT IN (was.exit_time, now()) THEN
            PERFORM bourse.refuse('55000', format('trade %s was closed at %s', trade_id, trim_scale(was.exit_price)),
                'It is closed once: the same price, time and commission again would give the first answer.');
        END IF;
        pnl := was.pnl;
        pnl_percentage := was.pnl_percentage;
        RETURN;
    ELSIF exit_time < was.entry_time THEN
        PERFORM bourse.refuse('22023', format('exit_time is before trade %s was opened', trade_id),
            format('It was opened at %s.', was.entry_time));
    END IF;
    UPDATE marketplace.trades t
    SET status = 'CLOSED', exit_price = exit_price, exit_time = exit_time, commission = commission
    WHERE t.id = trade_id AND t.entry_time = was.entry_time
    RETURNING t.pnl, t.pnl_percentage INTO pnl, pnl_percentage;
END
$$;
COMMENT ON FUNCTION marketplace.close_trade(bigint, numeric, timestamptz, numeric) IS
'Closes a trade and says what it has come to: pnl, in the quote of the pair, exact to 8 decimals; pnl_percentage, of '
'what it has cost, to 4 decimals, NULL if that was nothing. commission: of entry and exit together, in quote, '
'positive: paid. It may be closed in whatever state its subscription is. The same again answers as the first time. '
'0A000 as in (close_trade(…)).*, 22003 overflow, 22004 NULL, 22023 bad value, or a time before the entry, 42704 no '
'such trade, or of another user, 55000 it was closed with other figures';
GRANT EXECUTE ON FUNCTION marketplace.close_trade(bigint, numeric, timestamptz, numeric)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION marketplace.delete_trade(trade_id bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    was record;
    gone jsonb;
BEGIN
    PERFORM identity_private.require_operator(), identity_private.require_text('reason', reason, 500);
    SELECT * INTO was FROM marketplace_private.lock_trade(trade_id);
    DELETE FROM marketplace.trades t WHERE t.id = trade_id AND t.entry_time = was.entry_time
    RETURNING to_jsonb(t) INTO gone;
    PERFORM bourse_private.log_change('DELETE', 'marketplace.trades', trade_id::text, was.user_id, gone,
                                      jsonb_build_object('reason', btrim(reason)));
END
$$;
COMMENT ON FUNCTION marketplace.delete_trade(bigint, text) IS
'Takes a trade out that never was, as one that was written down twice: sums go back, its exchange_trade_id is free '
'again, and the trail keeps the row and the reason (1 to 500 characters). 22004 NULL, 22023 reason, 42501 the session '
'does not act for everybody, 42704 no such trade';
GRANT EXECUTE ON FUNCTION marketplace.delete_trade(bigint, text) TO bourse_admin, bourse_gateway, bourse_worker;
