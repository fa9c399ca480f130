-- An auction: orders collect without trading. Opening the market trades all that crosses at one price: the one with the
-- largest volume, then the least surplus, then the one to which the surplus presses, then the last price moved into the
-- range.
INSERT INTO identity.users (name) VALUES ('auc ann'), ('auc bob'), ('auc cat');
SELECT count(exchange.deposit(person(u), a, 100000))
FROM unnest(ARRAY['auc ann', 'auc bob', 'auc cat']) u, unnest(ARRAY['AUC', 'USD']) a;
CREATE TEMP VIEW placed AS
SELECT right(u.name, 3) AS "user", o.side, o.price, o.amount, o.filled_amount AS filled, o.visible_amount AS visible,
       o.status, o.reserved
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol = 'AUC-USD' ORDER BY o.id;
SELECT exchange.create_market('AUC-USD', 'AUC', 'USD', maker_rate => 0.001, taker_rate => 0.002);
SELECT exchange.set_market_status('AUC-USD', 'auction');

-- The book may cross. Neither do ann's own two orders mind each other.
SELECT o.u, o.side, o.price, o.amount, p.status, p.filled_amount AS filled
FROM (VALUES ('ann', 'buy', 12, 3), ('bob', 'sell', 8, 2), ('cat', 'buy', 11, 2), ('bob', 'sell', 10, 2),
             ('ann', 'sell', 9, 1), ('cat', 'buy', 9, 4), ('bob', 'sell', 12, 5)) AS o (u, side, price, amount),
    exchange.place_order(person('auc ' || o.u), 'AUC-USD', o.side, o.price, o.amount) AS p;
SELECT * FROM exchange.order_book('AUC-USD');
-- Amending and cancelling works and does not trade either.
SELECT status, filled_amount
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE symbol = 'AUC-USD' AND side = 'sell' AND price = 12),
                                  11.5, 4);
SELECT status
FROM exchange.cancel_order((SELECT id FROM exchange.orders WHERE symbol = 'AUC-USD' AND side = 'buy' AND price = 9));
SELECT * FROM exchange.verify();
-- At 10 and at 11 all 5 that are bid for are offered: 5 trade, nothing is left over. No last price, so the lowest: 10.
-- Everybody trades at 10. Of each pair the order that came later has taken and pays the taker's rate: here always the
-- sell.
SELECT exchange.set_market_status('AUC-USD', 'open');
SELECT sequence, price, amount, taker_side, buyer_commission, seller_commission FROM exchange.trades
WHERE symbol = 'AUC-USD' ORDER BY sequence;
SELECT * FROM placed;
SELECT right(u.name, 3) AS "user", a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'auc %' ORDER BY u.name, a.symbol;
SELECT last_price, last_sequence, status FROM exchange.markets WHERE symbol = 'AUC-USD';
SELECT * FROM exchange.verify();

-- The rules of the price, one by one, each in a market of its own: what is bid, what is offered, the last price.
CREATE FUNCTION pg_temp.uncross(symbol text, bids numeric[], offers numeric[], last numeric) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    i integer;
BEGIN
    PERFORM exchange.create_market(symbol, 'AUC', 'USD');
    IF last IS NOT NULL THEN
        PERFORM exchange.place_order(person('auc ann'), symbol, 'sell', last, 1),
        exchange.place_order(person('auc bob'), symbol, 'buy', last, 1);
    END IF;
    PERFORM exchange.set_market_status(symbol, 'auction');
    FOR i IN 1 .. array_length(bids, 1) BY 2 LOOP
        PERFORM exchange.place_order(person('auc ann'), symbol, 'buy', bids[i], bids[i + 1]);
    END LOOP;
    FOR i IN 1 .. array_length(offers, 1) BY 2 LOOP
        PERFORM exchange.place_order(person('auc bob'), symbol, 'sell', offers[i], offers[i + 1]);
    END LOOP;
    PERFORM exchange.set_market_status(symbol, 'open');
    RETURN (SELECT coalesce(trim_scale(sum(t.amount)) || ' at ' || string_agg(DISTINCT trim_scale(t.price)::text, ' '),
                            'nothing')
            FROM exchange.trades t WHERE t.symbol = uncross.symbol AND t.sequence > (last IS NOT NULL)::integer);
END
$$;
SELECT v.rule, v.bids, v.offers, v.last, pg_temp.uncross(v.symbol, v.bids, v.offers, v.last) AS traded
FROM (VALUES ('AUC-NONE', 'nothing crosses', '{9, 1}'::numeric[], '{10, 1}'::numeric[], NULL::numeric),
             ('AUC-VOL', 'volume', '{12, 1, 10, 5}', '{10, 2, 11, 4}', NULL),
             ('AUC-SUR', 'surplus', '{12, 5, 9, 2}', '{9, 5}', NULL),
             ('AUC-BID', 'bids are left', '{12, 4}', '{9, 3}', 10),
             ('AUC-ASK', 'offers are left', '{12, 3}', '{9, 4}', 11),
             ('AUC-LAST', 'last price', '{12, 3}', '{9, 3}', 11),
             ('AUC-TICK', 'last price', '{12, 3}', '{9, 3}', 10.01),
             ('AUC-HIGH', 'last price above', '{12, 3}', '{9, 3}', 15),
             ('AUC-DEEP', 'last price below', '{12, 3}', '{9, 3}', 5),
             ('AUC-BOTH', 'bids left at 10, offers at 13', '{20, 1, 10, 1}', '{5, 1, 13, 1}', 11.5),
             ('AUC-BOTH1', 'bids left at 10, offers at 13', '{20, 1, 10, 1}', '{5, 1, 13, 1}', 8),
             ('AUC-BOTH2', 'bids left at 10, offers at 13', '{20, 1, 10, 1}', '{5, 1, 13, 1}', 18),
             ('AUC-LOW', 'lowest', '{12, 3}', '{9, 3}', NULL)) AS v (symbol, rule, bids, offers, last);

-- The last price may be off the tick, which has changed since: the tick below counts. A band does not bind the price.
SELECT exchange.create_market('AUC-OFF', 'AUC', 'USD');
SELECT count(exchange.place_order(person('auc ' || u), 'AUC-OFF', side, 10.37, 1))
FROM (VALUES ('ann', 'sell'), ('bob', 'buy')) v (u, side);
UPDATE exchange.markets SET tick_size = 0.1 WHERE symbol = 'AUC-OFF';
SELECT exchange.set_market_status('AUC-OFF', 'auction');
SELECT count(exchange.place_order(person('auc ' || u), 'AUC-OFF', side, price, 3))
FROM (VALUES ('ann', 'buy', 12), ('bob', 'sell', 9)) v (u, side, price);
SELECT exchange.set_market_status('AUC-OFF', 'open');
SELECT price, amount FROM exchange.trades WHERE symbol = 'AUC-OFF' ORDER BY sequence;
SELECT exchange.set_market_status('AUC-OFF', 'auction');
SELECT count(exchange.place_order(person('auc ' || u), 'AUC-OFF', side, price, 3))
FROM (VALUES ('ann', 'buy', 15), ('bob', 'sell', 14)) v (u, side, price);
UPDATE exchange.markets SET price_band = 0.1, band_action = 'halt' WHERE symbol = 'AUC-OFF';
SELECT exchange.set_market_status('AUC-OFF', 'open');
SELECT last_price, status FROM exchange.markets WHERE symbol = 'AUC-OFF';

-- Icebergs take part with all of their amount; stops wait for the price that comes out of it.
SELECT exchange.create_market('AUC-ICE', 'AUC', 'USD');
SELECT exchange.set_market_status('AUC-ICE', 'auction');
SELECT status FROM exchange.place_order(person('auc ann'), 'AUC-ICE', 'sell', 10, 6, display_amount => 2);
SELECT status FROM exchange.place_order(person('auc cat'), 'AUC-ICE', 'buy', NULL, 1, 'stop', stop_price => 10);
SELECT status FROM exchange.place_order(person('auc bob'), 'AUC-ICE', 'buy', 10, 3);
SELECT * FROM exchange.order_book('AUC-ICE');
SELECT exchange.set_market_status('AUC-ICE', 'open');
SELECT sequence, price, amount, taker_side FROM exchange.trades WHERE symbol = 'AUC-ICE' ORDER BY sequence;
SELECT order_type, side, amount, filled_amount, visible_amount, status FROM exchange.orders WHERE symbol = 'AUC-ICE'
ORDER BY id;

-- From halted, closed and cancel_only a market opens the same way; the book that was left in an auction is uncrossed
-- then.
SELECT exchange.create_market('AUC-HALT', 'AUC', 'USD');
SELECT exchange.set_market_status('AUC-HALT', 'auction');
SELECT count(*)
FROM unnest(ARRAY['buy', 'sell']) side,
     exchange.place_order(person('auc ' || CASE side WHEN 'buy' THEN 'ann' ELSE 'bob' END), 'AUC-HALT', side, 10, 1);
SELECT s AS status, exchange.set_market_status('AUC-HALT', s) = s AS set,
       (SELECT count(*) FROM exchange.trades WHERE symbol = 'AUC-HALT') AS trades_before
FROM unnest(ARRAY['closed', 'cancel_only', 'halted']) s;
SELECT exchange.set_market_status('AUC-HALT', 'open');
SELECT price, amount FROM exchange.trades WHERE symbol = 'AUC-HALT';
-- What must trade at once is not taken in an auction.
SELECT exchange.set_market_status('AUC-USD', 'auction');
SELECT a AS arguments,
       split_part(refusal(format('SELECT exchange.place_order(person(''auc ann''), ''AUC-USD'', ''buy'', %s)', a)),
                  ' /', 1) AS answer
FROM unnest(ARRAY['NULL, 1, ''market''', '10, 1, time_in_force => ''ioc''', '10, 1, time_in_force => ''fok''',
                  '10, 1, post_only => true',
                  '10, 1, time_in_force => ''gtd'', expires_at => ''9999-12-30''', '10, 1, display_amount => 0.5',
                  'NULL, 1, ''stop'', stop_price => 10']) a;
SELECT * FROM exchange.verify();
