CREATE FUNCTION bourse_private.clip(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT CASE WHEN length(value) > 100 THEN left(value, 100) || '…' ELSE value END
$$;
COMMENT ON FUNCTION bourse_private.clip(text) IS 'A text for a message: no more than its first 100 characters';
