-- A user's own trades, newest first, page by page.
INSERT INTO identity.users (name) VALUES ('myt ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('myt bob') RETURNING id AS bob \gset
SELECT exchange.create_market('MYT-USD', 'MYT', 'USD', maker_rate => 0.01, taker_rate => 0.02);
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['MYT', 'USD']) a;
SELECT * FROM exchange.my_trades(:ann);
-- Each trade in a transaction of its own, so that each has its time. 1: ann's offer, which stays; 2 to 4: ann's bids.
SELECT id AS rests FROM exchange.place_order(:ann, 'MYT-USD', 'sell', 10, 5) \gset
SELECT status FROM exchange.place_order(:bob, 'MYT-USD', 'buy', 10, 2);
SELECT status FROM exchange.place_order(:bob, 'MYT-USD', 'sell', 9, 3);
SELECT status FROM exchange.place_order(:ann, 'MYT-USD', 'buy', 9, 1);
SELECT status FROM exchange.place_order(:ann, 'MYT-USD', 'buy', 9, 1);
SELECT status FROM exchange.place_order(:ann, 'MYT-USD', 'buy', 9, 1);
CREATE FUNCTION pg_temp.mine(u bigint, n integer, before bigint DEFAULT NULL)
RETURNS TABLE (sequence bigint, side text, price numeric, amount numeric, commission numeric, was_taker boolean)
LANGUAGE sql AS
$$ SELECT t.sequence, m.side, m.price, m.amount, m.commission, m.was_taker
   FROM exchange.my_trades(u, n, before) WITH ORDINALITY m (
       trade_id, order_id, symbol, side, price, amount, commission, was_taker, created_at, place)
   JOIN exchange.trades t ON t.id = m.trade_id ORDER BY m.place $$;
SELECT * FROM pg_temp.mine(:ann, 10);
SELECT * FROM pg_temp.mine(:bob, 10);
SELECT id AS third FROM exchange.trades WHERE symbol = 'MYT-USD' AND sequence = 3 \gset
SELECT * FROM pg_temp.mine(:ann, 1);
SELECT * FROM pg_temp.mine(:ann, 1, :third);
SELECT * FROM pg_temp.mine(:ann, 9, :third);
SELECT ended_at IS NULL AS lives, traded_until FROM exchange.orders WHERE id = :rests;
-- An order that is cancelled long after its trade brings no trade forward, and hides none.
SELECT count(exchange.place_order(:ann, 'MYT-USD', 'sell', 20, 2)) FROM generate_series(1, 3);
SELECT status FROM exchange.place_order(:bob, 'MYT-USD', 'buy', 20, 1);
SELECT status FROM exchange.cancel_order(:rests);
SELECT ended_at = traded_until AND ended_at = updated_at AS ended FROM exchange.orders WHERE id = :rests;
SELECT * FROM pg_temp.mine(:ann, 2);
SELECT cancelled FROM exchange.cancel_all_orders(:ann) cancelled;
SELECT * FROM pg_temp.mine(:ann, 3);
SELECT count(*) FROM pg_temp.mine(:ann, 10000);
-- A trade with oneself has two rows.
SELECT status FROM exchange.place_order(:bob, 'MYT-USD', 'sell', 30, 1, self_trade_prevention => 'none');
SELECT status FROM exchange.place_order(:bob, 'MYT-USD', 'buy', 30, 1, self_trade_prevention => 'none');
SELECT * FROM pg_temp.mine(:bob, 2);
-- Every page of everybody adds up to what the ledger's users have traded.
CREATE FUNCTION pg_temp.pages(u bigint, n integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    found bigint[] := '{}';
    page bigint[];
BEGIN
    LOOP
        SELECT array_agg(DISTINCT m.trade_id ORDER BY m.trade_id DESC) INTO page
        FROM exchange.my_trades(u, n, found[cardinality(found)]) m;
        EXIT WHEN page IS NULL;
        found := found || page;
    END LOOP;
    RETURN found;
END
$$;
SELECT n, count(*) AS wrong
FROM identity.users u CROSS JOIN generate_series(1, 3) n
WHERE (SELECT coalesce(array_agg(DISTINCT p ORDER BY p), '{}') FROM unnest(pg_temp.pages(u.id, n)) p)
      <> (SELECT coalesce(array_agg(t.id ORDER BY t.id), '{}') FROM exchange.trades t
          WHERE EXISTS (SELECT FROM exchange.orders o
                        WHERE o.user_id = u.id AND o.id IN (t.buy_order_id, t.sell_order_id)))
GROUP BY n;
SELECT call, refusal('SELECT exchange.my_trades' || call) AS refusal
FROM unnest(ARRAY['(NULL)', '(0)', '(person(''myt ann''), 0)', '(person(''myt ann''), 10001)',
                  '(person(''myt ann''), NULL)', '(person(''myt ann''), 10, 0)']) call;
SELECT * FROM exchange.verify();
