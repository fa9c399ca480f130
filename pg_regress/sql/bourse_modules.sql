-- What goes over all schemas goes over what they declare of themselves. These functions are private.
SELECT m AS module, place FROM bourse_private.modules() WITH ORDINALITY m (m, place);

-- Every table of the platform is declared, once, and every declared one is there.
SELECT t.name AS declared_twice FROM bourse_private.declared_tables() t GROUP BY t.module, t.name HAVING count(*) > 1;
SELECT t.module || '.' || t.name AS declared_and_not_there FROM bourse_private.declared_tables() t WHERE t.relation IS NULL;
SELECT c.oid::regclass AS not_declared FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT bourse_private.modules()) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.oid NOT IN (SELECT t.relation FROM bourse_private.declared_tables() t);
SELECT t.relation, t.is_audited AS audited, t.engine_written AS engine, t.on_erasure, t.is_queue AS queue
FROM bourse_private.declared_tables() t ORDER BY array_position(ARRAY(SELECT bourse_private.modules()), t.module), t.name COLLATE "C";
-- Whoever holds rows of a person says what becomes of them.
SELECT t.relation AS person_without_a_word FROM identity_private.user_tables() u JOIN bourse_private.declared_tables() t USING (relation)
WHERE t.on_erasure IS NULL OR t.on_erasure NOT IN ('delete', 'keep', 'redact');
SELECT t.relation AS word_without_a_person FROM bourse_private.declared_tables() t
WHERE t.on_erasure IS NOT NULL AND t.relation NOT IN (SELECT u.relation FROM identity_private.user_tables() u);
-- A table of somebody else under a declared name is not ours.
BEGIN;
ALTER TABLE exchange.fee_groups OWNER TO CURRENT_USER;
SELECT t.module, t.name, t.relation FROM bourse_private.declared_tables() t WHERE t.relation IS NULL;
SELECT * FROM bourse_private.own_verify();
ROLLBACK;

-- The hooks, by schema. Nobody but bourse_owner calls them.
SELECT h.name, array_agg(m.module ORDER BY m.place) AS schemas
FROM (SELECT DISTINCT p.proname::text AS name FROM pg_proc p WHERE p.proname LIKE 'own\_%' AND p.pronamespace::regnamespace::text IN (SELECT m || '_private' FROM bourse_private.modules() m)) h
CROSS JOIN LATERAL bourse_private.hooks(h.name) WITH ORDINALITY m (module, call, place) GROUP BY h.name ORDER BY h.name;
SELECT p.oid::regprocedure AS callable, g.grantee::regrole FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) g
WHERE (p.proname LIKE 'own\_%' OR p.proname IN ('hooks', 'ask', 'declared_tables', 'declare_table'))
  AND p.pronamespace::regnamespace::text IN (SELECT m || '_private' FROM bourse_private.modules() m) AND g.grantee <> 'bourse_owner'::regrole;
-- A function of somebody else is no hook.
CREATE FUNCTION identity_private.own_alerts() RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql AS $$ SELECT 'critical', 'planted', NULL, NULL, NULL $$;
SELECT * FROM bourse_private.hooks('own_alerts') WHERE module = 'identity';
DROP FUNCTION identity_private.own_alerts();
