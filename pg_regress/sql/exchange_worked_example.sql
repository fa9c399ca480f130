-- The worked example: one seller, one buyer, the default rates of 1.5 %.
SELECT exchange.create_market('WEX-USD', 'WEX', 'USD');
INSERT INTO identity.users (name) VALUES ('wex seller') RETURNING id AS seller \gset
INSERT INTO identity.users (name) VALUES ('wex buyer') RETURNING id AS buyer \gset
SELECT exchange.deposit(:seller, 'WEX', 3) > 0 AS deposited;
SELECT exchange.deposit(:buyer, 'USD', 1000) > 0 AS deposited;

-- The seller offers 2 at 100 and 1 at 101. Each offer locks what it sells.
SELECT status, filled_amount, remaining_amount, average_price, commission, cancel_reason
FROM exchange.place_order(:seller, 'WEX-USD', 'sell', 100, 2);
SELECT status, filled_amount, remaining_amount, average_price, commission, cancel_reason
FROM exchange.place_order(:seller, 'WEX-USD', 'sell', 101, 1);
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :seller;
SELECT * FROM exchange.order_book('WEX-USD');

-- The buyer takes 2.5 at 101: 2 at 100, then 0.5 at 101. Commission: 250.5 x 0.015 = 3.7575.
SELECT status, filled_amount, remaining_amount, average_price, commission, cancel_reason
FROM exchange.place_order(:buyer, 'WEX-USD', 'buy', 101, 2.5);
SELECT sequence, price, amount, buyer_commission, seller_commission, commission, taker_side
FROM exchange.trades WHERE symbol = 'WEX-USD' ORDER BY sequence;

-- The buyer has paid 250.5 + 3.7575 = 254.2575; the seller has received 250.5 - 3.7575 = 246.7425; 0.5 stays locked.
SELECT u.name, a.symbol, a.amount, a.locked_amount
FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
WHERE u.id IN (:seller, :buyer) ORDER BY u.name, a.symbol;
SELECT 1000 - a.amount AS buyer_paid FROM exchange.assets a WHERE a.user_id = :buyer AND a.symbol = 'USD';
SELECT a.amount AS seller_received FROM exchange.assets a WHERE a.user_id = :seller AND a.symbol = 'USD';

SELECT side, price, amount, filled_amount, status, reserved, accepted_sequence
FROM exchange.orders WHERE symbol = 'WEX-USD' ORDER BY id;
SELECT * FROM exchange.order_book('WEX-USD');
SELECT * FROM exchange.best_bid_offer('WEX-USD');
SELECT last_sequence, last_price FROM exchange.markets WHERE symbol = 'WEX-USD';

-- The ledger: five lines to a trade, which add up to zero per asset.
SELECT t.sequence, l.account, u.name, l.asset, l.amount
FROM exchange.trades t
JOIN exchange.ledger_entries l ON l.source = 'trade' AND l.source_id = t.id
LEFT JOIN identity.users u ON u.id = l.user_id
WHERE t.symbol = 'WEX-USD'
ORDER BY t.sequence, l.asset, l.account, u.name;
SELECT source, asset, sum(amount) FROM exchange.ledger_entries
WHERE asset = 'WEX' GROUP BY source, asset ORDER BY source;
SELECT source, source_id, asset FROM exchange.ledger_entries GROUP BY source, source_id, asset HAVING sum(amount) <> 0;
-- Per user and asset the ledger adds up to the balance, locked part included.
SELECT u.name, l.asset, sum(l.amount) AS balance
FROM exchange.ledger_entries l JOIN identity.users u ON u.id = l.user_id
WHERE u.id IN (:seller, :buyer) GROUP BY u.name, l.asset ORDER BY u.name, l.asset;

SELECT * FROM exchange.verify();
