-- When bourse_private.tick() has had a chore done last.
CREATE TABLE bourse.chores (
    name     text COLLATE "C" CONSTRAINT chores_pkey PRIMARY KEY,
    ran_at   timestamptz NOT NULL,
    is_done  boolean NOT NULL,
    problems text[] NOT NULL
);
COMMENT ON TABLE bourse.chores IS 'The last run of each chore of the platform. Written by the chores only';
COMMENT ON COLUMN bourse.chores.is_done IS 'false: there was more to do than one run does';
COMMENT ON COLUMN bourse.chores.problems IS 'What could not be done, and is tried again';
GRANT SELECT ON bourse.chores TO bourse_admin, bourse_monitor;
