-- Bots: made by functions, or as rows of the view trading.bots, the way object-relational mappers write them.
INSERT INTO identity.users (id, name, db_role)
VALUES (101, 'ann', 'tbots_ann'), (102, 'ben', 'tbots_ben'), (103, 'eve', 'tbots_eve');
CREATE ROLE tbots_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tbots_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tbots_eve LOGIN IN ROLE bourse_viewer;
CREATE ROLE tbots_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE tbots_admin LOGIN IN ROLE bourse_admin;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7001;

-- A bot is somebody's, has a type, settings, and books in one currency. It stands still until it is started.
SET SESSION AUTHORIZATION tbots_ann;
SELECT trading.create_bot(101, 'grid', '{"symbol": "BTC-USD", "steps": 5}', 'five steps', starting_balance => 1000)
    AS grid \gset
SELECT user_id, type, status, started_at, last_heartbeat, error_count, current_balance, total_pnl, extra_metadata,
       config, description, created_at <= now() AS created, trade_type, quote, method, starting_balance, open_positions
FROM trading.bots \gx
SELECT trading.create_bot(101, 'market_maker', '{}', quote => 'USDT', method => 'fifo', trade_type => 'live') AS maker
    \gset
SELECT type, status, trade_type, quote, method, current_balance FROM trading.bots WHERE id = :maker;

-- Its settings are its user's to change. The same again changes nothing.
SELECT trading.set_config(:grid, '{"symbol": "BTC-USD", "steps": 7}');
SELECT trading.set_config(:grid, '{"symbol": "BTC-USD", "steps": 7}');
SELECT config, updated_at > created_at AS stamped FROM trading.bots WHERE id = :grid;

-- No secrets: by the name that they have, or by how they look. The answer names the place and never the value.
SELECT config, refusal(format('SELECT trading.set_config(7001, %L)', config)) AS answer FROM unnest(ARRAY[
    '{"api_key": "x"}', '{"exchange": {"secret": "x"}}', '{"note": "-----BEGIN RSA PRIVATE KEY-----"}',
    '{"url": "https://ann:pw@example.org"}', '{"passphrase": "x"}', '{"symbols": ["BTC-USD"], "window": 20}'])
    WITH ORDINALITY c (config, n) ORDER BY n;
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$create_bot(NULL, 'x', '{}')$$, $$create_bot(102, 'x', '{}')$$, $$create_bot(101, NULL, '{}')$$,
    $$create_bot(101, ' ', '{}')$$, $$create_bot(101, repeat('x', 51), '{}')$$, $$create_bot(101, 'x', NULL)$$,
    $$create_bot(101, 'x', '[]')$$, $$create_bot(101, 'x', jsonb_build_object('a', repeat('x', 65536)))$$,
    $$create_bot(101, 'x', '{"token": "x"}')$$, $$create_bot(101, 'x', '{}', repeat('x', 10001))$$,
    $$create_bot(101, 'x', '{}', 'Bearer abcdefgh12345678')$$, $$create_bot(101, 'x', '{}', quote => 'usd')$$,
    $$create_bot(101, 'x', '{}', method => 'lifo')$$, $$create_bot(101, 'x', '{}', trade_type => 'real')$$,
    $$create_bot(101, 'x', '{}', starting_balance => -1)$$, $$create_bot(101, 'x', '{}', starting_balance => 'NaN')$$,
    $$create_bot(101, 'x', '{}', starting_balance => 0.000000001)$$, $$create_bot(101, 'x', '{}', quote => NULL)$$,
    $$set_config(NULL, '{}')$$, $$set_config(7001, NULL)$$, $$set_config(7001, '1')$$, $$set_config(1, '{}')$$,
    $$delete_bot(NULL)$$, $$delete_bot(1)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- As a row: every column is named, what the platform keeps itself is as it is.
INSERT INTO trading.bots (id, user_id, type, status, started_at, last_heartbeat, error_count, current_balance,
                          total_pnl, extra_metadata, config, description, created_at, updated_at)
VALUES (NULL, NULL, 'mapped', 'running', NULL, NULL, 7, 1000000, NULL, '{"colour": "red"}', '{"a": 1}', NULL, NULL,
        NULL)
RETURNING id > 7002 AS drawn, user_id, status, error_count, current_balance, extra_metadata, created_at = now() AS now;
UPDATE trading.bots SET type = 'mapped', config = '{"a": 2}', current_balance = 5, error_count = 9, user_id = 102
WHERE type = 'mapped' RETURNING user_id, current_balance, error_count, config;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$UPDATE trading.bots SET status = 'running' WHERE type = 'mapped'$$,
    $$UPDATE trading.bots SET config = '{"secret": "x"}' WHERE type = 'mapped'$$,
    $$UPDATE trading.bots SET extra_metadata = '{"password": "x"}' WHERE type = 'mapped'$$,
    $$UPDATE trading.bots SET config = NULL WHERE type = 'mapped'$$,
    $$INSERT INTO trading.bots (type) VALUES ('x')$$,
    $$INSERT INTO trading.bots (type, config, user_id) VALUES ('x', '{}', 102)$$,
    $$INSERT INTO trading.bots (id, type, config) VALUES (1, 'x', '{}')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
DELETE FROM trading.bots WHERE type = 'mapped' RETURNING type, config;

-- Others neither see nor touch it, and do not learn whether it is there. A viewer reads his own.
SET SESSION AUTHORIZATION tbots_ben;
SELECT count(*) FROM trading.bots;
SELECT count(*) FROM trading.bot_accounts;
SELECT count(*) FROM trading.bot_heartbeats;
SELECT count(*) FROM trading.bot_events;
UPDATE trading.bots SET description = 'mine' WHERE id = :grid;
DELETE FROM trading.bots WHERE id = :grid;
SELECT call, refusal(format('SELECT trading.' || call, :grid)) AS answer FROM unnest(ARRAY[
    'set_config(%s, ''{}'')', 'delete_bot(%s)', 'start_bot(%s)', 'heartbeat(%s)', 'bot_events(%s)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT trading.heartbeats(ARRAY[7001, 7002]) AS none;
SET SESSION AUTHORIZATION tbots_eve;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$SELECT trading.create_bot(103, 'x', '{}')$$, $$INSERT INTO trading.bots (type, config) VALUES ('x', '{}')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- A gateway acts for one, or for everybody; an admin for all.
SET SESSION AUTHORIZATION tbots_gateway;
SELECT count(*) FROM trading.bots;
BEGIN;
SELECT identity.act_as(101);
SELECT id, type FROM trading.bots ORDER BY id;
SELECT trading.create_bot(101, 'scalper', '{}') > 0 AS created;
ROLLBACK;
BEGIN;
SELECT identity.act_for_everybody();
SELECT count(*) FROM trading.bots;
COMMIT;
SET SESSION AUTHORIZATION tbots_admin;
SELECT id, user_id, type FROM trading.bots ORDER BY id;
-- Nobody writes the tables below, locks them, or empties them.
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$INSERT INTO trading.bot_accounts (user_id, type, config) VALUES (101, 'x', '{}')$$,
    $$UPDATE trading.bot_accounts SET current_balance = 5$$, $$DELETE FROM trading.bot_accounts$$,
    $$TRUNCATE trading.bot_accounts$$, $$LOCK TABLE trading.bots IN SHARE MODE$$,
    $$UPDATE trading.bot_heartbeats SET last_heartbeat = now()$$, $$DELETE FROM trading.bot_events$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
-- Not even the owner of the tables: the life of a bot that is there stays as it was.
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$UPDATE trading.bot_events SET event = 'x'$$, $$DELETE FROM trading.bot_events$$, $$TRUNCATE trading.bot_events$$,
    $$UPDATE trading.bot_accounts SET status = 'stopped'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- In the trail: what people have changed of their settings.
SELECT action, record_id, new_values -> 'config' AS config FROM audit.audit_logs
WHERE table_name = 'trading.bot_accounts' ORDER BY id;
-- A bot with an active trade stays, in whatever way it would go: through its user, too.
SELECT trading.start_bot(:grid);
SELECT (trading.apply_fill(:grid, 'entry', 'BTC-USD', 'buy', 2, 100)).quantity;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$SELECT trading.delete_bot(7001)$$, $$DELETE FROM trading.bots WHERE id = 7001$$,
    $$DELETE FROM trading.bot_accounts WHERE id = 7001$$, $$DELETE FROM identity.users WHERE id = 101$$,
    $$SELECT identity.erase_user(101, 'asked')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT (trading.apply_fill(:grid, 'exit', 'BTC-USD', 'sell', 2, 110)).quantity;
-- What a person is told, and what goes with the person.
SELECT table_name, count(*) FROM identity.export_user_rows(101) WHERE table_name LIKE 'trading.%' GROUP BY 1 ORDER BY 1;
SELECT identity.erase_user(101, 'asked') #> '{deleted,trading.bot_accounts}' AS deleted;
SELECT count(*) FROM trading.bot_events;
SELECT refusal($$SELECT trading.create_bot(101, 'x', '{}')$$);

-- A user has up to 1,000 bots.
SELECT count(trading.create_bot(102, 'many', '{}')) FROM generate_series(1, 1000);
SET SESSION AUTHORIZATION tbots_ben;
SELECT refusal($$SELECT trading.create_bot(102, 'one more', '{}')$$);
RESET SESSION AUTHORIZATION;
SELECT * FROM bourse.verify();
SELECT * FROM bourse.integrity() WHERE module = 'trading';
