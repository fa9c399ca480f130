-- Whether the processes of the platform may work in this database: while this view is populated. It says so by its
-- state, not by a row: PostgreSQL's tools fill a materialized view last of all, after every row, sequence, index,
-- constraint and grant, and never where they restore the schema alone.
CREATE MATERIALIZED VIEW bourse.at_work AS SELECT true AS at_work;
COMMENT ON MATERIALIZED VIEW bourse.at_work IS
'Populated: the sequencer may work here. A restore populates it last; bourse.pause() and bourse.resume() do by hand';
GRANT SELECT ON bourse.at_work TO bourse_viewer;
