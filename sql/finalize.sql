-- Owners and grants of the extension's own functions. Nothing is executable by PUBLIC.
DO $$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.oid::regprocedure AS signature, p.prosecdef, l.lanname, p.prokind
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
        JOIN pg_catalog.pg_proc p ON p.oid = d.objid
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.refclassid = 'pg_catalog.pg_extension'::regclass
          AND d.deptype = 'e'
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', f.signature);
        -- A C function runs with the rights of the server whoever owns it: only those that switch user are
        -- given to the owner role.
        IF f.prosecdef OR f.lanname <> 'c' THEN
            EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO bourse_owner', f.signature);
        ELSE
            EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO bourse_owner', f.signature);
        END IF;
    END LOOP;
END
$$;
ALTER TYPE exchange.order_result OWNER TO bourse_owner;

-- create_feed() makes publications: objects of the database, not of a schema.
DO $$
BEGIN
    EXECUTE pg_catalog.format('GRANT CREATE ON DATABASE %I TO bourse_owner', pg_catalog.current_database());
END
$$;

-- Everybody who may look.
GRANT EXECUTE ON FUNCTION
    bourse.status(), bourse.migrations(), bourse.require_installed(),
    identity.current_user_id(), identity.acts_for(bigint), identity.acts_for_all(), identity.fold(text),
    exchange.calculate_commission(numeric, numeric, numeric),
    exchange.order_book(text, integer), exchange.best_bid_offer(text), exchange.ticker(text),
    exchange.candles(text, interval, timestamptz, timestamptz), exchange.trade_tape(text, bigint, integer),
    exchange.order_book_orders(text, bigint), exchange.my_trades(bigint, integer, bigint),
    exchange.book_as_of(text, timestamptz),
    exchange.account_statement(bigint, text, timestamptz, timestamptz), exchange.locked_funds(bigint)
    TO bourse_viewer, bourse_worker;

-- Triggers call them with the rights of whoever inserts.
GRANT EXECUTE ON FUNCTION bourse.require_drawn(bigint, regclass), bourse.refuse(text, text, text) TO bourse_trader;

-- Everybody who may trade, each for the users whom the session acts for.
GRANT EXECUTE ON FUNCTION
    exchange.place_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean,
                         timestamptz, text),
    exchange.cancel_order(bigint), exchange.cancel_order(bigint, text), exchange.cancel_all_orders(bigint, text),
    exchange.amend_order(bigint, numeric, numeric),
    exchange.submit_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean,
                          timestamptz, text),
    exchange.submit_cancel(bigint), exchange.submit_cancel(bigint, text),
    exchange.submit_amend(bigint, numeric, numeric),
    exchange.submit_cancel_all(bigint, text),
    exchange.transfer(bigint, bigint, text, numeric, text),
    exchange.submit_transfer(bigint, bigint, text, numeric, text)
    TO bourse_trader, bourse_worker;
GRANT EXECUTE ON PROCEDURE exchange.match_orders(text, integer) TO bourse_trader, bourse_worker;

-- Money enters and leaves through the operator.
GRANT EXECUTE ON FUNCTION
    exchange.deposit(bigint, text, numeric, text), exchange.withdraw(bigint, text, numeric, text)
    TO bourse_admin, bourse_gateway;
GRANT EXECUTE ON FUNCTION
    exchange.update_user_balance(bigint, numeric), exchange.update_asset_balance(bigint, text, numeric, numeric),
    exchange.create_market(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric, numeric),
    exchange.set_market_status(text, text), exchange.unswept_fees(), exchange.sweep_fees(bigint, text),
    exchange.create_feed(text), exchange.drop_feed(text), bourse.install(), bourse.migrate(), bourse.align_sequences(),
    bourse.pause(), bourse.resume()
    TO bourse_admin;
GRANT EXECUTE ON FUNCTION exchange.expire_orders(text) TO bourse_admin, bourse_worker;
GRANT EXECUTE ON FUNCTION exchange.verify(), exchange.sequencer_status() TO bourse_admin, bourse_worker;

-- The trail: everybody may log for whom the session acts, operators switch it, seal it and check it.
GRANT EXECUTE ON FUNCTION audit.log_activity(bigint, text, text, text, jsonb) TO bourse_trader, bourse_worker;
GRANT EXECUTE ON FUNCTION audit.seal(), audit.head(), audit.verify(text) TO bourse_admin, bourse_worker;
GRANT EXECUTE ON FUNCTION
    audit.enable(regclass, text[]), audit.disable(regclass), audit.enabled(), identity.erase_user(bigint, text),
    identity.set_login(bigint, text)
    TO bourse_admin;

-- Whoever watches reads figures that name nobody, and no table.
GRANT EXECUTE ON FUNCTION
    bourse.status(), bourse.migrations(), exchange.verify(), audit.verify(text), exchange.sequencer_status()
    TO bourse_monitor;

-- An application server says for whom its transaction acts.
GRANT EXECUTE ON FUNCTION identity.act_as(bigint), identity.act_for_everybody() TO bourse_gateway;

-- Who logs users in. None of it works for a session that acts for one user.
GRANT EXECUTE ON FUNCTION
    identity.register(text, text, text, text, text), identity.authenticate(text, text, text, jsonb),
    identity.create_telegram_user(text, jsonb), identity.link_identity(bigint, text, text, jsonb),
    identity.register_principal(text, bigint), identity.unlink_identity(text, text),
    identity.unregister_principal(text),
    identity.verify_password(text, text),
    identity.issue_code(bigint, text), identity.verify_code(bigint, text, text), identity.verify_api_key(text)
    TO bourse_admin, bourse_gateway;
-- Everybody for their own user.
GRANT EXECUTE ON FUNCTION identity.set_password(bigint, text) TO bourse_viewer;
GRANT EXECUTE ON FUNCTION identity.export_user(bigint), identity.export_user_rows(bigint) TO bourse_viewer,
    bourse_worker;
GRANT EXECUTE ON FUNCTION
    identity.issue_api_key(bigint, text, timestamptz), identity.revoke_api_key(bigint),
    identity.store_credentials(bigint, text, text, text, text, boolean, text), identity.delete_credentials(bigint)
    TO bourse_trader;
GRANT EXECUTE ON FUNCTION
    identity.get_user_credentials(bigint, text), identity.get_user_credentials(text, text, boolean),
    identity.decrypt_credentials(bigint, text, boolean)
    TO bourse_trader, bourse_worker;
-- The keeper of the vault.
GRANT EXECUTE ON FUNCTION
    identity.validate_credentials(bigint, boolean, timestamptz), identity.rotate_credentials(integer),
    identity.vault_keys()
    TO bourse_admin, bourse_worker;
