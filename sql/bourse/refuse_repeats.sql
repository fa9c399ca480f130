-- PostgreSQL calls (f(…)).* once for each column: seven orders, where one was meant.
CREATE FUNCTION bourse_private.refuse_repeats(internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'refuse_repeats_wrapper';
COMMENT ON FUNCTION bourse_private.refuse_repeats(internal) IS
'Support of every function that changes something and answers with a row: the planner of a query that would call it '
'once for each column, as in (f(…)).*, refuses (0A000)';
