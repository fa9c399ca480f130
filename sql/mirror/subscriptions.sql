-- Market data that accounts are to receive. Rows stay with the account that was named; while another one stands in for
-- it, that one receives them.

CREATE FUNCTION mirror_private.served_accounts(user_id bigint, account_id bigint) RETURNS TABLE (account_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT $2 WHERE NOT EXISTS (SELECT FROM mirror.active_accounts a
                                WHERE a.user_id = $1 AND a.primary_account_id = $2 AND a.stands_in)
    UNION ALL
    SELECT a.primary_account_id FROM mirror.active_accounts a WHERE a.user_id = $1 AND a.account_id = $2 AND a.stands_in
$$;
COMMENT ON FUNCTION mirror_private.served_accounts(bigint, bigint) IS
'The accounts whose market data an account receives: its own, unless another one stands in for it, and that of the '
'account that it stands in for';

CREATE FUNCTION mirror_private.require_mode(mode text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF mode NOT IN ('ltp', 'quote', 'depth') THEN
        PERFORM bourse.refuse('22023', format('mode is %s', bourse_private.quoted(mode)), 'Give ltp, quote or depth.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_mode(text) IS 'Refuses what is no mode of market data (22023); NULL passes';

CREATE FUNCTION mirror.subscribe(account_id bigint, exchange text, symbol text, mode text DEFAULT 'quote')
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 5000;
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM bourse_private.require_given('mode', mode), mirror_private.require_mode(mode);
    PERFORM bourse_private.require_given('exchange', exchange), bourse_private.require_given('symbol', symbol);
    IF exchange COLLATE "C" !~ '^[A-Z0-9][A-Z0-9_]{0,9}$' OR symbol = '' OR length(symbol) > 50
       OR symbol <> btrim(symbol) OR symbol COLLATE "C" ~ '[[:cntrl:]]' THEN
        PERFORM bourse.refuse('22023',
            format('%s %s is no instrument', bourse_private.quoted(exchange), bourse_private.quoted(symbol)),
            'Give the exchange in up to 10 capitals and digits, the symbol in up to 50 characters, as brokers do.');
    END IF;
    -- One after the other, so that they are counted.
    PERFORM FROM mirror.trading_accounts a WHERE a.id = account_id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM mirror.market_subscriptions s
        WHERE s.user_id = owner AND s.account_id = account_id) >= most
       AND NOT EXISTS (SELECT FROM mirror.market_subscriptions s
                       WHERE s.user_id = owner AND s.account_id = account_id AND s.exchange = exchange
                         AND s.symbol = symbol AND s.mode = mode) THEN
        PERFORM bourse.refuse('54000', format('account %s has %s subscriptions', account_id, most),
            'mirror.unsubscribe() ends some.');
    END IF;
    INSERT INTO mirror.market_subscriptions (user_id, account_id, exchange, symbol, mode)
    VALUES (owner, account_id, exchange, symbol, mode) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror.subscribe(bigint, text, text, text) IS
'Has an account receive market data of an instrument: mode ltp, quote or depth. Returns whether it is new. Whoever '
'keeps the connection subscribes at the broker; after a failover the account in use receives it. 22004 NULL, 22023 a '
'bad value, 42704 no such account, or of another user, 54000 an account has 5,000';

CREATE FUNCTION mirror.unsubscribe(account_id bigint, exchange text, symbol text, mode text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
    ended bigint;
BEGIN
    PERFORM bourse_private.require_given('exchange', exchange), bourse_private.require_given('symbol', symbol),
            mirror_private.require_mode(mode);
    DELETE FROM mirror.market_subscriptions s
    WHERE s.user_id = owner AND s.exchange = exchange AND s.symbol = symbol AND (mode IS NULL OR s.mode = mode)
      AND (s.account_id = account_id
           OR s.account_id IN (SELECT v.account_id FROM mirror_private.served_accounts(owner, account_id) v));
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION mirror.unsubscribe(bigint, text, text, text) IS
'Ends what subscribe() has begun, of an instrument in one mode, or in all (NULL), and returns how many there were: of '
'the account, and of the one that it stands in for. 22004 NULL, 22023 mode, 42704 no such account, or of another user';

CREATE FUNCTION mirror.subscriptions(account_id bigint) RETURNS TABLE (exchange text, symbol text, mode text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
DECLARE
    owner bigint := mirror_private.require_account(subscriptions.account_id);
BEGIN
    RETURN QUERY
    SELECT DISTINCT s.exchange::text, s.symbol::text, s.mode FROM mirror.market_subscriptions s
    WHERE s.user_id = owner
      AND s.account_id IN (SELECT v.account_id FROM mirror_private.served_accounts(owner, subscriptions.account_id) v)
    ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION mirror.subscriptions(bigint) IS
'What an account is to receive now: what it has been subscribed to, and what the account that it stands in for has '
'been. Nothing, while another one stands in for it. To be asked after connect(), and after a failover. 22004 NULL, '
'42704 no such account, or of another user';
GRANT EXECUTE ON FUNCTION mirror.subscribe(bigint, text, text, text), mirror.unsubscribe(bigint, text, text, text)
    TO bourse_trader, bourse_worker;
GRANT EXECUTE ON FUNCTION mirror.subscriptions(bigint) TO bourse_viewer, bourse_worker;
