-- PostgreSQL calls (f(…)).* once for each column. What places seven orders where one was meant is refused before it
-- runs.
SELECT exchange.create_market('REP-USD', 'REP', 'USD');
INSERT INTO identity.users (id, name) VALUES (7831, 'rep ann');
SELECT exchange.deposit(7831, 'USD', 1000) IS NOT NULL AS usd;
CREATE VIEW columns_of_an_order AS SELECT (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).*;
CREATE TABLE answers (id bigint, status text);
CREATE FUNCTION in_sql() RETURNS exchange.order_result
LANGUAGE sql AS $$ SELECT (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).* $$;
CREATE FUNCTION in_plpgsql() RETURNS record
LANGUAGE plpgsql
    AS $$
        DECLARE r record; BEGIN SELECT (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).* INTO r; RETURN r; END
    $$;
SELECT statement, left(refusal(statement), 5) AS refusal FROM unnest(ARRAY[
    'SELECT (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*',
    'SELECT (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).id, (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).status',
    'SELECT (exchange.place_order(u.id, ''REP-USD'', ''buy'', 1, 1)).* FROM identity.users u WHERE u.id = 7831',
    'SELECT s.n FROM (SELECT 1 AS n, (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).* OFFSET 0) s',
    'WITH w AS (SELECT (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*) SELECT * FROM w',
    'SELECT * FROM columns_of_an_order',
    'SELECT in_sql()', 'SELECT in_plpgsql()',
    'CREATE TABLE t AS SELECT (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*',
    'INSERT INTO answers SELECT (p).id, (p).status FROM (SELECT ROW((exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*)::exchange.order_result) s (p)',
    'INSERT INTO answers VALUES (1) RETURNING (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*',
    'SELECT (CASE WHEN true THEN exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1) END).*',
    'SELECT (exchange.cancel_order(1)).*', 'SELECT (exchange.cancel_order(7831, ''a'')).*',
    'SELECT (exchange.amend_order(1, 1, 1)).*',
    'SELECT (exchange.submit_order(7831, ''REP-USD'', ''buy'', 1, 1)).*', 'SELECT (exchange.submit_cancel(1)).*',
    'SELECT (exchange.submit_cancel(7831, ''a'')).*',
    'SELECT (exchange.submit_amend(1, 1, 1)).*', 'SELECT (exchange.sweep_fees(7831)).*',
    'SELECT (trading.place_order(1, ''REP-USD'', ''buy'', 1, 1)).*',
    'SELECT (trading.apply_fill(1, ''1'', ''REP-USD'', ''buy'', 1, 1)).*',
    'SELECT (jobs.claim(''w'', NULL)).*', 'SELECT (jobs.complete_and_claim(NULL, NULL, ''w'', NULL)).*',
    'SELECT (messaging.claim(''w'', ''email'')).*', 'SELECT (messaging.take_tokens(''u'', ''email'')).*',
    'SELECT (marketplace.claim_runs(''w'')).*',
    'SELECT (identity.issue_api_key(7831, ''bot'')).*',
    'SELECT (identity.rotate_credentials()).*', 'SELECT (identity.decrypt_credentials(7831, ''kraken'')).*']) statement;
SELECT refusal('SELECT (exchange.place_order(7831, ''REP-USD'', ''buy'', 1, 1)).*');
PREPARE star AS SELECT (exchange.place_order($1, 'REP-USD', 'buy', 1, 1)).*;
EXECUTE star (7831);
SELECT count(*) AS orders FROM exchange.orders WHERE user_id = 7831;
-- What says once is once, and what says more is more.
CREATE FUNCTION orders() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM exchange.orders WHERE user_id = 7831 $$;
SELECT status FROM exchange.place_order(7831, 'REP-USD', 'buy', 1, 1);
SELECT (p).status, (p).filled_amount FROM (SELECT exchange.place_order(7831, 'REP-USD', 'buy', 1, 1) AS p) s;
SELECT p.status FROM identity.users u CROSS JOIN LATERAL exchange.place_order(u.id, 'REP-USD', 'buy', 1, 1) p
WHERE u.id = 7831;
SELECT orders() AS three;
SELECT (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).status FROM generate_series(1, 3);
SELECT orders() AS six;
SELECT (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).status,
       (exchange.place_order(7831, 'REP-USD', 'buy', 1, 2)).status AS another;
SELECT exchange.place_order(7831, 'REP-USD', 'buy', 1, 1) IS NOT NULL,
       exchange.place_order(7831, 'REP-USD', 'buy', 1, 1) IS NOT NULL;
SELECT orders() AS ten;
DO $$
DECLARE
    answer exchange.order_result;
BEGIN
    answer := exchange.place_order(7831, 'REP-USD', 'buy', 1, 1);
    answer := exchange.place_order(7831, 'REP-USD', 'buy', 1, 1);
    answer.id := (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).id;
    answer.status := (exchange.place_order(7831, 'REP-USD', 'buy', 1, 1)).status;
END
$$;
SELECT orders() AS fourteen;
-- Every function of ours that may change something, answers with a row and may be called by somebody, is looked after,
-- but for these, which only read, or do no more when they are repeated.
SELECT p.oid::regprocedure AS without_support FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE n.nspname NOT LIKE '%\_private'
  AND p.provolatile = 'v' AND p.prosupport <> 'bourse_private.refuse_repeats'::regproc AND p.prokind = 'f'
  AND (p.prorettype = 'record'::regtype OR (SELECT t.typtype FROM pg_type t WHERE t.oid = p.prorettype) = 'c')
  AND EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner AND a.grantee <> 'bourse_owner'::regrole)
ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT * FROM exchange.verify();
DROP VIEW columns_of_an_order;
DROP TABLE answers;
DROP FUNCTION in_sql, in_plpgsql, orders;
