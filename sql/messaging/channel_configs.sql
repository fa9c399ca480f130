CREATE FUNCTION messaging_private.refuse_secrets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    found text := bourse_private.secret_in(NEW.config);
BEGIN
    IF found IS NOT NULL THEN
        -- Of a key that is one itself nothing is told.
        PERFORM bourse.refuse('22023',
            format('config of channel %s has a secret%s', bourse_private.quoted(NEW.channel),
                   CASE WHEN bourse_private.secret_in(jsonb_build_object('value', found)) IS NULL
                        THEN ' in ' || bourse_private.quoted(found) ELSE '' END),
            'Keep it in the environment of the sender or in the vault, and say where: {"login_in": "SMTP_LOGIN"}.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION messaging_private.refuse_secrets() IS
'Trigger: refuses a config in which there is a secret (22023)';
