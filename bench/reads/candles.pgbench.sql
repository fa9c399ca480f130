select * from exchange.candles(:symbol, interval '1 hour', now() - interval '1 day', now());
