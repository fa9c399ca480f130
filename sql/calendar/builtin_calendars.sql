CREATE FUNCTION calendar.builtin_calendars() RETURNS TABLE (name text, definition jsonb)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT t.text::jsonb ->> 'name', t.text::jsonb FROM calendar_private.builtin_texts() t (text)
$$;
COMMENT ON FUNCTION calendar.builtin_calendars() IS
'The calendars that ship with this version, as load_calendar() takes them: XNYS, XNSE, XBOM, XHKG, XTKS, CMES and '
'24/7, 2015 to 2027. SELECT calendar.load_calendar(definition) FROM calendar.builtin_calendars() loads all of them, '
'also after an update; what admins have changed in them since is what the definition says again';
GRANT EXECUTE ON FUNCTION calendar.builtin_calendars() TO bourse_viewer, bourse_worker;

CREATE FUNCTION calendar_private.builtin_texts() RETURNS SETOF text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_builtin_texts_wrapper';
COMMENT ON FUNCTION calendar_private.builtin_texts() IS 'The files of data/calendars, as this library holds them';
