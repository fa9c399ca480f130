CREATE FUNCTION bourse.refuse(sqlstate text, message text, hint text) RETURNS void
LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME', 'refuse_wrapper';
COMMENT ON FUNCTION bourse.refuse(text, text, text) IS
'Raises an error as all refusals of the platform are: a SQLSTATE of five characters, a message, a hint. Never returns. '
'57014, which only a cancel has, becomes XX000, and so does what is no SQLSTATE of an error';
-- Triggers call it with the rights of whoever inserts.
GRANT EXECUTE ON FUNCTION bourse.refuse(text, text, text) TO bourse_trader;

CREATE FUNCTION bourse_private.quoted(value text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'quoted_wrapper';
COMMENT ON FUNCTION bourse_private.quoted(text) IS
'A text for a message, as the library quotes it too: in double quotes, no more than its first 100 characters; NULL is '
'NULL';
