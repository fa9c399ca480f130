-- A person leaves: nothing personal stays, the books do, and the trail still verifies.
CREATE ROLE regress_eru_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_eru_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.users (name, email, username, db_role, password_hash, remember_token, developer_name, role)
VALUES ('eru ann', 'ann@eru.example', 'eruann', 'regress_eru_ann', '$2b$05$hash', 'token', 'ann''s shop', 'developer'),
       ('eru admin', NULL, NULL, 'regress_eru_admin', NULL, NULL, NULL, 'admin'),
       ('eru bob', NULL, NULL, NULL, NULL, NULL, NULL, 'trader');
SELECT person('eru ann') AS ann, person('eru bob') AS bob \gset
SET ROLE bourse_owner;
CREATE TABLE identity.eru_keys (id integer PRIMARY KEY, user_id bigint NOT NULL REFERENCES identity.users,
                                key_hash text, label text);
CREATE SCHEMA eru;
CREATE TABLE eru.accounts (id integer PRIMARY KEY, user_id bigint NOT NULL REFERENCES identity.users ON DELETE CASCADE,
                           owner_name text);
CREATE TABLE eru.positions (account_id integer REFERENCES eru.accounts ON DELETE CASCADE, symbol text);
CREATE TABLE eru.invoices (user_id bigint REFERENCES identity.users ON DELETE RESTRICT, total numeric);
SELECT audit_private.attach('identity.eru_keys');
SELECT audit_private.attach('eru.accounts');
-- Rows that she causes herself, of the books.
SELECT audit.enable('exchange.transfers', '{created_by}');
RESET ROLE;
SET SESSION AUTHORIZATION regress_eru_admin;
SET bourse.user_agent = 'admin''s browser';
SELECT exchange.create_market('ERU-USD', 'ERU', 'USD', maker_rate => 0, taker_rate => 0);
SELECT exchange.deposit(:ann, 'USD', 100) IS NOT NULL
AND exchange.deposit(person('eru bob'), 'ERU', 100) IS NOT NULL AS funded;
UPDATE identity.users SET developer_bio = 'ann''s life' WHERE id = :ann;
RESET bourse.user_agent;
RESET SESSION AUTHORIZATION;
INSERT INTO identity.eru_keys VALUES (1, :ann, 'h', 'ann''s laptop'), (2, person('eru bob'), 'h', 'desk');
INSERT INTO eru.accounts VALUES (1, :ann, 'ann at home'), (2, person('eru bob'), 'bob');
INSERT INTO eru.positions VALUES (1, 'A'), (2, 'B');
INSERT INTO eru.invoices VALUES (:ann, 12);
SET SESSION AUTHORIZATION regress_eru_ann;
SET bourse.user_agent = 'ann''s phone';
SELECT audit.log_activity(:ann, 'login', 'email', 'ann@eru.example',
                          '{"device": "ann''s phone"}') IS NOT NULL AS logged;
SELECT status FROM exchange.place_order(:ann, 'ERU-USD', 'buy', 10, 2);
SELECT exchange.transfer(:ann, :bob, 'USD', 5) IS NOT NULL AS transferred;
RESET bourse.user_agent;
RESET SESSION AUTHORIZATION;
SELECT status FROM exchange.place_order(person('eru bob'), 'ERU-USD', 'sell', 10, 1);
SELECT audit.head() AS anchor \gset

-- Not while there is something to win or lose; nothing has changed then.
SET SESSION AUTHORIZATION regress_eru_admin;
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked by letter'')', :ann));
SELECT exchange.cancel_all_orders(:ann);
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked by letter'')', :ann));
SELECT name FROM identity.users WHERE id = :ann;
SELECT symbol, exchange.withdraw(user_id, symbol, amount) IS NOT NULL AS withdrawn FROM exchange.assets
WHERE user_id = :ann ORDER BY symbol;
SELECT jsonb_pretty(identity.erase_user(:ann, ' asked by letter ') - '{user_id,pseudonym,erasure,redacted}'::text[]);
RESET SESSION AUTHORIZATION;

-- The person is gone, the same email may come again, the books stand under the pseudonym.
SELECT replace(name, :ann::text, 'N') AS name, email, username, db_role, password_hash, remember_token, developer_name,
       developer_bio, role, is_active
FROM identity.users WHERE id = :ann;
INSERT INTO identity.users (name, email, username) VALUES ('eru ann again', 'ann@eru.example', 'eruann');
SELECT count(*) FILTER (WHERE user_id = :ann) AS orders,
       (SELECT count(*) FROM exchange.transfers WHERE user_id = :ann) AS transfers,
       (SELECT count(*) FROM exchange.assets WHERE user_id = :ann) AS balances,
               (SELECT count(*) FROM eru.invoices) AS invoices
FROM exchange.orders;
SELECT (SELECT string_agg(label, ', ') FROM identity.eru_keys) AS keys,
       (SELECT string_agg(owner_name, ', ') FROM eru.accounts) AS accounts,
       (SELECT string_agg(symbol, ', ') FROM eru.positions) AS positions;
-- The trail tells that it happened, by whom and why, and holds nothing of hers; what an admin did keeps its origin.
SELECT l.action, u.name AS actor, l.new_values - 'last_activity' AS new_values, l.login_role FROM audit.audit_logs l
JOIN identity.users u ON u.id = l.user_id WHERE l.action = 'ERASE' AND l.subject_id = :ann;
SELECT l.table_name, l.action, CASE l.user_id WHEN :ann THEN 'ann' ELSE 'others' END AS actor,
       l.values_erased_by IS NOT NULL AS values_erased, l.origin_erased_by IS NOT NULL AS origin_erased,
       l.new_values ->> 'kind' AS kept, l.user_agent
FROM audit.audit_logs l WHERE :ann IN (l.subject_id, l.user_id) ORDER BY l.id;
SELECT action, resource_type, resource_id, details, login_role, user_agent, erased_by IS NOT NULL AS erased
FROM audit.activity_logs WHERE subject_id = :ann;
-- Only the journal of transfers keeps the name of the login that made a row: a journal is not changed.
SELECT DISTINCT r.log FROM (
    SELECT 'audit_logs ' || l.table_name AS log, l::text FROM audit.audit_logs l
    WHERE l.id <= (SELECT max(id) FROM audit.audit_logs WHERE action = 'ERASE')
    UNION ALL SELECT 'activity_logs', l::text FROM audit.activity_logs l
    UNION ALL SELECT 'users', u::text FROM identity.users u WHERE id = :ann
    UNION ALL SELECT 'transfers', t::text FROM exchange.transfers t) r (log, content)
WHERE r.content ~ 'ann''|eru ?ann|eru_ann|ann at' ORDER BY 1;
SELECT * FROM audit.verify(:'anchor');
SELECT audit.seal() > 0 AS sealed;
SELECT * FROM audit.verify(:'anchor');
-- An erased row is still held: what is left of it cannot be changed.
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE audit.audit_logs SET action = 'INSERT'
WHERE table_name = 'identity.users' AND subject_id = :ann AND action = 'UPDATE' AND values_erased_by IS NOT NULL;
SELECT DISTINCT check_name FROM audit.verify();
ROLLBACK;
-- Once more: nothing is left to take.
SELECT identity.erase_user(:ann, 'again') -> 'deleted' AS deleted;
SELECT * FROM audit.verify();
SELECT * FROM exchange.verify();
SELECT audit.disable('exchange.transfers');
SET client_min_messages = warning;
DROP SCHEMA eru CASCADE;
DROP TABLE identity.eru_keys;
RESET client_min_messages;
UPDATE identity.users SET db_role = NULL WHERE name LIKE 'eru %';
DROP ROLE regress_eru_ann, regress_eru_admin;
