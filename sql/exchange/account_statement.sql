CREATE FUNCTION exchange.account_statement(user_id bigint, asset text, "from" timestamptz, "to" timestamptz)
RETURNS TABLE (at timestamptz, source text, source_id bigint, description text, amount numeric, balance numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    opening numeric;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_asset(account_statement.asset);
    PERFORM exchange_private.require_period("from", "to");
    PERFORM identity_private.require_user(account_statement.user_id);
    SELECT coalesce(sum(e.amount), 0) INTO opening
    FROM exchange.ledger_entries e
    WHERE e.user_id = account_statement.user_id AND e.asset = account_statement.asset AND e.created_at < "from";
    RETURN QUERY SELECT "from", 'opening', NULL::bigint, 'opening balance', NULL::numeric, opening;
    -- Locks and unlocks by hand are lines of 0: they change what is available, not the balance.
    RETURN QUERY
    SELECT e.created_at, e.source, e.source_id,
           CASE e.source
               WHEN 'trade' THEN exchange_private.describe_trade(e.source_id, e.asset, e.amount)
               WHEN 'venue_transfer' THEN exchange_private.describe_venue_transfer(e.source_id, e.amount)
               ELSE exchange_private.describe_transfer(e.source_id, e.amount) END,
           e.amount,
           opening + sum(e.amount) OVER (ORDER BY e.created_at, e.source, e.source_id, e.amount
                                         ROWS UNBOUNDED PRECEDING)
    FROM exchange.ledger_entries e
    WHERE e.user_id = account_statement.user_id AND e.asset = account_statement.asset
      AND e.created_at >= "from" AND e.created_at < "to" AND e.amount <> 0
    ORDER BY e.created_at, e.source, e.source_id, e.amount;
END
$$;
COMMENT ON FUNCTION exchange.account_statement(bigint, text, timestamptz, timestamptz) IS
'A user''s ledger in one asset, from (included) to (excluded): first the opening balance, then every movement with the '
'balance after it, locked part included. source and source_id: the trade, transfer or venue_transfer; amount and '
'balance: in the asset. Costs what the user''s own history costs. 22004 NULL, 22023 asset or period, 42501 not a user '
'you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION exchange.account_statement(bigint, text, timestamptz, timestamptz)
TO bourse_viewer, bourse_worker;

CREATE FUNCTION exchange_private.describe_trade(trade_id bigint, asset text, amount numeric) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT format('%s %s %s at %s %s', CASE WHEN s.buys THEN 'bought' ELSE 'sold' END,
                  trim_scale(t.amount), m.base, trim_scale(t.price), m.quote)
           || CASE WHEN describe_trade.asset = m.quote AND s.commission <> 0
                   THEN format(', commission %s', trim_scale(s.commission)) ELSE '' END
    FROM exchange.trades t
    JOIN exchange.markets m ON m.symbol = t.symbol
    -- Who gets base or pays quote has bought.
    CROSS JOIN LATERAL (SELECT (describe_trade.asset = m.base) = (describe_trade.amount > 0) AS buys) AS b
    CROSS JOIN LATERAL (
        SELECT b.buys, CASE WHEN b.buys THEN t.buyer_commission ELSE t.seller_commission END AS commission) AS s
    WHERE t.id = describe_trade.trade_id
$$;
COMMENT ON FUNCTION exchange_private.describe_trade(bigint, text, numeric) IS
'One ledger line of a trade in words. For account_statement() only';

CREATE FUNCTION exchange_private.describe_transfer(transfer_id bigint, amount numeric) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    -- A transfer between users is told from its debit: the reference is the sender's own.
    SELECT CASE
        WHEN t.kind <> 'transfer' THEN t.kind || coalesce(', reference ' || t.reference, '')
        WHEN describe_transfer.amount < 0
            THEN format('transfer to user %s', t.counterparty_id) || coalesce(', reference ' || t.reference, '')
        ELSE format('transfer from user %s', t.user_id) END
    FROM exchange.transfers t
    WHERE t.id = describe_transfer.transfer_id
$$;
COMMENT ON FUNCTION exchange_private.describe_transfer(bigint, numeric) IS
'One ledger line of a transfer in words. For account_statement() only';
