CREATE VIEW exchange.order_book_view WITH (security_invoker = true) AS
SELECT o.id, o.user_id, o.symbol, o.side, o.price, o.amount, o.filled_amount,
       o.amount - o.filled_amount AS remaining_amount, o.created_at, u.name AS user_name
FROM exchange.orders o
JOIN identity.users u ON u.id = o.user_id
WHERE o.status = 'open'
ORDER BY CASE WHEN o.side = 'buy' THEN o.price END DESC,
         CASE WHEN o.side = 'sell' THEN o.price END,
         o.priority;
COMMENT ON VIEW exchange.order_book_view IS
'Open orders: offers low to high, bids high to low, then earliest first. Everybody sees their own, an admin all; the '
'public book is exchange.order_book()';
GRANT SELECT ON exchange.order_book_view TO bourse_viewer;
