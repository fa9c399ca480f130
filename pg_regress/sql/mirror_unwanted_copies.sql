-- What rests on our own exchange of a follower who opens nothing any more, has taken back his word or has gone.
INSERT INTO identity.users (id, name) VALUES (901, 'lea'), (902, 'ann'), (903, 'maker');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 901, 'leads', 'Zerodha'), (12, 902, 'first', 'Zerodha'), (13, 902, 'second', 'Zerodha'),
       (14, 901, 'other', 'Zerodha');
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', 1, 0.01, maker_rate => 0, taker_rate => 0);
SELECT count(exchange.deposit(u, 'USD', 10000)) FROM unnest(ARRAY[901, 902, 903]) u;
SELECT exchange.deposit(903, 'BTC', 100);
SELECT mirror.create_group(901, 'coins', 11) AS g \gset
SELECT mirror.share_group(:g, 902);
CREATE VIEW resting AS
    SELECT o.user_id, o.side, trim_scale(o.price) AS price, trim_scale(o.amount) AS amount, o.status
    FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
    WHERE c.leader_order_id >= (SELECT max(x.leader_order_id) - 2 FROM mirror.exchange_copies x) ORDER BY o.id;
-- Each time Ann follows anew, holds 1 by copies, and a purchase and a sale of hers rest.
CREATE FUNCTION follow_anew(g bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    followed bigint;
BEGIN
    PERFORM exchange.cancel_all_orders(u) FROM unnest(ARRAY[901, 902, 903]) u;
    DELETE FROM mirror.followers WHERE user_id = 902;
    followed := mirror.add_follower(g, 12);
    PERFORM mirror.follow_on_exchange(followed, true);
    PERFORM exchange.place_order(903, 'BTC-USD', 'sell', 100, 2);
    PERFORM mirror.copy_on_exchange(g, 'BTC-USD', 'buy', 100, 1);
    PERFORM mirror.copy_on_exchange(g, 'BTC-USD', 'buy', 90, 2);
    PERFORM mirror.copy_on_exchange(g, 'BTC-USD', 'sell', 110, 0.5);
    RETURN followed;
END
$$;

SELECT follow_anew(:g) AS ann \gset
SELECT * FROM resting;
SELECT mirror.set_follower_status(:ann, 'paused');
SELECT * FROM resting WHERE user_id = 902;
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.set_follower_status(:ann, 'stopped');
SELECT * FROM resting WHERE user_id = 902;
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.follow_on_exchange(:ann, false);
SELECT * FROM resting WHERE user_id = 902;
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.close_follower(:ann);
SELECT * FROM resting WHERE user_id = 902;
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.remove_follower(:ann);
SELECT * FROM resting WHERE user_id = 902;
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.unshare_group(:g, 902), mirror.share_group(:g, 902);
SELECT * FROM resting WHERE user_id = 902;
-- Of the group: a pause lets rest what rests.
SELECT follow_anew(:g) AS ann \gset
SELECT mirror.pause_group(:g);
SELECT status, count(*) FROM resting GROUP BY status;
SELECT mirror.kill_group(:g);
SELECT * FROM resting;
SELECT mirror.resume_group(:g);
-- A market that is halted lets nothing go: the ticker comes back, and no other statement is refused for it.
SELECT follow_anew(:g) AS ann \gset
SELECT exchange.set_market_status('BTC-USD', 'halted');
SELECT mirror.set_follower_status(:ann, 'stopped');
SELECT status, count(*) FROM resting WHERE user_id = 902 GROUP BY status;
SELECT mirror_private.cancel_unwanted_copies();
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT mirror_private.cancel_unwanted_copies(), mirror_private.cancel_unwanted_copies() AS again;
SELECT status, count(*) FROM resting WHERE user_id = 902 GROUP BY status;
-- What the leader cancels himself is his alone, by cancel_on_exchange() it goes with all its copies.
SELECT follow_anew(:g) AS ann \gset
SELECT leader_order_id AS bought FROM mirror.exchange_copies WHERE side = 'buy' ORDER BY id DESC LIMIT 1 \gset
SELECT mirror.cancel_on_exchange(:g, :bought), mirror.cancel_on_exchange(:g, :bought) AS again;
SELECT * FROM resting;
SELECT refusal(format('SELECT mirror.cancel_on_exchange(%s, 1000000)', :g));
SELECT refusal('SELECT mirror.cancel_on_exchange(99, 1)');
SELECT refusal(format('SELECT mirror.cancel_on_exchange(%s, NULL)', :g));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal(format('SELECT mirror.set_follower_status(%s, ''paused'')', :ann));
COMMIT;
-- A user copies a group with one account there, and his own group with none; what is out of use buys nothing.
SELECT mirror.add_follower(:g, 13) AS second, mirror.add_follower(:g, 14) AS own \gset
SELECT refusal(format('SELECT mirror.follow_on_exchange(%s, true)', :second));
SELECT refusal(format('SELECT mirror.follow_on_exchange(%s, true)', :own));
SELECT mirror.deactivate_account(12);
SELECT count(*) FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'buy', 80, 1);
SELECT mirror.activate_account(12);
-- An exit sells what is left when something was sold by hand, and what comes later is not of the copies.
SELECT follow_anew(:g) AS ann \gset
SELECT exchange.cancel_all_orders(901), exchange.cancel_all_orders(902);
SELECT exchange.withdraw(902, 'BTC', a.amount - 0.4) FROM exchange.assets a WHERE a.user_id = 902 AND a.symbol = 'BTC';
SELECT exchange.place_order(903, 'BTC-USD', 'buy', 95, 100) IS NULL AS none;
SELECT a.amount AS all FROM exchange.assets a WHERE a.user_id = 901 AND a.symbol = 'BTC' \gset
SELECT c.user_id, (c.order_result).status, c.sqlstate, c.message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'sell', 95, :all) c;
SELECT trim_scale(amount) AS amount FROM exchange.assets WHERE user_id = 902 AND symbol = 'BTC';
SELECT exchange.deposit(902, 'BTC', 5), exchange.deposit(901, 'BTC', 1);
SELECT c.user_id, (c.order_result).status, c.sqlstate, c.message
FROM mirror.copy_on_exchange(:g, 'BTC-USD', 'sell', 95, 1) c;
SELECT trim_scale(amount) AS amount FROM exchange.assets WHERE user_id = 902 AND symbol = 'BTC';
SELECT * FROM exchange.verify();
SELECT * FROM mirror.verify();
