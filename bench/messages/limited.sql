-- The same, with a bucket for each address that is never empty.
CREATE EXTENSION pg_bourse;
SELECT bourse.install();
INSERT INTO messaging.channel_configs (channel, rate_limit_per_minute) VALUES ('email', 1000000);
INSERT INTO messaging.rate_limits (user_id, channel, tokens, max_tokens, refill_rate)
SELECT prefix || n, 'email', 1000000, 1000000, 1000000 FROM generate_series(0, 1000) n, unnest('{chat:,""}'::text[]) prefix;
WITH made AS (
    INSERT INTO messaging.messages (message_type, channels, recipient_id, content)
    SELECT 'bench', '{email}', 'chat:' || n % 1000, jsonb_build_object('n', n) FROM generate_series(1, :messages) n
    RETURNING id
)
INSERT INTO messaging.deliveries (message_id, channel, claimable_at)
SELECT id, 'email', now() - interval '1 hour' + id * interval '1 microsecond' FROM made;
