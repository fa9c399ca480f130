-- The floor: two statements that hand one row to one worker and end it. No lease, no attempt, no history of who did it.
UPDATE floor.jobs SET status = 'running', started_at = clock_timestamp()
WHERE id = (SELECT id FROM floor.jobs WHERE status = 'waiting' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING id \gset
UPDATE floor.jobs SET status = 'completed', finished_at = clock_timestamp() WHERE id = :id;
