-- Settings of the web application: typed reads, who may write them, their history, no secrets.
CREATE ROLE webcfg_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE webcfg_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE webcfg_trader LOGIN IN ROLE bourse_trader;
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'webcfg_admin');
SET SESSION AUTHORIZATION webcfg_admin;
SELECT webui.set_config('ui.theme', '"dark"', 'the colours'), webui.set_config('ui.page_size', '50'),
       webui.set_config('ui.rate', '0.0150'), webui.set_config('ui.open', 'false'),
       webui.set_config('ui.wait', '"PT1H30M"'), webui.set_config('ui.nothing', 'null'),
       webui.set_config('ui.menu', '["a", {"b": 1}]');

-- Everybody reads.
SET SESSION AUTHORIZATION webcfg_viewer;
SELECT key, value, description FROM webui.system_config ORDER BY key;
SELECT webui.get_config('ui.menu'), webui.get_config('ui.nothing'), webui.get_config('ui.none') IS NULL AS none;
SET intervalstyle = 'sql_standard';
SELECT webui.get_text('ui.theme') AS theme, webui.get_integer('ui.page_size') AS size,
       webui.get_numeric('ui.rate') AS rate, webui.get_boolean('ui.open') AS open,
       extract(epoch FROM webui.get_interval('ui.wait')) AS wait;
RESET intervalstyle;
-- What is not set, or null, is what the caller says.
SELECT webui.get_text(k, 'light') AS text, webui.get_integer(k, 20) AS integer, webui.get_numeric(k, 0.1) AS numeric,
       webui.get_boolean(k, true) AS boolean, webui.get_interval(k, '1 minute') AS interval,
       webui.get_text(k) AS nothing
FROM unnest('{ui.none,ui.nothing}'::text[]) k;
SELECT call, refusal('SELECT webui.' || call) FROM unnest(ARRAY[
    $$get_text('ui.page_size')$$, $$get_text('ui.menu', 'x')$$, $$get_integer('ui.theme')$$, $$get_integer('ui.rate')$$,
    $$get_numeric('ui.open')$$, $$get_boolean('ui.page_size')$$, $$get_interval('ui.page_size')$$,
    $$get_interval('ui.theme')$$, $$get_config(NULL)$$, $$get_text(NULL, 'x')$$, $$set_config('ui.theme', '1')$$,
    $$remove_config('ui.theme')$$, $$config_history('ui.theme')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION webcfg_trader;
SELECT refusal($$UPDATE webui.system_config SET value = '1'$$), refusal($$DELETE FROM webui.system_config$$);

-- What is set.
SET SESSION AUTHORIZATION webcfg_admin;
SELECT call, refusal('SELECT webui.' || call) FROM unnest(ARRAY[
    $$set_config(NULL, '1')$$, $$set_config(' ', '1')$$, $$set_config(repeat('x', 101), '1')$$,
    $$set_config('x', NULL)$$, $$set_config('17', '1')$$, $$set_config(' x', '1')$$,
    $$set_config('x', to_jsonb(repeat('x', 65536)))$$, $$set_config('x', '1', repeat('x', 10001))$$,
    $$set_config('x', (repeat('[', 65) || repeat(']', 65))::jsonb)$$, $$remove_config(NULL)$$,
    $$set_config('big', '9223372036854775808')$$, $$get_integer('big')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- No secret, by its name or its look, however deep.
SELECT call, refusal('SELECT webui.set_config(' || call || ')') FROM unnest(ARRAY[
    $$'smtp', '{"host": "mail", "password": "x"}'$$, $$'smtp_password', '"x"'$$, $$'a', '[{"b": {"apiKey": "x"}}]'$$,
    $$'bot', '"123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1"'$$, $$'a', '"https://ann:secret@mail.example/"'$$,
    $$'a', '1', 'log in with https://ann:secret@mail.example/'$$,
    $$'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x', '1'$$, $$'description', '{"token": "x"}'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT count(*) FROM webui.system_config WHERE value::text ~ 'secret|AAHd';

-- As a plain table, the way object-relational mappers write it.
INSERT INTO webui.system_config (id, key, value, description, created_at, updated_at)
VALUES (NULL, 'mapped', '1', NULL, NULL, NULL) RETURNING created_at = now() AS created, updated_at = now() AS updated;
SELECT id AS mapped FROM webui.system_config WHERE key = 'mapped' \gset
UPDATE webui.system_config SET id = 1, key = 'mapped', value = '2', created_at = '2000-01-01', updated_at = '2000-01-01'
WHERE id = :mapped RETURNING id = :mapped AS same_id, value, created_at > '2020-01-01' AS kept;
SELECT call, refusal(call) FROM unnest(ARRAY[
    $$UPDATE webui.system_config SET key = 'other' WHERE key = 'mapped'$$,
    $$UPDATE webui.system_config SET value = '{"password": "x"}' WHERE key = 'mapped'$$,
    $$INSERT INTO webui.system_config (key, value) VALUES (NULL, '1')$$,
    $$INSERT INTO webui.system_config (key, value) VALUES ('x', NULL)$$,
    $$INSERT INTO webui.system_config (key, value) VALUES ('mapped', '1')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
DELETE FROM webui.system_config WHERE id = :mapped;

-- Who changed what, the latest first: it goes on over a removal. The same value again is no change.
SELECT webui.set_config('ui.theme', '"dark"'), webui.set_config('ui.theme', '"light"'),
       webui.set_config('ui.theme', '"light"', 'colours');
SELECT webui.remove_config('ui.theme') AS removed, webui.remove_config('ui.theme') AS again;
SELECT webui.set_config('ui.theme', '"blue"');
SELECT ctid AS before FROM webui.system_config WHERE key = 'ui.theme' \gset
SELECT webui.set_config('ui.theme', '"blue"');
SELECT ctid = :'before' AS unwritten FROM webui.system_config WHERE key = 'ui.theme';
SELECT action, old_value, new_value, description, changed_by, user_id, changed_at BETWEEN now() - interval '1 hour'
    AND clock_timestamp() AS lately FROM webui.config_history('ui.theme');
SELECT count(*) FROM webui.config_history('ui.none');
SELECT action, new_value FROM webui.config_history('mapped');
-- Audited anew, the trail calls the row by its id.
SELECT audit.disable('webui.system_config'), webui.set_config('ui.theme', '"unseen"'),
       audit.enable('webui.system_config'), webui.set_config('ui.theme', '"seen"');
SELECT action, old_value, new_value FROM webui.config_history('ui.theme') LIMIT 2;

RESET SESSION AUTHORIZATION;

-- Every check; what has got past the triggers is found.
SET session_replication_role = replica;
SELECT call, substring(refusal('INSERT INTO webui.system_config (key, value, description) VALUES (' || call || ')')
                       FROM 'constraint "[a-z_]+"') AS violates
FROM unnest(ARRAY[$$'', '1', NULL$$, $$'17', '1', NULL$$, $$'x ', '1', NULL$$, $$'ui.theme', '1', NULL$$,
    $$'x', to_jsonb(repeat('x', 65536)), NULL$$, $$'x', '1', repeat('x', 10001)$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
SELECT * FROM bourse.verify();
INSERT INTO webui.system_config (key, value) VALUES ('smtp', '{"password": "x"}');
RESET session_replication_role;
SELECT check_name, expected, actual FROM bourse.verify();
SELECT module, ok FROM bourse.health() WHERE module = 'webui';
