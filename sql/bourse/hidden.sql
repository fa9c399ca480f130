CREATE FUNCTION bourse_private.require_line(parameter text, value text) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'require_line_of_wrapper';
COMMENT ON FUNCTION bourse_private.require_line(text, text) IS
'Refuses a name or a label that is blank, or has a character that nobody sees (22023): a control, an end of a line, '
'U+202E and its kin, what has no width. NULL passes';

CREATE FUNCTION bourse_private.without_hidden(value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'without_hidden_wrapper';
COMMENT ON FUNCTION bourse_private.without_hidden(text) IS
'A text without the characters that require_line() refuses. U+200C and U+200D, which join letters or keep them apart, '
'stay';

CREATE FUNCTION bourse_private.seen_name(value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'seen_name_wrapper';
COMMENT ON FUNCTION bourse_private.seen_name(text) IS
'The same of a name, without blanks around it: one that require_line() takes; NULL: nothing is left of it';
