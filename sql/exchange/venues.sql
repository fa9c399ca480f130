-- Money between venues, each of which is one database. The venue that sends debits the user into suspense; a carrier
-- tells the other one, which credits the user or refuses for ever; the carrier tells the first, which settles what is
-- in suspense or returns it. Every call is one transaction of one venue and may be repeated: whoever is killed between
-- two of them, the next carrier does the same again, and nothing is lost or moved twice. What a carrier is told in one
-- venue it acts on in the other, so each answer that it acts on waits until what it tells is safe.

CREATE FUNCTION exchange_private.require_venue_transfer(transfer_id uuid, venue text, asset text, amount numeric)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_venue_tables();
    PERFORM bourse_private.require_given('transfer_id', transfer_id);
    PERFORM exchange_private.require_venue(venue);
    PERFORM exchange_private.require_amount('amount', amount);
    PERFORM exchange_private.require_asset(asset);
END
$$;
COMMENT ON FUNCTION exchange_private.require_venue_transfer(uuid, text, text, numeric) IS
'Refuses what can be no transfer between venues: 22004 NULL, 22003 or 22023 amount, 22023 venue or asset';

CREATE FUNCTION exchange_private.require_venue_tables() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF to_regclass('exchange.venues') IS NULL THEN
        PERFORM bourse.refuse('55000', 'migration exchange/0017_venues has not run in this database',
            'SELECT bourse.migrate();');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_venue_tables() IS
'Refuses before install(), and after an update whose migration has not run (55000)';

-- Which of two calls is first, the unique index decides: the second waits there, and finds the row of the first.
CREATE FUNCTION exchange_private.journal_venue_transfer(
    transfer_id uuid, direction text, user_id bigint, venue text, asset text, amount numeric,
    INOUT status text, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    first exchange.venue_transfers%ROWTYPE;
BEGIN
    INSERT INTO exchange.venue_transfers AS v (transfer_id, direction, named_user_id, venue, asset, amount, status)
    VALUES (transfer_id, direction, user_id, venue, asset, amount, status)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF is_new THEN
        -- What was once sent is told of also when the venue is no longer known.
        PERFORM exchange_private.require_known_venue(venue);
        RETURN;
    END IF;
    SELECT * INTO first FROM exchange.venue_transfers v
    WHERE v.transfer_id = journal_venue_transfer.transfer_id AND v.direction = journal_venue_transfer.direction
      AND (v.direction = 'out' OR v.venue = journal_venue_transfer.venue);
    IF NOT FOUND THEN
        PERFORM bourse_private.refuse_conflict('exchange.venue_transfers', EXISTS (
            SELECT FROM exchange.venue_transfers v WHERE v.id = currval('exchange.venue_transfers_id_seq')));
    END IF;
    IF (first.named_user_id, first.venue, first.asset, first.amount)
       IS DISTINCT FROM (user_id, venue, asset, amount) THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation',
            MESSAGE = format('transfer_id %s was used for another transfer', transfer_id),
            DETAIL = CASE WHEN identity.acts_for(first.named_user_id)
                THEN format('%s %s of user %s, venue %s', first.amount, first.asset, first.named_user_id, first.venue)
                ELSE 'The other transfer is another user''s.' END,
            HINT = 'Give each transfer an id of its own; repeat one only to ask for the same transfer again.';
    END IF;
    status := first.status;
END
$$;
COMMENT ON FUNCTION exchange_private.journal_venue_transfer(uuid, text, bigint, text, text, numeric, text) IS
'Writes one leg and moves nothing: who calls it with a new one moves the balance. Returns what has become of the leg, '
'and whether it is new. 23505 the id was used for another transfer, 42704 the venue is not registered. For the '
'functions that have checked their caller only';

CREATE FUNCTION exchange.send_to_venue(transfer_id uuid, user_id bigint, venue text, asset text, amount numeric)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    leg record;
BEGIN
    PERFORM exchange_private.require_venue_transfer(transfer_id, venue, asset, amount);
    PERFORM identity_private.require_user(user_id);
    leg := exchange_private.journal_venue_transfer(transfer_id, 'out', user_id, venue, asset, amount, 'sent');
    IF leg.is_new THEN
        -- The foreign key has waited for an erasure that was under way.
        PERFORM identity_private.require_not_erased(user_id);
        PERFORM exchange_private.move_balance(user_id, asset, -amount, 0);
    END IF;
    RETURN leg.status;
END
$$;
COMMENT ON FUNCTION exchange.send_to_venue(uuid, bigint, text, text, numeric) IS
'Debits available funds into suspense, to be credited to the same user in another venue. transfer_id: a UUID of the '
'client''s, moves money once for ever; amount: in the asset, up to 8 decimals. Returns what has become of it: '
'sent, settled, returned; repeat the call to ask. 22003 amount, 22004 NULL, 22023 venue, asset or amount, 23505 '
'transfer_id used for another transfer, 23514 insufficient funds, 42501 not a user you act for, 42704 unknown user, or '
'a venue that is not in exchange.venues, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION exchange.send_to_venue(uuid, bigint, text, text, numeric) TO bourse_gateway, bourse_admin;

CREATE FUNCTION exchange.receive_from_venue(transfer_id uuid, user_id bigint, venue text, asset text, amount numeric)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    leg record;
BEGIN
    PERFORM exchange_private.require_venue_transfer(transfer_id, venue, asset, amount);
    PERFORM identity_private.require_existing_user(user_id);
    leg := exchange_private.journal_venue_transfer(transfer_id, 'in', user_id, venue, asset, amount, 'received');
    PERFORM bourse_private.await_durability();
    IF leg.is_new THEN
        PERFORM identity_private.require_not_erased(user_id);
        PERFORM exchange_private.move_balance(user_id, asset, amount, 0);
    ELSIF leg.status = 'refused' THEN
        PERFORM bourse.refuse('55000', format('transfer_id %s was refused here', transfer_id),
            'It never will be credited: exchange.return_venue_transfer() in the venue that has sent it.');
    END IF;
    RETURN leg.status;
END
$$;
COMMENT ON FUNCTION exchange.receive_from_venue(uuid, bigint, text, text, numeric) IS
'Credits what another venue has sent, once for ever. The arguments are what unsettled_venue_transfers() says there, '
'but venue, which is the one that has sent it. Returns received. For the carrier, who makes sure that it was sent. '
'22003 amount, or the user cannot hold so much, 22004 NULL, 22023 venue, asset or amount, 23505 transfer_id used for '
'another transfer, 42704 unknown user, or a venue that is not in exchange.venues, 55000 the user has been erased, or '
'the transfer was refused: 22003, 42704 and 55000 are what refuse_from_venue() is for, which knows no other venues';
GRANT EXECUTE ON FUNCTION exchange.receive_from_venue(uuid, bigint, text, text, numeric)
    TO bourse_carrier, bourse_admin;

CREATE FUNCTION exchange.refuse_from_venue(transfer_id uuid, user_id bigint, venue text, asset text, amount numeric)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    leg record;
BEGIN
    PERFORM exchange_private.require_venue_transfer(transfer_id, venue, asset, amount);
    PERFORM bourse_private.require_given('user_id', user_id);
    leg := exchange_private.journal_venue_transfer(transfer_id, 'in', user_id, venue, asset, amount, 'refused');
    PERFORM bourse_private.await_durability();
    IF leg.status = 'received' THEN
        PERFORM bourse.refuse('55000', format('transfer_id %s was received here', transfer_id),
            'The user has the money: exchange.settle_venue_transfer() in the venue that has sent it.');
    END IF;
    RETURN leg.status;
END
$$;
COMMENT ON FUNCTION exchange.refuse_from_venue(uuid, bigint, text, text, numeric) IS
'Says for ever that this venue does not credit what another has sent: only then may return_venue_transfer() give it '
'back there. Arguments as receive_from_venue(); the user need not be known. Returns refused. 22003 amount, 22004 NULL, '
'22023 venue, asset or amount, 23505 transfer_id used for another transfer, 42704 a venue that is not in '
'exchange.venues, 55000 the transfer was received';
GRANT EXECUTE ON FUNCTION exchange.refuse_from_venue(uuid, bigint, text, text, numeric)
    TO bourse_carrier, bourse_admin;

CREATE FUNCTION exchange_private.end_venue_transfer(transfer_id uuid, ending text)
RETURNS TABLE (user_id bigint, asset text, amount numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    found_status text;
BEGIN
    PERFORM exchange_private.require_venue_tables();
    PERFORM bourse_private.require_given('transfer_id', transfer_id);
    SELECT v.status INTO found_status FROM exchange.venue_transfers v
    WHERE v.transfer_id = end_venue_transfer.transfer_id AND v.direction = 'out'
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('transfer_id %s was not sent from here', transfer_id),
            'exchange.unsettled_venue_transfers() lists what is under way.');
    END IF;
    IF found_status = 'sent' THEN
        RETURN QUERY
        UPDATE exchange.venue_transfers v SET status = ending, ended_at = clock_timestamp()
        WHERE v.transfer_id = end_venue_transfer.transfer_id AND v.direction = 'out'
        RETURNING v.named_user_id, v.asset, v.amount;
    ELSIF found_status <> ending THEN
        PERFORM bourse.refuse('55000', format('transfer_id %s was %s', transfer_id, found_status),
            'What has ended stays so: compare the legs of both venues in exchange.venue_transfers.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.end_venue_transfer(uuid, text) IS
'Ends what is in suspense: settled or returned. Returns it once; no row: it had ended so before. 22004 NULL, 42704 not '
'sent from here, 55000 ended otherwise';

CREATE FUNCTION exchange.settle_venue_transfer(transfer_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.end_venue_transfer(transfer_id, 'settled');
    RETURN 'settled';
END
$$;
COMMENT ON FUNCTION exchange.settle_venue_transfer(uuid) IS
'Takes out of suspense what the other venue has received, once for ever. Returns settled. For the carrier. 22004 NULL, '
'42704 not sent from here, 55000 it was returned';
GRANT EXECUTE ON FUNCTION exchange.settle_venue_transfer(uuid) TO bourse_carrier, bourse_admin;

CREATE FUNCTION exchange.return_venue_transfer(transfer_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.move_balance(e.user_id, e.asset, e.amount, 0)
    FROM exchange_private.end_venue_transfer(return_venue_transfer.transfer_id, 'returned') e;
    RETURN 'returned';
END
$$;
COMMENT ON FUNCTION exchange.return_venue_transfer(uuid) IS
'Credits out of suspense, to the user who has sent it, what the other venue has refused (refuse_from_venue() there has '
'answered), once for ever. Returns returned. For the carrier. 22003 the user cannot hold so much, 22004 NULL, 42704 '
'not sent from here, 55000 it was settled';
GRANT EXECUTE ON FUNCTION exchange.return_venue_transfer(uuid) TO bourse_carrier, bourse_admin;

CREATE FUNCTION exchange.unsettled_venue_transfers(venue text DEFAULT NULL, n integer DEFAULT 100)
RETURNS TABLE (transfer_id uuid, user_id bigint, to_venue text, asset text, amount numeric, sent_at timestamptz,
               age interval)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM exchange_private.require_venue_tables();
    PERFORM bourse_private.await_durability();
    IF n IS NULL OR n NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('n is %s', coalesce(n::text, 'NULL')), 'Ask for 1 to 10000 transfers.');
    END IF;
    -- A carrier that goes by a wrong name would find nothing to do, and say nothing.
    PERFORM exchange_private.require_known_venue(venue) WHERE venue IS NOT NULL;
    RETURN QUERY
    SELECT v.transfer_id, v.user_id, v.venue, v.asset, v.amount, v.created_at, clock_timestamp() - v.created_at
    FROM exchange.venue_transfers v
    WHERE v.status = 'sent'
      AND (unsettled_venue_transfers.venue IS NULL OR v.venue = unsettled_venue_transfers.venue)
    ORDER BY v.created_at, v.transfer_id LIMIT n;
END
$$;
COMMENT ON FUNCTION exchange.unsettled_venue_transfers(text, integer) IS
'What is in suspense: sent from here, neither settled nor returned. Oldest first, n at most; venue: only what goes '
'there. What it lists is safe once its transaction has committed. 22023 n out of 1 to 10000, 25006 on a standby, 42704 '
'a venue that is not in exchange.venues';
GRANT EXECUTE ON FUNCTION exchange.unsettled_venue_transfers(text, integer) TO bourse_carrier, bourse_admin;

-- PARALLEL SAFE, as verify_orders() asks of what it calls.
CREATE FUNCTION exchange_private.venue_moves() RETURNS TABLE (user_id bigint, asset text, amount numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    -- Before the migration that makes the table nothing has moved.
    IF to_regclass('exchange.venue_transfers') IS NOT NULL THEN
        RETURN QUERY
        SELECT v.user_id, v.asset, sum(CASE WHEN v.direction = 'in' THEN v.amount ELSE -v.amount END)
        FROM exchange.venue_transfers v
        WHERE v.status NOT IN ('refused', 'returned')
        GROUP BY v.user_id, v.asset;
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.venue_moves() IS
'What transfers between venues come to, per user and asset. For verify() only';

CREATE FUNCTION exchange_private.describe_venue_transfer(leg_id bigint, amount numeric) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT format(CASE WHEN v.direction = 'in' THEN 'received from venue %s, %s'
                       WHEN describe_venue_transfer.amount < 0 THEN 'sent to venue %s, %s'
                       ELSE 'returned by venue %s, %s' END, v.venue, v.transfer_id)
    FROM exchange.venue_transfers v WHERE v.id = describe_venue_transfer.leg_id
$$;
COMMENT ON FUNCTION exchange_private.describe_venue_transfer(bigint, numeric) IS
'One ledger line of a transfer between venues in words. For account_statement() only';

CREATE FUNCTION exchange_private.suspense(OUT unsettled bigint, OUT age interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    unsettled := 0;
    IF to_regclass('exchange.venue_transfers') IS NOT NULL THEN
        SELECT count(*), clock_timestamp() - min(s.created_at) INTO unsettled, age
        FROM (SELECT v.created_at FROM exchange.venue_transfers v WHERE v.status = 'sent'
              ORDER BY v.created_at LIMIT 10000) s;
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.suspense() IS
'How many transfers to other venues are under way, up to 10,000, and how old the first of them is; NULL: none is';
