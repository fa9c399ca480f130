-- One turn of the load, again and again.
SELECT exchange.place_order(1, 'WATCH-USD', 'buy', 100, 1), exchange.place_order(2, 'WATCH-USD', 'sell', 100, 1);
SELECT exchange.cancel_order(p.id)
FROM generate_series(1, 20) n CROSS JOIN LATERAL exchange.place_order(1, 'WATCH-USD', 'buy', n, 1) p;
SELECT exchange.submit_order(1, 'WATCH-USD', 'buy', 100, 1), exchange.submit_order(2, 'WATCH-USD', 'sell', 100, 1);
SELECT exchange.update_user_balance(3, -1) FROM generate_series(1, 5);
SET work_mem = '64kB';
SELECT count(*) FROM (SELECT n FROM generate_series(1, 50000) n ORDER BY n::text) s;
