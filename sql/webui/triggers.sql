-- What the tables of webui do by themselves, all in the same way. What is peculiar to one stands in its file.

CREATE FUNCTION webui_private.keep_id() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.keep_id() IS
'Trigger: an id stays as it is, whatever a client sends along that writes every column';

CREATE FUNCTION webui_private.keep_created_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    NEW.created_at := OLD.created_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.keep_created_at() IS
'Trigger: created_at stays as it is, whatever a client sends along that writes every column';
