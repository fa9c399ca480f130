-- Copying on our own exchange: the leader's order and one like it of every follower who wants that, in one transaction.
INSERT INTO identity.users (id, name, db_role)
VALUES (901, 'lea', 'texchcopy_lea'), (902, 'ann', 'texchcopy_ann'), (903, 'ben', NULL), (904, 'cid', NULL),
       (905, 'dan', NULL), (906, 'maker', NULL);
CREATE ROLE texchcopy_lea LOGIN IN ROLE bourse_trader;
CREATE ROLE texchcopy_ann LOGIN IN ROLE bourse_trader;
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
SELECT u.id - 890, u.id, u.name || ' broker', 'Zerodha' FROM identity.users u
WHERE u.id BETWEEN 901 AND 905 ORDER BY u.id;
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', 1, 0.01, min_notional => 10, maker_rate => 0,
                              taker_rate => 0.01);
SELECT count(exchange.deposit(u, 'USD', 10000)) FROM unnest(ARRAY[901, 902, 903]) u;
SELECT exchange.deposit(904, 'USD', 50);
SELECT exchange.deposit(906, 'BTC', 1000), exchange.deposit(906, 'USD', 100000);
ALTER SEQUENCE exchange.orders_id_seq RESTART WITH 101;
CREATE VIEW answers AS
    SELECT c.user_id, c.order_id, c.status, trim_scale(c.filled_amount) AS filled, c.sqlstate, c.message
    FROM mirror.exchange_copies c ORDER BY c.id;
CREATE FUNCTION answers_of(leader_order bigint) RETURNS SETOF answers LANGUAGE sql AS $$
    SELECT a.* FROM mirror.exchange_copies c JOIN answers a ON a.user_id = c.user_id
        AND a.order_id IS NOT DISTINCT FROM c.order_id AND a.message IS NOT DISTINCT FROM c.message
    WHERE c.leader_order_id = leader_order ORDER BY c.id
$$;
SELECT mirror.create_group(901, 'coins', 11) AS g \gset
SELECT count(mirror.share_group(:g, u)) FROM unnest(ARRAY[902, 903, 904, 905]) u;
SELECT mirror.add_follower(:g, 12, 'multiplier', 0.5) AS ann, mirror.add_follower(:g, 13, 'fixed', 1.005) AS ben,
       mirror.add_follower(:g, 14) AS cid, mirror.add_follower(:g, 15) AS dan \gset
-- Who follows with an account at a broker has not said yet that his money here may be used: Dan never does.
SELECT mirror.follow_on_exchange(f, true) FROM unnest(ARRAY[:ann, :ben, :cid]) f;
SELECT count(exchange.place_order(906, 'BTC-USD', 'sell', p, 5)) FROM unnest(ARRAY[100, 101, 102, 102]) p;

-- One who cannot pay is a row with its SQLSTATE; he is in nobody's way.
SELECT user_id, (order_result).id, (order_result).status, trim_scale((order_result).filled_amount) AS filled,
       (order_result).average_price, trim_scale((order_result).commission) AS commission, sqlstate, message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 101, 4, client_order_id => 'b1') c;
-- The same again is the same, whatever has changed since; another under that name is refused.
SELECT mirror.set_follower_terms(:ann, 'multiplier', 2);
SELECT user_id, (order_result).id, sqlstate FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 101, 4,
                                                                         client_order_id => 'b1');
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 101, 5, client_order_id => ''b1'')',
                      :g));
SELECT id FROM exchange.place_order(901, 'BTC-USD', 'buy', 1, 10, client_order_id => 'alone') \gset alone_
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 1, 10, client_order_id => ''alone'')',
                      :g));
SELECT count(*) FROM exchange.orders WHERE user_id <> 906;
-- A leader sees that others follow, and each what is his own.
SET SESSION AUTHORIZATION texchcopy_lea;
SELECT user_id, order_result, sqlstate, message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 101, 4, client_order_id => 'b1');
SET SESSION AUTHORIZATION texchcopy_ann;
SELECT user_id, status, trim_scale(filled_amount) AS filled FROM mirror.exchange_copies;
SELECT symbol, trim_scale(amount) AS amount FROM mirror.exchange_holdings;
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 101, 4)', :g));
RESET SESSION AUTHORIZATION;

-- A sale is the same part of what each holds by copies as of what the leader has: half. Who has coins of his own keeps
-- them, and who holds nothing by copies sells nothing.
SELECT exchange.deposit(902, 'BTC', 7);
SELECT count(*) FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'sell', 110, 2, client_order_id => 's1');
SELECT * FROM answers_of((SELECT id FROM exchange.orders WHERE client_order_id = 's1'));
-- What rests counts: it cannot be sold twice. The rest is all that is left.
SELECT count(*) FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'sell', 120, 2, client_order_id => 's2');
SELECT c.user_id, c.order_id, trim_scale(o.amount) AS amount FROM mirror.exchange_copies c
JOIN exchange.orders o ON o.id = c.order_id WHERE o.price = 120 ORDER BY c.id;

-- The leader turns round: what the group has resting on the other side is cancelled before, so that nobody trades with
-- another. What somebody has placed himself is his own affair, but the leader's.
SELECT mirror.follow_on_exchange(:cid, false);
SELECT count(*) FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 115, 1, client_order_id => 'b2');
SELECT o.user_id, o.side, o.price, o.status, o.cancel_reason FROM exchange.orders o
WHERE o.user_id BETWEEN 901 AND 905 AND o.price BETWEEN 110 AND 120 ORDER BY o.id;
SELECT count(*) AS trades_within FROM exchange.trades t
JOIN exchange.orders b ON b.id = t.buy_order_id AND b.user_id < 906
JOIN exchange.orders s ON s.id = t.sell_order_id AND s.user_id < 906;
SELECT status FROM exchange.place_order(901, 'BTC-USD', 'sell', 113, 0.5, client_order_id => 'by hand');
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 115, 1)', :g));
SELECT status FROM exchange.cancel_order(901, 'by hand');

-- A group that is paused buys nothing, and sells.
SELECT mirror.pause_group(:g);
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 115, 1)', :g));
SELECT user_id, (order_result).status FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'sell', 119, 0.5) WHERE user_id < 903;
SELECT mirror.resume_group(:g);

-- Funds and ratios as with brokers; a market order in dollars; less than the market takes.
SELECT mirror.set_follower_terms(:ann, 'custom'), mirror.set_follower_terms(:ben, 'proportional', 1);
SELECT user_id, (order_result).status, sqlstate, message FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 90, 1);
SELECT mirror.set_ratio(:ann, 'BOURSE', 'BTC-USD', 0.05);
SELECT mirror.report_funds(11, 2000), mirror.report_funds(13, 500);
SELECT user_id, (order_result).remaining_amount, sqlstate, message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 90, 1);
SELECT count(exchange.place_order(906, 'BTC-USD', 'sell', 105, 5)) FROM generate_series(1, 8);
SELECT user_id, (order_result).status, trim_scale((order_result).filled_amount) AS filled, sqlstate, message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', NULL, NULL, 'market', quote_amount => 1000);
-- Where the leader is refused nobody is placed.
SELECT count(*) FROM exchange.orders;
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 90.5, 1)', :g));
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 100, 1000000)', :g));
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''ABC-USD'', ''buy'', 100, 1)', :g));
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, NULL, ''buy'', 100, 1)', :g));
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''both'', 100, 1)', :g));
SELECT refusal('SELECT mirror.copy_on_exchange(NULL, ''BTC-USD'', ''buy'', 100, 1)');
SELECT refusal('SELECT mirror.copy_on_exchange(99, ''BTC-USD'', ''buy'', 100, 1)');
SELECT count(*) FROM exchange.orders;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''BTC-USD'', ''buy'', 100, 1)', :g));
COMMIT;
SELECT * FROM exchange.verify();
