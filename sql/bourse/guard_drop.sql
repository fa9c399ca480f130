-- The schemas are members of the extension: DROP EXTENSION … CASCADE, which PostgreSQL's own HINT suggests, would take
-- every table in them along, money and journal included.
CREATE FUNCTION bourse_private.guard_drop() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'guard_drop_wrapper';
COMMENT ON FUNCTION bourse_private.guard_drop() IS
'Event trigger: refuses DROP EXTENSION … CASCADE of pg_bourse, or of plpgsql below it, while there are tables (2BP01), '
'unless bourse.drop_tables is on';
CREATE EVENT TRIGGER bourse_guard_drop ON ddl_command_start WHEN TAG IN ('DROP EXTENSION')
    EXECUTE FUNCTION bourse_private.guard_drop();
COMMENT ON EVENT TRIGGER bourse_guard_drop IS
'Keeps the tables from going with the extension unasked; where the library is gone, ALTER EVENT TRIGGER … DISABLE';
