-- The accounts of the house. Locks come in this order: subscription, bot, promotion, an account of the house, users (so
-- that nobody who is paid is erased meanwhile), balances by user. Whoever holds an account waits for no other one, but
-- for refunds, which take all of them in order of user. Sweeps take those that are free.

CREATE FUNCTION marketplace_private.take_house_account() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    most CONSTANT integer := 16;
    account bigint;
BEGIN
    SELECT h.user_id INTO account FROM marketplace.house_accounts h
    ORDER BY h.user_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN account;
    ELSIF (SELECT count(*) FROM marketplace.house_accounts) < most THEN
        INSERT INTO identity.users (name, role, is_active) VALUES ('House of the marketplace', 'viewer', false)
        RETURNING id INTO account;
        INSERT INTO marketplace.house_accounts (user_id) VALUES (account);
        RETURN account;
    END IF;
    SELECT h.user_id INTO account FROM marketplace.house_accounts h
    WHERE h.user_id >= (SELECT o.user_id FROM marketplace.house_accounts o
                        ORDER BY o.user_id OFFSET pg_backend_pid() % most LIMIT 1)
    ORDER BY h.user_id LIMIT 1 FOR NO KEY UPDATE;
    RETURN account;
END
$$;
COMMENT ON FUNCTION marketplace_private.take_house_account() IS
'Locks an account of the house that nobody else holds, makes one when all 16 that there may be are not there yet, or '
'waits for one, and returns its user';

CREATE FUNCTION marketplace_private.lock_house() RETURNS bigint[]
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT coalesce(array_agg(h.user_id), '{}') FROM (
        SELECT a.user_id FROM marketplace.house_accounts a ORDER BY a.user_id FOR NO KEY UPDATE) h
$$;
COMMENT ON FUNCTION marketplace_private.lock_house() IS
'Locks all accounts of the house, in order of user, and returns them';

CREATE FUNCTION marketplace_private.lock_funds(user_ids bigint[], currency text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM identity.users u WHERE u.id = ANY (user_ids) ORDER BY u.id FOR KEY SHARE;
    PERFORM exchange_private.lock_balance(l.user_id, currency)
    FROM (SELECT DISTINCT u.user_id FROM unnest(user_ids) u (user_id) WHERE u.user_id IS NOT NULL ORDER BY 1) l;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_funds(bigint[], text) IS
'Locks users and then their balances in an asset, in order of user: the order of the exchange';

CREATE FUNCTION marketplace_private.require_unused(user_id bigint, reference text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF exchange_private.transfer_of(user_id, reference) IS NOT NULL THEN
        PERFORM bourse.refuse('23505',
            format('user %s has a transfer with the reference %s', user_id, bourse_private.quoted(reference)),
            'References that begin with marketplace: are for bills: cancel the subscription and buy anew.');
    END IF;
    RETURN reference;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_unused(bigint, text) IS
'Refuses a reference under which a user has sent something (23505), and returns it: a transfer of his own is no '
'payment';

CREATE FUNCTION marketplace_private.unswept(house bigint[]) RETURNS TABLE (user_id bigint, asset text, amount numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT a.user_id, a.symbol, a.amount FROM exchange.assets a WHERE a.user_id = ANY (house) AND a.amount > 0
$$;
COMMENT ON FUNCTION marketplace_private.unswept(bigint[]) IS 'What accounts of the house have';

CREATE FUNCTION marketplace.unswept_commission() RETURNS TABLE (asset text, amount numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT u.asset, sum(u.amount)
    FROM marketplace_private.unswept(ARRAY(SELECT h.user_id FROM marketplace.house_accounts h)) u
    GROUP BY u.asset ORDER BY u.asset;
END
$$;
COMMENT ON FUNCTION marketplace.unswept_commission() IS
'What the house has earned with bots and sweep_commission() has not booked, by asset';

CREATE FUNCTION marketplace.sweep_commission(user_id bigint, INOUT asset text DEFAULT NULL, OUT amount numeric)
RETURNS SETOF record
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    wanted CONSTANT text := asset;
    house bigint[];
    users bigint[];
    amounts numeric[];
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('sweep_commission()');
    PERFORM exchange_private.require_asset(wanted) WHERE wanted IS NOT NULL;
    PERFORM identity_private.require_user(user_id);
    -- Whoever keeps a purchase open holds one of them: it is left for the next time.
    house := ARRAY(SELECT h.user_id FROM marketplace.house_accounts h ORDER BY h.user_id
                   FOR NO KEY UPDATE SKIP LOCKED);
    IF EXISTS (SELECT FROM marketplace.house_accounts h WHERE h.user_id = user_id) THEN
        PERFORM bourse.refuse('22023', format('user %s is an account of the house', user_id),
            'Name the user who is to have the commission.');
    END IF;
    FOR asset, users, amounts IN
        SELECT u.asset, array_agg(u.user_id), array_agg(u.amount) FROM marketplace_private.unswept(house) u
        WHERE wanted IS NULL OR u.asset = wanted GROUP BY u.asset ORDER BY u.asset COLLATE "C"
    LOOP
        PERFORM marketplace_private.lock_funds(users || user_id, asset);
        PERFORM exchange_private.carry_out_transfer(h.user_id, user_id, asset, h.amount, NULL)
        FROM unnest(users, amounts) h (user_id, amount);
        amount := (SELECT sum(a) FROM unnest(amounts) a);
        INSERT INTO marketplace.commission_sweeps (user_id, asset, amount) VALUES (user_id, asset, amount);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION marketplace.sweep_commission(bigint, text) IS
'Books what the accounts of the house hold, of one asset or of all, to the available funds of a user. Returns what '
'was booked, one row per asset; no row: nothing to book. What a purchase, a renewal or a refund holds at this moment '
'is left for the next time. The house''s part of a refund comes from what is not booked yet, and then from the user '
'of the last sweep. 22003 too large, 22004 NULL user, 22023 asset, or an account of the house, 25001 not READ '
'COMMITTED, 42501 not a user you act for, 42704 unknown user, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION marketplace.unswept_commission(), marketplace.sweep_commission(bigint, text) TO bourse_admin;
