-- Who may do what, as real logins. Users have ids of their own choosing, to stand in COPY.
SELECT exchange.create_market('PER-USD', 'PER', 'USD');
INSERT INTO identity.users (id, name, email, db_role, role, password_hash) VALUES
    (7201, 'per alice', 'alice@per.example', 'regress_alice', 'trader', '$2b$05$hash of alice'),
    (7202, 'per bob', 'bob@per.example', 'regress_bob', 'trader', '$2b$05$hash of bob'),
    (7203, 'per admin', NULL, 'regress_admin', 'admin', NULL),
    (7204, 'per viewer', NULL, 'regress_viewer', 'viewer', NULL);
CREATE ROLE regress_alice LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_bob LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_unmapped LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE regress_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE regress_stranger LOGIN;
SELECT count(exchange.deposit(u, a, 100)) FROM generate_series(7201, 7202) u, unnest(ARRAY['PER', 'USD']) a;
SELECT id AS bobs FROM exchange.place_order(7202, 'PER-USD', 'sell', 10, 2, client_order_id => 'bob 1') \gset
INSERT INTO exchange.fee_groups VALUES (7201, 'per vip'), (7202, 'per vip');
-- What the tables show to whoever asks.
CREATE FUNCTION visible() RETURNS TABLE (source text, rows text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH source IN ARRAY ARRAY['identity.users', 'exchange.users', 'exchange.user_balance_view', 'exchange.assets',
        'exchange.transfers', 'exchange.orders',
        'exchange.order_book_view', 'exchange.order_amendments', 'exchange.trades', 'exchange.fee_groups',
        'exchange.order_commands', 'exchange.command_rejections'] LOOP
        BEGIN
            EXECUTE format('SELECT count(*) FROM %s', source) INTO rows;
        EXCEPTION WHEN insufficient_privilege THEN
            rows := 'refused';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;

-- alice trades for herself, through every door.
SET SESSION AUTHORIZATION regress_alice;
SELECT identity.current_user_id(), identity.acts_for(7201) AS herself, identity.acts_for(7202) AS bob,
       identity.acts_for(NULL) AS nobody, identity.acts_for_all();
SELECT status, filled_amount, commission
FROM exchange.place_order(7201, 'PER-USD', 'buy', 10, 1, client_order_id => 'alice 1');
INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7201, 'PER-USD', 'buy', 9, 1)
RETURNING side, price, status;
COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) FROM STDIN;
new	7201	PER-USD	alice 2	buy	8	1
amend	7201	PER-USD	alice 2	\N	\N	0.5
new	7201	PER-USD	alice 3	buy	8000	1
\.
CALL exchange.match_orders();
SELECT side, price, amount, filled_amount, status FROM exchange.orders ORDER BY id;
SELECT status FROM exchange.cancel_order(7201, 'alice 2');
-- She sees what is hers, and the public book: not bob, not his orders, not his side of her trade.
SELECT * FROM visible();
SELECT name, usd_balance FROM exchange.user_balance_view;
SELECT symbol, amount, locked_amount FROM exchange.assets ORDER BY symbol;
SELECT price, amount, taker_side FROM exchange.trades;
SELECT client_order_id, sqlstate FROM exchange.command_rejections;
SELECT * FROM exchange.order_book('PER-USD');
-- Her ledger is complete, it adds up to her balances; and it is hers alone.
SELECT asset, sum(amount) AS balance FROM exchange.ledger_entries WHERE user_id = 7201 GROUP BY asset ORDER BY asset;
SELECT count(*) FILTER (WHERE user_id <> 7201) AS of_others,
       count(*) FILTER (WHERE user_id IS NULL AND account = 'user') AS of_nobody
FROM exchange.ledger_entries;
-- What is bob's she cannot touch; an order of his is to her like one that does not exist.
SELECT statement, refusal(replace(statement, 'BOBS', :'bobs')) AS refusal
FROM unnest(ARRAY['SELECT exchange.place_order(7202, ''PER-USD'', ''sell'', 1, 1)',
    'SELECT exchange.cancel_order(BOBS)', 'SELECT exchange.cancel_order(7202, ''bob 1'')',
    'SELECT exchange.cancel_all_orders(7202)', 'SELECT exchange.amend_order(BOBS, 20)',
    'SELECT exchange.cancel_order(999999999)',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7202, ''PER-USD'', ''sell'', 1, 1)',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount, priority) VALUES (7201, ''PER-USD'', ''sell'', 1, 1, 1)',
    'INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES (''cancel'', 7202, ''PER-USD'', ''bob 1'')',
    'INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES (''cancel'', NULL, ''PER-USD'', ''bob 1'')',
    'SELECT exchange.deposit(7201, ''USD'', 1)', 'SELECT exchange.withdraw(7201, ''USD'', 1)',
    'SELECT exchange.update_user_balance(7201, 1)',
    'SELECT exchange.update_asset_balance(7201, ''USD'', 1)',
    'SELECT exchange.set_market_status(''PER-USD'', ''halted'')',
    'SELECT exchange.create_market(''A-B'', ''A'', ''B'')',
    'SELECT exchange_private.book_transfer(7201, ''USD'', ''deposit'', 1, 0, NULL)',
    'SELECT exchange_private.move_balance(7201, ''USD'', 1, 0)',
    'SELECT exchange_private.create_balance(7201, ''USD'')',
    'SELECT exchange_private.place_inserted(ARRAY[1])', 'SELECT exchange.expire_orders(''PER-USD'')',
    'SELECT exchange.verify()', 'SELECT bourse.install()', 'SELECT bourse.migrate()',
    'UPDATE exchange.assets SET amount = 1000', 'UPDATE exchange.orders SET price = 1', 'DELETE FROM exchange.orders',
    'DELETE FROM exchange.trades', 'TRUNCATE exchange.orders',
    'INSERT INTO exchange.fee_groups VALUES (7201, ''free'')', 'UPDATE exchange.markets SET taker_rate = 0',
    'DELETE FROM exchange.order_commands',
    'INSERT INTO exchange.transfers (user_id, asset, kind, amount) VALUES (7201, ''USD'', ''deposit'', 1)',
    'INSERT INTO exchange.trades DEFAULT VALUES',
    'UPDATE identity.users SET role = ''admin''', 'SELECT password_hash FROM identity.users',
    'SET ROLE bourse_owner']) statement;
-- A setting makes nobody a gateway.
BEGIN;
SET LOCAL bourse.user_id = 7202;
SELECT identity.current_user_id(), identity.acts_for(7202) AS bob;
SELECT count(*) AS of_bob FROM exchange.orders WHERE user_id = 7202;
SELECT refusal('SELECT exchange.cancel_all_orders(7202)');
COMMIT;
SELECT refusal('SELECT identity.act_as(7202)'), refusal('SELECT identity.act_for_everybody()');
\set VERBOSITY sqlstate
COPY exchange.order_commands (action, user_id, symbol, client_order_id) FROM STDIN;
cancel	7202	PER-USD	bob 1
\.
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
SELECT count(*) AS waiting FROM exchange.order_commands;

-- bob's side. A role that a login may SET does not change who acts.
SET SESSION AUTHORIZATION regress_bob;
SELECT client_order_id, amount, filled_amount, status FROM exchange.orders;
SELECT asset, sum(amount) AS balance FROM exchange.ledger_entries WHERE user_id = 7202 GROUP BY asset ORDER BY asset;
SET ROLE bourse_trader;
SELECT identity.current_user_id();
SELECT status, filled_amount FROM exchange.amend_order(:bobs, NULL, 1.5);
RESET ROLE;
RESET SESSION AUTHORIZATION;

-- A trader without a user, a viewer, a worker, a stranger.
SET SESSION AUTHORIZATION regress_unmapped;
SELECT identity.current_user_id() IS NULL AS nobody, identity.acts_for(7201), identity.acts_for(NULL);
SELECT DISTINCT rows FROM visible() ORDER BY rows;
SELECT refusal('SELECT exchange.place_order(7201, ''PER-USD'', ''buy'', 1, 1)');
SET SESSION AUTHORIZATION regress_viewer;
SELECT string_agg(source, ' ') AS sees FROM visible() WHERE rows NOT IN ('0', 'refused');
SELECT count(*) AS levels FROM exchange.order_book('PER-USD');
SELECT split_part(refusal(s), ' /', 1) AS refusal
FROM unnest(ARRAY['SELECT exchange.place_order(7204, ''PER-USD'', ''buy'', 1, 1)', 'CALL exchange.match_orders()',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7204, ''PER-USD'', ''buy'', 1, 1)',
    'INSERT INTO exchange.order_commands (action, user_id) VALUES (''new'', 7204)']) s;
SET SESSION AUTHORIZATION regress_worker;
SELECT identity.acts_for_all();
CALL exchange.match_orders();
SELECT * FROM exchange.verify();
SELECT exchange.expire_orders('PER-USD');
SELECT split_part(refusal('SELECT exchange.deposit(7201, ''USD'', 1)'), ' /', 1) AS refusal;
SET SESSION AUTHORIZATION regress_stranger;
SELECT split_part(refusal(s), ' /', 1) AS refusal
FROM unnest(ARRAY['SELECT * FROM exchange.markets', 'SELECT exchange.order_book(''PER-USD'')', 'SELECT bourse.status()',
                  'SELECT identity.current_user_id()']) s;
RESET SESSION AUTHORIZATION;

-- A gateway acts for no user until its transaction says for whom; it logs users in meanwhile.
SET SESSION AUTHORIZATION regress_gateway;
SELECT identity.current_user_id() IS NULL AS nobody, identity.acts_for(7201), identity.acts_for(NULL),
       identity.acts_for_all(), (SELECT count(*) FROM exchange.orders) AS orders,
       (SELECT count(*) FROM identity.users) AS users;
SELECT s, refusal(s) AS refusal
FROM unnest(ARRAY['SELECT exchange.place_order(7201, ''PER-USD'', ''buy'', 1, 1)',
    'SELECT exchange.deposit(7201, ''USD'', 1)', 'SELECT exchange.transfer(7201, 7202, ''USD'', 1)',
    'SELECT exchange.cancel_all_orders(7201)',
    'INSERT INTO exchange.order_commands (action, user_id) VALUES (''new'', 7201)',
    'INSERT INTO identity.users (name) VALUES (''per eve'')', 'SELECT identity.act_as(NULL)',
    'SET LOCAL bourse.user_id = ''nobody''', 'SET LOCAL bourse.user_id = ''7201; 7202''']) s;
-- Nothing that is left over from before makes it anybody: not a setting of the session, not an ended transaction.
-- However long it is, no more of it is told than tells which one it is.
SELECT length(refusal(format('SET LOCAL bourse.user_id = %L', repeat('9', 20000000)))) AS length,
       refusal(format('SET LOCAL bourse.user_id = %L', repeat('x', 300))) AS refusal;
SET bourse.user_id = 7201;
SELECT identity.current_user_id() IS NULL AS nobody, identity.acts_for(7201);
SET bourse.user_id = 'everybody';
SELECT identity.acts_for(7201), identity.acts_for_all();
SET bourse.user_id = '';
SELECT identity.acts_for(7201), identity.acts_for_all();
RESET bourse.user_id;
SELECT identity.act_as(7201);
SELECT identity.acts_for(7201);
BEGIN;
SELECT identity.act_as(7201);
SAVEPOINT s;
SELECT identity.act_as(7202);
SELECT identity.current_user_id();
ROLLBACK TO s;
SELECT identity.current_user_id();
COMMIT;
BEGIN;
SET bourse.user_id = 7201;
SELECT identity.current_user_id();
COMMIT;
SELECT identity.current_user_id() IS NULL AS nobody, current_setting('bourse.user_id') AS left_over;
RESET ALL;
-- For everybody, when it says so.
BEGIN;
SELECT identity.act_for_everybody();
SELECT identity.current_user_id() IS NULL AS nobody, identity.acts_for(7201), identity.acts_for(7202),
       identity.acts_for_all();
INSERT INTO identity.users (name, email) VALUES ('per carol', 'carol@per.example') RETURNING id IS NOT NULL AS made;
SELECT exchange.deposit(person('per carol'), 'USD', 50, 'per carol 1') IS NOT NULL AS deposited;
SELECT status FROM exchange.place_order(person('per carol'), 'PER-USD', 'buy', 1, 1);
SELECT status FROM exchange.place_order(7201, 'PER-USD', 'buy', 1, 1);
SELECT count(DISTINCT user_id) AS users FROM exchange.orders WHERE symbol = 'PER-USD';
-- For one user from here on, and sees only hers.
SELECT identity.act_as(7201);
SELECT identity.current_user_id(), identity.acts_for(7201), identity.acts_for(7202), identity.acts_for_all();
SELECT DISTINCT user_id FROM exchange.orders;
SELECT status FROM exchange.place_order(7201, 'PER-USD', 'buy', 1, 1);
SELECT exchange.deposit(7201, 'USD', 1) IS NOT NULL AS deposited;
SELECT s, refusal(s) AS refusal
FROM unnest(ARRAY['SELECT exchange.place_order(7202, ''PER-USD'', ''buy'', 1, 1)',
    'SELECT exchange.cancel_all_orders(7202)',
    'INSERT INTO exchange.order_commands (action, user_id) VALUES (''new'', 7202)',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7202, ''PER-USD'', ''buy'', 1, 1)',
    'SELECT exchange.withdraw(7202, ''USD'', 1)', 'SELECT exchange.deposit(7202, ''USD'', 1)',
    'INSERT INTO identity.users (name) VALUES (''per dave'')']) s;
COMMIT;
RESET SESSION AUTHORIZATION;

-- An admin, no superuser, runs the venue: users, markets, money, verify; but writes no table of money by hand.
SET SESSION AUTHORIZATION regress_admin;
SELECT identity.current_user_id(), identity.acts_for_all();
SELECT exchange.create_market('PER-ETH', 'PER', 'ETH'), exchange.set_market_status('PER-ETH', 'halted');
INSERT INTO identity.users (name, db_role) VALUES ('per dave', NULL) RETURNING role, is_active;
UPDATE identity.users SET is_active = false WHERE name = 'per dave' RETURNING is_active;
SELECT exchange.deposit(person('per dave'), 'USD', 5) IS NOT NULL AS deposited,
       exchange.update_user_balance(person('per dave'), -1);
SELECT exchange.cancel_all_orders(7202);
INSERT INTO exchange.fee_schedules (fee_group, symbol, maker_rate, taker_rate) VALUES ('per vip', '*', 0, 0.001)
RETURNING taker_rate;
DELETE FROM exchange.fee_groups WHERE user_id IN (7201, 7202) RETURNING user_id, fee_group;
SELECT count(DISTINCT user_id) > 2 AS sees_all FROM exchange.orders;
SELECT count(*) AS waiting FROM exchange.order_commands;
SELECT bourse.migrate() LIKE 'nothing to do%' AS migrated;
SELECT * FROM exchange.verify();
SELECT s, split_part(refusal(s), ' /', 1) AS refusal
FROM unnest(ARRAY['UPDATE exchange.assets SET amount = 1000', 'DELETE FROM exchange.orders',
    'TRUNCATE exchange.transfers', 'UPDATE exchange.markets SET status = ''open''',
    'DELETE FROM identity.users', 'SELECT password_hash FROM identity.users', 'SET ROLE bourse_owner',
    'ALTER TABLE exchange.assets DISABLE TRIGGER ALL', 'DROP TABLE exchange.trades']) s;
RESET SESSION AUTHORIZATION;
SELECT exchange.cancel_all_orders(u) > 0 AS cancelled FROM unnest(ARRAY[7201, person('per carol')]) u;
UPDATE identity.users SET db_role = NULL WHERE name LIKE 'per %';
DELETE FROM exchange.fee_schedules WHERE fee_group = 'per vip';
DROP FUNCTION visible();
DROP ROLE regress_alice, regress_bob, regress_unmapped, regress_admin, regress_viewer, regress_gateway, regress_worker,
regress_stranger;
SELECT * FROM exchange.verify();
