-- The floor: two statements that hand one message to one worker and end it. No lease, no attempt, no channel, no history.
UPDATE floor.messages SET status = 'running', claimed_at = clock_timestamp()
WHERE id = (SELECT id FROM floor.messages WHERE status = 'waiting' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id, recipient_id, content \gset
UPDATE floor.messages SET status = 'delivered', delivered_at = clock_timestamp() WHERE id = :id;
