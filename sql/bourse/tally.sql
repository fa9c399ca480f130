CREATE FUNCTION bourse_private.count_event(what text) RETURNS void
LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'count_event_wrapper';
COMMENT ON FUNCTION bourse_private.count_event(text) IS
'Counts something that leaves no row, by up to 24 characters: a SQLSTATE, or schema.event. Nothing where the library '
'is not preloaded';

CREATE FUNCTION bourse_private.tally(OUT what text, OUT total bigint, OUT lately bigint) RETURNS SETOF record
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'tally_wrapper';
COMMENT ON FUNCTION bourse_private.tally() IS
'How often what leaves no row has happened in this database since the server has started, and in the last 5 to 10 '
'minutes: refusals by their SQLSTATE, and what schemas count as schema.event, whether or not its transaction has '
'committed. others: of all databases, what there was no room for. No row where the library is not preloaded';
