-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

-- Every migration that has run here. Written by bourse.migrate() only
CREATE TABLE bourse.schema_migrations (
    version    text COLLATE "C" NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);
GRANT SELECT ON bourse.schema_migrations TO bourse_viewer;

-- Populated: the sequencer may work here. A restore populates it last; bourse.pause() and bourse.resume() do by hand
CREATE MATERIALIZED VIEW bourse.at_work AS
 SELECT true AS at_work;
GRANT SELECT ON bourse.at_work TO bourse_viewer;
