-- Time zones are named as IANA names them. POSIX makes a zone of any word and digits, and says west where others say
-- east.

CREATE FUNCTION bourse_private.is_time_zone(name text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'is_zone_wrapper';
COMMENT ON FUNCTION bourse_private.is_time_zone(text) IS
'Whether a time zone is called so in pg_timezone_names, in whatever case';

CREATE FUNCTION bourse_private.require_time_zone(name text) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'require_zone_of_wrapper';
COMMENT ON FUNCTION bourse_private.require_time_zone(text) IS
'Refuses what is not the name of a time zone (22023); NULL passes. For what somebody says, not for what a row says '
'already: that was taken once, and goes on';
