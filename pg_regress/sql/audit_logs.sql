-- What the trail records of a change, for whom it can be read, and that nobody can change it.
SELECT * FROM audit.enabled() WHERE table_name LIKE 'exchange.%' OR table_name = 'identity.users';
-- Every table of identity is audited.
SELECT c.oid::regclass AS not_audited FROM pg_class c
WHERE c.relnamespace = 'identity'::regnamespace AND c.relkind = 'r'
  AND bourse_private.qualified_name(c.oid) NOT IN (SELECT e.table_name FROM audit.enabled() e);
CREATE ROLE regress_aud_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_aud_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_aud_gateway LOGIN IN ROLE bourse_gateway;
SELECT coalesce(max(id), 0) AS before FROM audit.audit_logs \gset
INSERT INTO identity.users (name, db_role) VALUES ('aud ann', 'regress_aud_ann'), ('aud admin', 'regress_aud_admin');

-- An insert has new values, an update the changed columns, a delete old values. Secrets are redacted, not hidden: that
-- they changed can be seen.
SET SESSION AUTHORIZATION regress_aud_admin;
SET bourse.user_agent = 'regress/1.0';
INSERT INTO identity.users (name, email, password_hash) VALUES ('aud bob', 'bob@aud.example', '$2b$05$the first hash');
UPDATE identity.users SET email = 'robert@aud.example' WHERE name = 'aud bob';
INSERT INTO exchange.fee_schedules VALUES ('aud vip', '*', 0, 0.001);
UPDATE exchange.fee_schedules SET taker_rate = 0.002 WHERE fee_group = 'aud vip';
DELETE FROM exchange.fee_schedules WHERE fee_group = 'aud vip';
-- No change and mere bookkeeping leave nothing.
UPDATE identity.users SET name = name, updated_at = now() WHERE name = 'aud bob';
RESET SESSION AUTHORIZATION;
RESET bourse.user_agent;
SELECT action, table_name,
       CASE WHEN table_name = 'identity.users' THEN (SELECT name FROM identity.users WHERE id = record_id::bigint)
           ELSE record_id END AS record,
       (SELECT name FROM identity.users u WHERE u.id = l.user_id) AS actor,
               (SELECT name FROM identity.users u WHERE u.id = l.subject_id) AS subject,
       login_role = session_user AS by_root, user_agent, ip_address
FROM audit.audit_logs l WHERE id > :before ORDER BY id;
SELECT action, old_values - '{updated_at,id}'::text[] AS old_values,
       (SELECT jsonb_object_agg(key, value) FROM jsonb_each(new_values)
        WHERE key NOT IN ('id', 'created_at', 'updated_at') AND value <> 'null') AS new_values
FROM audit.audit_logs WHERE id > :before AND (record_id LIKE '%vip%' OR record_id = person('aud bob')::text)
ORDER BY id;
SELECT count(*) AS secrets FROM audit.audit_logs l WHERE l::text ~ 'the (first|second) hash';

-- A transaction is a chain. What was rolled back has never been, a savepoint included.
BEGIN;
INSERT INTO exchange.fee_schedules VALUES ('aud a', '*', 0, 0.001);
SAVEPOINT s;
INSERT INTO exchange.fee_schedules VALUES ('aud b', '*', 0, 0.001);
ROLLBACK TO s;
INSERT INTO exchange.fee_schedules VALUES ('aud c', '*', 0, 0.001), ('aud d', '*', 0, 0.001);
SELECT position, record_id, transaction_id = pg_current_xact_id()::text::bigint AS own FROM audit.audit_logs
WHERE record_id LIKE '["aud _"%' ORDER BY id;
DELETE FROM exchange.fee_schedules WHERE fee_group LIKE 'aud _';
COMMIT;
BEGIN;
TRUNCATE exchange.fee_schedules;
SELECT action, table_name, record_id, old_values FROM audit.audit_logs ORDER BY id DESC LIMIT 1;
ROLLBACK;
-- The engine writes past all triggers: its journal are trades and transfers, and a journal is not written twice.
SELECT exchange.create_market('AUD-USD', 'AUD', 'USD');
SELECT max(id) AS before_order FROM audit.audit_logs \gset
SELECT exchange.deposit(person('aud bob'), 'USD', 100, 'aud wire') IS NOT NULL AS deposited;
SELECT status FROM exchange.place_order(person('aud bob'), 'AUD-USD', 'buy', 1, 1);
SELECT action, table_name, new_values ->> 'reference' AS reference FROM audit.audit_logs WHERE id > :before_order;
SELECT status FROM exchange.cancel_order((SELECT max(id) FROM exchange.orders));
-- Who wants to may have transfers audited as well.
SELECT audit.enable('exchange.transfers', '{created_by}');
SELECT exchange.deposit(person('aud bob'), 'USD', 1, 'aud wire 2') IS NOT NULL AS deposited;
SELECT audit.disable('exchange.transfers');
SELECT action, table_name, new_values ->> 'reference' AS reference, new_values ->> 'created_by' AS created_by
FROM audit.audit_logs WHERE id > :before_order ORDER BY id;
-- The status of a market leaves the row that its trigger would; what changes nothing, and what is refused, leaves none.
SELECT max(id) AS before_status FROM audit.audit_logs \gset
SET SESSION AUTHORIZATION regress_aud_admin;
SELECT exchange.set_market_status('AUD-USD', s) FROM unnest(ARRAY['halted', 'halted', 'open']) s;
SELECT refusal('SELECT exchange.set_market_status(''AUD-USD'', ''shut'')'),
       refusal('SELECT exchange.set_market_status(''AUD-EUR'', ''halted'')');
RESET SESSION AUTHORIZATION;
UPDATE exchange.markets SET status = 'auction' WHERE symbol = 'AUD-USD';
SELECT action, table_name, record_id, (SELECT name FROM identity.users u WHERE u.id = l.user_id) AS actor, subject_id,
       old_values - 'updated_at' AS old_values, new_values - 'updated_at' AS new_values FROM audit.audit_logs l
WHERE id > :before_status ORDER BY id;
-- Not while the table is not audited, or its trigger is switched off.
SELECT max(id) AS before_status FROM audit.audit_logs \gset
ALTER TABLE exchange.markets DISABLE TRIGGER trigger_audit;
SELECT exchange.set_market_status('AUD-USD', 'halted');
ALTER TABLE exchange.markets ENABLE TRIGGER trigger_audit;
SELECT audit.disable('exchange.markets');
SELECT exchange.set_market_status('AUD-USD', 'closed');
SELECT audit.enable('exchange.markets');
SELECT action, table_name FROM audit.audit_logs WHERE id > :before_status ORDER BY id;
SELECT * FROM audit.verify();

-- A gateway's session acts for the user that it names.
SET SESSION AUTHORIZATION regress_aud_gateway;
BEGIN;
SELECT identity.act_for_everybody();
SELECT identity.act_as(person('aud ann'));
SELECT audit.log_activity(person('aud ann'), 'login') IS NOT NULL AS logged;
SELECT count(*) AS others FROM audit.audit_logs WHERE user_id <> identity.current_user_id();
COMMIT;
-- Everybody reads what they did themselves, an admin all, a stranger's login nothing.
SELECT count(*) AS as_gateway FROM audit.audit_logs;
SET SESSION AUTHORIZATION regress_aud_ann;
SELECT count(*) AS changes, (SELECT count(*) FROM audit.activity_logs) AS activities FROM audit.audit_logs;
SELECT refusal('SELECT * FROM audit.seals');
SELECT refusal(format('INSERT INTO audit.audit_logs SELECT * FROM audit.%s', t)) FROM unnest(ARRAY['audit_logs']) t;
SET SESSION AUTHORIZATION regress_aud_admin;
SELECT count(*) > 0 AS reads_others FROM audit.audit_logs WHERE user_id IS DISTINCT FROM identity.current_user_id();
SELECT refusal(s)
FROM unnest(ARRAY['UPDATE audit.audit_logs SET action = ''x''', 'DELETE FROM audit.audit_logs',
    'TRUNCATE audit.audit_logs',
    'UPDATE audit.activity_logs SET action = ''x''', 'DELETE FROM audit.activity_logs', 'DELETE FROM audit.seals']) s;
RESET SESSION AUTHORIZATION;

-- Insert-only for the owner and, unless it switches triggers off, for a superuser.
SELECT audit.seal() > 0 AS sealed;
CREATE TEMP TABLE attempts AS
SELECT r.role, v.verb || t.name || v.rest AS statement
FROM unnest(ARRAY['bourse_owner', 'postgres']) r (role),
     unnest(ARRAY['audit.audit_logs', 'audit.activity_logs', 'audit.seals']) t (name),
     (VALUES ('UPDATE ', ' SET hash = '''''), ('UPDATE ', ' SET id = id'), ('DELETE FROM ', ''),
             ('TRUNCATE ', ' CASCADE')) v (verb, rest);
CREATE FUNCTION pg_temp.attempt(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', CASE role WHEN 'postgres' THEN 'none' ELSE role END);
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'row \d+', 'row N');
END
$$;
SELECT role, statement, pg_temp.attempt(role, statement) FROM attempts;
-- An erasure is not to be had without its ERASE row, and a foreign user's does not serve.
SELECT pg_temp.attempt('bourse_owner',
                       format('UPDATE audit.audit_logs SET old_values = NULL, new_values = NULL, values_salt = NULL, values_erased_by = %s WHERE id = %s',
                              e, l.id))
FROM audit.audit_logs l, unnest(ARRAY[l.id, 0]) e WHERE l.record_id = person('aud bob')::text AND l.action = 'UPDATE';

-- The foreign key of activity_logs lets go of a user who is deleted; who it was stays.
INSERT INTO identity.users (name) VALUES ('aud gone') RETURNING id AS gone \gset
SELECT audit.log_activity(:gone, 'was here') AS activity \gset
SELECT refusal(format('UPDATE audit.activity_logs SET user_id = NULL WHERE id = %s', :activity)) ~ '^23001' AS refused;
DELETE FROM identity.users WHERE id = :gone;
SELECT user_id, subject_id = :gone AS subject, action FROM audit.activity_logs WHERE id = :activity;
SELECT * FROM audit.verify();

-- The seed's queries are index scans.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM audit.audit_logs WHERE user_id = 1 ORDER BY "timestamp" DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM audit.audit_logs WHERE action = 'DELETE' ORDER BY "timestamp" DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM audit.audit_logs WHERE table_name = 'identity.users' AND record_id || '' = '1'
ORDER BY id;
EXPLAIN (COSTS OFF) SELECT * FROM audit.activity_logs WHERE user_id = 1 ORDER BY "timestamp" DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM audit.activity_logs WHERE action = 'login' ORDER BY "timestamp" DESC LIMIT 10;
RESET enable_bitmapscan;
RESET enable_seqscan;
DELETE FROM identity.users WHERE name IN ('aud ann', 'aud admin');
DROP ROLE regress_aud_ann, regress_aud_admin, regress_aud_gateway;
