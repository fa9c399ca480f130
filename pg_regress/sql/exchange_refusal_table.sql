-- Everything that the exchange says no to, in one table: the case, its SQLSTATE, its hint. Each is tried; each leaves
-- every table of money and orders as it was. (Elsewhere: 55000 before install in bourse_install; 25001 and 25006 in
-- exchange_isolation_level; 2D000 in exchange_bulk; 55P03 in the isolation tests.)
SELECT exchange.create_market('RFT-USD', 'RFT', 'USD', 0.01, 0.001, min_amount => 0.01, max_amount => 1000,
                              min_notional => 0.1);
SELECT exchange.create_market('RFT-BIG', 'RFT', 'BIG', 1, 1),
       exchange.create_market('RFT-LOT', 'RFT', 'BIG', 1, 0.00000001);
SELECT count(exchange.create_market('RFT-' || m, 'RFT', 'USD'))
FROM unnest(ARRAY['BAND', 'LIM', 'HALT', 'CANC', 'AUCT', 'CLOS']) m;
INSERT INTO identity.users (name, is_active)
VALUES ('rft ann', true), ('rft bob', true), ('rft rich', true), ('rft idle', false);
INSERT INTO identity.users (name, role) VALUES ('rft viewer', 'viewer');
SELECT count(exchange.deposit(u.id, a, 1000)) FROM identity.users u, unnest(ARRAY['RFT', 'USD', 'BIG']) a
WHERE u.name LIKE 'rft %';
SELECT exchange.deposit(person('rft rich'), 'BIG', 999999998999, 'rft rich') > 0 AS deposited,
       exchange.withdraw(person('rft rich'), 'USD', 980) > 0 AS withdrawn;
SELECT exchange.transfer(person('rft rich'), person('rft idle'), 'USD', 1, 'rft sent')
     < exchange.transfer(person('rft idle'), person('rft rich'), 'USD', 1) AS there_and_back;
-- On RFT-USD bob offers 2 at 12, the order of 1 at 11 has traded, one is cancelled. Of RFT-BAND the last price is 10, 5
-- to 15 is the band.
SELECT count(*)
FROM (VALUES ('bob', 'RFT-USD', 'sell', 12, 2, 'live'), ('bob', 'RFT-USD', 'sell', 11, 1, 'filled'),
             ('ann', 'RFT-USD', 'buy', 11, 1, NULL), ('ann', 'RFT-USD', 'buy', 5, 1, 'gone'),
             ('bob', 'RFT-BIG', 'buy', 500, 1, NULL), ('ann', 'RFT-LIM', 'buy', 1, 1, NULL),
             ('bob', 'RFT-BAND', 'sell', 10, 1, NULL), ('ann', 'RFT-BAND', 'buy', 10, 1, NULL))
         AS o (u, symbol, side, price, amount, id),
    exchange.place_order(person('rft ' || o.u), o.symbol, o.side, o.price, o.amount, client_order_id => o.id);
SELECT status FROM exchange.place_order(person('rft ann'), 'RFT-HALT', 'buy', 1, 1, client_order_id => 'halted');
SELECT status FROM exchange.cancel_order(person('rft ann'), 'gone');
UPDATE exchange.markets SET price_band = 0.5 WHERE symbol = 'RFT-BAND';
UPDATE exchange.markets SET max_open_orders = 1 WHERE symbol = 'RFT-LIM';
SELECT exchange.set_market_status('RFT-' || upper(left(s, 4)), s)
FROM unnest(ARRAY['halted', 'cancel_only', 'auction', 'closed']) s;
CREATE ROLE regress_rft_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_rft_gateway LOGIN IN ROLE bourse_gateway;

-- Refused orders: the arguments that differ from ann buying 1 at 10 on RFT-USD. @bob stands for his id. What by_insert
-- says no to, a column of type numeric(20,8) cannot take as it is.
CREATE TEMP TABLE refused_order (n serial, "case" text, sqlstate text, hint text, arguments text,
                                 by_insert boolean DEFAULT true);
INSERT INTO refused_order ("case", sqlstate, hint, arguments)
SELECT format('no %s', a), '22004', format('Give a value for %s.', a), format('{"%s": null}', a)
FROM unnest(ARRAY['user_id', 'symbol', 'side', 'price', 'amount']) a;
INSERT INTO refused_order ("case", sqlstate, hint, arguments) VALUES
    ('market order without amount', '22004', 'Give a value for amount.',
     '{"order_type": "market", "price": null, "amount": null}'),
    ('stop without trigger', '22004', 'Give a value for stop_price.', '{"order_type": "stop", "price": null}'),
    ('stop_limit without limit', '22004', 'Give a value for price.',
     '{"order_type": "stop_limit", "price": null, "stop_price": 9}'),
    ('gtd without end', '22004', 'Give a value for expires_at.', '{"time_in_force": "gtd"}'),
    ('side', '22023', 'A side is buy or sell.', '{"side": "up"}'),
    ('type', '22023', 'order_type: limit, market, stop, stop_limit; %', '{"order_type": "iceberg"}'),
    ('time in force', '22023', '%time_in_force: gtc, ioc, fok, gtd; %', '{"time_in_force": "day"}'),
    ('self-trade mode', '22023', '%self_trade_prevention: none, cancel_taker, cancel_maker, cancel_both, decrement.',
     '{"self_trade_prevention": "yes"}'),
    ('empty client_order_id', '22023', 'A client_order_id has 1 to 64 characters.', '{"client_order_id": ""}'),
    ('long client_order_id', '22023', 'A client_order_id has 1%', format('{"client_order_id": "%s"}', repeat('x', 65)));
-- No number, and numbers that NUMERIC(20,8) does not hold, in each of the five arguments.
INSERT INTO refused_order ("case", sqlstate, hint, arguments, by_insert)
SELECT format('%s %s', a.name, v.value), v.sqlstate, format(v.hint, a.name), format(a.arguments, v.value),
       v.value = 'NaN'
FROM (VALUES ('price', '{"price": "%s"}'), ('amount', '{"amount": "%s"}'),
             ('stop_price', '{"order_type": "stop", "price": null, "stop_price": "%s"}'),
             ('display_amount', '{"display_amount": "%s"}'),
             ('quote_amount',
              '{"order_type": "market", "price": null, "amount": null, "quote_amount": "%s"}')) AS a (name, arguments),
     (VALUES ('NaN', '22023', 'Give a finite %s.'), ('Infinity', '22023', 'Give a finite %s.'),
             ('-Infinity', '22023', 'Give a finite %s.'),
             ('1.000000001', '22023', 'Round the %s to 8 decimals or fewer.'),
             ('1e12', '22003',
              'No price, amount, price x amount or balance may reach 1000000000000%%')) AS v (value, sqlstate, hint);
INSERT INTO refused_order ("case", sqlstate, hint, arguments)
SELECT format('%s %s', a.name, v), '22023', a.hint, format(a.arguments, v)
FROM (VALUES ('price', 'Give a price above zero.', '{"price": %s}'),
             ('amount', 'Give an amount above zero.', '{"amount": %s}'),
             ('stop_price', 'Give a price above zero.', '{"order_type": "stop", "price": null, "stop_price": %s}'),
             ('display_amount', 'Give an amount above zero.', '{"display_amount": %s}'),
             ('quote_amount', 'Give an amount above zero.',
              '{"order_type": "market", "price": null, "amount": null, "quote_amount": %s}'))
             AS a (name, hint, arguments), unnest(ARRAY[0, -1]) v;
INSERT INTO refused_order ("case", sqlstate, hint, arguments)
SELECT what, '22023', 'Limit orders take price and amount; market orders amount, %', arguments
FROM (VALUES ('market with price', '{"order_type": "market"}'),
             ('stop with price', '{"order_type": "stop", "stop_price": 9}'),
             ('limit with stop_price', '{"stop_price": 9}'),
             ('limit with quote_amount', '{"quote_amount": 5}'),
             ('market sell by quote_amount',
              '{"side": "sell", "order_type": "market", "price": null, "amount": null, "quote_amount": 5}'),
             ('amount and quote_amount', '{"order_type": "market", "price": null, "quote_amount": 5}'),
             ('fok with quote_amount',
              '{"order_type": "market", "price": null, "amount": null, "quote_amount": 5, "time_in_force": "fok"}'),
             ('gtd market',
              '{"order_type": "market", "price": null, "time_in_force": "gtd", "expires_at": "9999-12-30"}'),
             ('gtd stop',
              '{"order_type": "stop", "price": null, "stop_price": 9, "time_in_force": "gtd", "expires_at": "9999-12-30"}'),
             ('end without gtd', '{"expires_at": "9999-12-30"}'),
             ('post-only ioc', '{"post_only": true, "time_in_force": "ioc"}'),
             ('post-only fok', '{"post_only": true, "time_in_force": "fok"}'),
             ('post-only market', '{"post_only": true, "order_type": "market", "price": null}'),
             ('post-only stop', '{"post_only": true, "order_type": "stop", "price": null, "stop_price": 9}'),
             ('iceberg ioc', '{"display_amount": 0.5, "time_in_force": "ioc"}'),
             ('iceberg market',
              '{"display_amount": 0.5, "order_type": "market", "price": null}')) AS v (what, arguments);
INSERT INTO refused_order ("case", sqlstate, hint, arguments) VALUES
    ('end is over', '22023', 'Give a good-till-date order an expires_at after now.',
     '{"time_in_force": "gtd", "expires_at": "2001-01-01"}'),
    ('price off the tick', '22023', 'Round the price to a multiple of 0.01 USD.', '{"price": 10.001}'),
    ('trigger off the tick', '22023', 'Round the price%', '{"order_type": "stop", "price": null, "stop_price": 9.001}'),
    ('amount off the lot', '22023', 'Round the amount to a multiple of 0.001 RFT.', '{"amount": 1.0001}'),
    ('slice off the lot', '22023', 'Round the amount to a multiple of 0.001 RFT.', '{"display_amount": 0.5001}'),
    ('slice above the amount', '22023', 'Show at most the whole order.', '{"display_amount": 1.001}'),
    ('too many slices', '22023', 'Show at least 0.01 RFT.', '{"display_amount": 0.009}'),
    ('below the minimum', '22023', 'Order at least 0.01 RFT.', '{"amount": 0.009}'),
    ('above the maximum', '22023', 'Split the order: at most 1000 RFT each.', '{"amount": 1000.001}'),
    ('below the minimum value', '22023', 'Order for at least 0.1 USD.', '{"amount": 0.01, "price": 9.99}'),
    ('below the price band', '22023', 'Choose a price from 5 to 15 USD; the band moves with the last trade.',
     '{"symbol": "RFT-BAND", "price": 4.99}'),
    ('above the price band', '22023', 'Choose a price from%', '{"symbol": "RFT-BAND", "price": 15.01, "side": "sell"}'),
    ('expires_at beyond the calendars', '22023',
     'Give a time before 9999-12-31, or leave it out: a gtc order has no end.',
     '{"time_in_force": "gtd", "expires_at": "infinity"}'),
    ('price x amount too large', '22003', 'No price, amount, price x amount or balance may reach%',
     '{"symbol": "RFT-BIG", "price": 1000000, "amount": 1000000, "side": "sell"}'),
    ('reserve too large', '22003', 'No price, amount%', '{"symbol": "RFT-BIG", "price": 1000000, "amount": 999999}'),
    ('too many lots', '22003', '%no order has more than 2^63-1 lots.',
     '{"symbol": "RFT-LOT", "price": 1, "amount": 100000000000}'),
    ('credit too large', '22003',
     'No balance, what is locked included, may reach 1000000000000: withdraw or transfer some, or order less.',
     '{"user_id": @rich, "symbol": "RFT-BIG", "price": 500, "side": "sell"}'),
    ('client_order_id taken', '23505', 'Repeat an id only with the very same order, %',
     '{"user_id": @bob, "client_order_id": "live"}'),
    ('funds of a buy', '23514', 'Deposit, cancel orders that lock funds, or order less.', '{"amount": 99}'),
    ('funds of a sell', '23514', 'Deposit%', '{"side": "sell", "amount": 1000, "symbol": "RFT-LOT", "user_id": @bob}'),
    ('funds of a market buy', '23514', 'Deposit%', '{"user_id": @rich, "symbol": "RFT-USD", "price": null, "order_type": "market", "amount": 2}'),
    ('funds of a stop buy', '23514', 'Deposit%',
     '{"order_type": "stop", "price": null, "stop_price": 99, "amount": 10}'),
    ('funds of a stop sell', '23514', 'Deposit%', '{"user_id": @bob, "side": "sell", "order_type": "stop", "price": null, "stop_price": 9, "amount": 999}'),
    ('user not active', '42501', 'An admin can set identity.users.is_active; cancels work meanwhile.',
     '{"user_id": @idle}'),
    ('viewer', '42501', 'An admin can set identity.users.role; cancels work meanwhile.', '{"user_id": @viewer}'),
    ('unknown user', '42704', 'Make one with INSERT%',
     '{"user_id": 0}'),
    ('unknown market', '42704', 'SELECT symbol FROM exchange.markets lists them; exchange.create_market() makes one.',
     '{"symbol": "RFT-NONE"}'),
    ('too many open orders', '54000', 'Cancel some first; exchange.markets.max_open_orders is the limit.',
     '{"symbol": "RFT-LIM"}'),
    ('halted', '55000', 'Wait until the market is open again; exchange.markets shows its status.',
     '{"symbol": "RFT-HALT"}'),
    ('cancel_only', '55000', 'Wait until the market is open%', '{"symbol": "RFT-CANC"}'),
    ('closed', '55000', 'Wait until the market is open%', '{"symbol": "RFT-CLOS"}'),
    ('ioc in an auction', '55000', 'Wait until the market is open%', '{"symbol": "RFT-AUCT", "time_in_force": "ioc"}'),
    ('market order in an auction', '55000', 'Wait until the market is open again; exchange.markets shows its status.',
     '{"symbol": "RFT-AUCT", "price": null, "order_type": "market"}'),
    ('post-only in an auction', '55000', 'Wait until the market is open%', '{"symbol": "RFT-AUCT", "post_only": true}'),
    ('post-only would take', 'P0001', 'Choose a price that does not reach 12 USD, or leave post_only out.',
     '{"price": 12, "post_only": true}'),
    ('fok cannot be filled', 'P0001',
     'Order at most what the book offers at your price, or use ioc to take what there is.',
     '{"price": 12, "amount": 2.001, "time_in_force": "fok"}'),
    ('market fok cannot be filled', 'P0001',
     'Order at most what the book offers at your price, or use ioc to take what there is.',
     '{"price": null, "order_type": "market", "amount": 2.001, "time_in_force": "fok"}');

-- Refused calls of everything else; SELECT exchange. goes without saying.
CREATE TEMP TABLE refused_call (n serial, sqlstate text, hint text, statement text);
INSERT INTO refused_call (sqlstate, hint, statement) VALUES
    ('55000', 'SELECT * FROM bourse.align_sequences() moves every sequence behind its rows; an admin may call it.',
     'INSERT INTO exchange.transfers (id, user_id, asset, kind, amount, locked_amount) SELECT s.last_value + 1, @ann, ''USD'', ''adjustment'', 1, 0 FROM exchange.transfers_id_seq s; SELECT exchange.deposit(@ann, ''USD'', 1)'),
    ('23505', 'It is none of ours: drop it, or send what it takes.',
     'CREATE UNIQUE INDEX ON exchange.transfers (amount) WHERE amount = 1.2345; SELECT exchange.deposit(@ann, ''USD'', 1.2345); SELECT exchange.deposit(@ann, ''USD'', 1.2345)'),
    ('22004', 'Give a value for order_id.', 'cancel_order(NULL)'),
    ('22004', 'Give a value for user_id.', 'cancel_order(NULL, ''live'')'),
    ('22004', 'Give a value for client_order_id.', 'cancel_order(@bob, NULL)'),
    ('22004', 'Give a value for user_id.', 'cancel_all_orders(NULL)'),
    ('42704', 'Look it up in exchange.orders: it shows the orders that you may cancel and amend.', 'cancel_order(0)'),
    ('42704', 'Look it up in exchange.orders: it%', 'cancel_order(@bob, ''nowhere'')'),
    ('42704', 'SELECT symbol FROM exchange.markets lists%', 'cancel_all_orders(@bob, ''RFT-NONE'')'),
    ('55000', 'Only an open order can be cancelled or amended.', 'cancel_order(@bob, ''filled'')'),
    ('55000', 'Only an open order can be cancelled or amended.', 'cancel_order(@ann, ''gone'')'),
    ('55000', 'Wait until the market is open%', 'cancel_order(@ann, ''halted'')'),
    ('55000', 'Wait until the market is open%', 'cancel_all_orders(@ann, ''RFT-CLOS'')'),
    ('22004', 'Give a value for order_id.', 'amend_order(NULL, 1)'),
    ('22004', 'Give a value for new_price and new_amount together.', 'amend_order(#live)'),
    ('22023', 'Give a finite new_price.', 'amend_order(#live, ''NaN'')'),
    ('22023', 'Round the new_amount to 8 decimals or fewer.', 'amend_order(#live, NULL, 1.000000001)'),
    ('22003', 'No price, %', 'amend_order(#live, 1e12)'),
    ('22023', 'Give a price above zero.', 'amend_order(#live, 0)'),
    ('22023', 'Give an amount above zero.', 'amend_order(#live, NULL, 0)'),
    ('22023', 'Round the price %', 'amend_order(#live, 12.001)'),
    ('22023', 'Order at least %', 'amend_order(#live, NULL, 0.001)'),
    ('22023', 'Split the order%', 'amend_order(#live, NULL, 1001)'),
    ('22023', 'Order for at least %', 'amend_order(#live, 0.01, 1)'),
    ('23514', 'Deposit, %', 'amend_order(#live, NULL, 999)'),
    ('42704', 'Look it up in exchange.orders%', 'amend_order(0, 1)'),
    ('55000', 'Only an open order can be cancelled or amended.', 'amend_order(#filled, 1)'),
    ('55000', 'Wait until the market is open again%', 'amend_order(#halted, 2)'),
    ('22023', 'The new amount is the total, what has traded included; to end the order, cancel it.',
     'place_order(@ann, ''RFT-USD'', ''buy'', 12, 1.5); SELECT exchange.amend_order(#live, NULL, 1.5)'),
    ('22023', 'Limit orders take price%',
     'amend_order((exchange.place_order(@ann, ''RFT-USD'', ''sell'', NULL, 1, ''stop'', stop_price => 9)).id, 1)'),
    ('22023', 'Choose a price%', 'amend_order((exchange.place_order(@ann, ''RFT-BAND'', ''sell'', 12, 1)).id, 16)'),
    ('P0001', 'Choose a price that does not reach 12 USD, or leave post_only out.',
     'amend_order((exchange.place_order(@ann, ''RFT-USD'', ''buy'', 1, 1, post_only => true)).id, 12)'),
    ('42501',
     'Act for your own user (identity.users.db_role); a member of bourse_gateway says SELECT identity.act_as(user_id) in the same transaction.',
     'AS trader place_order(@ann, ''RFT-USD'', ''buy'', 10, 1)'),
    ('42501', 'Act for your own user%', 'AS trader cancel_all_orders(@ann)'),
    ('42501', 'Act for your own user%', 'AS trader cancel_order(@bob, ''live'')'),
    ('42501', 'Act for your own user%',
     'AS trader INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (@ann, ''RFT-USD'', ''buy'', 10, 1)'),
    ('42501', 'Act for your own user%', 'AS trader transfer(@bob, @ann, ''USD'', 1)'),
    ('42501', 'Act for your own user%', 'AS trader locked_funds(@bob)'),
    ('42501', 'Act for your own user%', 'AS trader account_statement(@bob, ''USD'', ''-infinity'', ''infinity'')'),
    ('42501', 'Act for your own user%', 'AS trader order_book_orders(''RFT-USD'', @bob)'),
    ('42704', 'Look it up in exchange.orders%', 'AS trader cancel_order(#live)'),
    ('42704', 'Look it up in exchange.orders%', 'AS trader amend_order(#live, 13)'),
    ('42501',
     'Send commands for your own user; a member of bourse_gateway says SELECT identity.act_as(user_id) in the same transaction.',
     'AS trader INSERT INTO exchange.order_commands (action, user_id) VALUES (''cancel'', @bob)'),
    ('42501', 'Leave these columns out, or send NULL or DEFAULT: the engine writes them when it places the order.',
     'AS trader INSERT INTO exchange.orders (user_id, symbol, side, price, amount, status) VALUES (@ann, ''RFT-USD'', ''buy'', 1, 1, ''filled'')'),
    ('42501', 'Leave them out, or send NULL or DEFAULT: the sequencer writes them.',
     'AS gateway SET LOCAL bourse.user_id = @ann; INSERT INTO exchange.order_commands (action, user_id, set_aside_at) VALUES (''cancel'', @ann, now())'),
    ('42501', 'Leave id out, or send NULL or DEFAULT: its sequence draws it.',
     'AS gateway SET LOCAL bourse.user_id = @ann; INSERT INTO exchange.order_commands (id, action, user_id) VALUES (1, ''cancel'', @ann)'),
    ('42501', 'Act for your%', 'AS gateway SET LOCAL bourse.user_id = @ann; SELECT exchange.deposit(@bob, ''USD'', 1)'),
    ('42501', 'Act for your own user%',
     'AS gateway SET LOCAL bourse.user_id = @ann; SELECT exchange.withdraw(@bob, ''USD'', 1)'),
    ('22023', 'Set it to the id of a user, or to ''everybody'', in the transaction that it is for.',
     'AS gateway SET LOCAL bourse.user_id = nobody'),
    ('42501', 'Act for your own user%', 'AS gateway deposit(@bob, ''USD'', 1)'),
    ('42501', 'Act for your own user%', 'AS gateway place_order(@bob, ''RFT-USD'', ''buy'', 10, 1)'),
    ('22023', 'Take at least one command to a batch.', 'SELECT exchange_private.match_batch(NULL, 0)'),
    ('22023', 'Take at least one command to a batch.', 'SELECT exchange_private.match_batch(NULL, NULL)'),
    ('42704', 'SELECT symbol FROM exchange.markets%', 'SELECT exchange_private.match_batch(''RFT-NONE'', 1)'),
    ('22004', 'Give a value for status.', 'set_market_status(''RFT-USD'', NULL)'),
    ('22004', 'Give a value for symbol.', 'set_market_status(NULL, ''open'')'),
    ('22023', 'A status is open, halted, cancel_only, auction or closed.', 'set_market_status(''RFT-USD'', ''shut'')'),
    ('42704', 'SELECT symbol%', 'set_market_status(''RFT-NONE'', ''open'')'),
    ('22004', 'Give a value for symbol.', 'expire_orders(NULL)'),
    ('42704', 'SELECT symbol%', 'expire_orders(''RFT-NONE'')'),
    ('22004', 'Give a value for amount.', 'deposit(@ann, ''USD'', NULL)'),
    ('22004', 'Give a value for asset.', 'deposit(@ann, NULL, 1)'),
    ('22004', 'Give a value for user_id.', 'deposit(NULL, ''USD'', 1)'),
    ('22023', 'Give a finite amount.', 'withdraw(@ann, ''USD'', ''NaN'')'),
    ('22023', 'Give amount above zero.', 'withdraw(@ann, ''USD'', -1)'),
    ('22023', 'Round the amount to 8 decimals or fewer.', 'deposit(@ann, ''USD'', 1.000000001)'),
    ('22003', 'No price, %', 'deposit(@ann, ''USD'', 1e12)'),
    ('22023', 'Give JSON of at most 64 levels, one in the other.',
     'SELECT audit.log_activity(@ann, ''x'', details => (repeat(''['', 65) || repeat('']'', 65))::jsonb)'),
    ('22003', 'No price, amount, price x amount or balance may reach 1000000000000.', 'deposit(@rich, ''BIG'', 1000)'),
    ('22023', 'An asset is 1 to 10 capital letters and digits, like USD or BTC.', 'deposit(@ann, ''usd'', 1)'),
    ('42704', 'Make one with INSERT%', 'deposit(0, ''USD'', 1)'),
    ('22023', 'Give a reference of at least one character, or none.', 'deposit(@ann, ''USD'', 1, '''')'),
    ('22023', 'A reference has 1 to 128 characters.', 'deposit(@ann, ''USD'', 1, repeat(''r'', 129))'),
    ('22023', 'No text of an order has more than 1000 bytes.', 'place_order(@ann, repeat(''x'', 1001), ''buy'', 1, 1)'),
    ('22023', 'No text of%', 'place_order(@ann, ''RFT-USD'', ''buy'', 1, 1, client_order_id => repeat(''x'', 1001))'),
    ('22023', 'No text of an order has%', 'cancel_order(@ann, repeat(''x'', 1001))'),
    ('23505', 'Give each transfer a reference of its own; %', 'deposit(@ann, ''USD'', 1, ''rft rich'')'),
    ('23505', 'Give each transfer a reference%', 'transfer(person(''rft rich''), @bob, ''USD'', 1, ''rft sent'')'),
    ('23514', 'Only available funds can leave: cancel orders that lock funds, or ask for less.',
     'withdraw(@ann, ''USD'', 1000)'),
    ('23514', 'Only available funds can leave%', 'transfer(@ann, @bob, ''USD'', 1000)'),
    ('22023', 'Name two different users.', 'transfer(@ann, @ann, ''USD'', 1)'),
    ('42704', 'Make one with INSERT%', 'transfer(@ann, 0, ''USD'', 1)'),
    ('22004', 'Give a value for to_user_id.', 'transfer(@ann, NULL, ''USD'', 1)'),
    ('22004', 'Give a value for change.', 'update_user_balance(@ann, NULL)'),
    ('42704', 'Make one with INSERT%', 'update_user_balance(0, 1)'),
    ('22023', 'Give a finite locked_change.', 'update_asset_balance(@ann, ''USD'', 1, ''NaN'')'),
    ('42704', 'Make one with INSERT%', 'sweep_fees(0)'),
    ('22023', 'An asset is%', 'sweep_fees(@ann, ''usd'')'),
    ('22004', 'Give all three.', 'calculate_commission(1, NULL)'),
    ('22023', 'Amount, price and rate are finite and not negative.', 'calculate_commission(1, ''NaN'')'),
    ('22004', 'Give a value for each.', 'create_market(NULL, ''RFT'', ''EUR'')'),
    ('22004', 'Give a value for lot_size.', 'create_market(''RFT-EUR'', ''RFT'', ''EUR'', 1, NULL)'),
    ('22023', 'Round the rates to 8 decimals or fewer.',
     'create_market(''RFT-EUR'', ''RFT'', ''EUR'', maker_rate => 0.000000001)'),
    ('22023', 'Give tick_size above zero.', 'create_market(''RFT-EUR'', ''RFT'', ''EUR'', 0)'),
    ('22023', 'Choose a tick and a lot whose product is a multiple of 0.00000001%',
     'create_market(''RFT-EUR'', ''RFT'', ''EUR'', 0.0001, 0.00001)'),
    ('22023', 'A symbol is like BTC-USD%', 'create_market(''rft-eur'', ''RFT'', ''EUR'')'),
    ('42710', 'SELECT * FROM exchange.markets shows its rules.', 'create_market(''RFT-USD'', ''RFT'', ''USD'')'),
    ('42704', 'SELECT symbol%', 'order_book(''RFT-NONE'')'),
    ('22023', 'Ask for at least one level.', 'order_book(''RFT-USD'', 0)'),
    ('42704', 'SELECT symbol%', 'best_bid_offer(NULL)'),
    ('42704', 'SELECT symbol%', 'ticker(''RFT-NONE'')'),
    ('22023', 'Ask for 1 to 10000 trades; go on after%', 'trade_tape(''RFT-USD'', NULL, 0)'),
    ('22023', 'Ask for 1 to 10000 trades; go on before%', 'my_trades(@ann, 0)'),
    ('42704', 'Give the last trade_id %', 'my_trades(@ann, 1, 0)'),
    ('22004', 'Give a moment; %', 'book_as_of(''RFT-USD'', NULL)'),
    ('22004', 'Give a width like 1 minute or 1 day.', 'candles(''RFT-USD'', NULL, ''-infinity'', ''infinity'')'),
    ('22023', 'Give a width above zero %', 'candles(''RFT-USD'', ''1 month'', ''2020-01-01'', ''2020-02-01'')'),
    ('22004', 'Give both; %', 'account_statement(@ann, ''USD'', NULL, ''infinity'')'),
    ('22023', 'A period goes from its first moment %',
     'account_statement(@ann, ''USD'', ''2020-02-01'', ''2020-01-01'')'),
    ('22023', 'Give the name of the publication, %', 'create_feed('''')'),
    ('42710', 'Subscribe to it, or choose another name.',
     'create_feed(''rft feed''); SELECT exchange.create_feed(''rft feed'')'),
    ('42704', 'SELECT pubname FROM pg_publication %', 'drop_feed(''rft none'')'),
    ('22023', 'Give a price above zero.',
     'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (@ann, ''RFT-USD'', ''buy'', 0, 1)'),
    ('23001', 'Correct the books with a new row %', 'UPDATE exchange.transfers SET amount = 1'),
    ('23001', 'Correct the books%', 'DELETE FROM exchange.trades'),
    ('23001', 'Correct the books%', 'TRUNCATE exchange.orders CASCADE'),
    ('55006', 'Set the market to cancel_only, let its orders be cancelled, then change tick and lot.',
     'UPDATE exchange.markets SET tick_size = tick_size * 2'),
    ('23001', 'Correct the books%', 'TRUNCATE exchange.assets'),
    ('23001', 'Correct the books%', 'UPDATE exchange.order_amendments SET new_price = 1'),
    ('23001', 'Cancel the orders and withdraw the balance first: money is never deleted.',
     'DELETE FROM exchange.assets WHERE user_id = @ann AND symbol = ''USD'''),
    ('55000',
     'Cancel it first (cancel_order, cancel_all_orders, amend_order): that gives back the funds which it locks.',
     'DELETE FROM exchange.orders WHERE id = #live');

CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$
    SELECT sum(hashtextextended(t, 0))::text FROM (
        SELECT m::text FROM exchange.markets m UNION ALL SELECT a::text FROM exchange.assets a
        UNION ALL SELECT x::text FROM exchange.transfers x UNION ALL SELECT o::text FROM exchange.orders o
        UNION ALL SELECT d::text FROM exchange.order_amendments d UNION ALL SELECT t::text FROM exchange.trades t
        UNION ALL SELECT c::text FROM exchange.order_commands c) AS s (t)
$$;
CREATE FUNCTION pg_temp.ids(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    named record;
BEGIN
    FOR named IN SELECT '@' || right(u.name, -4) AS name, u.id FROM identity.users u WHERE u.name LIKE 'rft %'
                 UNION ALL SELECT '#' || o.client_order_id, o.id FROM exchange.orders o
                 WHERE o.symbol LIKE 'RFT-%' AND o.client_order_id IS NOT NULL LOOP
        statement := replace(statement, named.name, named.id::text);
    END LOOP;
    RETURN statement;
END
$$;
-- SQLSTATE and hint, and whether a table is different now. A call as a trader or a gateway is undone with its login.
CREATE FUNCTION pg_temp.try(statement text, OUT given text, OUT given_hint text, OUT changed boolean)
LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.state();
BEGIN
    statement := regexp_replace(pg_temp.ids(statement), '^(AS \w+ )?(?=[a-z_]+\()', '\1SELECT exchange.');
    statement := regexp_replace(statement, '^AS (\w+) ',
                                'SELECT set_config(''session_authorization'', ''regress_rft_\1'', true); ');
    BEGIN
        EXECUTE statement;
        given := '00000';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS given = RETURNED_SQLSTATE, given_hint = PG_EXCEPTION_HINT;
    END;
    changed := pg_temp.state() <> before;
END
$$;
CREATE FUNCTION pg_temp.by_command(names text, vals text, OUT given text, OUT given_hint text, OUT changed boolean)
LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.state();
BEGIN
    EXECUTE format('INSERT INTO exchange.order_commands (action, %s) VALUES (''new'', %s)', names, vals);
    PERFORM exchange_private.match_batch(NULL, 1);
    SELECT r.sqlstate, r.hint INTO given, given_hint FROM exchange.command_rejections r ORDER BY r.command_id DESC
    LIMIT 1;
    changed := pg_temp.state() <> before;
END
$$;
CREATE TEMP VIEW orders_to_try AS
SELECT r.*, string_agg(a.key, ', ') AS names, string_agg(quote_nullable(a.value), ', ') AS vals,
       string_agg(format('%s => %L', a.key, a.value), ', ') AS named
FROM refused_order r,
     jsonb_each_text(jsonb_build_object('user_id', person('rft ann'), 'symbol', 'RFT-USD', 'side', 'buy', 'price', 10,
                                        'amount', 1) || pg_temp.ids(r.arguments)::jsonb) AS a
GROUP BY r.n, r."case", r.sqlstate, r.hint, r.arguments, r.by_insert;
SET client_min_messages = error;
CREATE TEMP TABLE tried AS
SELECT 'place_order' AS door, o.n, o."case", o.sqlstate AS wanted, o.hint AS wanted_hint, t.*
FROM orders_to_try o, pg_temp.try(format('SELECT exchange.place_order(%s)', o.named)) t
UNION ALL
SELECT 'insert', o.n, o."case", o.sqlstate, o.hint, t.*
FROM orders_to_try o, pg_temp.try(format('INSERT INTO exchange.orders (%s) VALUES (%s)', o.names, o.vals)) t
WHERE o.by_insert
UNION ALL
SELECT 'bulk', o.n, o."case", o.sqlstate, o.hint, t.* FROM orders_to_try o, pg_temp.by_command(o.names, o.vals) t
UNION ALL
SELECT 'call', c.n, c.statement, c.sqlstate, c.hint, t.* FROM refused_call c, pg_temp.try(c.statement) t;

RESET client_min_messages;
-- What is not as the tables say: nothing. An INSERT may name price and amount together in its hint.
SELECT door, "case", wanted, given, wanted_hint, given_hint, changed FROM tried
WHERE (given = wanted AND NOT changed
       AND (given_hint LIKE wanted_hint OR (door = 'insert' AND given_hint = 'Give a price above zero.'))) IS NOT true
ORDER BY door, n;
SELECT door, count(*) AS cases FROM tried GROUP BY door ORDER BY door;
SELECT wanted AS sqlstate, count(DISTINCT "case") AS cases FROM tried GROUP BY wanted ORDER BY wanted;
-- Of all hints in functions written in SQL none was missing; those that are left out have tests of their own.
SELECT DISTINCT p.oid::regprocedure AS function, h AS never_given
FROM pg_proc p, hints(p.prosrc) h
WHERE p.pronamespace IN ('exchange'::regnamespace, 'bourse'::regnamespace)
  AND p.proname !~ '^(require_no_.*_code|set_market_calendar|queue_.*|require_claim|refuse_lease|backoff|create_partition'
                  '|record_backup|slow_queries|.*_from_venue|unsettled_venue_transfers|unregister_venue)$'
  AND NOT EXISTS (SELECT FROM tried t WHERE t.given_hint = h);
DROP ROLE regress_rft_trader, regress_rft_gateway;
SELECT * FROM exchange.verify();
