-- By a trader: row security leaves the caller's own orders.
select id, symbol, side, price, amount, filled_amount from exchange.orders
where user_id = identity.current_user_id() and status in ('open', 'pending') order by id;
