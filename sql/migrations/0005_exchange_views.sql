CREATE VIEW exchange.users WITH (security_invoker = true) AS
SELECT u.id, u.name, u.email, u.email_verified_at,
       NULL::varchar(255) AS password, NULL::varchar(100) AS remember_token,
       u.created_at, u.updated_at,
       coalesce(a.amount, 0)::numeric(20,8) AS balance
FROM identity.users u
LEFT JOIN exchange.assets a ON a.user_id = u.id AND a.symbol = 'USD';
COMMENT ON VIEW exchange.users IS 'Users with their available cash (USD) as balance. Secrets are never shown: password and remember_token are NULL';

CREATE VIEW exchange.order_book_view WITH (security_invoker = true) AS
SELECT o.id, o.user_id, o.symbol, o.side, o.price, o.amount, o.filled_amount,
       o.amount - o.filled_amount AS remaining_amount, o.created_at, u.name AS user_name
FROM exchange.orders o
JOIN identity.users u ON u.id = o.user_id
WHERE o.status = 'open'
ORDER BY CASE WHEN o.side = 'buy' THEN o.price END DESC,
         CASE WHEN o.side = 'sell' THEN o.price END,
         o.priority;
COMMENT ON VIEW exchange.order_book_view IS 'Open orders: offers low to high, bids high to low, then earliest first. Everybody sees their own, an admin all; the public book is exchange.order_book()';

CREATE VIEW exchange.user_balance_view WITH (security_invoker = true) AS
SELECT u.id AS user_id, u.name, u.email,
       coalesce(sum(a.amount) FILTER (WHERE a.symbol = 'USD'), 0) AS usd_balance,
       coalesce(sum(a.amount) FILTER (WHERE a.symbol = 'BTC'), 0) AS btc_amount,
       coalesce(sum(a.locked_amount) FILTER (WHERE a.symbol = 'BTC'), 0) AS btc_locked,
       coalesce(sum(a.amount) FILTER (WHERE a.symbol = 'ETH'), 0) AS eth_amount,
       coalesce(sum(a.locked_amount) FILTER (WHERE a.symbol = 'ETH'), 0) AS eth_locked,
       u.created_at, u.updated_at
FROM identity.users u
LEFT JOIN exchange.assets a ON a.user_id = u.id
GROUP BY u.id, u.name, u.email, u.created_at, u.updated_at;
COMMENT ON VIEW exchange.user_balance_view IS 'Available USD, available and locked BTC and ETH of each user';

-- Double entry over the journal: every transfer and every trade as lines that add up to zero per asset.
CREATE VIEW exchange.ledger_entries WITH (security_invoker = true) AS
SELECT 'transfer'::text AS source, t.id AS source_id, l.account, l.user_id, t.asset, l.amount, t.created_at
FROM exchange.transfers t
CROSS JOIN LATERAL (VALUES
    ('user', t.user_id, t.amount + t.locked_amount),
    ('external', NULL, -(t.amount + t.locked_amount))) AS l (account, user_id, amount)
UNION ALL
SELECT 'trade', t.id, l.account, l.user_id, l.asset, l.amount, t.created_at
FROM exchange.trades t
JOIN exchange.markets m ON m.symbol = t.symbol
-- Who may see only one of the two orders sees only that user's lines.
LEFT JOIN exchange.orders b ON b.id = t.buy_order_id
LEFT JOIN exchange.orders s ON s.id = t.sell_order_id
CROSS JOIN LATERAL (VALUES
    ('user', b.user_id, m.base, t.amount),
    ('user', s.user_id, m.base, -t.amount),
    ('user', b.user_id, m.quote, -(t.price * t.amount)::numeric(20,8) - t.buyer_commission),
    ('user', s.user_id, m.quote, (t.price * t.amount)::numeric(20,8) - t.seller_commission),
    ('commission', NULL, m.quote, t.commission)) AS l (account, user_id, asset, amount)
WHERE l.account <> 'user' OR l.user_id IS NOT NULL;
COMMENT ON VIEW exchange.ledger_entries IS 'The double-entry ledger, read from transfers and trades. Per source the amounts of each asset add up to zero; per user and asset to the balance, locked part included';

GRANT SELECT ON exchange.users, exchange.order_book_view, exchange.user_balance_view, exchange.ledger_entries TO bourse_viewer;
