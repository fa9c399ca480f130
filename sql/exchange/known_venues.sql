-- The other venues, as an admin has registered them: a name that nobody bears is refused before money leaves for it, or
-- comes from it.

CREATE FUNCTION exchange_private.require_venue(venue text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_venue_tables();
    PERFORM bourse_private.require_given('venue', venue);
    IF venue COLLATE "C" !~ '^[a-z0-9][a-z0-9_-]{0,62}$' THEN
        PERFORM bourse.refuse('22023', format('%s is no venue', bourse_private.quoted(venue)),
            'A venue is 1 to 63 small letters, digits, _ and -, like main or east-1.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_venue(text) IS
'Refuses what can be no name of a venue: 22004 NULL, 22023';

-- Locked against unregister_venue(), which looks for what is under way: one of the two is first.
CREATE FUNCTION exchange_private.require_known_venue(venue text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM exchange.venues v WHERE v.venue = require_known_venue.venue FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('venue %s is not registered here', bourse_private.quoted(venue)),
            'exchange.venues lists those that are; an admin adds one with exchange.register_venue().');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_known_venue(text) IS
'Refuses a venue that nobody has registered (42704); one that is there stays until the end of the transaction';

CREATE FUNCTION exchange.register_venue(venue text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_venue(venue);
    INSERT INTO exchange.venues (venue) VALUES (register_venue.venue) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION exchange.register_venue(text) IS
'Makes another venue known: 1 to 63 small letters, digits, _ and -. From then on money may be sent to it and received '
'from it, in this venue. Returns false when it was known already. 22004 NULL, 22023 no such name, 55000 before '
'install()';

CREATE FUNCTION exchange.unregister_venue(venue text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
DECLARE
    under_way bigint;
BEGIN
    PERFORM exchange_private.require_venue(venue);
    PERFORM bourse_private.require_read_committed('unregistering a venue');
    PERFORM FROM exchange.venues v WHERE v.venue = unregister_venue.venue FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT count(*) INTO under_way FROM exchange.venue_transfers v
    WHERE v.status = 'sent' AND v.venue = unregister_venue.venue;
    IF under_way > 0 THEN
        PERFORM bourse.refuse('55006', format('%s transfers to venue %s are under way', under_way, venue),
            'Wait until exchange.unsettled_venue_transfers() has none of them.');
    END IF;
    DELETE FROM exchange.venues v WHERE v.venue = unregister_venue.venue;
    RETURN true;
END
$$;
COMMENT ON FUNCTION exchange.unregister_venue(text) IS
'Has nothing more sent to a venue, nor received from it. What was stays, and is asked for as before. Returns false '
'when it was not known. 22004 NULL, 22023 no such name, 25001 isolation, 55000 before install(), 55006 transfers to it '
'are under way';
GRANT EXECUTE ON FUNCTION exchange.register_venue(text), exchange.unregister_venue(text) TO bourse_admin;
