-- Backups are taken from outside. Here stands when, so that somebody is told when none is.
CREATE FUNCTION bourse.record_backup(kind text, label text, started_at timestamptz,
                                     finished_at timestamptz DEFAULT NULL, bytes bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    recorded record;
    ended CONSTANT timestamptz := coalesce(finished_at, clock_timestamp());
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('kind', kind), bourse_private.require_given('label', label),
            bourse_private.require_given('started_at', started_at);
    IF kind NOT IN ('dump', 'base', 'incremental', 'snapshot', 'wal') THEN
        PERFORM bourse.refuse('22023', format('there is no kind of backup %s', bourse_private.quoted(kind)),
                              'dump, base, incremental, snapshot or wal.');
    END IF;
    IF length(label) NOT BETWEEN 1 AND 200 THEN
        PERFORM bourse.refuse('22023',
            format('label %s has %s characters', bourse_private.quoted(label), length(label)),
            'Give 1 to 200 characters: a file, a label.');
    END IF;
    PERFORM bourse_private.require_line('label', label);
    -- One from the future would keep the alert quiet beyond its time.
    IF NOT isfinite(started_at) OR NOT isfinite(ended) OR ended < started_at OR ended > clock_timestamp() THEN
        PERFORM bourse.refuse('22023', format('no backup takes from %s to %s', started_at, ended),
                              'Record it once it has finished, by the clock of this server; without finished_at it '
                              'has finished now.');
    END IF;
    IF bytes < 0 THEN
        PERFORM bourse.refuse('22023', format('a backup of %s bytes', bytes), 'Give its size, or NULL.');
    END IF;
    INSERT INTO bourse.backups AS b (kind, label, started_at, finished_at, bytes)
    VALUES (kind, label, started_at, ended, bytes)
    ON CONFLICT ON CONSTRAINT backups_kind_label_key DO NOTHING
    RETURNING b.id INTO recorded;
    IF recorded.id IS NULL THEN
        SELECT b.id, b.started_at, b.finished_at, b.bytes INTO recorded
        FROM bourse.backups b WHERE b.kind = kind AND b.label = label;
        -- Who has left its end to us leaves it to us again.
        IF recorded.started_at <> started_at OR recorded.finished_at <> finished_at
           OR recorded.bytes IS DISTINCT FROM bytes THEN
            PERFORM bourse.refuse('23505',
                format('another %s is recorded as %s, finished at %s', kind, bourse_private.quoted(label),
                       recorded.finished_at),
                'Give each backup a label of its own, as one with its time; bourse.backups has what is recorded.');
        END IF;
    END IF;
    RETURN recorded.id;
END
$$;
COMMENT ON FUNCTION bourse.record_backup(text, text, timestamptz, timestamptz, bigint) IS
'Writes down a backup that has finished, in bourse.backups, and returns its id; the same again returns it again. kind: '
'dump, base, incremental, snapshot, wal; label: how it is found again, up to 200 characters that can be seen; '
'finished_at: NULL is now, or when it is repeated what was recorded; bytes: its size. backup_is_stale in '
'bourse.alerts() goes by it. 22004 NULL, 22023 no such kind, no label, times that cannot be or have not come yet, less '
'than 0 bytes, 23505 the label is that of another backup of that kind, or its end or size another, 25006 read-only, '
'55000 before install()';
GRANT EXECUTE ON FUNCTION bourse.record_backup(text, text, timestamptz, timestamptz, bigint)
    TO bourse_admin, bourse_worker;

CREATE FUNCTION bourse_private.backup_age() RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT nullif(current_setting('bourse.backup_age', true), '0')::interval
$$;
COMMENT ON FUNCTION bourse_private.backup_age() IS
'How old the last backup may be, as the setting bourse.backup_age says; NULL: nobody is to be told';

CREATE FUNCTION bourse_private.archiver_problem() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format('%s could not be archived at %s; the last that was: %s', a.last_failed_wal, a.last_failed_time,
                  coalesce(a.last_archived_wal, 'none'))
    FROM pg_stat_archiver a
    WHERE current_setting('archive_mode') <> 'off'
      AND a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
$$;
COMMENT ON FUNCTION bourse_private.archiver_problem() IS
'What the archiver of the server has failed at last; NULL: nothing since it has archived something';

-- Before the migration that makes the table, there is only the server to ask.
CREATE FUNCTION bourse_private.backup_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'critical', 'archiving_fails', NULL::text, p.problem,
           'The server keeps its log until it is archived, and stops when the disk is full: see archive_command, and '
           'what the server has logged.'
    FROM bourse_private.archiver_problem() p (problem) WHERE p.problem IS NOT NULL;
    IF to_regclass('bourse.backups') IS NOT NULL THEN
        RETURN QUERY
        SELECT 'warning', 'backup_is_stale', last.label,
               CASE WHEN last.label IS NULL THEN 'no backup has been recorded'
                    ELSE format('the last backup was finished at %s', last.finished_at) END,
               'Take one and call bourse.record_backup(). The setting bourse.backup_age says how old the last may be.'
        FROM (SELECT min(m.applied_at) AS at FROM bourse.schema_migrations m) installed
        LEFT JOIN LATERAL (SELECT b.label, b.finished_at FROM bourse.backups b WHERE b.kind <> 'wal'
                           ORDER BY b.finished_at DESC LIMIT 1) last ON true
        WHERE coalesce(last.finished_at, installed.at) < clock_timestamp() - bourse_private.backup_age();
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.backup_alerts() IS
'The part of own_alerts() that tells of backups: the last is too old, or the log is not archived';

CREATE FUNCTION bourse_private.backup_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF to_regclass('bourse.backups') IS NOT NULL THEN
        RETURN QUERY
        SELECT 'bourse_backup_age_seconds', extract(epoch FROM clock_timestamp() - max(b.finished_at)),
               jsonb_build_object('kind', b.kind)
        FROM bourse.backups b GROUP BY b.kind;
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.backup_metrics() IS
'The part of own_metrics() that tells how old the last backup of each kind is. Costs the rows of a year';
