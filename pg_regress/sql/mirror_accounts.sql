-- Accounts that users have at brokers: names, addresses, the one that is primary, what a worker says of them.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'macc_ann'), (102, 'ben', 'trader', 'macc_ben'), (103, 'view', 'viewer', 'macc_view'),
       (104, 'off', 'trader', NULL);
CREATE ROLE macc_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE macc_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE macc_view LOGIN IN ROLE bourse_viewer;
CREATE ROLE macc_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE macc_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE macc_gateway LOGIN IN ROLE bourse_gateway;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;

-- Ann has two. Whatever is not said is as the seed has it.
SET SESSION AUTHORIZATION macc_ann;
SELECT mirror.create_account(101, 'main account', 'Zerodha', is_primary => true);
SELECT mirror.create_account(101, 'second', 'Upstox', host_url => 'https://broker.example/api',
                             websocket_url => 'wss://broker.example/feed', calendar => 'XBOM');
SELECT id, account_name, broker, host_url, websocket_url, is_primary, is_active, last_connected, connection_status,
       calendar, key_id, key_set_at FROM mirror.trading_accounts ORDER BY id;

-- The token of an API key is nobody's column to read, and a row nobody's to write.
SELECT refusal('SELECT api_key_encrypted FROM mirror.trading_accounts') AS token,
       refusal('SELECT * FROM mirror.trading_accounts') AS all_of_it,
       refusal('UPDATE mirror.trading_accounts SET is_primary = true') AS written,
       refusal('DELETE FROM mirror.trading_accounts') AS deleted \gx
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$create_account(NULL, 'third', 'Zerodha')$$, $$create_account(101, NULL, 'Zerodha')$$,
    $$create_account(101, 'third', NULL)$$, $$create_account(101, 'third', 'Zerodha', host_url => NULL)$$,
    $$create_account(101, 'third', 'Zerodha', websocket_url => NULL)$$,
    $$create_account(101, 'third', 'Zerodha', is_primary => NULL)$$,
    $$create_account(101, 'third', 'Zerodha', calendar => NULL)$$, $$create_account(101, 'ab', 'Zerodha')$$,
    $$create_account(101, ' a ', 'Zerodha')$$, $$create_account(101, repeat('x', 101), 'Zerodha')$$,
    $$create_account(101, 'token: abcdefgh', 'Zerodha')$$, $$create_account(101, E'a\u009bb', 'Zerodha')$$,
    $$create_account(101, 'third', 'zerodha')$$,
    $$create_account(101, 'third', 'Zerodha', host_url => 'ftp://x')$$,
    $$create_account(101, 'third', 'Zerodha', host_url => 'http://' || repeat('x', 194))$$,
    $$create_account(101, 'third', 'Zerodha', host_url => 'http://me:pass@broker.example')$$,
    $$create_account(101, 'third', 'Zerodha', websocket_url => 'http://x')$$,
    $$create_account(101, 'third', 'Zerodha', calendar => 'NEVER')$$,
    $$create_account(101, 'main account', 'Upstox')$$, $$create_account(102, 'third', 'Zerodha')$$,
    $$create_account(987654, 'third', 'Zerodha')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT mirror.create_account(101, $$third$$, $$Zerodha$$)');
COMMIT;

-- One is primary: another takes its place, and one that is out of use is none.
SELECT mirror.set_primary_account(7002);
SELECT id, is_primary FROM mirror.trading_accounts ORDER BY id;
SELECT mirror.create_account(101, 'third', 'Dhan', is_primary => true);
SELECT id, is_primary FROM mirror.trading_accounts ORDER BY id;
SELECT mirror.deactivate_account(7003);
SELECT mirror.deactivate_account(7003);
SELECT id, is_primary, is_active FROM mirror.trading_accounts ORDER BY id;
SELECT refusal('SELECT mirror.set_primary_account(7003)');
SELECT mirror.activate_account(7003);
SELECT mirror.set_primary_account(7001);
SELECT id, is_primary, is_active FROM mirror.trading_accounts ORDER BY id;

-- What is said of one is said anew. NULL leaves what is there; the same again leaves no trace.
SELECT mirror.update_account(7003, account_name => 'reserve', broker => 'Fyers');
SELECT mirror.update_account(7003, account_name => 'reserve');
SELECT account_name, broker, host_url, calendar, updated_at > created_at AS stamped FROM mirror.trading_accounts
WHERE id = 7003;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$update_account(NULL)$$, $$update_account(7003, 'second')$$, $$update_account(7003, 'x')$$,
    $$update_account(7003, broker => 'Nobody')$$, $$update_account(7003, host_url => 'x')$$,
    $$update_account(7003, calendar => 'NEVER')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT l.action, l.record_id, l.user_id, l.old_values - 'updated_at' AS old_values,
       l.new_values - ARRAY['created_at', 'updated_at'] AS new_values
FROM audit.audit_logs l WHERE l.table_name = 'mirror.trading_accounts' AND l.record_id = '7003' ORDER BY l.id;

-- Whoever does not act for its user does not learn whether there is an account.
SET SESSION AUTHORIZATION macc_ben;
SELECT count(*) FROM mirror.trading_accounts;
SELECT call, refusal(format('SELECT mirror.' || call, 7001)) AS answer,
       replace(refusal(format('SELECT mirror.' || call, 7001)), '7001', 'N')
           = replace(refusal(format('SELECT mirror.' || call, 987654)), '987654', 'N') AS alike
FROM unnest(ARRAY['update_account(%s, $$x y z$$)', 'set_primary_account(%s)', 'deactivate_account(%s)',
    'activate_account(%s)', 'delete_account(%s)', 'set_api_key(%s, $$x$$)', 'use_api_key(%s)',
    'set_connection_status(%s, $$connected$$)']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION macc_view;
SELECT refusal('SELECT mirror.create_account(103, $$mine$$, $$Zerodha$$)');
-- An admin, a worker and a gateway act for them; a gateway that has not said for whom acts for nobody.
SET SESSION AUTHORIZATION macc_gateway;
SELECT count(*) FROM mirror.trading_accounts;
BEGIN;
SELECT identity.act_as(101);
SELECT count(*) FROM mirror.trading_accounts;
SELECT mirror.set_primary_account(7003);
ROLLBACK;

-- Workers say how a connection is. That is no change of the account, and leaves no trace.
SET SESSION AUTHORIZATION macc_worker;
SELECT mirror.set_connection_status(7001, s) FROM unnest(ARRAY['connecting', 'connected', 'failed']) s;
SELECT id, connection_status, last_connected > created_at AS was_connected FROM mirror.trading_accounts ORDER BY id;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$set_connection_status(NULL, 'connected')$$, $$set_connection_status(7001, NULL)$$,
    $$set_connection_status(7001, 'up')$$, $$set_connection_status(987654, 'connected')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION macc_ann;
SELECT refusal('SELECT mirror.set_connection_status(7001, $$connected$$)');

-- API keys. This server has no key of the vault: nothing is sealed, nothing is stored. With keys: tests/client.
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$set_api_key(NULL, 'x')$$, $$set_api_key(7001, ' ')$$, $$set_api_key(7001, repeat('x', 4097))$$,
    $$set_api_key(7001, 'a key')$$, $$create_account(101, 'fourth', 'Zerodha', 'a key')$$,
    $$set_api_key(7001, NULL)$$, $$use_api_key(7001)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION macc_admin;
SELECT refusal('SELECT mirror.use_api_key(7001)');
SELECT mirror.create_account(104, 'of one who is off', 'Zerodha') AS off \gset
UPDATE identity.users SET is_active = false WHERE id = 104;
SELECT refusal(format('SELECT mirror.set_api_key(%s, $$x$$)', :off)) AS not_active;
SET SESSION AUTHORIZATION macc_worker;
SELECT refusal('SELECT mirror.use_api_key(NULL)') AS of_none, refusal('SELECT mirror.use_api_key(987654)') AS unknown,
       refusal('SELECT mirror.use_api_key(7001)') AS without_a_key \gx

-- The table keeps its own rules, whoever writes it.
RESET SESSION AUTHORIZATION;
SELECT 'gAAAAA' || repeat('A', 132) || '==' AS token \gset
SELECT changed, substring(answer FROM '^\d+') AS state, substring(answer FROM 'constraint "(\w+)"') AS rule
FROM unnest(ARRAY['{"account_name": "ab"}', '{"account_name": "a   "}', '{"broker": "Nobody"}',
    '{"host_url": "broker.example"}', '{"host_url": "http://"}', '{"websocket_url": "http://x"}',
    '{"last_connected": "infinity"}', '{"connection_status": "up"}', '{"calendar": " "}',
    '{"key_id": "x", "api_key_encrypted": "TOKEN", "key_set_at": "2026-01-01"}',
    '{"api_key_encrypted": "a bare key"}', '{"key_id": "0000000000000000"}', '{"key_set_at": "2026-01-01"}',
    '{"account_name": "second"}', '{"is_primary": true}', '{"user_id": 987654}', '{"host_url": null}']::jsonb[])
    WITH ORDINALITY c (changed, n),
    LATERAL refusal(format('INSERT INTO mirror.trading_accounts
    SELECT r.* FROM jsonb_populate_record(NULL::mirror.trading_accounts, %L) r', jsonb_build_object('id', 9001,
        'user_id', 101, 'account_name', 'direct', 'broker', 'Zerodha', 'host_url', 'http://x', 'websocket_url',
        'ws://x', 'is_primary', false, 'is_active', true, 'connection_status', 'disconnected', 'created_at', now(),
        'updated_at', now(), 'calendar', 'XNSE') || replace(changed::text, 'TOKEN', :'token')::jsonb)) answer
ORDER BY n;
UPDATE mirror.trading_accounts SET id = 1, user_id = 102, created_at = '2000-01-01', account_name = 'kept'
WHERE id = 7002;
SELECT id, user_id, created_at > '2020-01-01' AS kept, account_name FROM mirror.trading_accounts WHERE id = 7002;

-- A user has 100 accounts; whoever acts for everybody may make more.
SET SESSION AUTHORIZATION macc_ben;
SELECT count(mirror.create_account(102, 'account ' || n, 'Zerodha')) FROM generate_series(1, 100) n;
SELECT refusal('SELECT mirror.create_account(102, $$one more$$, $$Zerodha$$)');
SET SESSION AUTHORIZATION macc_admin;
SELECT mirror.create_account(102, 'one more', 'Zerodha') > 0 AS made;

-- It goes with what hangs on it. A user who is erased takes his accounts along.
SET SESSION AUTHORIZATION macc_ann;
SELECT mirror.delete_account(7002);
SELECT id, account_name FROM mirror.trading_accounts ORDER BY id;
SELECT refusal('SELECT mirror.delete_account(7002)') AS again, refusal('SELECT mirror.delete_account(NULL)') AS of_none;
SET SESSION AUTHORIZATION macc_admin;
SELECT r.table_name, r.data - ARRAY['created_at', 'updated_at', 'last_connected'] AS data
FROM identity.export_user_rows(101) r WHERE r.table_name = 'mirror.trading_accounts';
SELECT identity.erase_user(101, 'asked for it') -> 'deleted' -> 'mirror.trading_accounts' AS erased;
SELECT refusal('SELECT mirror.create_account(101, $$again$$, $$Zerodha$$)');
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM mirror.trading_accounts WHERE user_id = 101;
SELECT * FROM mirror.verify();
SELECT * FROM bourse.verify();
