-- A column is a secret by its name, or because enable() was told so. The value of a secret never enters the trail.
CREATE FUNCTION bourse_private.redact(row_values jsonb, secrets text[] DEFAULT '{}', levels integer DEFAULT 65)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp
SET standard_conforming_strings = on AS $$
DECLARE
    -- Some word of each name below.
    known CONSTANT text := 'pass|pw|secret|token|credential|mnemonic|key|phrase|words|otp|pin|code|jwt|bearer|cookie'
        '|authorization|cvv|hash|encrypted|cred|seed';
    -- Between words: nothing, a dash, an underscore or a blank. Short words count only whole: no passenger, no spinner.
    named CONSTANT text := '(pass[-_. ]*(w(or)?d|phrase|code)|pwd|jwt|secret|token|credential|mnemonic'
        '|(api|private|signing|encryption|session|ssh|master|access|hmac|webhook|account)[-_. ]*key([-_ ]*id)?s?$'
        '|(seed|recovery)[-_ ]*(phrase|words)'
        '|(^|[^a-z0-9])((pass[0-9]*|pw|creds|seed|pin|t?otp|bearer|cookie|authorization|cvv)s?'
        '|((t?otp|pin)[-_ ]*codes?)|verification[-_ ]*code)$'
        '|[-_ ](hash(es)?|encrypted)$|(code|key)hash$)';
    kind text := jsonb_typeof(row_values);
BEGIN
    -- Most values hold no such word at all.
    IF kind IS NULL OR kind NOT IN ('array', 'object') OR secrets = '{}' AND row_values::text COLLATE "C" !~* known THEN
        RETURN row_values;
    END IF;
    -- A table may hold JSON that is deeper than this can walk: what it has not looked at it does not tell.
    IF levels = 0 THEN
        RETURN '"[redacted]"';
    END IF;
    IF kind = 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(bourse_private.redact(a.value, secrets, levels - 1) ORDER BY a.n), '[]')
                FROM jsonb_array_elements(row_values) WITH ORDINALITY a (value, n));
    END IF;
    RETURN (
        SELECT coalesce(jsonb_object_agg(e.key, CASE
            WHEN jsonb_typeof(e.value) IN ('null', 'boolean') THEN e.value
            -- apiKey is api_Key.
            WHEN e.key = ANY (secrets) OR regexp_replace(e.key, '([a-z0-9])([A-Z])', '\1_\2', 'g') COLLATE "C" ~* named
                THEN '"[redacted]"'
            WHEN jsonb_typeof(e.value) IN ('object', 'array') THEN bourse_private.redact(e.value, secrets, levels - 1)
            ELSE e.value END), '{}')
        FROM jsonb_each(row_values) e);
END
$$;
COMMENT ON FUNCTION bourse_private.redact(jsonb, text[], integer) IS
'Values with every secret replaced by [redacted], and whatever lies deeper than so many levels: the named keys, and '
'names like password_hash, remember_token, codeHash, X-Api-Key, api_secret, seed phrase, Authorization, otp_code, in '
'any case and with any separator';
