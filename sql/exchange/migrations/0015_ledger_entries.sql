-- Double entry over the journal: per source and asset the lines add up to zero. One branch per account, so that
-- the lines of one user are found through the indexes on transfers, orders and trades.
CREATE VIEW exchange.ledger_entries WITH (security_invoker = true) AS
SELECT 'transfer'::text AS source, coalesce(t.debit_id, t.id) AS source_id, 'user'::text AS account,
       t.user_id, t.asset, (t.amount + t.locked_amount)::numeric AS amount, t.created_at
FROM exchange.transfers t
UNION ALL
-- The other line of a transfer between users is its counterpart's.
SELECT 'transfer', t.id, CASE t.kind WHEN 'sweep' THEN 'commission' ELSE 'external' END,
       NULL, t.asset, -(t.amount + t.locked_amount), t.created_at
FROM exchange.transfers t
WHERE t.kind <> 'transfer'
UNION ALL
SELECT 'trade', t.id, 'user', b.user_id, l.asset, l.amount, t.created_at
FROM exchange.trades t
JOIN exchange.orders b ON b.id = t.buy_order_id
JOIN exchange.markets m ON m.symbol = t.symbol
CROSS JOIN LATERAL (VALUES
    (m.base, t.amount),
    (m.quote, -(t.price * t.amount)::numeric(20,8) - t.buyer_commission)) AS l (asset, amount)
UNION ALL
SELECT 'trade', t.id, 'user', s.user_id, l.asset, l.amount, t.created_at
FROM exchange.trades t
JOIN exchange.orders s ON s.id = t.sell_order_id
JOIN exchange.markets m ON m.symbol = t.symbol
CROSS JOIN LATERAL (VALUES
    (m.base, -t.amount),
    (m.quote, (t.price * t.amount)::numeric(20,8) - t.seller_commission)) AS l (asset, amount)
UNION ALL
SELECT 'trade', t.id, 'commission', NULL, m.quote, t.commission, t.created_at
FROM exchange.trades t
JOIN exchange.markets m ON m.symbol = t.symbol;
COMMENT ON VIEW exchange.ledger_entries IS
'The double-entry ledger, read from transfers and trades. Per source the amounts of each asset add up to zero (a '
'transfer between users is one source: its debit); per user and asset to the balance, locked part included';
GRANT SELECT ON exchange.ledger_entries TO bourse_viewer;
