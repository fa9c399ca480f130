SELECT exchange.place_order(1, 'ONE-USD', 'sell', 100, 1);
SELECT exchange.place_order(2, 'ONE-USD', 'buy', 100, 1);
