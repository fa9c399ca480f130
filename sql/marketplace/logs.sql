-- What bots have done, and why.

CREATE FUNCTION marketplace.log_performance(subscription_id bigint, action text, price numeric, quantity numeric,
                                            balance numeric, signal_data jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM marketplace.subscriptions s
                   WHERE s.id = subscription_id AND identity.acts_for(s.user_id)) THEN
        PERFORM marketplace_private.refuse_unknown_subscription(subscription_id);
    END IF;
    PERFORM bourse_private.require_given('action', action), marketplace_private.require_trade_amount('price', price),
            marketplace_private.require_trade_amount('quantity', quantity),
            trading_private.require_amount('balance', balance);
    IF action NOT IN ('BUY', 'SELL', 'HOLD', 'STOP_LOSS', 'TAKE_PROFIT') THEN
        PERFORM bourse.refuse('22023', format('action is %s', bourse_private.quoted(action)),
            'Give BUY, SELL, HOLD, STOP_LOSS or TAKE_PROFIT.');
    ELSIF action = 'HOLD' AND quantity <> 0 THEN
        PERFORM bourse.refuse('22023', format('quantity of a HOLD is %s', quantity),
            'Who holds has moved nothing: give 0.');
    END IF;
    INSERT INTO marketplace.performance_logs (subscription_id, action, price, quantity, balance, signal_data)
    VALUES (subscription_id, action, price, quantity, balance, signal_data)
    RETURNING id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION marketplace.log_performance(bigint, text, numeric, numeric, numeric, jsonb) IS
'Adds a row to the log of a subscription, with the time of now, and returns its id. action: BUY, SELL, HOLD (with '
'quantity 0), STOP_LOSS, TAKE_PROFIT; price and balance, after it, in the quote of the pair, quantity in its base, '
'with up to 8 decimals; signal_data: what the bot has looked at, a JSON object of up to 65536 bytes and 64 levels '
'without secrets. 22003 overflow, 22004 NULL, 22023 bad value, 42704 no such subscription, or of another user';
GRANT EXECUTE ON FUNCTION marketplace.log_performance(bigint, text, numeric, numeric, numeric, jsonb)
    TO bourse_trader, bourse_worker;
