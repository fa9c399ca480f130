-- What a migration does to rows, in batches that each commit. The migration declares it with a row of
-- bourse.data_migrations, whose statement takes the keys after $1 up to $2.

-- Rows written while a pass went on may have been missed: they are looked for, and another pass takes them.
CREATE FUNCTION bourse_private.finish_data_migration(migration text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    part bourse.data_migrations;
    are_left bigint := 0;
BEGIN
    SELECT d.* INTO STRICT part FROM bourse.data_migrations d WHERE d.version = migration;
    IF part.must_be_empty IS NOT NULL THEN
        EXECUTE format('SELECT count(*) FROM (%s) l', part.must_be_empty) INTO are_left;
    END IF;
    IF are_left > 0 AND part.passes >= 3 THEN
        PERFORM bourse.refuse('23514',
            format('%s of %s: %s rows are left after %s passes', part.version, part.table_name, are_left, part.passes),
            'Something goes on writing rows as they were: a session with an old library, or code of your own. End it, '
            'and CALL bourse.migrate_data() again.');
    ELSIF are_left > 0 THEN
        UPDATE bourse.data_migrations d SET started_at = NULL WHERE d.version = migration;
        RETURN;
    END IF;
    IF part.validation IS NOT NULL THEN
        EXECUTE part.validation;
    END IF;
    UPDATE bourse.data_migrations d SET finished_at = clock_timestamp() WHERE d.version = migration;
END
$$;
COMMENT ON FUNCTION bourse_private.finish_data_migration(text) IS
'Looks whether a pass has left rows: then another one begins, and after three 23514. Else validates, and notes the end';

CREATE FUNCTION bourse_private.migrate_batch(batch_size integer, pause bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    part bourse.data_migrations;
    last_of_batch bigint;
    found_rows bigint;
BEGIN
    PERFORM pg_sleep(pause / 1e6);
    SELECT d.* INTO part FROM bourse.data_migrations d
    WHERE d.finished_at IS NULL ORDER BY d.declared_at, d.version LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        -- Another session may have finished the one that this waited for.
        RETURN EXISTS (SELECT FROM bourse.data_migrations d WHERE d.finished_at IS NULL);
    END IF;
    IF part.started_at IS NULL THEN
        EXECUTE format('SELECT coalesce(min(t.%1$I) - 1, 0), coalesce(max(t.%1$I), 0), count(*) FROM %2$s t',
                       part.key_column, part.table_name)
        INTO part.last_key, part.end_key, part.total;
        UPDATE bourse.data_migrations d
        SET (started_at, last_key, end_key, total, done, passes) =
            (clock_timestamp(), part.last_key, part.end_key, part.total, 0, d.passes + 1)
        WHERE d.version = part.version;
    END IF;
    EXECUTE format('SELECT max(k.key), count(*) FROM (SELECT t.%1$I AS key FROM %2$s t WHERE t.%1$I > $1
                    AND t.%1$I <= $2 ORDER BY t.%1$I LIMIT $3) k', part.key_column, part.table_name)
    INTO last_of_batch, found_rows USING part.last_key, part.end_key, batch_size;
    IF found_rows = 0 THEN
        PERFORM bourse_private.finish_data_migration(part.version);
        RETURN EXISTS (SELECT FROM bourse.data_migrations d WHERE d.finished_at IS NULL);
    END IF;
    EXECUTE part.statement USING part.last_key, last_of_batch;
    UPDATE bourse.data_migrations d SET last_key = last_of_batch, done = d.done + found_rows
    WHERE d.version = part.version;
    RETURN true;
END
$$;
COMMENT ON FUNCTION bourse_private.migrate_batch(integer, bigint) IS
'After a pause, in microseconds, the next batch of the data migration that is first, with its progress, in the '
'caller''s transaction; the end of one when nothing is left of it. Returns whether there is more to do';

CREATE PROCEDURE bourse.migrate_data(batch_size integer DEFAULT 1000, pause interval DEFAULT '0 s')
LANGUAGE c AS 'MODULE_PATHNAME', 'migrate_data_wrapper';
COMMENT ON PROCEDURE bourse.migrate_data(integer, interval) IS
'Does what migrations have left to be done to rows, batch_size of them to a transaction of its own, with a pause '
'between two: migration_states() shows how far it is. Goes on where another call ended, however it did; two at once '
'take turns. 2D000 inside a transaction block, 22023 batch_size not 1 to 1000000 or pause not 0 s to 1 h, 23514 rows '
'are left after three passes, 55000 before install()';
GRANT EXECUTE ON PROCEDURE bourse.migrate_data(integer, interval) TO bourse_admin;

-- In a new database every table is empty, and the next migration need not wait.
CREATE FUNCTION bourse_private.finish_empty_data_migrations() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    part bourse.data_migrations;
    has_rows boolean;
BEGIN
    FOR part IN SELECT d.* FROM bourse.data_migrations d WHERE d.started_at IS NULL AND d.finished_at IS NULL LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', part.table_name) INTO has_rows;
        IF NOT has_rows THEN
            PERFORM bourse_private.finish_data_migration(part.version);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.finish_empty_data_migrations() IS
'Ends the data migrations of tables without a row';

CREATE FUNCTION bourse_private.unfinished_before(migration text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format('%s of %s (%s of %s rows)', d.version, d.table_name, d.done, coalesce(d.total::text, '?'))
    FROM bourse.data_migrations d
    WHERE d.finished_at IS NULL AND split_part(d.version, '/', 1) = split_part(migration, '/', 1)
      AND d.version < migration COLLATE "C"
    ORDER BY d.version LIMIT 1
$$;
COMMENT ON FUNCTION bourse_private.unfinished_before(text) IS
'The data migration of the same schema that a migration waits for; NULL: none';

CREATE FUNCTION bourse_private.drop_left_overs() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    left_over regprocedure;
BEGIN
    FOR left_over IN
        SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.proowner = 'bourse_owner'::regrole
          AND obj_description(p.oid, 'pg_proc') = 'Left over: migrate() drops it'
    LOOP
        BEGIN
            EXECUTE format('DROP ROUTINE %s', left_over);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            NULL;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.drop_left_overs() IS
'Drops what an update has taken out of the extension because a table used it, once no table does';
