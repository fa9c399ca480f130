-- Half of the orders rest near the best price, half take as much from the other side: the book keeps its size.
\set u random(:first_user, :last_user)
\set side random(0, 1)
\set rests random(0, 1)
\set away random(1, :levels) - 1
\set ticks case when :side = 0 then case when :rests = 1 then :bid - :away else :ask + :reach end else case when :rests = 1 then :ask + :away else :bid - :reach end end
select exchange.place_order(:u, :symbol, case when :side=0 then 'buy' else 'sell' end, :ticks * cast(:tick as numeric), :amount, self_trade_prevention => 'none');
