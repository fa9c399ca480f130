-- What had ended in a digest, cancelled or expired, named it still, and a digest is deleted when it has been delivered.
UPDATE messaging.deliveries SET digest_id = NULL
WHERE digest_id IS NOT NULL AND claimable_at IS DISTINCT FROM 'infinity';
