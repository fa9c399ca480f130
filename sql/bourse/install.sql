CREATE FUNCTION bourse.install() RETURNS text
LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp
AS 'MODULE_PATHNAME', 'install_wrapper';
COMMENT ON FUNCTION bourse.install() IS
'Makes the tables of the platform in this database, or brings them up to date. Safe to repeat and to call from two '
'sessions at once. Returns what it did. 0A000 in a database that is not UTF8';
GRANT EXECUTE ON FUNCTION bourse.install() TO bourse_admin;

CREATE FUNCTION bourse.migrate() RETURNS text
LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp
AS 'MODULE_PATHNAME', 'migrate_wrapper';
COMMENT ON FUNCTION bourse.migrate() IS
'Runs the migrations that are pending, in one transaction. Run it after ALTER EXTENSION pg_bourse UPDATE. 55000 before '
'install()';
GRANT EXECUTE ON FUNCTION bourse.migrate() TO bourse_admin;

CREATE FUNCTION bourse.migrations() RETURNS SETOF text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'migrations_list_wrapper';
COMMENT ON FUNCTION bourse.migrations() IS 'The migrations that this version carries, in order';
GRANT EXECUTE ON FUNCTION bourse.migrations() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION bourse.require_installed() RETURNS void
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'require_installed_wrapper';
COMMENT ON FUNCTION bourse.require_installed() IS 'Refuses while the tables are missing (55000)';
GRANT EXECUTE ON FUNCTION bourse.require_installed() TO bourse_viewer, bourse_worker;
