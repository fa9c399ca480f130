-- What a live order locks is unlocked by nothing but its end: nobody deletes one, or ends one by hand, not even a
-- superuser.
SELECT exchange.create_market('LIV-USD', 'LIV', 'USD');
INSERT INTO identity.users (name) VALUES ('liv ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('liv bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['LIV', 'USD']) a;
SELECT status FROM exchange.place_order(:ann, 'LIV-USD', 'buy', 10, 1, client_order_id => 'bid');
SELECT status
FROM exchange.place_order(:ann, 'LIV-USD', 'sell', NULL, 2, 'stop', stop_price => 5, client_order_id => 'stop');
SELECT status FROM exchange.place_order(:bob, 'LIV-USD', 'buy', 9, 1, client_order_id => 'gone');
SELECT status FROM exchange.cancel_order(:bob, 'gone');
SELECT refusal(s) FROM unnest(ARRAY[
    'DELETE FROM exchange.orders WHERE client_order_id = ''bid'' AND symbol = ''LIV-USD''',
    'DELETE FROM exchange.orders WHERE client_order_id = ''stop'' AND symbol = ''LIV-USD''',
    'DELETE FROM exchange.orders WHERE symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET status = ''cancelled'', cancel_reason = ''user'', ended_at = now() WHERE client_order_id = ''bid'' AND symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET status = ''cancelled'', cancel_reason = ''user'', ended_at = now() WHERE client_order_id = ''stop'' AND symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET status = ''open'', cancel_reason = NULL, ended_at = NULL WHERE client_order_id = ''gone'' AND symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET reserved = 0 WHERE client_order_id = ''bid'' AND symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET side = ''sell'' WHERE client_order_id = ''bid'' AND symbol = ''LIV-USD''',
    'UPDATE exchange.orders SET user_id = person(''liv bob'') WHERE client_order_id = ''bid'' AND symbol = ''LIV-USD''']) s;
-- By way of others: a user with live orders, a market with orders, the whole table.
SELECT split_part(refusal(s), ' /', 1) AS refusal FROM unnest(ARRAY[
    'DELETE FROM identity.users WHERE name = ''liv ann''', 'DELETE FROM exchange.markets WHERE symbol = ''LIV-USD''',
    'TRUNCATE exchange.orders CASCADE', 'TRUNCATE exchange.markets CASCADE']) s;
-- What locks nothing may be changed and deleted: an end, an order that has ended.
UPDATE exchange.orders SET expires_at = 'infinity', time_in_force = 'gtd'
WHERE user_id = :ann AND client_order_id = 'bid';
DELETE FROM exchange.orders WHERE user_id = :bob AND client_order_id = 'gone';
SELECT client_order_id, status FROM exchange.orders WHERE symbol = 'LIV-USD' ORDER BY client_order_id;
-- Cancelled first, they can go, and leave nothing locked.
SELECT exchange.cancel_all_orders(:ann);
DELETE FROM exchange.orders WHERE symbol = 'LIV-USD';
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
SELECT * FROM exchange.verify();
