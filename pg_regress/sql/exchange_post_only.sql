-- post_only: the order adds to the book or is refused; it never takes.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, cancel_reason'
SELECT exchange.create_market('PON-USD', 'PON', 'USD');
INSERT INTO identity.users (name) VALUES ('pon ann'), ('pon bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['pon ann', 'pon bob']) u, unnest(ARRAY['PON', 'USD']) a;
-- An empty book takes it.
SELECT :answer FROM exchange.place_order(person('pon ann'), 'PON-USD', 'sell', 10, 2, post_only => true);
-- At the price of the best offer it would trade; one tick below it does not.
SELECT price,
       refusal(format('SELECT exchange.place_order(person(''pon bob''), ''PON-USD'', ''buy'', %s, 1, post_only => true)',
                      price)) AS answer
FROM unnest(ARRAY[11, 10, 9.99]) price;
SELECT * FROM exchange.order_book('PON-USD');
-- Whose order it would meet does not matter, nor what self-trade prevention would do.
SELECT mode,
       split_part(refusal(format('SELECT exchange.place_order(person(''pon ann''), ''PON-USD'', ''buy'', 10, 1, post_only => true, self_trade_prevention => %L)',
                                 mode)),
                  ' /', 1)
FROM unnest(ARRAY['none', 'cancel_taker', 'cancel_maker', 'decrement']) mode;

-- An amendment that would take is refused as well; the order stays what and where it was.
SELECT id AS bid, reserved, priority FROM exchange.orders WHERE user_id = person('pon bob') AND status = 'open' \gset
SELECT refusal(format('SELECT exchange.amend_order(%s, 10)', :bid));
SELECT price, status, reserved = :reserved AND priority = :priority AS as_before FROM exchange.orders WHERE id = :bid;
SELECT :answer FROM exchange.amend_order(:bid, 9.98, 2);
-- Once it rests it is a maker like any other.
SELECT :answer FROM exchange.place_order(person('pon ann'), 'PON-USD', 'sell', 9, 2, time_in_force => 'ioc');
SELECT post_only, filled_amount, status FROM exchange.orders WHERE id = :bid;
SELECT taker_side, price, amount FROM exchange.trades WHERE symbol = 'PON-USD';

-- An offer whose time has come is no obstacle.
SELECT exchange.cancel_all_orders(person('pon ann'));
SELECT status
FROM exchange.place_order(person('pon ann'), 'PON-USD', 'sell', 8, 1, time_in_force => 'gtd',
                          expires_at => clock_timestamp() + interval '1 s');
SELECT pg_sleep(1.05);
SELECT :answer FROM exchange.place_order(person('pon bob'), 'PON-USD', 'buy', 8, 1, post_only => true);
SELECT * FROM exchange.order_book('PON-USD');
-- It asks for an order that can rest.
SELECT tif,
       split_part(refusal(format('SELECT exchange.place_order(person(''pon bob''), ''PON-USD'', ''buy'', 1, 1, time_in_force => %L, post_only => true)',
                                 tif)),
                  ' /', 1)
FROM unnest(ARRAY['ioc', 'fok']) tif;
-- In an auction nobody knows who will take: it is not accepted there.
SELECT exchange.set_market_status('PON-USD', 'auction');
SELECT refusal('SELECT exchange.place_order(person(''pon bob''), ''PON-USD'', ''buy'', 1, 1, post_only => true)');
SELECT exchange.set_market_status('PON-USD', 'open');
SELECT * FROM exchange.verify();
