CREATE FUNCTION bourse_private.stamp_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION bourse_private.stamp_updated_at() IS 'Trigger: stamps updated_at on every update';

CREATE FUNCTION bourse_private.refuse_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23001', format('%I.%I keeps its history: %s refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP),
        'Correct the books with a new row (a transfer of kind adjustment), never by changing or dropping old ones.');
END
$$;
COMMENT ON FUNCTION bourse_private.refuse_change() IS 'Trigger: keeps a journal append only (23001)';
