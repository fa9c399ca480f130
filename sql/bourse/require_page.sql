CREATE FUNCTION bourse_private.require_page(things text, asked integer, most integer DEFAULT 10000,
                                            side text DEFAULT 'before') RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF asked IS NULL OR asked NOT BETWEEN 1 AND most THEN
        PERFORM bourse.refuse('22023', format('%s %s asked for', coalesce(asked::text, 'NULL'), things),
            format('Ask for 1 to %s %s; go on %s the last id.', most, things, side));
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_page(text, integer, integer, text) IS
'Refuses to list none, or more than most, of these things at a time (22023). side: before or after, on which side of '
'the last id the next page is';
