CREATE VIEW exchange.users WITH (security_invoker = true) AS
SELECT u.id, u.name, u.email, u.email_verified_at,
       NULL::varchar(255) AS password, NULL::varchar(100) AS remember_token,
       u.created_at, u.updated_at,
       coalesce(a.amount, 0)::numeric(20,8) AS balance
FROM identity.users u
LEFT JOIN exchange.assets a ON a.user_id = u.id AND a.symbol = 'USD';
COMMENT ON VIEW exchange.users IS
'Users with their available cash (USD) as balance. Secrets are never shown: password and remember_token are NULL';
GRANT SELECT ON exchange.users TO bourse_viewer;
