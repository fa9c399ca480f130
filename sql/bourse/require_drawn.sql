-- The default of an id has been evaluated when the triggers of its row run: what this session has drawn last from the
-- sequence tells an id that came from there from one that the client has made up.
CREATE FUNCTION bourse_private.require_drawn(id bigint, sequence regclass) RETURNS boolean
LANGUAGE c AS 'MODULE_PATHNAME', 'require_drawn_wrapper';
COMMENT ON FUNCTION bourse_private.require_drawn(bigint, regclass) IS
'Refuses (42501) the id of a new row that its sequence has not just drawn; NULL and whatever bourse_owner inserts '
'pass. For triggers. Returns true';
-- Triggers call it with the rights of whoever inserts.
GRANT EXECUTE ON FUNCTION bourse_private.require_drawn(bigint, regclass) TO bourse_trader;
