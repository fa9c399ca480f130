-- A secret is told by the name that it has, or by how it looks: what is let in is shown to everybody, and in the trail.
CREATE FUNCTION bourse_private.secret_in(value jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp
SET standard_conforming_strings = on AS $$
DECLARE
    -- Keys in PEM; a name and a password in an address; a JSON Web Token; a telegram bot; Slack, its webhooks and those
    -- of others; Stripe; AWS; GitHub, GitLab, and npm; Google; OpenAI, and Anthropic; Twilio, SendGrid, and Mailgun;
    -- our own API keys; a Fernet token; what an Authorization header says.
    shapes CONSTANT text := '-----BEGIN [A-Z ]*PRIVATE KEY|://[^/@[:space:]]*:[^/@[:space:]]+@'
        '|\meyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.|[0-9]{6,12}:[A-Za-z0-9_-]{30,}'
        '|\mx(ox[a-z]|app)-[A-Za-z0-9-]{8,}|hooks\.slack\.com/(services|workflows|triggers)/'
        '|discord(app)?\.com/api/(v[0-9]+/)?webhooks/|\.webhook\.office\.com/'
        '|\m[sr]k_(live|test)_[A-Za-z0-9]{8,}|\mA(KI|SI)A[A-Z0-9]{16}|\m(gh[a-z]|github_pat)_[A-Za-z0-9_]{20,}'
        '|\mglpat-[A-Za-z0-9_-]{16,}|\mnpm_[A-Za-z0-9]{30,}|\mAIza[A-Za-z0-9_-]{30,}|\msk-[A-Za-z0-9_-]{16,}'
        '|\mSK[0-9a-f]{32}|\mSG\.[A-Za-z0-9_-]{16,}\.|\mkey-[0-9a-f]{32}|\m(brs|bot)_[0-9a-f]{8}'
        '|\mgAAAAA[A-Za-z0-9_-]{60,}'
        '|\m[Bb][Ee][Aa][Rr][Ee][Rr]([[:space:]]|\\t)+[A-Za-z0-9._~+/=-]{8,}'
        '|\m[Bb][Aa][Ss][Ii][Cc]([[:space:]]|\\t)+[A-Za-z0-9+/=]{8,}';
    -- A name and its value in one text, as in a header, a setting, an address: not where a placeholder follows. Or the
    -- name as the first of two texts.
    said CONSTANT text := '(passw(or)?d|pwd|secret|token|api[-_ ]?key|authorization)["'']?[[:space:]]*[:=]["'']?'
        '[[:space:]]*[^[:space:]"''{$<%]';
    pairs CONSTANT text := '(\[|"(name|header|field)": )"[^"]*(passw(or)?d|secret|token|api[-_ ]?key|authorization)"';
    found text;
BEGIN
    IF jsonb_typeof(secret_in.value) <> 'object' THEN
        RETURN NULL;
    END IF;
    SELECT e.key INTO found FROM jsonb_each(bourse_private.redact(secret_in.value)) e
    WHERE e.value IS DISTINCT FROM secret_in.value -> e.key ORDER BY e.key LIMIT 1;
    IF found IS NULL THEN
        SELECT e.key INTO found FROM jsonb_each(secret_in.value) e
        WHERE e.value::text COLLATE "C" ~ shapes OR e.key COLLATE "C" ~ shapes OR e.value::text COLLATE "C" ~* pairs
           OR EXISTS (SELECT FROM jsonb_path_query(e.value, 'strict $.** ? (@.type() == "string")') t
                      WHERE (t #>> '{}') COLLATE "C" ~* said)
        ORDER BY e.key LIMIT 1;
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION bourse_private.secret_in(jsonb) IS
'The first key of an object in which there is a secret, by the names that stand in it, at any depth, or by the look '
'of a value; NULL: none';
