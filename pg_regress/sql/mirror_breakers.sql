-- Circuit breakers of accounts: closed, open, half open, by what is reported and when.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
INSERT INTO identity.users (id, name, role, db_role) VALUES (101, 'ann', 'trader', 'mbre_ann');
CREATE ROLE mbre_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mbre_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main', 'Zerodha', is_primary => true), mirror.create_account(101, 'spare', 'Upstox');

-- What becomes of one is told by what it was, by what is reported, and by the seconds since it was opened: a function,
-- without a clock of its own. Three failures in a row open it, half a minute later two successes close it.
SELECT v.state, v.failures, v.successes, v.seconds, v.ok, '->' AS "->", b.state, b.failures, b.successes,
       b.opened_at = '2026-01-05 10:00+00' AS as_it_was, b.probed_at IS NOT NULL AS probed
FROM (VALUES ('closed', 0, 0, 0, true), ('closed', 2, 0, 0, true), ('closed', 0, 0, 0, false),
             ('closed', 2, 0, 0, false), ('open', 3, 0, 29.999, true), ('open', 3, 0, 29.999, false),
             ('open', 3, 0, 30, true), ('open', 3, 0, 30, false), ('half_open', 3, 0, 30, true),
             ('half_open', 3, 1, 31, true), ('half_open', 3, 1, 31, false),
             ('closed', 2147483647, 0, 0, false)) v (state, failures, successes, seconds, ok)
CROSS JOIN LATERAL mirror_private.next_breaker(
    ROW(v.state, v.failures, v.successes, CASE WHEN v.state <> 'closed' THEN timestamptz '2026-01-05 10:00+00' END,
        NULL)::mirror_private.breaker,
    v.ok, '2026-01-05 10:00+00'::timestamptz + v.seconds * interval '1 s', mirror_private.default_limits()) b;

-- A worker cannot connect. The delays before its attempts are 1, 2 and 4 seconds; the third failure opens the breaker.
CREATE FUNCTION fails(seconds numeric) RETURNS TABLE (breaker text, failures integer, retry_in interval)
LANGUAGE sql AS $$
    SELECT f.breaker, f.failures, f.retry_at - ('2026-01-05 10:00+00'::timestamptz + seconds * interval '1 s')
    FROM mirror_private.fail(101, 7001, 'refused', '2026-01-05 10:00+00'::timestamptz + seconds * interval '1 s') f
$$;
CREATE FUNCTION asks(seconds numeric) RETURNS TABLE (allowed boolean, retry_in interval) LANGUAGE sql AS $$
    SELECT p.allowed, p.retry_at - ('2026-01-05 10:00+00'::timestamptz + seconds * interval '1 s')
    FROM mirror_private.probe(7001, '2026-01-05 10:00+00'::timestamptz + seconds * interval '1 s') p
$$;
SELECT mirror_private.watch(101, 7001);
SELECT * FROM asks(0);
SELECT * FROM fails(1);
SELECT * FROM fails(3);
SELECT * FROM asks(7);
SELECT * FROM fails(7);
SELECT state, failures, opened_at, last_failure_at, last_reason FROM mirror.breakers;
-- Open: nobody tries. Half open: one does, and until it has told how it went, or its time is over, nobody else.
SELECT * FROM asks(20);
SELECT * FROM asks(37);
SELECT * FROM asks(38);
SELECT * FROM asks(42);
SELECT state, probed_at FROM mirror.breakers;
-- It fails: open again, from then on.
SELECT * FROM fails(43);
SELECT * FROM asks(72);
SELECT * FROM asks(73);
-- It succeeds: connected, and heard of once more, it is closed.
SELECT mirror_private.open_connection(101, 7001, 'a', '2026-01-05 10:01:14+00') > 0 AS connected;
SELECT state, failures, successes, probed_at FROM mirror.breakers;
SELECT * FROM asks(74.5);
SELECT mirror_private.beat('{a}', '{0}', '{20}', '2026-01-05 10:01:15+00');
SELECT state, failures, successes, opened_at FROM mirror.breakers;

-- Slow heartbeats are failures; one in time forgets them. Three of one account in one call are one.
SELECT mirror_private.beat('{a}', '{0}', '{1001}', '2026-01-05 10:02+00');
SELECT mirror_private.beat('{a,a,a}', '{0,0,0}', '{5000,5000,20}', '2026-01-05 10:02:01+00');
SELECT state, failures, last_reason FROM mirror.breakers;
SELECT mirror_private.beat('{a}', '{0}', '{1000}', '2026-01-05 10:02:02+00');
SELECT state, failures FROM mirror.breakers;
SELECT mirror_private.beat('{a}', '{0}', '{1001}', '2026-01-05 10:02+00'::timestamptz + n * interval '1 s')
FROM generate_series(3, 5) n;
SELECT state, failures FROM mirror.breakers;
SELECT h.account_id, h.breaker, h.health_score, h.is_well FROM mirror_private.health_of('{7001,7002}',
    '2026-01-05 10:02:06+00') h ORDER BY 1;
SELECT h.breaker, h.health_score, h.is_well FROM mirror_private.health_of('{7001}', '2026-01-05 10:02:36+00') h;
-- An account may be less patient than the platform.
SELECT mirror.set_failover_settings(7001, max_latency_ms => 50, failures_to_open => 1, successes_to_close => 1,
                                    open_for => '2 s');
SELECT mirror_private.beat('{a}', '{0}', '{50}', '2026-01-05 10:03+00');
SELECT state FROM mirror.breakers;
SELECT mirror_private.beat('{a}', '{0}', '{51}', '2026-01-05 10:03:01+00');
SELECT state, opened_at FROM mirror.breakers;

-- By the clock, as workers do it.
SET SESSION AUTHORIZATION mbre_worker;
SELECT mirror.may_connect(7002);
SELECT connection_status FROM mirror.trading_accounts WHERE id = 7002;
SELECT breaker, failures, retry_at > now() AS later FROM mirror.report_failure(7002, 'timeout');
SELECT connection_status FROM mirror.trading_accounts WHERE id = 7002;
SELECT breaker, failures FROM mirror.report_failure(7002, 'Authorization: Bearer abcdefghijkl');
SELECT breaker, failures, retry_at > clock_timestamp() + interval '29 s' AS in_half_a_minute
FROM mirror.report_failure(7002, repeat('x', 300));
SELECT allowed, retry_at > now() AS later FROM mirror.may_connect(7002);
SELECT state, failures, length(last_reason) FROM mirror.breakers WHERE account_id = 7002;
SELECT call, refusal('SELECT mirror.' || call) AS answer FROM unnest(ARRAY['may_connect(NULL)', 'may_connect(1)',
    $$report_failure(NULL, 'x')$$, 'report_failure(7001, NULL)', $$report_failure(1, 'x')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION mbre_ann;
SELECT account_id, state FROM mirror.breakers ORDER BY 1;
SELECT account_id, breaker, failures FROM mirror.account_health(101);
SELECT refusal('UPDATE mirror.breakers SET state = ''closed''');
RESET SESSION AUTHORIZATION;
SELECT m.name, m.value FROM bourse.metrics() m JOIN mirror_private.metrics_of_connections() c ON c.name = m.name
ORDER BY m.name;
-- What nobody writes cannot be.
SELECT what, refusal('UPDATE mirror.breakers SET ' || what) AS answer FROM unnest(ARRAY['state = ''ajar''',
    'failures = -1', 'successes = 1, state = ''closed'', opened_at = NULL', 'opened_at = NULL, state = ''open''',
    'probed_at = now(), state = ''open'', opened_at = now()']) WITH ORDINALITY w (what, n) ORDER BY n;
SELECT * FROM mirror_private.verify_connections();
