-- What goes over all schemas goes over what they declare of themselves. These functions are private.
SELECT m AS module, place FROM bourse_private.modules() WITH ORDINALITY m (m, place);

-- Every table of the platform is declared, once and by its name, and every declared one is there.
CREATE TEMP VIEW declared AS SELECT d.module, t.* FROM (VALUES
    ('bourse', bourse_private.own_tables()), ('identity', identity_private.own_tables()),
    ('audit', audit_private.own_tables()),
    ('calendar', calendar_private.own_tables()),
    ('messaging', messaging_private.own_tables()),
    ('jobs', jobs_private.own_tables()),
    ('exchange', exchange_private.own_tables()),
    ('trading', trading_private.own_tables()),
    ('marketplace', marketplace_private.own_tables()),
    ('mirror', mirror_private.own_tables()),
    ('webui', webui_private.own_tables())) d (module, tables), unnest(d.tables) t;
SELECT d.name AS declared_twice FROM declared d GROUP BY d.module, d.name HAVING count(*) > 1;
SELECT d.name AS declared_and_not_there FROM declared d
WHERE d.name <> '*' AND to_regclass(d.module || '.' || d.name) IS NULL;
SELECT c.oid::regclass AS not_declared FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT bourse_private.modules()) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (n.nspname, c.relname) NOT IN (SELECT d.module, d.name FROM declared d);
SELECT t.relation, t.is_audited AS audited, t.engine_written AS engine, t.on_erasure, t.is_queue AS queue
FROM bourse_private.declared_tables() t
ORDER BY array_position(ARRAY(SELECT bourse_private.modules()), t.module), t.name COLLATE "C";
-- Whoever holds rows of a person says what becomes of them.
SELECT t.relation AS person_without_a_word FROM identity_private.user_tables() u
JOIN bourse_private.declared_tables() t USING (relation)
WHERE t.on_erasure IS NULL OR t.on_erasure NOT IN ('delete', 'keep', 'redact');
SELECT t.relation AS word_without_a_person FROM bourse_private.declared_tables() t
WHERE t.on_erasure IS NOT NULL AND t.relation NOT IN (SELECT u.relation FROM identity_private.user_tables() u);
-- A table of somebody else under a declared name is not ours.
BEGIN;
ALTER TABLE exchange.fee_groups OWNER TO CURRENT_USER;
SELECT t.module, t.name, t.relation FROM bourse_private.declared_tables() t WHERE t.relation IS NULL;
SELECT * FROM bourse_private.own_verify();
ROLLBACK;

-- Of what others make in a schema of ours something may be declared, too: what becomes of a person's rows, and more.
SELECT name, bourse_private.on_erasure_of(name)
FROM unnest(ARRAY['identity.users', 'identity.their_keys', 'exchange.orders', 'exchange.markets',
    'exchange.their_notes', 'audit.seals', 'bourse.theirs', 'public.theirs', 'exchange', '', '"x".y', 'x''y.z',
    NULL]) name;
BEGIN;
CREATE TABLE identity.their_keys (id bigint PRIMARY KEY, user_id bigint);
SELECT t.name FROM bourse_private.declared_tables() t WHERE t.name = 'their_keys';
ALTER TABLE identity.their_keys OWNER TO bourse_owner;
SELECT t.name, t.relation, t.is_audited, t.on_erasure FROM bourse_private.declared_tables() t
WHERE t.name = 'their_keys';
SELECT audit_private.attach_defaults();
SELECT e.table_name, e.subject FROM audit.enabled() e WHERE e.table_name = 'identity.their_keys';
ROLLBACK;

-- A schema keeps a person from leaving, and has its say in the report.
BEGIN;
INSERT INTO identity.users (name) VALUES ('modules ann') RETURNING id AS ann \gset
CREATE FUNCTION audit_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN PERFORM bourse.refuse('55006', 'not yet', 'Wait.'); END $$;
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked'')', :ann)) AS nobodys_function;
ROLLBACK;
BEGIN;
INSERT INTO identity.users (name) VALUES ('modules ann') RETURNING id AS ann \gset
CREATE FUNCTION audit_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN PERFORM bourse.refuse('55006', 'not yet', 'Wait.'); END $$;
ALTER FUNCTION audit_private.before_erasure(bigint) OWNER TO bourse_owner;
CREATE FUNCTION exchange_private.on_erasure(user_id bigint, report jsonb) RETURNS jsonb
LANGUAGE sql AS $$ SELECT jsonb_build_object('exchange_knew', report ? 'erasure') $$;
ALTER FUNCTION exchange_private.on_erasure(bigint, jsonb) OWNER TO bourse_owner;
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked'')', :ann));
DROP FUNCTION audit_private.before_erasure(bigint);
SELECT identity.erase_user(:ann, 'asked') -> 'exchange_knew' AS exchange_knew;
ROLLBACK;

-- The hooks, by schema. Nobody but bourse_owner calls them.
SELECT h.name, array_agg(m.module ORDER BY m.place) AS schemas
FROM (SELECT DISTINCT p.proname::text AS name FROM pg_proc p
      WHERE p.proname LIKE 'own\_%'
        AND p.pronamespace::regnamespace::text IN (SELECT m || '_private' FROM bourse_private.modules() m)) h
CROSS JOIN LATERAL bourse_private.hooks(h.name) WITH ORDINALITY m (module, call, place) GROUP BY h.name ORDER BY h.name;
SELECT p.oid::regprocedure AS callable, g.grantee::regrole FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) g
WHERE (p.proname LIKE 'own\_%' OR p.proname IN ('hooks', 'ask', 'declared_tables', 'declare_table'))
  AND p.pronamespace::regnamespace::text IN (SELECT m || '_private' FROM bourse_private.modules() m)
  AND g.grantee <> 'bourse_owner'::regrole;
-- A function of somebody else is no hook.
CREATE FUNCTION identity_private.own_alerts() RETURNS TABLE (
    severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql AS $$ SELECT 'critical', 'planted', NULL, NULL, NULL $$;
SELECT * FROM bourse_private.hooks('own_alerts') WHERE module = 'identity';
DROP FUNCTION identity_private.own_alerts();
