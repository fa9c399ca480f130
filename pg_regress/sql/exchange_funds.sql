-- Money enters and leaves through journaled transfers only.
INSERT INTO identity.users (name) VALUES ('fnd ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('fnd bob') RETURNING id AS bob \gset
SELECT exchange.create_market('FND-USD', 'FND', 'USD');
CREATE TEMP VIEW held AS
SELECT u.name, a.symbol, a.amount, a.locked_amount FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'fnd %' ORDER BY u.name, a.symbol;
CREATE TEMP VIEW journal AS
SELECT u.name, t.kind, t.asset, t.amount, t.locked_amount, t.reference, t.created_by = session_user AS by_me
FROM exchange.transfers t JOIN identity.users u ON u.id = t.user_id WHERE u.name LIKE 'fnd %' ORDER BY t.id;

SELECT exchange.deposit(:ann, 'USD', 100.00000001, 'fnd wire 1') IS NOT NULL AS transfer;
SELECT exchange.deposit(:ann, 'FND', 10) IS NOT NULL AS transfer;
SELECT exchange.withdraw(:ann, 'USD', 0.00000001) IS NOT NULL AS transfer;
SELECT * FROM held;
-- What an order has locked does not leave.
SELECT status FROM exchange.place_order(:ann, 'FND-USD', 'sell', 10, 4);
SELECT refusal('SELECT exchange.withdraw(person(''fnd ann''), ''FND'', 6.00000001)');
SELECT exchange.withdraw(:ann, 'FND', 6) IS NOT NULL AS transfer;
SELECT refusal('SELECT exchange.withdraw(person(''fnd ann''), ''FND'', 0.00000001)');
SELECT refusal('SELECT exchange.withdraw(person(''fnd bob''), ''USD'', 1)');
SELECT * FROM held;

-- The arguments of deposit and withdraw.
SELECT call, refusal('SELECT exchange.' || call) AS refusal
FROM unnest(ARRAY[
    'deposit(0, ''USD'', 1)',
    'deposit(person(''fnd ann''), ''usd'', 1)', 'deposit(person(''fnd ann''), '''', 1)',
    'deposit(person(''fnd ann''), ''ELEVENCHARS'', 1)',
    'deposit(person(''fnd ann''), ''USD'', NULL)', 'deposit(person(''fnd ann''), ''USD'', 0)',
    'deposit(person(''fnd ann''), ''USD'', -1)',
    'deposit(person(''fnd ann''), ''USD'', ''NaN'')', 'deposit(person(''fnd ann''), ''USD'', ''Infinity'')',
    'deposit(person(''fnd ann''), ''USD'', ''-Infinity'')', 'deposit(person(''fnd ann''), ''USD'', 0.000000001)',
    'deposit(person(''fnd ann''), ''USD'', 1e12)',
    'withdraw(0, ''USD'', 1)', 'withdraw(person(''fnd ann''), ''USD'', -1)',
    'withdraw(person(''fnd ann''), ''USD'', ''NaN'')']) call;
-- So do NULLs, an empty reference and a balance that would grow too large: all with a hint.
SELECT call, left(refusal('SELECT exchange.' || call), 5) AS sqlstate,
       refusal('SELECT exchange.' || call) ~ ' / .' AS hint
FROM unnest(ARRAY['deposit(NULL, ''USD'', 1)', 'deposit(person(''fnd ann''), NULL, 1)',
                  'deposit(person(''fnd ann''), ''USD'', 1, '''')',
                  'deposit(person(''fnd ann''), ''USD'', 999999999999.99999999)', 'update_user_balance(NULL, 1)',
                  'update_user_balance(person(''fnd ann''), 999999999999.99999999)',
                  'update_asset_balance(person(''fnd ann''), NULL, 1)',
                  'update_asset_balance(person(''fnd ann''), ''FND'', 0, 999999999999.99999999)']) call;
SELECT * FROM held;

-- update_user_balance: cash up and down; false, and nothing moves, when it would go negative.
SELECT exchange.update_user_balance(:ann, 50);
SELECT exchange.update_user_balance(:ann, -149);
SELECT exchange.update_user_balance(:ann, -1.00000001);
SELECT exchange.update_user_balance(:ann, 0);
SELECT exchange.update_user_balance(:bob, -1);
SELECT refusal('SELECT exchange.update_user_balance(0, 1)');
SELECT refusal('SELECT exchange.update_user_balance(person(''fnd ann''), NULL)');
SELECT refusal('SELECT exchange.update_user_balance(person(''fnd ann''), ''NaN'')');
SELECT * FROM held;
-- update_asset_balance: any asset, available and locked.
SELECT exchange.update_asset_balance(:bob, 'FND', 5);
SELECT exchange.update_asset_balance(:bob, 'FND', -2, 2);
SELECT exchange.update_asset_balance(:bob, 'FND', -3.5);
SELECT exchange.update_asset_balance(:bob, 'FND', 0, -2.5);
SELECT * FROM held WHERE name = 'fnd bob';
-- Only what was locked by hand is unlocked by hand: the 4 of ann's order are the order's.
SELECT exchange.update_asset_balance(:ann, 'FND', 4, -4);
SELECT exchange.update_asset_balance(:ann, 'FND', 0, 1);
SELECT exchange.update_asset_balance(:ann, 'FND', 2, -2);
SELECT exchange.update_asset_balance(:ann, 'FND', 1, -1);
SELECT exchange.update_asset_balance(:bob, 'FND', 2, -2);
-- The first change of an asset that the user never had.
SELECT exchange.update_asset_balance(:bob, 'NEW', -1);
SELECT exchange.update_asset_balance(:bob, 'NEW', 0, -1);
SELECT exchange.update_asset_balance(:bob, 'NEW', 1, 1);
SELECT refusal('SELECT exchange.update_asset_balance(person(''fnd bob''), ''new'', 1)');
SELECT refusal('SELECT exchange.update_asset_balance(person(''fnd bob''), ''NEW'', 1, 0.000000001)');
SELECT refusal('SELECT exchange.update_asset_balance(person(''fnd bob''), ''NEW'', 1, NULL)');
SELECT * FROM held;
-- The journal tells everything, a false nothing.
SELECT * FROM journal;

-- The journals are append only, for everybody.
SELECT statement, refusal(statement) AS refusal
FROM unnest(ARRAY['UPDATE exchange.transfers SET amount = amount * 2', 'DELETE FROM exchange.transfers',
                  'TRUNCATE exchange.transfers',
                  'UPDATE exchange.trades SET price = price', 'DELETE FROM exchange.trades', 'TRUNCATE exchange.trades',
                  'UPDATE exchange.order_amendments SET new_amount = 1', 'TRUNCATE exchange.order_amendments',
                  'TRUNCATE exchange.assets', 'TRUNCATE exchange.orders CASCADE',
                  'TRUNCATE identity.users CASCADE']) statement;
-- A balance that is not zero is not deleted, nor its user; what is in the journal keeps its user for ever.
SELECT split_part(refusal('DELETE FROM exchange.assets WHERE user_id = person(''fnd bob'') AND symbol = ''NEW'''), '/',
                  1) AS refusal;
SELECT split_part(refusal('DELETE FROM identity.users WHERE name = ''fnd ann'''), ' ', 1) AS refusal;
INSERT INTO identity.users (name) VALUES ('fnd nobody');
DELETE FROM identity.users WHERE name = 'fnd nobody';
-- The CHECKs stand behind it all, for a superuser too.
SELECT statement, refusal(statement) AS refusal
FROM unnest(ARRAY['UPDATE exchange.assets SET amount = -1 WHERE user_id = person(''fnd bob'')',
                  'UPDATE exchange.assets SET amount = ''NaN'' WHERE user_id = person(''fnd bob'')',
                  'UPDATE exchange.assets SET locked_amount = ''NaN'' WHERE user_id = person(''fnd bob'')']) statement;

-- Commission as the seed has it: amount x price x rate, exact.
SELECT exchange.calculate_commission(2, 100), exchange.calculate_commission(0.5, 101, 0.002),
       exchange.calculate_commission(0, 0);
SELECT call, refusal('SELECT exchange.calculate_commission' || call) AS refusal
FROM unnest(ARRAY['(NULL, 1)', '(1, NULL)', '(1, 1, NULL)', '(-1, 1)', '(1, -1)', '(1, 1, -1)', '(''NaN'', 1)',
                  '(1, ''NaN'')',
                  '(1, 1, ''NaN'')', '(''Infinity'', 0)', '(1, ''-Infinity'')']) call;
SELECT * FROM exchange.verify();
