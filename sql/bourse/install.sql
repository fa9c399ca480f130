CREATE FUNCTION bourse.install() RETURNS text
LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp
AS 'MODULE_PATHNAME', 'install_wrapper';
COMMENT ON FUNCTION bourse.install() IS
'Makes the tables of the platform in this database, or brings them up to date. Safe to repeat and to call from two '
'sessions at once. Returns what it did. 0A000 in a database that is not UTF8';
GRANT EXECUTE ON FUNCTION bourse.install() TO bourse_admin;

CREATE FUNCTION bourse.migrate(dry_run boolean DEFAULT false) RETURNS text
LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp
AS 'MODULE_PATHNAME', 'migrate_wrapper';
COMMENT ON FUNCTION bourse.migrate(boolean) IS
'Runs the migrations that are pending, in one transaction; with dry_run it undoes them again, and tells how long they '
'took and which tables nobody could read meanwhile. Run it after ALTER EXTENSION pg_bourse UPDATE. Waits 5 s for a '
'lock where lock_timeout is not set (55P03). 55000 before install(), where a migration that has run here was another '
'one, where the next one waits for rows that migrate_data() does, and where a newer library has run some: there is no '
'downgrade';
GRANT EXECUTE ON FUNCTION bourse.migrate(boolean) TO bourse_admin;

CREATE FUNCTION bourse.migrations() RETURNS SETOF text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'migrations_list_wrapper';
COMMENT ON FUNCTION bourse.migrations() IS 'The migrations that this version carries, in order';
GRANT EXECUTE ON FUNCTION bourse.migrations() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION bourse_private.migration_checksums() RETURNS TABLE (version text, checksum text)
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'migration_checksums_wrapper';
COMMENT ON FUNCTION bourse_private.migration_checksums() IS
'The migrations that this version carries, in order, and the SHA-256 of what each runs';

CREATE FUNCTION bourse.migration_states()
RETURNS TABLE (version text, state text, applied_at timestamptz, library text, took interval, done bigint, total bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF to_regclass('bourse.schema_migrations') IS NULL THEN
        RETURN QUERY SELECT m.version, 'pending', NULL::timestamptz, NULL::text, NULL::interval, NULL::bigint,
                            NULL::bigint
                     FROM bourse_private.migration_checksums() m;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT coalesce(c.version, a.version),
           CASE WHEN a.version IS NULL THEN 'pending'
                WHEN c.version IS NULL THEN 'unknown'
                WHEN a.checksum <> c.checksum THEN 'changed'
                WHEN d.version IS NOT NULL AND d.finished_at IS NULL THEN 'unfinished'
                ELSE 'applied'
           END, a.applied_at, a.library, a.took, d.done, d.total
    FROM (SELECT m.version, m.checksum, row_number() OVER () AS place FROM bourse_private.migration_checksums() m) c
    FULL JOIN bourse.schema_migrations a ON a.version = c.version
    LEFT JOIN bourse.data_migrations d ON d.version = a.version
    ORDER BY c.place, a.applied_at;
END
$$;
COMMENT ON FUNCTION bourse.migration_states() IS
'Every migration, in order: applied; pending: migrate() runs it; changed: another one of this name has run here; '
'unknown: a newer version has run it; the last two are refused by migrate(). unfinished: migrate_data() has seen done '
'of total rows, and the next ones of its schema wait. And when it ran, by which library, for how long';
GRANT EXECUTE ON FUNCTION bourse.migration_states() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION bourse.require_installed() RETURNS void
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'require_installed_wrapper';
COMMENT ON FUNCTION bourse.require_installed() IS 'Refuses while the tables are missing (55000)';
GRANT EXECUTE ON FUNCTION bourse.require_installed() TO bourse_viewer, bourse_worker;
