-- The background workers need a server that has preloaded the library. This one has not: there are none.
SELECT count(*) AS workers FROM bourse.workers();
-- What a row would tell.
SELECT pg_get_function_arguments('bourse.workers()'::regprocedure) AS row;
-- Who may look: names and states of databases, nothing that is in them.
SELECT array_agg(rolname ORDER BY rolname) AS may_execute FROM pg_roles
WHERE rolname LIKE 'bourse\_%' AND has_function_privilege(oid, 'bourse.workers()', 'EXECUTE');
-- Every kind that can be off has its setting, in the configuration of the server only.
SELECT name, setting, unit, context, short_desc FROM pg_settings WHERE name LIKE 'bourse.ticker%' ORDER BY name;
SET bourse.ticker = on;
