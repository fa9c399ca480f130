CREATE FUNCTION messaging.take_tokens(user_id text, channel text, tokens integer DEFAULT 1,
                                      OUT granted boolean, OUT wait interval)
LANGUAGE c SUPPORT bourse_private.refuse_repeats AS 'MODULE_PATHNAME', 'messaging_take_tokens_wrapper';
COMMENT ON FUNCTION messaging.take_tokens(text, text, integer) IS
'Takes tokens from the bucket of a recipient on a channel and from that of the channel (user_id NULL: from that '
'alone), or from none when one has too few; wait says how long it takes until there are enough. What has no limit '
'grants always. claim() takes them itself; this is for what is sent without it. Waits for whoever is just taking. '
'22004 NULL, 22023 no tokens, or more than the bucket holds';
GRANT EXECUTE ON FUNCTION messaging.take_tokens(text, text, integer) TO bourse_sender, bourse_worker;

CREATE FUNCTION messaging.set_rate_limit(user_id text, channel text, max_tokens integer, refill_rate integer)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', user_id);
    PERFORM messaging_private.require_channel(channel);
    IF length(user_id) NOT BETWEEN 1 AND 100 OR (max_tokens IS NULL) <> (refill_rate IS NULL)
       OR max_tokens NOT BETWEEN 1 AND 1000000 OR refill_rate NOT BETWEEN 1 AND 1000000 THEN
        PERFORM bourse.refuse('22023',
            format('limit of %s: max_tokens is %s, refill_rate %s', bourse_private.quoted(user_id),
                   coalesce(max_tokens::text, 'NULL'), coalesce(refill_rate::text, 'NULL')),
            'Give 1 to 1000000 of both, refill_rate for a minute, or NULL for what channel_configs says.');
    END IF;
    IF max_tokens IS NULL THEN
        DELETE FROM messaging.rate_limits r WHERE r.user_id = user_id AND r.channel = channel AND r.is_own;
        RETURN;
    END IF;
    INSERT INTO messaging.rate_limits AS r (user_id, channel, tokens, max_tokens, refill_rate, is_own)
    VALUES (user_id, channel, max_tokens, max_tokens, refill_rate, true)
    ON CONFLICT ON CONSTRAINT rate_limits_user_id_channel_key DO UPDATE
    SET tokens = least(r.tokens, excluded.max_tokens), max_tokens = excluded.max_tokens,
        refill_rate = excluded.refill_rate, is_own = true, next_slot = NULL;
END
$$;
COMMENT ON FUNCTION messaging.set_rate_limit(text, text, integer, integer) IS
'Gives a recipient on a channel (user_id *: the channel) a bucket of its own: it holds up to max_tokens messages, and '
'gains refill_rate a minute. NULL for both: what channel_configs says. 22004 NULL, 22023 out of bounds';
GRANT EXECUTE ON FUNCTION messaging.set_rate_limit(text, text, integer, integer) TO bourse_admin;
