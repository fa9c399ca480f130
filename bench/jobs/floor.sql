-- The bare table of floor.pgbench.sql: with the one index without which it reads all that has ended.
CREATE SCHEMA floor;
CREATE TABLE floor.jobs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status      text NOT NULL DEFAULT 'waiting',
    payload     jsonb NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz
);
CREATE INDEX ON floor.jobs (id) WHERE status = 'waiting';
