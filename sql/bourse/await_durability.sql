CREATE FUNCTION bourse_private.commit_durably() RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'commit_durably_wrapper';
COMMENT ON FUNCTION bourse_private.commit_durably() IS
'Has the commit of this transaction wait for the disk and the standbys that are waited for, whatever '
'synchronous_commit says until then. For await_durability() only';

-- What a reader sees has been committed, but need not be safe: whoever committed it may have had synchronous_commit
-- off, or been cancelled while it waited for a standby. An answer that somebody acts on elsewhere must not be lost.
CREATE FUNCTION bourse_private.await_durability() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        PERFORM bourse.refuse('25006', 'what is safe only the primary knows', 'Ask the primary.');
    END IF;
    PERFORM bourse_private.commit_durably();
    -- A commit waits for what comes before it in the log, if it has written something itself.
    PERFORM pg_logical_emit_message(true, 'pg_bourse', '');
END
$$;
COMMENT ON FUNCTION bourse_private.await_durability() IS
'Has the commit of this transaction wait until all that it has read is on the disk, and on the standbys that are '
'waited for. 25006 on a standby';
