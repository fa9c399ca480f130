-- What watching needs: from where on something is an alert, and when a check has run last.
CREATE TABLE bourse.thresholds (
    alert   text COLLATE "C" CONSTRAINT thresholds_pkey PRIMARY KEY,
    value   numeric NOT NULL CONSTRAINT thresholds_value_check CHECK (value >= 0 AND value <> 'NaN'),
    unit    text COLLATE "C" NOT NULL,
    meaning text NOT NULL
);
COMMENT ON TABLE bourse.thresholds IS
'From where on bourse.alerts() tells of something. Rows come with the schemas; an admin may change value';
COMMENT ON COLUMN bourse.thresholds.value IS 'The alert is told above it; Infinity: never';
GRANT SELECT ON bourse.thresholds TO bourse_admin, bourse_monitor;
GRANT UPDATE (value) ON bourse.thresholds TO bourse_admin;

CREATE TABLE bourse.checks (
    name     text COLLATE "C" CONSTRAINT checks_pkey PRIMARY KEY,
    ran_at   timestamptz NOT NULL,
    took     interval NOT NULL,
    problems bigint NOT NULL
);
COMMENT ON TABLE bourse.checks IS
'The last run of each check of the whole platform that has come to its end. Written by the checks only';
COMMENT ON COLUMN bourse.checks.problems IS 'How much it has found that is not as it must be';
GRANT SELECT ON bourse.checks TO bourse_admin, bourse_monitor;
