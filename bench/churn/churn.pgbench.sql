-- An order placed and cancelled, each in a transaction of its own, in the book and by the users of scale/load.sql; one
-- time in four also two orders that trade. Bids stay below 30000 and offers above: what trades meets in between.
\set u random(1, :users)
\set v random(1, :users)
\set side random(0, 1)
\set away random(1, 400)
\set cents 3000000 + case when :side = 0 then - :away else :away end
\set lots random(1, 100)
\set trades random(1, 4)
select id as placed from exchange.place_order(:u, 'M0-USD', case when :side=0 then 'buy' else 'sell' end, 0.01 * :cents, 0.01 * :lots) \gset
select status from exchange.cancel_order(:placed);
\if :trades = 1
select exchange.place_order(:u, 'M0-USD', 'buy', 30000, 0.01 * :lots, self_trade_prevention => 'none');
select exchange.place_order(:v, 'M0-USD', 'sell', 30000, 0.01 * :lots, self_trade_prevention => 'none');
\endif
