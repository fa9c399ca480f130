-- The bot of the demo. Its program would run anywhere and speak SQL; here it is a function that is called after each step
-- of the replay. It bids a tick above the others, offers what it has bought a tick below them, and lives on what lies
-- between.
CREATE SCHEMA demo;
CREATE FUNCTION demo.trade(bot bigint, market text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tick CONSTANT numeric := 0.01;
    most CONSTANT numeric := 200;
    best record;
    held numeric;
BEGIN
    PERFORM trading.heartbeat(bot), trading.sync_fills(bot);
    PERFORM exchange.cancel_order(o.order_id) FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
    WHERE o.bot_id = bot AND x.status = 'open';
    SELECT * INTO best FROM exchange.best_bid_offer(market);
    IF best.ask_price - best.bid_price > 2 * tick THEN
        SELECT coalesce(sum(p.qty_open), 0) INTO held FROM trading.positions p
        WHERE p.bot_id = bot AND p.status = 'open';
        IF held < most THEN
            PERFORM trading.place_order(bot, market, 'buy', best.bid_price + tick, least(50, most - held),
                                        post_only => true, entry_logic_name => 'best bid');
        END IF;
        IF held > 0 THEN
            PERFORM trading.place_order(bot, market, 'sell', best.ask_price - tick, held, post_only => true,
                                        exit_logic_name => 'best offer', exit_reason => 'exit_signal');
        END IF;
    END IF;
    IF best.ask_price > best.bid_price THEN
        PERFORM trading.record_equity(bot, clock_timestamp(),
                                      jsonb_build_object(market, (best.bid_price + best.ask_price) / 2));
    END IF;
END
$$;
