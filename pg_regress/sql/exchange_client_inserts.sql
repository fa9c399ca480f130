-- What a client may say in an INSERT: every column may be named, with NULL, DEFAULT or the default as a value; what
-- only the engine decides is refused, column by column.
INSERT INTO identity.users (id, name, db_role) VALUES (7821, 'cin ann', 'regress_cin_ann'), (7822, 'cin bob', NULL);
CREATE ROLE regress_cin_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_cin_web LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_cin_admin LOGIN IN ROLE bourse_admin;
SELECT exchange.create_market('CIN-USD', 'CIN', 'USD');
SELECT exchange.deposit(7821, 'USD', 1000) IS NOT NULL AS usd;
-- How the row of a table says its columns, all of them, with one of them given.
CREATE FUNCTION insert_with(relation regclass, given text, col name DEFAULT NULL, value text DEFAULT NULL) RETURNS text
LANGUAGE sql AS $$
    SELECT format('INSERT INTO %s (%s) VALUES (%s)', relation,
                  string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
                  string_agg(CASE WHEN a.attname = col THEN value ELSE coalesce(given::jsonb ->> a.attname, 'NULL') END,
                             ', '
                             ORDER BY a.attnum))
    FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
$$;
GRANT EXECUTE ON FUNCTION insert_with TO PUBLIC;
\set order '{"user_id": "7821", "symbol": "''CIN-USD''", "side": "''buy''", "price": "1", "amount": "1"}'

SET SESSION AUTHORIZATION regress_cin_ann;
-- A made-up id in a session that has drawn none yet, and in one that has.
SELECT refusal(insert_with('exchange.orders', :'order', 'id', '999999'));
SELECT insert_with('exchange.orders', :'order') AS statement \gset
:statement;
SELECT insert_with('exchange.orders', :'order', 'id', 'DEFAULT') AS statement \gset
:statement RETURNING status, filled_amount, priority, created_at > now() - interval '1 minute' AS now;
SELECT refusal(insert_with('exchange.orders', :'order', 'id', '999999'));
-- The engine's columns: NULL for all of them was fine, the defaults are, and nothing else is.
SELECT d.col, d.value, refusal(insert_with('exchange.orders', :'order', d.col, d.value))
FROM (VALUES ('filled_amount', '0'), ('status', '''open'''), ('reserved', '0'), ('maker_rate', '0'),
             ('taker_rate', '0'), ('priority', '0'),
             ('accepted_sequence', '0'), ('accepted_status', '''open'''), ('cancel_reason', 'DEFAULT'),
             ('created_at', 'DEFAULT'), ('updated_at', 'DEFAULT')) d (col, value);
SELECT refusal(insert_with('exchange.orders', :'order', v.col, v.value))
FROM (VALUES ('filled_amount', '1'), ('status', '''filled'''), ('reserved', '-1'), ('maker_rate', '-0.5'),
             ('taker_rate', '0.0001'), ('priority', '1'),
             ('priority', '-1'), ('accepted_sequence', '1'), ('accepted_status', '''filled'''),
             ('cancel_reason', '''user'''), ('visible_amount', '1'),
             ('triggered_at', 'now()'), ('ended_at', 'now()'), ('traded_until', 'now()')) v (col, value);
-- Times are the server's: neither the past nor the future is taken.
SELECT insert_with('exchange.orders', :'order', 'created_at', '''-infinity''') AS past,
       insert_with('exchange.orders', :'order', 'updated_at', '''3000-01-01''') AS future \gset
:past
RETURNING created_at BETWEEN now() - interval '1 minute' AND clock_timestamp() AS created_now,
    updated_at = created_at AS same;
:future
RETURNING created_at BETWEEN now() - interval '1 minute' AND clock_timestamp() AS created_now,
    updated_at = created_at AS same;
-- What stands there says no more than what every door writes.
SELECT status, filled_amount, reserved, maker_rate, taker_rate, accepted_sequence, accepted_status, count(*),
       count(DISTINCT priority) AS priorities
FROM exchange.orders WHERE user_id = 7821 GROUP BY 1, 2, 3, 4, 5, 6, 7;
-- For nobody else, whatever the columns are.
SELECT refusal(insert_with('exchange.orders', :'order', 'user_id', '7822'));

-- The inbox. Its id is the order in which commands come: nobody takes a place before the others.
\set command '{"action": "''new''", "user_id": "7821", "symbol": "''CIN-USD''", "client_order_id": "''c-1''", "side": "''buy''", "price": "1", "amount": "1"}'
SELECT insert_with('exchange.order_commands', :'command') AS statement,
       insert_with('exchange.order_commands', :'command', 'id', 'DEFAULT') AS by_default,
       insert_with('exchange.order_commands', :'command', 'created_at', '''2001-01-01''') AS past,
       insert_with('exchange.order_commands', :'command', 'created_at', '''infinity''') AS future \gset
:statement;
:by_default;
:past;
:future;
SELECT refusal(insert_with('exchange.order_commands', :'command', v.col, v.value))
FROM (VALUES ('id', '1'), ('id', '-1'), ('set_aside_at', 'now()'), ('set_aside_sqlstate', '''58000'''),
             ('set_aside_reason', '''no''')) v (col, value);
SELECT refusal(insert_with('exchange.order_commands', :'command', 'user_id', '7822'));
COPY exchange.order_commands (id, action, user_id, symbol, client_order_id, side, price, amount) FROM STDIN;
1	new	7821	CIN-USD	c-2	buy	1	1
\.
-- It is not for reading, so that nobody sees what others have queued: not even through RETURNING.
SELECT refusal(insert_with('exchange.order_commands', :'command') || ' RETURNING id');
RESET SESSION AUTHORIZATION;
SELECT count(*), count(DISTINCT id) AS ids,
       bool_and(created_at BETWEEN now() - interval '1 minute' AND clock_timestamp()) AS now
FROM exchange.order_commands WHERE user_id = 7821;
DELETE FROM exchange.order_commands WHERE user_id = 7821;
-- Who restores keeps ids and times.
INSERT INTO exchange.order_commands (id, action, user_id, created_at)
VALUES (-7, 'new', 7821, '2001-01-01 00:00:00+00');
DELETE FROM exchange.order_commands WHERE id = -7 RETURNING created_at AT TIME ZONE 'UTC' AS created_at;

-- Users. A gateway gives names; rights, secrets, ids and times are others' to write.
\set user '{"name": "''cin carol''"}'
SET SESSION AUTHORIZATION regress_cin_web;
BEGIN;
SELECT identity.act_for_everybody();
SELECT insert_with('identity.users', :'user') AS statement,
       insert_with('identity.users', :'user', 'created_at', '''2001-01-01''') AS past \gset
:statement RETURNING name, role, is_active, is_admin;
:past RETURNING created_at = now() AS now, updated_at = now() AS updated_now;
SELECT refusal(insert_with('identity.users', :'user', v.col, v.value))
FROM (VALUES ('id', '1'), ('id', '999999'), ('role', '''admin'''), ('is_active', 'false'),
             ('password_hash', '''$2b$05$x'''), ('remember_token', '''x'''), ('email_verified_at', 'now()'),
             ('db_role', '''regress_cin_web'''), ('erased_at', 'now()'), ('last_login', 'now()'),
             ('developer_name', '''x'''), ('developer_bio', '''x'''), ('developer_website', '''x''')) v (col, value);
ROLLBACK;
-- An admin brings users along as they were, but for what one function alone writes.
SET SESSION AUTHORIZATION regress_cin_admin;
SELECT insert_with('identity.users', :'user') AS statement,
       insert_with('identity.users',
                   '{"id": "7823", "name": "''cin dave''", "role": "''developer''", "password_hash": "''$2b$05$x''", "created_at": "''2001-01-01 00:00:00+00''"}')
       AS import \gset
:statement RETURNING name, role, is_active, is_admin;
:import RETURNING id, role, created_at AT TIME ZONE 'UTC' AS created_at;
SELECT refusal(insert_with('identity.users', :'user', v.col, v.value))
FROM (VALUES ('email_verified_at', 'now()'), ('db_role', '''regress_cin_web'''), ('erased_at', 'now()')) v (col, value);
RESET SESSION AUTHORIZATION;
SELECT * FROM exchange.verify();
DROP FUNCTION insert_with;
