-- What a monitor is told of the marketplace: how late it is, and how much there is; nobody by name.
CREATE ROLE mmonitoring_monitor LOGIN IN ROLE bourse_monitor;
INSERT INTO identity.users (id, name, role) VALUES (101, 'dora', 'developer'), (102, 'ann', 'trader');
ALTER TABLE marketplace.bots ALTER id RESTART WITH 201;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT exchange.deposit(102, 'USD', 100) > 0 AS paid_in;
SELECT marketplace.approve_bot(marketplace.submit_bot(101, 'grid', 'Buys low', 'TECHNICAL', NULL, '{}', '{}', 10));
SELECT marketplace.submit_bot(101, 'later', 'Waits', 'TECHNICAL', NULL, '{}', '{}') AS waits;
SELECT (marketplace.subscribe(102, 201, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).id;
CREATE VIEW told AS
SELECT name, CASE WHEN name ~ 'lag' THEN round(value / 60) ELSE value END AS value, labels
FROM bourse.metrics() WHERE name ~ '^marketplace' AND name !~ 'estimate';
GRANT SELECT ON told TO mmonitoring_monitor;
CREATE VIEW alerts AS
SELECT severity, alert, subject, regexp_replace(detail, '[0-9.]+ secs', 'some') AS detail, hint
FROM bourse.alerts() WHERE module = 'marketplace';

-- Nothing is late.
SET SESSION AUTHORIZATION mmonitoring_monitor;
SELECT * FROM told ORDER BY name;
SELECT count(*) FROM bourse.metrics() WHERE name ~ '^marketplace_(bots|subscriptions)_estimate$' AND value >= 0;
RESET SESSION AUTHORIZATION;
SELECT * FROM alerts;

-- A run that nobody claims, a renewal that nobody makes, a subscription that has ended and does not say so.
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 h', expires_at = now() - interval '5 min';
UPDATE marketplace.runs SET claimable_at = now() - interval '1 h', next_run_at = now() - interval '1 h';
UPDATE marketplace.billings SET next_attempt_at = now() - interval '2 h';
RESET ROLE;
SELECT * FROM told ORDER BY name;
SELECT * FROM alerts ORDER BY alert;
SELECT marketplace.expire_subscriptions();
SELECT name, value FROM told WHERE name ~ 'expiry|error' ORDER BY name;
SELECT alert FROM alerts ORDER BY alert;
