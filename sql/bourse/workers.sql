CREATE FUNCTION bourse.workers(
    OUT database text, OUT kind text, OUT pid integer, OUT state text, OUT since timestamptz, OUT setback text)
RETURNS SETOF record LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'workers_wrapper';
COMMENT ON FUNCTION bourse.workers() IS
'The background workers of the server, one row for each database and kind that it knows of: the process, what it is '
'doing (working; paused: bourse.pause(), or a restore is under way; wanted or starting: soon; absent: no work for it '
'there, looked at again once a minute; barred: a command needs the database for itself), since when (wanted: from when '
'on), and what stands in its way. No row where the library was not preloaded';
GRANT EXECUTE ON FUNCTION bourse.workers() TO bourse_admin, bourse_monitor;
