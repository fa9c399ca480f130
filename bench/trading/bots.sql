-- Many bots that run and have been heard of: what a call of heartbeats and a sweep cost. Written as a restore would, for
-- how a bot is made is not what is measured.
SET session_replication_role = replica;
INSERT INTO identity.users (id, name) SELECT n, 'owner ' || n FROM generate_series(1, 100) n;
INSERT INTO trading.bot_accounts (id, user_id, type, status, config)
SELECT n, 1 + n % 100, 'grid', 'running', '{"steps": 5}' FROM generate_series(1, 100000) n;
INSERT INTO trading.bot_heartbeats (bot_id, user_id, last_heartbeat, is_watched)
SELECT b.id, b.user_id, now() + interval '1 hour', true FROM trading.bot_accounts b;
RESET session_replication_role;
