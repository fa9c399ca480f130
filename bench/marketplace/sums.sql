-- A million closed trades of 10,000 subscriptions to 100 bots, written as a restore would and counted once; then some one
-- by one, so that not all of it is folded. Who asks is a user, and a developer.
CREATE ROLE bench_user LOGIN IN ROLE bourse_trader;
CREATE ROLE bench_developer LOGIN IN ROLE bourse_trader;
-- A partition for each of the months.
SET ROLE bourse_owner;
SELECT count(*) FROM generate_series(timestamptz '2025-01-01Z', '2026-12-01Z', '4 months') at
CROSS JOIN LATERAL bourse_private.maintain_at(at, 100);
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO identity.users (id, name, role, db_role)
SELECT n, 'user ' || n, 'developer', CASE n WHEN 1 THEN 'bench_developer' WHEN 2 THEN 'bench_user' END
FROM generate_series(1, 2000) n;
INSERT INTO marketplace.bots (id, developer_id, name, description, status, approved_at)
SELECT n, 1 + (n - 1) % 50, 'bot ' || n, 'trades', 'APPROVED', now() FROM generate_series(1, 100) n;
INSERT INTO marketplace.subscriptions (id, user_id, bot_id, instance_name, execution_config, risk_config, bot_version)
SELECT n, 1 + n % 2000, 1 + n % 100, 'mine', '{}', '{}', '1.0.0' FROM generate_series(1, 10000) n;
INSERT INTO marketplace.trades (subscription_id, side, trading_pair, quantity, entry_price, exit_price, entry_time,
                                exit_time, pnl, pnl_percentage, status, user_id, bot_id)
SELECT s.id, 'BUY', 'BTC/USDT', 1, 100, 99 + n % 3, t.at, t.at + interval '1 hour', n % 3 - 1, n % 3 - 1, 'CLOSED',
       s.user_id, s.bot_id
FROM generate_series(1, 100) n CROSS JOIN marketplace.subscriptions s
CROSS JOIN LATERAL (SELECT timestamptz '2025-01-01Z' + n * interval '6 days' + s.id * interval '1 minute' AS at) t;
RESET session_replication_role;
VACUUM (ANALYZE);
SELECT marketplace.refresh_statistics();
DO $$
BEGIN
    FOR n IN 1 .. 5000 LOOP
        INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time,
                                        status)
        VALUES (1 + n % 10000, 'BUY', 1, 100, 101, '2026-12-01Z', '2026-12-02Z', 'CLOSED');
    END LOOP;
END
$$;
