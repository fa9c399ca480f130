-- A database with something of everything that is watched.
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION pg_bourse;
SELECT bourse.install();
CREATE ROLE watcher LOGIN IN ROLE bourse_monitor;
INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, 10000) n;
UPDATE identity.users SET name = name || '!' WHERE id % 4 = 0;
SELECT exchange.create_market('WATCH-USD', 'WATCH', 'USD'), exchange.create_market('STALL-USD', 'STALL', 'USD');
SELECT exchange.deposit(1, 'USD', 1000000000), exchange.deposit(2, 'WATCH', 1000000);
INSERT INTO messaging.channel_configs (channel, config) VALUES ('email', '{}') ON CONFLICT DO NOTHING;
SELECT bourse.maintain();
SELECT count(*) AS problems FROM bourse.verify();
ANALYZE;
