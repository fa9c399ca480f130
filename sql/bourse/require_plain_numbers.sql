-- JSON of users is read by programs of others: what is no double fails there, or comes out as infinity, or as thousands
-- of digits.
CREATE FUNCTION bourse_private.require_plain_numbers(parameter text, value jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF jsonb_path_exists(value, 'strict $.** ? (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308
                                                || @ > 0 && @ < 2.2250738585072014e-308
                                                || @ < 0 && @ > -2.2250738585072014e-308)') THEN
        PERFORM bourse.refuse('22023', format('a number in %s is too large, or too close to 0', parameter),
            'Give numbers that a double holds, up to 1.7e308 and from 2.3e-308 on, or a string.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_plain_numbers(text, jsonb) IS
'Refuses JSON with a number that no double is, by its size: from 1.8e308 on, or below 2.2e-308 and not 0 (22023); NULL '
'passes. Asked after require_shallow()';
