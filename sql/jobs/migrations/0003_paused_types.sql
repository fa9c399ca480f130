CREATE TABLE jobs.paused_types (
    job_type  text COLLATE "C" PRIMARY KEY,
    paused_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused_by text NOT NULL DEFAULT identity_private.author(),
    reason    text
);
COMMENT ON TABLE jobs.paused_types IS
'Job types of which no run is claimed now. pause_type() and resume_type() write it';
GRANT SELECT ON jobs.paused_types TO bourse_viewer, bourse_worker, bourse_monitor;
