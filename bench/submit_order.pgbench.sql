-- The same distribution as peer/place_order.pgbench.sql: users, sides, prices and amounts.
\set u random(:first_user, :last_user)
\set side random(0,1)
\set px random_gaussian(900, 1100, 4)
\set q random(1,100)
select exchange.submit_order(:u, 'S2-USD', case when :side=0 then 'buy' else 'sell' end, :px/10.0, :q/10.0, self_trade_prevention => 'none');
