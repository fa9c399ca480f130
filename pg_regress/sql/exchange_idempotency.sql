-- client_order_id: a retry gets the first answer, for ever. A deposit reference: money moves once.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('IDE-USD', 'IDE', 'USD');
SELECT exchange.create_market('IDE-ETH', 'IDE', 'ETH');
INSERT INTO identity.users (name) VALUES ('ide ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('ide bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['IDE', 'USD', 'ETH']) a;
SELECT status FROM exchange.place_order(:bob, 'IDE-USD', 'sell', 9, 2);

-- The first time: 2 trade at once.
SELECT id AS first, :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10, 5, client_order_id => 'a-1') \gset
\echo :status :filled :rest :average_price :commission
-- The same again: the same order, the same answer, no second order.
SELECT id = :first AS same, :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10, 5, client_order_id => 'a-1');
-- Numbers are compared as numbers, omitted words as their defaults.
SELECT id = :first AS same, :answer
FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10.000, 5.0, 'limit', 'gtc', 'a-1',
    self_trade_prevention => 'cancel_taker');
-- After more fills, after an amendment, after a cancel: still the answer of the first time.
SELECT status FROM exchange.place_order(:bob, 'IDE-USD', 'sell', 10, 1);
SELECT id = :first AS same, :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10, 5, client_order_id => 'a-1');
SELECT :answer FROM exchange.amend_order(:first, 8, 6);
SELECT id = :first AS same, :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10, 5, client_order_id => 'a-1');
SELECT :answer FROM exchange.cancel_order(:ann, 'a-1');
SELECT id = :first AS same, :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 10, 5, client_order_id => 'a-1');
SELECT count(*), sum(filled_amount) FROM exchange.orders WHERE user_id = :ann;
-- The answer of an order that ended at once names its reason again.
SELECT :answer
FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 7, 1, time_in_force => 'ioc', client_order_id => 'a-2');
SELECT :answer
FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 7, 1, time_in_force => 'ioc', client_order_id => 'a-2');
-- An order that rested at first and was cancelled only when an amendment met ann's own offer: first answer open.
SELECT status FROM exchange.place_order(:ann, 'IDE-USD', 'sell', 12, 1);
SELECT :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 7, 1, client_order_id => 'a-3');
SELECT :answer
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE client_order_id = 'a-3' AND user_id = :ann), 12);
SELECT :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 7, 1, client_order_id => 'a-3');

-- The same id with another body is refused, whatever differs; so is the body of an amendment.
SELECT body, refusal(format('SELECT exchange.place_order(%s, %s, client_order_id => ''a-1'')', :ann, body)) AS refusal
FROM unnest(ARRAY['''IDE-USD'', ''sell'', 10, 5', '''IDE-ETH'', ''buy'', 10, 5', '''IDE-USD'', ''buy'', 8, 6',
    '''IDE-USD'', ''buy'', 10, 6',
    '''IDE-USD'', ''buy'', 10, 5, time_in_force => ''ioc''',
    '''IDE-USD'', ''buy'', 10, 5, self_trade_prevention => ''none''']) body;
-- A refused order leaves its id free.
SELECT refusal(format('SELECT exchange.place_order(%s, %L, %L, 10, 5000, client_order_id => %L)', :ann, 'IDE-USD',
                      'buy', 'a-4')) AS refusal;
SELECT :answer FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 6, 1, client_order_id => 'a-4');
-- The id is the user's own: bob may have the same.
SELECT :answer FROM exchange.place_order(:bob, 'IDE-USD', 'buy', 6, 1, client_order_id => 'a-4');
SELECT refusal(format('SELECT exchange.place_order(%s, %L, %L, 10, 1, client_order_id => %L)', :ann, 'IDE-USD', 'buy',
                      '')) AS refusal;
SELECT left(refusal(format('SELECT exchange.place_order(%s, %L, %L, 10, 1, client_order_id => %L)', :ann, 'IDE-USD',
                           'buy', repeat('x', 65))),
            5) AS refusal;
SELECT status FROM exchange.place_order(:ann, 'IDE-USD', 'buy', 6, 1, client_order_id => repeat('é', 64));

-- Deposits and withdrawals: the same reference returns the first transfer.
SELECT exchange.deposit(:ann, 'IDE', 5, 'ide bank 17') AS first \gset
SELECT exchange.deposit(:ann, 'IDE', 5.00, 'ide bank 17') = :first AS same;
SELECT exchange.withdraw(:ann, 'IDE', 5, 'ide bank 18') AS second \gset
SELECT exchange.withdraw(:ann, 'IDE', 5, 'ide bank 18') = :second AS same;
SELECT kind, amount, reference FROM exchange.transfers WHERE reference LIKE 'ide bank %' ORDER BY reference;
SELECT call,
       refusal(format('SELECT exchange.%s, %L)', replace(replace(call, 'ann', :'ann'), 'bob', :'bob'),
                      'ide bank 17')) AS refusal
FROM unnest(ARRAY['deposit(ann, ''IDE'', 6', 'deposit(ann, ''USD'', 5', 'deposit(bob, ''IDE'', 5',
                  'withdraw(ann, ''IDE'', 5']) call;
-- Without a reference each call moves money.
SELECT exchange.deposit(:ann, 'IDE', 5) <> exchange.deposit(:ann, 'IDE', 5) AS two_transfers;
-- A refused withdrawal leaves its reference free.
SELECT refusal(format('SELECT exchange.withdraw(%s, %L, 5000, %L)', :ann, 'IDE', 'ide bank 19')) AS refusal;
SELECT exchange.withdraw(:ann, 'IDE', 10, 'ide bank 19') > 0 AS withdrawn;
SELECT symbol, amount + locked_amount AS held FROM exchange.assets WHERE user_id = :ann AND symbol = 'IDE';
SELECT * FROM exchange.verify();
