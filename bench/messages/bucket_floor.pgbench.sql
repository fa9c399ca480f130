-- The floor: one UPDATE that refills the bucket of one of a thousand users and takes a token, if there is one.
\set user random(1, 1000)
UPDATE floor.buckets
SET tokens = least(1000000, tokens + extract(epoch FROM clock_timestamp() - last_refill) * 1000) - 1,
    last_refill = clock_timestamp()
WHERE user_id = :user AND tokens + extract(epoch FROM clock_timestamp() - last_refill) * 1000 >= 1;
