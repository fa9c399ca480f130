-- Whoever looks for a row here, once or 20,000 times in one statement, must not depend on what the statistics say: they
-- may be from when the table was nearly empty, and so may be the plan that PL/pgSQL keeps. enable_seqscan is off, and
-- only one index serves a condition: that of a pair no other than the index of both its columns, in this order.

CREATE FUNCTION exchange_private.require_asset(asset text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('asset', asset);
    IF asset !~ '^[A-Z0-9][A-Z0-9._-]{0,9}$' THEN
        PERFORM bourse.refuse('22023', format('%s is no asset', bourse_private.quoted(asset)),
            'An asset is 1 to 10 capital letters and digits, like USD or BTC.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_asset(text) IS 'Refuses what cannot name an asset (22023), NULL (22004)';

CREATE FUNCTION exchange_private.require_reference(reference text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF reference = '' THEN
        PERFORM bourse.refuse('22023', 'reference is empty', 'Give a reference of at least one character, or none.');
    END IF;
    IF length(reference) > 128 THEN
        PERFORM bourse.refuse('22023',
            format('reference %s has %s characters', bourse_private.quoted(reference), length(reference)),
            'A reference has 1 to 128 characters.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_reference(text) IS
'Refuses a reference that is empty or longer than 128 characters (22023); NULL passes';

-- In the order of references, which only their index gives: by the statistics of a table that has just begun to grow, a
-- walk through all transfers of the user would look as good.
CREATE FUNCTION exchange_private.transfer_of(user_id bigint, reference text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
DECLARE
    nearest record;
BEGIN
    SELECT t.id, t.reference INTO nearest FROM exchange.transfers t
    WHERE t.kind = 'transfer' AND t.user_id = transfer_of.user_id AND t.reference >= transfer_of.reference
    ORDER BY t.reference LIMIT 1;
    RETURN CASE WHEN nearest.reference = transfer_of.reference THEN nearest.id END;
END
$$;
COMMENT ON FUNCTION exchange_private.transfer_of(bigint, text) IS
'The transfer that a user has sent under a reference; NULL: none. For the functions that have checked their caller '
'only';

-- A reference moves money once, for ever: the same reference with the same body gives the first row, with
-- another body it is refused. Senders of transfers have references of their own: what others use they cannot tell.
CREATE FUNCTION exchange_private.journal_transfer(
    user_id bigint, asset text, kind text, amount numeric, locked_amount numeric, reference text,
    counterparty_id bigint, debit_id bigint, OUT transfer_id bigint, OUT is_new boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    first exchange.transfers%ROWTYPE;
BEGIN
    PERFORM exchange_private.require_reference(reference);
    INSERT INTO exchange.transfers AS t (user_id, asset, kind, amount, locked_amount, reference, counterparty_id,
                                         debit_id)
    VALUES (user_id, asset, kind, amount, locked_amount, reference, counterparty_id, debit_id)
    -- Which index it was that did not take the row, the next looks tell.
    ON CONFLICT DO NOTHING
    RETURNING t.id INTO transfer_id;
    is_new := transfer_id IS NOT NULL;
    IF is_new THEN
        -- What was once taken is answered again, whatever it looks like.
        PERFORM bourse_private.require_line('reference', reference);
        -- The foreign key has waited for an erasure that was under way.
        PERFORM identity_private.require_not_erased(user_id);
    ELSE
        IF kind = 'transfer' THEN
            SELECT * INTO first FROM exchange.transfers t WHERE t.id = exchange_private.transfer_of(user_id, reference);
        ELSE
            SELECT * INTO first FROM exchange.transfers t
            WHERE t.kind <> 'transfer' AND t.reference || '' = journal_transfer.reference;
        END IF;
        IF NOT FOUND THEN
            PERFORM bourse_private.refuse_conflict('exchange.transfers', EXISTS (
                SELECT FROM exchange.transfers t WHERE t.id = currval('exchange.transfers_id_seq')));
        END IF;
        IF (first.user_id, first.asset, first.kind, first.amount, first.locked_amount, first.counterparty_id)
           IS DISTINCT FROM (user_id, asset, kind, amount, locked_amount, counterparty_id) THEN
            RAISE EXCEPTION USING ERRCODE = 'unique_violation',
                MESSAGE = format('reference %s was used for another transfer', bourse_private.quoted(reference)),
                DETAIL = CASE WHEN identity.acts_for(first.user_id)
                    THEN format('transfer %s: %s of %s %s for user %s', first.id, first.kind, first.amount, first.asset,
                                first.user_id)
                    ELSE 'The other transfer is another user''s.' END,
                HINT = 'Give each transfer a reference of its own; repeat one only to ask for the same transfer again.';
        END IF;
        -- Whoever repeats has lost an answer, and relies on this one.
        PERFORM bourse_private.await_durability();
        transfer_id := first.id;
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.journal_transfer(bigint, text, text, numeric, numeric, text, bigint, bigint) IS
'Writes one row of the journal and moves nothing: who calls it with a new row moves the balance. Returns the row of '
'this reference and whether it is new. 22023 a new reference that cannot be read, 23505 the reference was used for '
'another transfer, 55000 the user has been erased';

CREATE FUNCTION exchange_private.refuse_insufficient_funds(user_id bigint, asset text, amount numeric) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM bourse_private.count_event('exchange.refused_funds');
    PERFORM bourse.refuse('23514',
        format('insufficient funds: user %s has %s %s available, %s needed', user_id,
            coalesce((SELECT trim_scale(a.amount) FROM exchange.assets a
                      WHERE (a.user_id, a.symbol) BETWEEN (refuse_insufficient_funds.user_id, asset)
                                                      AND (refuse_insufficient_funds.user_id, asset)
                     ), 0),
            asset, trim_scale(refuse_insufficient_funds.amount)),
        'Only available funds can leave: cancel orders that lock funds, or ask for less.');
END
$$;
COMMENT ON FUNCTION exchange_private.refuse_insufficient_funds(bigint, text, numeric) IS
'Says that a user has less available than is needed (23514). For the functions that have checked their caller only';

CREATE FUNCTION exchange_private.require_available(user_id bigint, asset text, amount numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM exchange.assets a
    WHERE (a.user_id, a.symbol) BETWEEN (require_available.user_id, asset) AND (require_available.user_id, asset)
      AND a.amount >= require_available.amount;
    IF NOT FOUND THEN
        PERFORM exchange_private.refuse_insufficient_funds(user_id, asset, amount);
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_available(bigint, text, numeric) IS
'Refuses when a user has less available than an amount (23514). For the functions that have checked their caller only';

CREATE FUNCTION exchange_private.lock_balance(user_id bigint, asset text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM exchange.assets a
    WHERE (a.user_id, a.symbol) BETWEEN (lock_balance.user_id, asset) AND (lock_balance.user_id, asset)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM exchange_private.create_balance(user_id, asset);
        PERFORM FROM exchange.assets a
        WHERE (a.user_id, a.symbol) BETWEEN (lock_balance.user_id, asset) AND (lock_balance.user_id, asset)
        FOR NO KEY UPDATE;
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.lock_balance(bigint, text) IS
'Locks the balance of a user in an asset; makes it when there is none. For transfer() only';

CREATE FUNCTION exchange_private.move_balance(user_id bigint, asset text, amount numeric, locked_amount numeric)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    broken text;
BEGIN
    UPDATE exchange.assets a
    SET amount = a.amount + move_balance.amount, locked_amount = a.locked_amount + move_balance.locked_amount
    WHERE (a.user_id, a.symbol) BETWEEN (move_balance.user_id, asset) AND (move_balance.user_id, asset)
      AND a.amount + move_balance.amount >= 0 AND a.locked_amount + move_balance.locked_amount >= 0;
    IF NOT FOUND AND amount >= 0 AND locked_amount >= 0 THEN
        PERFORM exchange_private.create_balance(user_id, asset);
        UPDATE exchange.assets a
        SET amount = a.amount + move_balance.amount, locked_amount = a.locked_amount + move_balance.locked_amount
        WHERE (a.user_id, a.symbol) BETWEEN (move_balance.user_id, asset) AND (move_balance.user_id, asset);
    ELSIF NOT FOUND THEN
        PERFORM exchange_private.refuse_insufficient_funds(user_id, asset, -amount);
    END IF;
EXCEPTION
    WHEN numeric_value_out_of_range OR check_violation THEN
        GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
        IF SQLSTATE = '23514' AND broken <> 'assets_total_check' THEN
            RAISE;
        END IF;
        PERFORM bourse.refuse('22003',
            format('the %s balance of user %s leaves the range of NUMERIC(20,8)', asset, user_id),
            'No price, amount, price x amount or balance may reach 1000000000000.');
END
$$;
COMMENT ON FUNCTION exchange_private.move_balance(bigint, text, numeric, numeric) IS
'Moves available and locked funds of one user by signed amounts. For what has just been journaled only. 22003 too '
'large, 23514 insufficient funds';

CREATE FUNCTION exchange_private.book_transfer(user_id bigint, asset text, kind text, amount numeric,
                                               locked_amount numeric, reference text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    transfer_id bigint;
    is_new boolean;
BEGIN
    SELECT j.transfer_id, j.is_new INTO transfer_id, is_new
    FROM exchange_private.journal_transfer(user_id, asset, kind, amount, locked_amount, reference, NULL, NULL) j;
    IF is_new THEN
        PERFORM exchange_private.move_balance(user_id, asset, amount, locked_amount);
    END IF;
    RETURN transfer_id;
END
$$;
COMMENT ON FUNCTION exchange_private.book_transfer(bigint, text, text, numeric, numeric, text) IS
'Writes one journal row and moves the balance with it, once per reference. Returns the transfer id. 22003 too large, '
'23505 the reference was used for another transfer, 23514 insufficient funds. For the functions that move one user''s '
'money only';

-- Money enters and leaves through the operator.
CREATE FUNCTION exchange.deposit(user_id bigint, asset text, amount numeric, reference text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_amount('amount', amount);
    PERFORM exchange_private.require_asset(asset);
    PERFORM identity_private.require_user(user_id);
    RETURN exchange_private.book_transfer(user_id, asset, 'deposit', amount, 0, reference);
END
$$;
COMMENT ON FUNCTION exchange.deposit(bigint, text, numeric, text) IS
'Credits available funds. amount: in the asset, up to 8 decimals. reference: the operator''s id, over all users, moves '
'money once for ever. Returns the transfer id. 22004 NULL, 22023 amount or asset, 22003 too large, 42501 not a user '
'you act for, 42704 unknown user, 23505 reference used for another transfer, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION exchange.deposit(bigint, text, numeric, text) TO bourse_gateway, bourse_admin;

CREATE FUNCTION exchange.withdraw(user_id bigint, asset text, amount numeric, reference text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_amount('amount', amount);
    PERFORM exchange_private.require_asset(asset);
    PERFORM identity_private.require_user(user_id);
    RETURN exchange_private.book_transfer(user_id, asset, 'withdrawal', -amount, 0, reference);
END
$$;
COMMENT ON FUNCTION exchange.withdraw(bigint, text, numeric, text) IS
'Debits available funds, by a positive amount; what orders have locked stays. Arguments and SQLSTATEs as deposit(), '
'and 23514 insufficient funds';
GRANT EXECUTE ON FUNCTION exchange.withdraw(bigint, text, numeric, text) TO bourse_gateway, bourse_admin;

CREATE FUNCTION exchange.update_asset_balance(user_id bigint, symbol text, change numeric,
                                              locked_change numeric DEFAULT 0)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    manual_lock numeric;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_amount('change', abs(change)) WHERE change IS DISTINCT FROM 0;
    PERFORM exchange_private.require_amount('locked_change', abs(locked_change)) WHERE locked_change IS DISTINCT FROM 0;
    PERFORM exchange_private.require_asset(symbol);
    PERFORM identity_private.require_user(user_id);
    IF change = 0 AND locked_change = 0 THEN
        RETURN true;
    END IF;
    IF change < 0 OR locked_change < 0 THEN
        PERFORM FROM exchange.assets a
        WHERE (a.user_id, a.symbol) BETWEEN (update_asset_balance.user_id, update_asset_balance.symbol)
                                        AND (update_asset_balance.user_id, update_asset_balance.symbol)
        FOR NO KEY UPDATE;
        -- Only what was locked by hand can be unlocked by hand: what orders reserve is theirs.
        SELECT coalesce(sum(t.locked_amount), 0) INTO manual_lock FROM exchange.transfers t
        WHERE t.user_id = update_asset_balance.user_id AND t.asset = update_asset_balance.symbol;
        IF manual_lock + locked_change < 0 THEN
            PERFORM bourse_private.count_event('exchange.refused_funds');
            RETURN false;
        END IF;
    END IF;
    PERFORM exchange_private.book_transfer(user_id, symbol, 'adjustment', change, locked_change, NULL);
    RETURN true;
EXCEPTION
    WHEN check_violation THEN
        RETURN false;
END
$$;
COMMENT ON FUNCTION exchange.update_asset_balance(bigint, text, numeric, numeric) IS
'Adjusts available and locked funds by signed amounts, journaled as an adjustment. Returns false, and nothing moves, '
'when either would go negative or funds locked by orders would be unlocked. 22004 NULL, 22023 amount or asset, 42704 '
'unknown user';
GRANT EXECUTE ON FUNCTION exchange.update_asset_balance(bigint, text, numeric, numeric) TO bourse_admin;

CREATE FUNCTION exchange.update_user_balance(user_id bigint, change numeric) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    RETURN exchange.update_asset_balance(user_id, 'USD', change);
END
$$;
COMMENT ON FUNCTION exchange.update_user_balance(bigint, numeric) IS
'Adjusts a user''s available cash (USD), as update_asset_balance()';
GRANT EXECUTE ON FUNCTION exchange.update_user_balance(bigint, numeric) TO bourse_admin;

CREATE FUNCTION exchange.calculate_commission(amount numeric, price numeric, rate numeric DEFAULT 0.015) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF amount IS NULL OR price IS NULL OR rate IS NULL THEN
        PERFORM bourse.refuse('22004', 'amount, price and rate must not be NULL', 'Give all three.');
    END IF;
    -- NaN is above every number in PostgreSQL, infinity above all but NaN.
    IF least(amount, price, rate) < 0 OR greatest(amount, price, rate) >= 'Infinity' THEN
        PERFORM bourse.refuse('22023',
            format('no commission on amount %s, price %s, rate %s', left(amount::text, 60), left(price::text, 60),
                left(rate::text, 60)),
            'Amount, price and rate are finite and not negative.');
    END IF;
    RETURN amount * price * rate;
END
$$;
COMMENT ON FUNCTION exchange.calculate_commission(numeric, numeric, numeric) IS
'amount x price x rate, exact; a trade rounds it half away from zero to 8 decimals. 22004 NULL, 22023 NaN, infinity or '
'negative';
GRANT EXECUTE ON FUNCTION exchange.calculate_commission(numeric, numeric, numeric) TO bourse_viewer, bourse_worker;

CREATE FUNCTION exchange_private.create_balance(user_id bigint, asset text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    INSERT INTO exchange.assets AS a (user_id, symbol) VALUES (create_balance.user_id, asset) ON CONFLICT DO NOTHING;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM exchange.assets a
                                 WHERE a.user_id = create_balance.user_id AND a.symbol = asset) THEN
        PERFORM bourse_private.refuse_conflict('exchange.assets', EXISTS (
            SELECT FROM exchange.assets a WHERE a.id = currval('exchange.assets_id_seq')));
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.create_balance(bigint, text) IS
'Makes the empty balance of a user in an asset, if there is none yet. For move_balance() and the engine only';
