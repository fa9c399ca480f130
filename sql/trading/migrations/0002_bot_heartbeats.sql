-- When each bot was heard of last. Narrow, half empty pages, no index on what it changes: a heartbeat stays on its page
-- (HOT), without audit and without a notification.
CREATE TABLE trading.bot_heartbeats (
    bot_id         bigint PRIMARY KEY,
    user_id        bigint NOT NULL,
    last_heartbeat timestamptz,
    is_watched     boolean NOT NULL DEFAULT false,
    awaited_since  timestamptz,
    silent_since   timestamptz,
    progress       jsonb
                   CONSTRAINT bot_heartbeats_progress_check
                   CHECK (jsonb_typeof(progress) = 'object' AND octet_length(progress::text) <= 8192),
    CONSTRAINT fk_bot_heartbeats_bot_id FOREIGN KEY (user_id, bot_id) REFERENCES trading.bot_accounts (user_id, id)
        ON DELETE CASCADE
) WITH (fillfactor = 50, toast_tuple_target = 128);
COMMENT ON TABLE trading.bot_heartbeats IS
'When each bot was heard of last: written by heartbeat() and heartbeats(), read by sweep_bots()';
COMMENT ON COLUMN trading.bot_heartbeats.last_heartbeat IS 'NULL: none since it was started last';
COMMENT ON COLUMN trading.bot_heartbeats.is_watched IS
'The bot is at work: when it has been heard of, or awaited, and then is no more, the sweep says so';
COMMENT ON COLUMN trading.bot_heartbeats.awaited_since IS
'When it was started, if its first heartbeat is what makes it run; NULL: it is not awaited';
COMMENT ON COLUMN trading.bot_heartbeats.silent_since IS
'When the sweep has found it silent; its next heartbeat takes it back to where it was';
COMMENT ON COLUMN trading.bot_heartbeats.progress IS 'What it has told of itself last, up to 8192 bytes of JSON';

CREATE INDEX idx_bot_heartbeats_user_id ON trading.bot_heartbeats (user_id, bot_id);
COMMENT ON INDEX trading.idx_bot_heartbeats_user_id IS 'The heartbeats of a user''s bots';
-- A heartbeat changes no column of it, nor of its condition.
CREATE INDEX idx_bot_heartbeats_silent ON trading.bot_heartbeats (bot_id) WHERE silent_since IS NOT NULL;
COMMENT ON INDEX trading.idx_bot_heartbeats_silent IS 'The bots that are silent: what alerts() and the sweep tell of';

ALTER TABLE trading.bot_heartbeats ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_heartbeats_own ON trading.bot_heartbeats FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY bot_heartbeats_all ON trading.bot_heartbeats FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.bot_heartbeats TO bourse_viewer, bourse_worker;
