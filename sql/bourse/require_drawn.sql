-- The default of an id has been evaluated when the triggers of its row run: what this session has drawn last from the
-- sequence tells an id that came from there from one that the client has made up.
CREATE FUNCTION bourse_private.require_drawn(id bigint, sequence regclass) RETURNS boolean
LANGUAGE c AS 'MODULE_PATHNAME', 'require_drawn_wrapper';
COMMENT ON FUNCTION bourse_private.require_drawn(bigint, regclass) IS
'Refuses (42501) the id of a new row that its sequence has not just drawn; NULL and whatever bourse_owner inserts '
'pass. For triggers. Returns true';
-- Triggers call it with the rights of whoever inserts.
GRANT EXECUTE ON FUNCTION bourse_private.require_drawn(bigint, regclass) TO bourse_trader, bourse_worker;

CREATE FUNCTION bourse_private.require_drawn_id() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_drawn(NEW.id, TG_ARGV[0]::regclass);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION bourse_private.require_drawn_id() IS
'Trigger: refuses an id that the client has made up (42501). Argument: the sequence of the id';
