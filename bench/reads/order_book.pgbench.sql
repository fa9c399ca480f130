select * from exchange.order_book(:symbol, 20);
