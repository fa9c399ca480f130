-- How long rows stay, and which partitions are made ahead. bourse.maintain() does what stands here; a table that has no
-- row keeps all that it has.
CREATE TABLE bourse.policies (
    schema_name  text COLLATE "C" NOT NULL,
    table_name   text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL DEFAULT 'all',
    time_column  text COLLATE "C" NOT NULL,
    partition_by text COLLATE "C"
        CONSTRAINT policies_partition_by_check CHECK (partition_by IN ('day', 'month', 'year')),
    ahead        integer NOT NULL DEFAULT 3 CONSTRAINT policies_ahead_check CHECK (ahead BETWEEN 0 AND 366),
    -- A month counts as 30 days here, and may have 28: an interval with parts of both signs may be less than nothing.
    keep         interval CONSTRAINT policies_keep_check
                 CHECK (keep >= interval '1 day' AND extract(year FROM keep) >= 0 AND extract(month FROM keep) >= 0
                        AND extract(day FROM keep) >= 0 AND extract(hour FROM keep) >= 0),
    only_status  text[],
    is_enabled   boolean NOT NULL DEFAULT true,
    move_to      text COLLATE "C",
    CONSTRAINT policies_pkey PRIMARY KEY (schema_name, table_name, name),
    -- Partitions go whole, whatever the status of their rows.
    CONSTRAINT policies_only_status_check CHECK (partition_by IS NULL OR only_status IS NULL AND move_to IS NULL)
);
COMMENT ON TABLE bourse.policies IS
'Retention and partitions, by table. Rows come with the tables; an admin may change ahead, keep and is_enabled';
COMMENT ON COLUMN bourse.policies.name IS 'Tells several policies of a table apart, as for rows of different status';
COMMENT ON COLUMN bourse.policies.time_column IS
'The column whose time tells how old a row is; of a partitioned table its key';
COMMENT ON COLUMN bourse.policies.partition_by IS 'Days, months or years in UTC; NULL: rows go one by one';
COMMENT ON COLUMN bourse.policies.ahead IS 'So many partitions are there beyond the one of now';
COMMENT ON COLUMN bourse.policies.keep IS 'Rows older than this go; NULL: none';
COMMENT ON COLUMN bourse.policies.only_status IS 'Only rows whose column status is one of these; NULL: all';
COMMENT ON COLUMN bourse.policies.move_to IS
'The table of the schema that rows go into, instead of being deleted; it has their columns. NULL: none';
GRANT SELECT ON bourse.policies TO bourse_admin, bourse_monitor;
GRANT UPDATE (ahead, keep, is_enabled) ON bourse.policies TO bourse_admin;
