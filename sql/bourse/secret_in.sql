-- A secret is told by the name that it has, or by how it looks: what is let in is shown to everybody, and in the trail.
CREATE FUNCTION bourse_private.secret_in(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp
SET standard_conforming_strings = on AS $$
DECLARE
    -- Keys in PEM; a name and a password in an address; a JSON Web Token; a telegram bot; Slack, and its webhooks;
    -- Stripe; AWS; GitHub; Google; Twilio, and SendGrid; our own API keys; a Fernet token.
    shapes CONSTANT text := '-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/@[:space:]]*:[^/@[:space:]]+@'
        '|\meyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|\m[0-9]{6,12}:[A-Za-z0-9_-]{30,}'
        '|\mxox[a-z]-[A-Za-z0-9-]{8,}|hooks\.slack\.com/services/|discord(app)?\.com/api/webhooks/'
        '|\m[sr]k_(live|test)_[A-Za-z0-9]{8,}|\mA(KI|SI)A[A-Z0-9]{16}|\m(gh[a-z]|github_pat)_[A-Za-z0-9_]{20,}'
        '|\mAIza[A-Za-z0-9_-]{30,}|\mSK[0-9a-f]{32}|\mSG\.[A-Za-z0-9_-]{16,}\.|\mbrs_[0-9a-f]{8}'
        '|\mgAAAAA[A-Za-z0-9_-]{60,}'
        '|\m[Bb]earer [A-Za-z0-9._~+/=-]{8,}|\m[Bb]asic [A-Za-z0-9+/=]{8,}';
    found text;
BEGIN
    IF jsonb_typeof(secret_in.value) <> 'object' THEN
        RETURN NULL;
    END IF;
    SELECT e.key INTO found FROM jsonb_each(bourse_private.redact(secret_in.value)) e
    WHERE e.value IS DISTINCT FROM secret_in.value -> e.key ORDER BY e.key LIMIT 1;
    IF found IS NULL AND secret_in.value::text COLLATE "C" ~ shapes THEN
        SELECT e.key INTO found FROM jsonb_each(secret_in.value) e
        WHERE e.value::text COLLATE "C" ~ shapes OR e.key COLLATE "C" ~ shapes ORDER BY e.key LIMIT 1;
        found := coalesce(found, 'value');
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION bourse_private.secret_in(jsonb) IS
'The first key of an object in which there is a secret, by the names that stand in it, at any depth, or by the look '
'of a value; NULL: none';
