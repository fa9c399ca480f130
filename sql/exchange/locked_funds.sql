CREATE FUNCTION exchange.locked_funds(user_id bigint)
RETURNS TABLE (order_id bigint, symbol text, asset text, reserved numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(locked_funds.user_id);
    RETURN QUERY
    SELECT o.id, o.symbol, CASE o.side WHEN 'buy' THEN m.quote ELSE m.base END, o.reserved::numeric
    FROM exchange.orders o JOIN exchange.markets m ON m.symbol = o.symbol
    WHERE o.user_id = locked_funds.user_id AND o.status IN ('open', 'pending') AND o.reserved > 0
    ORDER BY o.id;
    RETURN QUERY
    SELECT NULL::bigint, NULL, t.asset, sum(t.locked_amount)
    FROM exchange.transfers t
    WHERE t.user_id = locked_funds.user_id AND t.locked_amount <> 0
    GROUP BY t.asset HAVING sum(t.locked_amount) <> 0
    ORDER BY t.asset;
END
$$;
COMMENT ON FUNCTION exchange.locked_funds(bigint) IS
'What locks a user''s funds: one row per live order, then one per asset that was locked by hand (order_id and symbol '
'NULL). Per asset reserved adds up to assets.locked_amount. 22004 NULL, 42501 not a user you act for, 42704 unknown '
'user';
GRANT EXECUTE ON FUNCTION exchange.locked_funds(bigint) TO bourse_viewer, bourse_worker;
