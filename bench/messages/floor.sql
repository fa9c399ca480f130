-- The bare table of floor.pgbench.sql: with the one index without which it reads all that has ended.
CREATE SCHEMA floor;
CREATE TABLE floor.messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status       text NOT NULL DEFAULT 'waiting',
    recipient_id text,
    content      jsonb NOT NULL,
    claimed_at   timestamptz,
    delivered_at timestamptz
);
CREATE INDEX ON floor.messages (id) WHERE status = 'waiting';
-- The bare bucket: a row for each of a thousand users.
CREATE TABLE floor.buckets (
    user_id     bigint PRIMARY KEY,
    tokens      numeric NOT NULL,
    last_refill timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);
INSERT INTO floor.buckets (user_id, tokens) SELECT n, 1000000 FROM generate_series(1, 1000) n;
INSERT INTO floor.messages (recipient_id, content)
SELECT 'chat:' || n % 1000, jsonb_build_object('n', n) FROM generate_series(1, :messages) n;
