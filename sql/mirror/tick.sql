-- What is due now.

CREATE FUNCTION mirror_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM mirror_private.tick_connections();
    PERFORM mirror_private.cancel_unwanted_copies();
END
$$;
COMMENT ON FUNCTION mirror_private.on_tick() IS
'What the ticker of the platform does for mirror: connections that have gone silent fail, and others take over; copies '
'that were to be cancelled while their market was halted are';
