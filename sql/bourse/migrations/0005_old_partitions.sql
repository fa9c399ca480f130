-- What is too old may be wanted elsewhere.
-- short: a row for each table
ALTER TABLE bourse.policies ADD COLUMN old_partitions text COLLATE "C" NOT NULL DEFAULT 'drop'
    CONSTRAINT policies_old_partitions_check CHECK (old_partitions IN ('drop', 'detach'));
COMMENT ON COLUMN bourse.policies.old_partitions IS
'What becomes of a partition that is too old: drop, or detach, which leaves it as a table of its own, to be archived';
GRANT UPDATE (old_partitions) ON bourse.policies TO bourse_admin;
