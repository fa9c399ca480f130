-- The sequencer needs a server that has preloaded the library. This one has not: every call says so, and changes
-- nothing.
SELECT exchange.create_market('SEQ-USD', 'SEQ', 'USD');
INSERT INTO identity.users (name) VALUES ('seq ann') RETURNING id AS ann \gset
SELECT exchange.deposit(:ann, 'USD', 1000) > 0 AS deposited;
SELECT id AS resting FROM exchange.place_order(:ann, 'SEQ-USD', 'buy', 10, 5, client_order_id => 'resting') \gset
SELECT refusal(format('SELECT exchange.submit_order(%s, ''SEQ-USD'', ''buy'', 10, 5)', :ann));
SELECT refusal(format('SELECT exchange.submit_cancel(%s)', :resting));
SELECT refusal(format('SELECT exchange.submit_cancel(%s, ''resting'')', :ann));
SELECT refusal(format('SELECT exchange.submit_amend(%s, 11)', :resting));

-- What a session can tell by itself it refuses by itself, as place_order does.
SELECT exchange.submit_order(:ann, 'SEQ-USD', 'hold', 10, 5);
SELECT exchange.submit_order(:ann, 'SEQ-USD', 'buy', 'NaN', 5);
SELECT exchange.submit_order(NULL, 'SEQ-USD', 'buy', 10, 5);
SELECT exchange.submit_cancel(0);
SELECT exchange.submit_cancel(:ann, 'missing');
SELECT exchange.submit_amend(:resting);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT exchange.submit_order(:ann, 'SEQ-USD', 'buy', 10, 5);
ROLLBACK;
SELECT status, price FROM exchange.orders WHERE symbol = 'SEQ-USD';
SELECT * FROM exchange.sequencer_status();

-- submit_order takes what place_order takes, with the same defaults.
SELECT p.args = s.args AS same_arguments
FROM (SELECT pg_get_function_arguments(oid) AS args FROM pg_proc
      WHERE pronamespace = 'exchange'::regnamespace AND proname = 'place_order') p,
     (SELECT pg_get_function_arguments(oid) AS args FROM pg_proc
      WHERE pronamespace = 'exchange'::regnamespace AND proname = 'submit_order') s;
SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, pg_get_function_result(oid) AS result
FROM pg_proc
WHERE pronamespace = 'exchange'::regnamespace AND proname IN ('submit_cancel', 'submit_amend', 'sequencer_status')
ORDER BY 1, 2;
-- Who may call them.
SELECT proname, array_agg(DISTINCT r.rolname ORDER BY r.rolname) AS may_execute
FROM pg_proc p, pg_roles r
WHERE p.pronamespace = 'exchange'::regnamespace AND (proname LIKE 'submit\_%' OR proname = 'sequencer_status')
  AND r.rolname LIKE 'bourse\_%' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
GROUP BY proname ORDER BY proname;
SELECT name, setting, unit, context, short_desc FROM pg_settings
WHERE name IN ('bourse.drain_inbox', 'bourse.notify', 'bourse.poll_interval', 'bourse.ring_slots') ORDER BY name;
