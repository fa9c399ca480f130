-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

-- Backups that were finished. Written by bourse.record_backup(); rows stay for a year
CREATE TABLE bourse.backups (
    id          bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- dump: pg_dump; base: all files of a server; incremental: what has changed since another; snapshot: of a disk;
    -- wal: the log alone, which is no use without one of the others
    kind        text COLLATE "C" NOT NULL,
    -- How it is found again: a file, the label of a program
    label       text COLLATE "C" NOT NULL,
    started_at  timestamp with time zone NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    -- Its size; NULL: nobody has said
    bytes       bigint,
    CONSTRAINT backups_pkey PRIMARY KEY (id),
    CONSTRAINT backups_kind_label_key UNIQUE (kind, label),
    CONSTRAINT backups_bytes_check CHECK (bytes >= 0),
    CONSTRAINT backups_finished_at_check CHECK (finished_at >= started_at AND isfinite(started_at)
        AND isfinite(finished_at)),
    CONSTRAINT backups_kind_check CHECK (kind = ANY (ARRAY['dump', 'base', 'incremental', 'snapshot', 'wal'])),
    CONSTRAINT backups_label_check CHECK (length(label) >= 1 AND length(label) <= 200)
);
CREATE INDEX idx_backups_finished_at ON bourse.backups USING brin (finished_at);
CREATE INDEX idx_backups_kind ON bourse.backups USING btree (kind, finished_at);
GRANT SELECT ON bourse.backups TO bourse_admin, bourse_monitor;

-- Of whose running items somebody has asked for the end: by the lease that held it then. Whatever the item does next
-- under that lease but complete ends it. Rows stay for 30 days
CREATE TABLE bourse.cancel_requests (
    lease        uuid NOT NULL,
    item_id      bigint NOT NULL,
    requested_at timestamp with time zone NOT NULL
);
ALTER TABLE bourse.cancel_requests REPLICA IDENTITY FULL;
CREATE INDEX idx_cancel_requests_lease ON bourse.cancel_requests USING btree (lease, item_id);
CREATE INDEX idx_cancel_requests_requested_at ON bourse.cancel_requests USING brin (requested_at);
GRANT SELECT ON bourse.cancel_requests TO bourse_admin, bourse_monitor;

-- The last run of each check of the whole platform that has come to its end. Written by the checks only
CREATE TABLE bourse.checks (
    name     text COLLATE "C" NOT NULL,
    ran_at   timestamp with time zone NOT NULL,
    took     interval NOT NULL,
    -- How much it has found that is not as it must be
    problems bigint NOT NULL,
    CONSTRAINT checks_pkey PRIMARY KEY (name)
);
GRANT SELECT ON bourse.checks TO bourse_admin, bourse_monitor;

-- The last run of each chore of the platform. Written by the chores only
CREATE TABLE bourse.chores (
    name     text COLLATE "C" NOT NULL,
    ran_at   timestamp with time zone NOT NULL,
    -- false: there was more to do than one run does
    is_done  boolean NOT NULL,
    -- What could not be done, and is tried again
    problems text[] NOT NULL,
    CONSTRAINT chores_pkey PRIMARY KEY (name)
);
GRANT SELECT ON bourse.chores TO bourse_admin, bourse_monitor;

-- What a migration does to rows once it has run. A migration inserts it, bourse.migrate_data() does it
CREATE TABLE bourse.data_migrations (
    -- The migration: exchange/0016_options
    version       text COLLATE "C" NOT NULL,
    -- With its schema, quoted where it must be
    table_name    text NOT NULL,
    -- A unique bigint of the table with an index
    key_column    text NOT NULL DEFAULT 'id',
    -- Done to each batch: the rows whose key is above $1 and up to $2
    statement     text NOT NULL,
    -- A query that returns the rows that are still as they were
    must_be_empty text,
    -- Done at the end, in a transaction of its own: ALTER TABLE … VALIDATE CONSTRAINT …
    validation    text,
    declared_at   timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    started_at    timestamp with time zone,
    finished_at   timestamp with time zone,
    -- The key up to which it is done
    last_key      bigint,
    end_key       bigint,
    -- Rows that this pass has seen
    done          bigint NOT NULL DEFAULT 0,
    -- Rows that were there when this pass began
    total         bigint,
    passes        integer NOT NULL DEFAULT 0,
    CONSTRAINT data_migrations_pkey PRIMARY KEY (version)
);
GRANT SELECT ON bourse.data_migrations TO bourse_viewer;

-- Retention and partitions, by table. Rows come with the tables; an admin may change ahead, keep and is_enabled
CREATE TABLE bourse.policies (
    schema_name    text COLLATE "C" NOT NULL,
    table_name     text COLLATE "C" NOT NULL,
    -- Tells several policies of a table apart, as for rows of different status
    name           text COLLATE "C" NOT NULL DEFAULT 'all',
    -- The column whose time tells how old a row is; of a partitioned table its key
    time_column    text COLLATE "C" NOT NULL,
    -- Days, months or years in UTC; NULL: rows go one by one
    partition_by   text COLLATE "C",
    -- So many partitions are there beyond the one of now
    ahead          integer NOT NULL DEFAULT 3,
    -- Rows older than this go; NULL: none
    keep           interval,
    -- Only rows whose column status is one of these; NULL: all
    only_status    text[],
    is_enabled     boolean NOT NULL DEFAULT true,
    -- The table of the schema that rows go into, instead of being deleted; it has their columns. NULL: none
    move_to        text COLLATE "C",
    -- What becomes of a partition that is too old: drop, or detach, which leaves it as a table of its own, to be
    -- archived
    old_partitions text COLLATE "C" NOT NULL DEFAULT 'drop',
    CONSTRAINT policies_pkey PRIMARY KEY (schema_name, table_name, name),
    CONSTRAINT policies_ahead_check CHECK (ahead >= 0 AND ahead <= 366),
    CONSTRAINT policies_keep_check CHECK (keep >= '1 day'::interval AND EXTRACT(year FROM keep) >= 0
        AND EXTRACT(month FROM keep) >= 0 AND EXTRACT(day FROM keep) >= 0 AND EXTRACT(hour FROM keep) >= 0),
    CONSTRAINT policies_old_partitions_check CHECK (old_partitions = ANY (ARRAY['drop', 'detach'])),
    CONSTRAINT policies_only_status_check CHECK (partition_by IS NULL OR only_status IS NULL AND move_to IS NULL),
    CONSTRAINT policies_partition_by_check CHECK (partition_by = ANY (ARRAY['day', 'month', 'year']))
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON bourse.policies FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{schema_name,table_name,name}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON bourse.policies FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
GRANT SELECT ON bourse.policies TO bourse_admin, bourse_monitor;
GRANT UPDATE (ahead, keep, is_enabled, old_partitions) ON bourse.policies TO bourse_admin;

-- Every migration that has run here. Written by bourse.migrate() only
CREATE TABLE bourse.schema_migrations (
    version    text COLLATE "C" NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- SHA-256 of its SQL, as 64 hexadecimal digits. migrate() refuses a library whose migration is another one
    checksum   text,
    -- Version of the library that has run it
    library    text,
    -- How long it has run
    took       interval,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);
GRANT SELECT ON bourse.schema_migrations TO bourse_viewer;

-- Concurrency keys of a queue whose next item could not be let go when the one before it ended: somebody was just
-- changing it. A claim does it later
CREATE TABLE bourse.stalled_keys (
    queue           text COLLATE "C" NOT NULL,
    concurrency_key text COLLATE "C" NOT NULL
);
ALTER TABLE bourse.stalled_keys REPLICA IDENTITY FULL;
CREATE INDEX idx_stalled_keys_queue ON bourse.stalled_keys USING btree (queue);
GRANT SELECT ON bourse.stalled_keys TO bourse_admin, bourse_monitor;

-- From where on bourse.alerts() tells of something. Rows come with the schemas; an admin may change value
CREATE TABLE bourse.thresholds (
    alert   text COLLATE "C" NOT NULL,
    -- The alert is told above it; Infinity: never
    value   numeric NOT NULL,
    unit    text COLLATE "C" NOT NULL,
    meaning text NOT NULL,
    CONSTRAINT thresholds_pkey PRIMARY KEY (alert),
    CONSTRAINT thresholds_value_check CHECK (value >= 0 AND value <> 'NaN')
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON bourse.thresholds FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{alert}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON bourse.thresholds FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
GRANT SELECT ON bourse.thresholds TO bourse_admin, bourse_monitor;
GRANT UPDATE (value) ON bourse.thresholds TO bourse_admin;

-- Populated: the sequencer may work here. A restore populates it last; bourse.pause() and bourse.resume() do by hand
CREATE MATERIALIZED VIEW bourse.at_work AS
 SELECT true AS at_work;
GRANT SELECT ON bourse.at_work TO bourse_viewer;
