-- Messages that wait, as enqueue_message() makes them, to a thousand addresses.
CREATE EXTENSION pg_bourse;
SELECT bourse.install();
WITH made AS (
    INSERT INTO messaging.messages (message_type, channels, recipient_id, content)
    SELECT 'bench', '{email}', 'chat:' || n % 1000, jsonb_build_object('n', n) FROM generate_series(1, :messages) n
    RETURNING id
)
INSERT INTO messaging.deliveries (message_id, channel, claimable_at)
SELECT id, 'email', now() - interval '1 hour' + id * interval '1 microsecond' FROM made;
