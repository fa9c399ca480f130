-- pg_dump holds the view until it ends, and the sequencer queues behind whoever waits for the view: hence lock_timeout.
CREATE FUNCTION bourse.pause() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM bourse.require_installed();
    REFRESH MATERIALIZED VIEW bourse.at_work WITH NO DATA;
END
$$;
COMMENT ON FUNCTION bourse.pause() IS
'Has the sequencer leave this database alone until resume(): before rows are restored into it, or a subscription '
'brings them. Waits for what it is carrying out. Its inbox stays as it is, submitted orders are refused (55000), every '
'other call works, and moves money. 25006 read-only, 55P03 it was in use for 5 seconds, as by pg_dump';
GRANT EXECUTE ON FUNCTION bourse.pause() TO bourse_admin;

CREATE FUNCTION bourse.resume() RETURNS TABLE (sequence text, was bigint, now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    RETURN QUERY SELECT * FROM bourse.align_sequences();
    REFRESH MATERIALIZED VIEW bourse.at_work;
END
$$;
COMMENT ON FUNCTION bourse.resume() IS
'Lets the sequencer work in this database again, once every sequence is before its rows: does what align_sequences() '
'does and returns what it returns. SQLSTATEs as align_sequences() and pause()';
GRANT EXECUTE ON FUNCTION bourse.resume() TO bourse_admin;
