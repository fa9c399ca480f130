-- By a trader: the trades of the caller's own orders, newest first.
select * from exchange.my_trades(identity.current_user_id(), 50);
