CREATE FUNCTION exchange_private.require_transfer_door() RETURNS void
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'require_transfer_door_wrapper';
COMMENT ON FUNCTION exchange_private.require_transfer_door() IS
'Refuses transfer() to a login without a trusted role where bourse.sequencer_only is on (42501)';

CREATE FUNCTION exchange.transfer(from_user_id bigint, to_user_id bigint, asset text, amount numeric,
                                  reference text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_transfer_door();
    PERFORM exchange_private.require_amount('amount', amount);
    PERFORM identity_private.require_user(from_user_id);
    RETURN exchange_private.carry_out_transfer(from_user_id, to_user_id, asset, amount, reference);
END
$$;
COMMENT ON FUNCTION exchange.transfer(bigint, bigint, text, numeric, text) IS
'Moves available funds from a user you act for to another. amount: in the asset, up to 8 decimals. reference: the '
'sender''s id among the sender''s transfers, moves money once for ever. Returns the id of the debit. 22004 NULL, 22023 '
'amount, asset, reference or sender = receiver, 22003 the receiver cannot hold so much, 23505 reference used for '
'another transfer, 23514 insufficient funds, whoever the receiver is, 42501 not a user you act for, or '
'bourse.sequencer_only is on and the login has no trusted role: submit_transfer(), 42704 unknown user, 55000 one of '
'them has been erased';
GRANT EXECUTE ON FUNCTION exchange.transfer(bigint, bigint, text, numeric, text) TO bourse_trader, bourse_worker;

-- The sender's funds come first: who cannot pay is told so whoever the receiver is, and nothing of the receiver is
-- looked at or locked. The debit is journaled while nothing is locked: whoever repeats a reference waits there. Then
-- both balances are locked in order of user, the order of the engine, so that transfers in opposite directions never
-- deadlock, and the debit comes before the credit.
CREATE FUNCTION exchange_private.carry_out_transfer(from_user_id bigint, to_user_id bigint, asset text, amount numeric,
                                                    reference text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
DECLARE
    transfer_id bigint;
    is_new boolean;
BEGIN
    PERFORM exchange_private.require_asset(asset);
    PERFORM identity_private.require_existing_user(from_user_id);
    PERFORM bourse_private.require_given('to_user_id', to_user_id);
    IF from_user_id = to_user_id THEN
        PERFORM bourse.refuse('22023', format('user %s is sender and receiver', from_user_id),
            'Name two different users.');
    END IF;
    PERFORM exchange_private.require_reference(reference);
    -- A transfer that is repeated has been paid.
    PERFORM exchange_private.require_available(from_user_id, asset, amount)
    WHERE exchange_private.transfer_of(from_user_id, reference) IS NULL;
    PERFORM identity_private.require_existing_user(to_user_id);
    SELECT j.transfer_id, j.is_new INTO transfer_id, is_new
    FROM exchange_private.journal_transfer(from_user_id, asset, 'transfer', -amount, 0, reference, to_user_id, NULL) j;
    IF is_new THEN
        PERFORM exchange_private.journal_transfer(to_user_id, asset, 'transfer', amount, 0, NULL, from_user_id,
                                                  transfer_id);
        PERFORM exchange_private.lock_balance(least(from_user_id, to_user_id), asset);
        PERFORM exchange_private.lock_balance(greatest(from_user_id, to_user_id), asset);
        PERFORM exchange_private.move_balance(from_user_id, asset, -amount, 0);
        PERFORM exchange_private.move_balance(to_user_id, asset, amount, 0);
    END IF;
    RETURN transfer_id;
END
$$;
COMMENT ON FUNCTION exchange_private.carry_out_transfer(bigint, bigint, text, numeric, text) IS
'What transfer() does once it has asked whether the caller may. For transfer() and the sequencer only';
