-- As all that refuse, not IMMUTABLE: planning PERFORM … WHERE would ask it, whatever the WHERE says.
CREATE FUNCTION bourse_private.require_given(parameter text, value anyelement, hint text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF value IS NULL THEN
        PERFORM bourse.refuse('22004', format('%s must not be NULL', parameter),
            coalesce(hint, format('Give a value for %s.', parameter)));
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_given(text, anyelement, text) IS 'Refuses NULL (22004)';
