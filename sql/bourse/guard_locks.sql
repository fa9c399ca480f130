-- These commands open a table, some with the strongest lock, before PostgreSQL asks whether their sender may: while
-- they wait for one reader, nobody else reads or writes it. LOCK TABLE of a view is such a command too, but fires no
-- event triggers: the library refuses it where it is preloaded.
CREATE FUNCTION bourse_private.guard_locks() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_locks_wrapper';
COMMENT ON FUNCTION bourse_private.guard_locks() IS
'Event trigger: refuses (42501) what would lock a table of ours, or a catalog, before the rights of its sender are '
'looked at';
CREATE EVENT TRIGGER bourse_guard_locks ON ddl_command_start
    WHEN TAG IN ('CREATE RULE', 'CREATE TRIGGER', 'CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA',
                 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER MATERIALIZED VIEW', 'CREATE STATISTICS',
                 'COMMENT', 'SECURITY LABEL', 'CREATE PUBLICATION', 'ALTER PUBLICATION', 'ALTER EXTENSION')
    EXECUTE FUNCTION bourse_private.guard_locks();
COMMENT ON EVENT TRIGGER bourse_guard_locks IS
'Keeps logins without a right on a table from holding up everybody who has one';
