-- The floor: what the server needs to commit one row, with nothing to match, fund or settle.
\set u random(1, 1000)
\set px random_gaussian(900, 1100, 4)
\set q random(1,100)
insert into floor.orders (user_id, price, amount) values (:u, :px/10.0, :q/10.0);
