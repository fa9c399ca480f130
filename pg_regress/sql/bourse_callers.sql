-- Whoever may call a function may do all that it does: what is refused comes with its own SQLSTATE, not with a missing
-- right to what is behind it.
CREATE ROLE caller_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE caller_runner LOGIN IN ROLE bourse_runner;
CREATE ROLE caller_worker LOGIN IN ROLE bourse_worker;
SET SESSION AUTHORIZATION caller_viewer;
SELECT exchange.calculate_commission(2, 100, 0.001), jobs.backoff(2, jitter => 0);
SELECT call, refusal('SELECT ' || call) AS refusal FROM unnest(ARRAY[
    'exchange.calculate_commission(2, NULL)', 'exchange.calculate_commission(2, 100, ''NaN'')', 'jobs.backoff(0)',
    'analytics.unrealized_pnl(analytics.position(''buy'', 1, 100, 0), ''NaN'')']) call;
SET SESSION AUTHORIZATION caller_runner;
SELECT jobs.backoff(3, jitter => 0);
SET SESSION AUTHORIZATION caller_worker;
SELECT jobs.backoff(3, jitter => 0), refusal('SELECT jobs.backoff(0)');
RESET SESSION AUTHORIZATION;
-- No function that somebody calls with rights of his own needs more than those.
SELECT p.oid::regprocedure AS needs_more FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
WHERE NOT p.prosecdef AND l.lanname IN ('sql', 'plpgsql') AND p.prosrc ~ 'bourse\.refuse|_private\.'
  AND EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner AND a.grantee <> 'bourse_owner'::regrole)
ORDER BY p.oid::regprocedure::text COLLATE "C";
