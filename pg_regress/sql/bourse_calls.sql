-- What a login may call. Whoever may look into a schema sees all functions that are there, with \df; calls() tells him
-- of those that are for him.
CREATE ROLE calls_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE calls_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE calls_monitor LOGIN IN ROLE bourse_monitor;
CREATE ROLE calls_stranger LOGIN;
SET SESSION AUTHORIZATION calls_trader;
SELECT call, does FROM bourse.calls('exchange');
-- Arguments as a call names them, and all that the COMMENT tells.
\x
SELECT * FROM bourse.calls() WHERE call = 'exchange.place_order';
\x
SELECT call, arguments, answers FROM bourse.calls()
WHERE call IN ('exchange.cancel_order', 'exchange.ticker');
SELECT count(*) AS no_such_schema FROM bourse.calls('exchang');
-- A viewer reads, a monitor watches.
SET SESSION AUTHORIZATION calls_viewer;
SELECT string_agg(split_part(call, '.', 2), ' ') AS calls_of_a_viewer FROM bourse.calls('exchange');
SET SESSION AUTHORIZATION calls_monitor;
SELECT string_agg(split_part(call, '.', 2), ' ') AS calls_of_a_monitor FROM bourse.calls('exchange');
SET SESSION AUTHORIZATION calls_stranger;
SELECT refusal('SELECT * FROM bourse.calls()');
RESET SESSION AUTHORIZATION;
-- Rights count, not names of roles: who has been given a call sees it.
GRANT EXECUTE ON FUNCTION exchange.verify() TO calls_trader;
SET SESSION AUTHORIZATION calls_trader;
SELECT call, does FROM bourse.calls('exchange') WHERE call ~ 'verify';
RESET SESSION AUTHORIZATION;
-- So does the right on the schema: without it nothing there may be called.
REVOKE USAGE ON SCHEMA calendar FROM bourse_viewer;
SET SESSION AUTHORIZATION calls_trader;
SELECT count(*) AS in_a_closed_schema FROM bourse.calls('calendar');
RESET SESSION AUTHORIZATION;
GRANT USAGE ON SCHEMA calendar TO bourse_viewer;
SELECT arguments, answers FROM bourse.calls('calendar') WHERE call = 'calendar.next_open';
-- Every call has its line, short enough for a list, and to a superuser no public function is missing.
SELECT call, does FROM bourse.calls() WHERE does IS NULL OR length(does) > 180;
SELECT count(*) AS left_out FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN (SELECT bourse_private.modules()) AND p.prorettype <> 'trigger'::regtype
HAVING count(*) <> (SELECT count(*) FROM bourse.calls());
