-- By a trader: row security leaves the trades of the caller's own orders.
select id, symbol, price, amount, taker_side, created_at from exchange.trades order by id desc limit 50;
