-- Switching tables, logging activities, and everything that is refused.
CREATE TABLE exchange.aud_notes (key text, part integer, user_id bigint REFERENCES identity.users, body text,
                                 recipe text, PRIMARY KEY (part, key));
ALTER TABLE exchange.aud_notes OWNER TO bourse_owner;
CREATE TABLE public.aud_foreign (id integer);
CREATE ROLE regress_aud_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_aud_ann LOGIN IN ROLE bourse_trader;
INSERT INTO identity.users (name, db_role) VALUES ('arf ann', 'regress_aud_ann'), ('arf bob', NULL);

-- On, with a secret of its own; what is secret by name is so anyway, at any depth.
SET SESSION AUTHORIZATION regress_aud_admin;
SELECT audit.enable('exchange.aud_notes', '{recipe}');
SELECT * FROM audit.enabled() WHERE table_name = 'exchange.aud_notes';
RESET SESSION AUTHORIZATION;
INSERT INTO exchange.aud_notes VALUES ('k', 1, NULL, 'text', 'two eggs'), ('', 2, NULL, 'quote " and : colon', NULL);
SELECT action, record_id, new_values FROM audit.audit_logs WHERE table_name = 'exchange.aud_notes' ORDER BY id;
SELECT audit.disable('exchange.aud_notes'), audit.disable('exchange.aud_notes') AS again;
UPDATE exchange.aud_notes SET body = 'unseen';
SELECT action, old_values, new_values FROM audit.audit_logs
WHERE table_name = 'exchange.aud_notes' AND action <> 'INSERT' ORDER BY id;
SELECT jsonb_pretty(bourse_private.redact('{"password_hash": "x", "remember_token": "x", "code_hash": "x", "key_hash": "x",
    "token": "x", "api_key": "x", "api_secret": "x", "passphrase": "x", "api_key_encrypted": "x", "password": null,
    "has_password": true, "pin": 1234, "spinner": "kept", "hashtag": "kept", "ApiSecret": "x",
    "nested": {"deep": [1, {"access_token": "x", "kept": 2}]}}'));

-- An activity, with everything; the least of one; what nobody known has done.
SELECT audit.log_activity(person('arf ann'), ' login ', 'session', '17',
                          '{"device": "phone", "token": "secret"}') IS NOT NULL AS logged;
SELECT audit.log_activity(NULL, 'login_failed') IS NOT NULL AS logged;
SET SESSION AUTHORIZATION regress_aud_ann;
SELECT audit.log_activity(identity.current_user_id(), 'logout') IS NOT NULL AS logged;
RESET SESSION AUTHORIZATION;
SELECT (SELECT name FROM identity.users u WHERE u.id = l.user_id), action, resource_type, resource_id, details,
       login_role = session_user AS by_root
FROM audit.activity_logs l ORDER BY id DESC LIMIT 3;

CREATE TEMP TABLE tried (login text, statement text);
INSERT INTO tried VALUES
    ('regress_aud_admin', $$SELECT audit.enable(NULL)$$),
    ('regress_aud_admin', $$SELECT audit.enable('exchange.orders')$$),
    ('regress_aud_admin', $$SELECT audit.enable('exchange.trades')$$),
    ('regress_aud_admin', $$SELECT audit.enable('exchange.assets')$$),
    ('regress_aud_admin', $$SELECT audit.disable('exchange.order_commands')$$),
    ('regress_aud_admin', $$SELECT audit.enable('audit.audit_logs')$$),
    ('regress_aud_admin', $$SELECT audit.enable('exchange.ledger_entries')$$),
    ('regress_aud_admin', $$SELECT audit.enable('public.aud_foreign')$$),
    ('regress_aud_admin', $$SELECT audit.enable('identity.users', '{shoe_size}')$$),
    ('regress_aud_ann', $$SELECT audit.enable('identity.users')$$),
    ('regress_aud_ann', $$SELECT audit.disable('identity.users')$$),
    ('regress_aud_ann', $$SELECT * FROM audit.verify()$$),
    ('regress_aud_ann', $$SELECT audit.head()$$),
    ('regress_aud_ann', $$SELECT audit_private.write_log('ERASE', 'identity.users', '1', 1, NULL, NULL)$$),
    ('regress_aud_admin', $$SELECT audit.verify('yesterday')$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, NULL)$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, ' ')$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, repeat('x', 101))$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, 'x', repeat('x', 51))$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, 'x', 'x', repeat('x', 101))$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(1, 'x', details => to_jsonb(repeat('x', 65536)))$$),
    ('regress_aud_admin',
     $$SELECT audit.log_activity(1, 'x', details => (repeat('[', 65) || repeat(']', 65))::jsonb)$$),
    ('regress_aud_admin',
     $$SELECT audit.log_activity(NULL, 'x', details => (repeat('{"a":', 2000) || '1' || repeat('}', 2000))::jsonb)$$),
    ('regress_aud_admin', $$SELECT audit.log_activity(-1, 'x')$$),
    ('regress_aud_ann', $$SELECT audit.log_activity(-1, 'x')$$),
    ('regress_aud_ann', $$SELECT audit.log_activity(NULL, 'x')$$),
    ('regress_aud_admin', $$SELECT identity.export_user(NULL)$$),
    ('regress_aud_admin', $$SELECT identity.export_user(-1)$$),
    ('regress_aud_ann', $$SELECT identity.export_user(-1)$$),
    ('regress_aud_ann', $$SELECT identity.erase_user(1, 'x')$$),
    ('regress_aud_admin', $$SELECT identity.erase_user(NULL, 'x')$$),
    ('regress_aud_admin', $$SELECT identity.erase_user(-1, 'x')$$),
    ('regress_aud_admin', $$SELECT identity.erase_user(1, NULL)$$),
    ('regress_aud_admin', $$SELECT identity.erase_user(1, ' ')$$);
ALTER TABLE tried ADD n serial, ADD answer text;
GRANT SELECT, UPDATE ON tried TO regress_aud_admin, regress_aud_ann;
SET SESSION AUTHORIZATION regress_aud_admin;
UPDATE tried SET answer = refusal(statement) WHERE login = 'regress_aud_admin';
SET SESSION AUTHORIZATION regress_aud_ann;
UPDATE tried SET answer = refusal(statement) WHERE login = 'regress_aud_ann';
RESET SESSION AUTHORIZATION;
SELECT replace(login, 'regress_aud_', '') AS login, statement, answer FROM tried ORDER BY n;

-- A grant of the function alone does not make an admin.
GRANT EXECUTE ON FUNCTION identity.erase_user(bigint, text) TO regress_aud_ann;
SET SESSION AUTHORIZATION regress_aud_ann;
SELECT refusal($$SELECT identity.erase_user(1, 'x')$$);
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION identity.erase_user(bigint, text) FROM regress_aud_ann;
-- Sealing needs the present.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT audit.seal()');
SELECT refusal('SELECT identity.erase_user(1, ''x'')');
ROLLBACK;
BEGIN READ ONLY;
SELECT refusal('SELECT audit.head()') AS head, refusal('SELECT identity.export_user(person(''arf ann''))') AS export;
SELECT count(*) AS wrong FROM audit.verify();
ROLLBACK;
-- The trail itself stands in no way of the tables: who drops one leaves its history.
DROP TABLE exchange.aud_notes;
DROP TABLE public.aud_foreign;
SELECT count(*) AS kept FROM audit.audit_logs WHERE table_name = 'exchange.aud_notes';
SELECT * FROM audit.verify();
-- Of all hints in these functions none was missing but those of other tests (identity_strangers has that of types).
SELECT DISTINCT p.oid::regprocedure AS function, h AS never_given
FROM pg_proc p, hints(p.prosrc) h
WHERE (p.pronamespace IN ('audit'::regnamespace, 'audit_private'::regnamespace) AND p.prorettype <> 'trigger'::regtype
       OR p.oid::regprocedure::text ~ '^identity(_private)?\.(require_eras|erase_|export_)')
  AND NOT EXISTS (SELECT FROM tried t WHERE right(t.answer, length(h)) = h)
ORDER BY 2;
DROP TABLE tried;
DROP ROLE regress_aud_admin, regress_aud_ann;
