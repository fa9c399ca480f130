-- Ends all that waits, in transactions of a thousand jobs.
DO $$
DECLARE
    the_lease uuid;
    the_runs  bigint[];
BEGIN
    LOOP
        SELECT min(lease::text)::uuid, array_agg(run_id) INTO the_lease, the_runs
        FROM jobs.claim('filler', ARRAY['bench'], 1000, '30 s');
        EXIT WHEN the_lease IS NULL;
        PERFORM jobs.complete(the_lease, the_runs);
        COMMIT;
    END LOOP;
END
$$;
