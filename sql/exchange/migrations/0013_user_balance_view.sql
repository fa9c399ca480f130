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
GRANT SELECT ON exchange.user_balance_view TO bourse_viewer;
