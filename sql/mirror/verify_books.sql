-- Whether what brokers have reported agrees with itself.

CREATE FUNCTION mirror_private.verify_orders()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'order_has_filled_what_its_executions_come_to', 'order ' || o.id, '>= ' || e.quantity,
           o.filled_quantity::text
    FROM mirror.all_orders o
    JOIN (SELECT x.account_id, x.order_id, sum(x.quantity) AS quantity FROM mirror.executions x GROUP BY 1, 2) e
        ON e.account_id = o.account_id AND e.order_id = o.order_id
    WHERE o.filled_quantity < e.quantity
    UNION ALL
    SELECT 'order_status_agrees_with_what_is_filled', 'order ' || o.id,
           CASE WHEN o.filled_quantity = o.quantity THEN 'EXECUTED' ELSE 'not EXECUTED' END, o.status
    FROM mirror.all_orders o
    WHERE (o.status = 'EXECUTED') <> (o.filled_quantity = o.quantity) OR o.filled_quantity > o.quantity
       OR o.filled_quantity > 0 AND o.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING')
    UNION ALL
    SELECT 'order_stands_in_one_place', 'order ' || o.id, 'mirror.orders or mirror.orders_archive', 'both'
    FROM mirror.orders o
    JOIN mirror.orders_archive a ON a.id = o.id OR a.account_id = o.account_id AND a.order_id = o.order_id
    UNION ALL
    SELECT 'execution_is_of_the_user_of_its_account',
           format('execution %s of account %s', e.execution_id, e.account_id), a.user_id::text, e.user_id::text
    FROM mirror.executions e JOIN mirror.trading_accounts a ON a.id = e.account_id WHERE a.user_id <> e.user_id
$$;
COMMENT ON FUNCTION mirror_private.verify_orders() IS
'What is wrong with orders and executions: no rows. For verify_books()';

CREATE FUNCTION mirror_private.verify_positions()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'position_is_computed', 'position ' || p.id, trim_scale(c.pnl)::text, p.pnl::text
    FROM mirror.positions p
    CROSS JOIN LATERAL (SELECT (p.current_price - p.average_price) * p.quantity * p.multiplier AS pnl) c
    WHERE p.pnl IS DISTINCT FROM c.pnl
    UNION ALL
    SELECT 'holding_is_computed', 'holding ' || h.id, trim_scale(c.pnl)::text, h.pnl::text
    FROM mirror.holdings h
    CROSS JOIN LATERAL (SELECT (h.current_price - h.average_price) * h.quantity AS pnl) c
    WHERE h.pnl IS DISTINCT FROM c.pnl
    UNION ALL
    SELECT 'position_has_the_multiplier_of_its_instrument', 'position ' || p.id,
           coalesce(i.multiplier::text, '1, assumed'), format('%s, %s', p.multiplier, p.multiplier_from)
    FROM mirror.positions p LEFT JOIN mirror.instruments i ON i.exchange = p.exchange AND i.symbol = p.symbol
    WHERE p.closed_at IS NULL AND p.multiplier_from <> 'broker'
      AND (p.multiplier, p.multiplier_from)
          <> (coalesce(i.multiplier, 1), CASE WHEN i.symbol IS NULL THEN 'assumed' ELSE 'instrument' END)
    UNION ALL
    SELECT 'book_row_is_of_the_user_of_its_account', r.subject, coalesce(a.user_id::text, 'no account'), r.user_id::text
    FROM (SELECT 'order ' || o.id, o.account_id, o.user_id FROM mirror.orders o
          UNION ALL SELECT 'position ' || p.id, p.account_id, p.user_id FROM mirror.positions p
          UNION ALL SELECT 'holding ' || h.id, h.account_id, h.user_id FROM mirror.holdings h
          UNION ALL SELECT 'document ' || d.id, d.account_id, d.user_id FROM mirror.documents d)
        r (subject, account_id, user_id)
    LEFT JOIN mirror.trading_accounts a ON a.id = r.account_id
    WHERE a.user_id IS DISTINCT FROM r.user_id
$$;
COMMENT ON FUNCTION mirror_private.verify_positions() IS
'What is wrong with positions, holdings and whose they are: no rows. For verify_books()';

CREATE FUNCTION mirror_private.verify_books()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT v.* FROM mirror_private.verify_orders() v
    UNION ALL
    SELECT v.* FROM mirror_private.verify_positions() v
$$;
COMMENT ON FUNCTION mirror_private.verify_books() IS
'What is wrong with what brokers have reported: no rows. For mirror.verify()';
