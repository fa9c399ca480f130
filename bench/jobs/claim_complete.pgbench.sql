-- A job claimed, and completed.
SELECT run_id, lease FROM jobs.claim('worker-' || :client_id, ARRAY['bench'], 1, '30 s') \gset
SELECT jobs.complete(:lease, ARRAY[:run_id]::bigint[]);
