CREATE FUNCTION bourse_private.require_read_committed(activity text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        PERFORM bourse.refuse('25001',
            format('%s under %s', activity, upper(current_setting('transaction_isolation') COLLATE "C")),
            'What is true must be read after the lock is held: BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_read_committed(text) IS
'Refuses a function that locks and then reads under another isolation level (25001)';
