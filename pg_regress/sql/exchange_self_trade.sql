-- Self-trade prevention: an order that would trade with its owner's own order.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('STP-USD', 'STP', 'USD');
INSERT INTO identity.users (name) VALUES ('stp ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('stp bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['STP', 'USD']) a;

-- cancel_taker, the default: what stands before ann's own order trades, then the rest is cancelled.
SELECT status FROM exchange.place_order(:bob, 'STP-USD', 'sell', 10, 1);
SELECT status FROM exchange.place_order(:ann, 'STP-USD', 'sell', 10, 1);
SELECT status FROM exchange.place_order(:bob, 'STP-USD', 'sell', 10, 1);
SELECT :answer FROM exchange.place_order(:ann, 'STP-USD', 'buy', 10, 3);
SELECT * FROM exchange.order_book('STP-USD');
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
-- Its own order stands first: nothing trades.
SELECT :answer FROM exchange.place_order(:ann, 'STP-USD', 'buy', 11, 3);
-- An order that is filled before it meets its own is not touched.
SELECT status FROM exchange.place_order(:bob, 'STP-USD', 'sell', 9, 1);
SELECT :answer FROM exchange.place_order(:ann, 'STP-USD', 'buy', 10, 1);
-- An order that does not cross its own may stand beside it.
SELECT :answer FROM exchange.place_order(:ann, 'STP-USD', 'buy', 9, 1);
SELECT * FROM exchange.order_book('STP-USD');

-- none: the owner trades with herself and pays both commissions. It is the arriving order that says so.
SELECT :answer FROM exchange.place_order(:ann, 'STP-USD', 'buy', 10, 1, self_trade_prevention => 'none');
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
SELECT sequence, price, amount, buyer_commission, seller_commission, taker_side FROM exchange.trades WHERE symbol = 'STP-USD' ORDER BY sequence;
SELECT status FROM exchange.place_order(:ann, 'STP-USD', 'sell', 9, 1, self_trade_prevention => 'cancel_taker');
SELECT status FROM exchange.place_order(:ann, 'STP-USD', 'sell', 9, 1, self_trade_prevention => 'none');

-- The others come later.
SELECT status FROM exchange.place_order(:ann, 'STP-USD', 'sell', 9, 1, self_trade_prevention => 'cancel_maker');
\echo :SQLSTATE
SELECT status, cancel_reason, count(*) FROM exchange.orders WHERE symbol = 'STP-USD' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM exchange.verify();
