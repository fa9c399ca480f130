CREATE FUNCTION bourse.clip(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT CASE WHEN length(value) > 200 THEN left(value, 200) || '…' ELSE value END
$$;
COMMENT ON FUNCTION bourse.clip(text) IS 'A value as a message repeats it: at most its first 200 characters';
