-- Whoever walks through JSON goes one level deeper for each of its own.
CREATE FUNCTION bourse_private.require_shallow(parameter text, value jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF jsonb_path_exists(value, 'strict $.**{64}') THEN
        PERFORM bourse.refuse('22023', format('more than 64 levels in %s', parameter),
            'Give JSON of at most 64 levels, one in the other.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_shallow(text, jsonb) IS
'Refuses JSON of more than 64 levels, a value within a list or an object being one more (22023); NULL passes';
