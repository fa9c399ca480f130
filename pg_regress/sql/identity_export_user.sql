-- All that is held about a user, from every schema, and nothing about others.
CREATE ROLE regress_exu_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_exu_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.users (name, email, db_role, password_hash)
VALUES ('exu ann', 'ann@exu.example', 'regress_exu_ann', '$2b$05$the hash of ann'),
    ('exu bob', 'bob@exu.example', NULL, '$2b$05$the hash of bob'), ('exu admin', NULL, 'regress_exu_admin', NULL);
SELECT exchange.create_market('EXU-USD', 'EXU', 'USD', maker_rate => 0, taker_rate => 0);
SELECT count(exchange.deposit(person(u), a, 100, format('exu %s %s', u, a)))
FROM unnest(ARRAY['exu ann', 'exu bob']) u, unnest(ARRAY['EXU', 'USD']) a;
SELECT id AS rested FROM exchange.place_order(person('exu bob'), 'EXU-USD', 'sell', 10, 2) \gset
SELECT id AS taken FROM exchange.place_order(person('exu ann'), 'EXU-USD', 'buy', 10, 1) \gset
SELECT count(exchange.amend_order(:rested, NULL, 3)) AS amended;
SELECT exchange.transfer(person('exu bob'), person('exu ann'), 'USD', 1, 'bob''s note') IS NOT NULL AS transferred;
-- Tables that somebody adds: by user_id, by a key that must be filled, by one that may be, on another table, of another
-- owner.
CREATE SCHEMA exu AUTHORIZATION bourse_owner;
SET ROLE bourse_owner;
CREATE TABLE exu.accounts (id integer PRIMARY KEY, user_id bigint NOT NULL REFERENCES identity.users ON DELETE CASCADE,
                           api_secret text, label text);
CREATE TABLE exu.positions (account_id integer REFERENCES exu.accounts, symbol text);
CREATE TABLE exu.bots (id integer PRIMARY KEY, developer_id bigint NOT NULL REFERENCES identity.users,
                       approved_by bigint REFERENCES identity.users, name text);
RESET ROLE;
CREATE TABLE exu.foreign_notes (user_id bigint REFERENCES identity.users, body text);
CREATE TABLE exu.unrelated (user_id bigint, body text);
INSERT INTO exu.accounts
VALUES (2, person('exu ann'), 's3cret', 'second'), (1, person('exu ann'), NULL, 'first'),
       (3, person('exu bob'), 'bob''s', 'third');
INSERT INTO exu.positions VALUES (1, 'A'), (2, 'B'), (3, 'bob''s C');
INSERT INTO exu.bots
VALUES (1, person('exu ann'), person('exu bob'), 'ann''s bot'), (2, person('exu bob'), person('exu ann'), 'bob''s bot');
SET SESSION AUTHORIZATION regress_exu_admin;
UPDATE identity.users SET developer_name = 'Ann & Co' WHERE name = 'exu ann';
SET SESSION AUTHORIZATION regress_exu_ann;
SELECT audit.log_activity(identity.current_user_id(), 'login', 'session', '9',
                          '{"device": "phone"}') IS NOT NULL AS logged;
CREATE TEMP TABLE exported AS SELECT identity.export_user(identity.current_user_id()) AS data;
RESET SESSION AUTHORIZATION;

SELECT key,
       CASE WHEN jsonb_typeof(value) = 'object' THEN '…' ELSE regexp_replace(value::text, '\d+', 'N', 'g') END AS value
FROM exported, jsonb_each(data) ORDER BY key;
SELECT t.key AS "table", jsonb_array_length(t.value) AS rows FROM exported, jsonb_each(data -> 'tables') t
WHERE t.value <> '[]' ORDER BY t.key COLLATE "C";
SELECT r - '{id,created_at,updated_at}'::text[] AS users
FROM exported, jsonb_array_elements(data #> '{tables,identity.users}') r;
SELECT r - 'user_id' AS accounts FROM exported, jsonb_array_elements(data #> '{tables,exu.accounts}') r;
SELECT r AS positions FROM exported, jsonb_array_elements(data #> '{tables,exu.positions}') r;
SELECT r ->> 'name' AS bots FROM exported, jsonb_array_elements(data #> '{tables,exu.bots}') r;
SELECT r ->> 'symbol' AS symbol, r ->> 'price' AS price, (r ->> 'buy_order_id')::bigint = :taken AS own
FROM exported, jsonb_array_elements(data #> '{tables,exchange.trades}') r;
SELECT r ->> 'action' AS action, r ->> 'details' AS details, r ->> 'login_role' AS login
FROM exported, jsonb_array_elements(data #> '{tables,audit.activity_logs}') r;
-- Of what an admin did to her, not from where.
SELECT r ->> 'table_name' AS "table", r ->> 'action' AS action, r #>> '{new_values,developer_name}' AS developer_name,
       r ? 'login_role' AS tells_login
FROM exported, jsonb_array_elements(data #> '{tables,audit.audit_logs}') r WHERE r ->> 'table_name' = 'identity.users';
SELECT t.found AS nothing_of_others
FROM exported, unnest(ARRAY['bob', 's3cret', 'the hash', 'regress_exu_admin']) t (found)
WHERE data::text LIKE '%' || t.found || '%';
-- The admin's own: what they did to others without what it was.
SELECT r ->> 'action' AS action, r ->> 'table_name' AS "table", r ? 'new_values' AS tells_values,
       r ->> 'login_role' AS login
FROM identity.export_user(person('exu admin')) e, jsonb_array_elements(e #> '{tables,audit.audit_logs}') r
WHERE (r ->> 'user_id')::bigint = person('exu admin');
-- It leaves a trace, and only for oneself.
SELECT count(*) AS exports FROM audit.activity_logs WHERE action = 'export_user' AND user_id = person('exu ann');
SET SESSION AUTHORIZATION regress_exu_ann;
SELECT refusal(format('SELECT identity.export_user(%s)', identity.current_user_id() + 1));
RESET SESSION AUTHORIZATION;
DROP TABLE exported;
SET client_min_messages = warning;
DROP SCHEMA exu CASCADE;
RESET client_min_messages;
UPDATE identity.users SET db_role = NULL WHERE name LIKE 'exu %';
DROP ROLE regress_exu_ann, regress_exu_admin;
SELECT * FROM audit.verify();
SELECT * FROM exchange.verify();
