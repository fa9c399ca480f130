select * from exchange.ticker(:symbol);
