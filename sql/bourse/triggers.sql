CREATE FUNCTION bourse_private.stamp_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION bourse_private.stamp_updated_at() IS 'Trigger: stamps updated_at on every update';

CREATE FUNCTION bourse_private.keep_user() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.user_id := OLD.user_id;
    NEW.created_at := OLD.created_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION bourse_private.keep_user() IS
'Trigger: a row is its user''s for good, as what hangs on it is; its id and created_at stay as well';

CREATE FUNCTION bourse_private.refuse_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23001', format('%I.%I keeps its history: %s refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP),
        coalesce(TG_ARGV[0], 'Correct the books with a new row (a transfer of kind adjustment), never by changing or '
                             'dropping old ones.'));
END
$$;
COMMENT ON FUNCTION bourse_private.refuse_change() IS
'Trigger: keeps a journal append only (23001). Its argument is the HINT; none: that of the books';
