-- What backups there are, as those who take them say. What is restored does not know of later ones.
CREATE TABLE bourse.backups (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT backups_pkey PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL
        CONSTRAINT backups_kind_check CHECK (kind IN ('dump', 'base', 'incremental', 'snapshot', 'wal')),
    label       text COLLATE "C" NOT NULL CONSTRAINT backups_label_check CHECK (length(label) BETWEEN 1 AND 200),
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    bytes       bigint CONSTRAINT backups_bytes_check CHECK (bytes >= 0),
    CONSTRAINT backups_finished_at_check CHECK (finished_at >= started_at AND isfinite(started_at)
                                                AND isfinite(finished_at)),
    -- Whoever has lost the answer of record_backup() calls it again.
    CONSTRAINT backups_kind_label_key UNIQUE (kind, label)
);
COMMENT ON TABLE bourse.backups IS
'Backups that were finished. Written by bourse.record_backup(); rows stay for a year';
COMMENT ON COLUMN bourse.backups.kind IS
'dump: pg_dump; base: all files of a server; incremental: what has changed since another; snapshot: of a disk; wal: '
'the log alone, which is no use without one of the others';
COMMENT ON COLUMN bourse.backups.label IS 'How it is found again: a file, the label of a program';
COMMENT ON COLUMN bourse.backups.bytes IS 'Its size; NULL: nobody has said';
-- The last of each kind, and those that have become too old.
CREATE INDEX idx_backups_kind ON bourse.backups (kind, finished_at);
CREATE INDEX idx_backups_finished_at ON bourse.backups USING brin (finished_at);
GRANT SELECT ON bourse.backups TO bourse_admin, bourse_monitor;

-- A logical subscriber is told which row has gone by the columns that tell it from others: here, all of them.
ALTER TABLE bourse.cancel_requests REPLICA IDENTITY FULL;
ALTER TABLE bourse.stalled_keys REPLICA IDENTITY FULL;
