-- What orders of brokers keep to, and how an order that was placed through us becomes one of them.

CREATE FUNCTION mirror_private.refuse_reopening() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000', format('order %s is %s and cannot become %s', bourse_private.quoted(OLD.order_id),
                                          OLD.status, NEW.status),
        'An order that has ended stays so, whoever writes it.');
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_reopening() IS
'Trigger: an order that has ended does not live again, and one that is filled stays so (55000)';

CREATE FUNCTION mirror_private.require_everybody(activity text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT identity.acts_for_all() THEN
        PERFORM bourse.refuse('42501', activity || ' is for accounts of everybody',
            'Connect as a worker or an admin, or call identity.act_for_everybody() as a gateway.');
    END IF;
    PERFORM bourse_private.require_read_committed(activity);
END
$$;
COMMENT ON FUNCTION mirror_private.require_everybody(text) IS
'Refuses a session that does not act for everybody (42501), and one that is not READ COMMITTED (25001)';

-- Who has the account first has the person: an erasure locks them in this order too.
CREATE FUNCTION mirror_private.hold_account(account_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    IF NOT identity.acts_for_all() AND NOT identity_private.login_is('bourse_gateway') THEN
        PERFORM bourse.refuse('42501', format('no permission to report of account %s', account_id),
            'A worker or a gateway reports what the broker says.');
    END IF;
    PERFORM bourse_private.require_read_committed('a report of an account');
    owner := mirror_private.require_account(account_id);
    PERFORM FROM identity.users u WHERE u.id = owner FOR KEY SHARE;
    RETURN (SELECT l.user_id FROM mirror_private.lock_account(account_id) l);
END
$$;
COMMENT ON FUNCTION mirror_private.hold_account(bigint) IS
'Locks an account for a report, after its user, and says whose it is. 22004 NULL, 25001 not READ COMMITTED, 42501 '
'neither acts for everybody nor is a gateway, 42704 no such account, or of a user whom a gateway does not act for';

CREATE FUNCTION mirror_private.note_order(
    account_id bigint, order_id text, symbol text, exchange text, action text, quantity numeric, order_type text,
    price numeric, trigger_price numeric, product text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
    known bigint;
    executed record;
BEGIN
    SELECT l.user_id INTO owner FROM mirror_private.lock_account(account_id) l;
    SELECT o.id INTO known FROM mirror.all_orders o WHERE o.account_id = account_id AND o.order_id = order_id;
    IF FOUND THEN
        RETURN known;
    END IF;
    SELECT * INTO executed FROM mirror_private.executed(account_id, order_id);
    INSERT INTO mirror.orders (account_id, user_id, order_id, symbol, exchange, action, quantity, order_type, price,
                               trigger_price, product, status, filled_quantity, average_price, placed_at, as_of,
                               vanished_at)
    VALUES (account_id, owner, order_id, symbol, exchange, action, quantity,
            translate(upper(order_type COLLATE "C"), '-_ ', ''), nullif(price, 0), nullif(trigger_price, 0), product,
            CASE WHEN executed.quantity >= quantity THEN 'EXECUTED' WHEN executed.quantity > 0 THEN 'PARTIAL'
                 ELSE 'PENDING' END,
            least(executed.quantity, quantity), executed.average_price, clock_timestamp(), clock_timestamp(),
            CASE WHEN executed.quantity >= quantity THEN clock_timestamp() END)
    RETURNING id INTO known;
    RETURN known;
END
$$;
COMMENT ON FUNCTION mirror_private.note_order(bigint, text, text, text, text, numeric, text, numeric, numeric, text) IS
'Makes an order that a broker has just acknowledged one of mirror.orders, PENDING until the broker reports it, unless '
'a report was faster. Returns its id. For whoever has sent it; locks the account';

CREATE FUNCTION mirror_private.executed(account_id bigint, order_id text, OUT quantity numeric,
                                        OUT average_price numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT coalesce(sum(e.quantity), 0), round(sum(e.quantity * e.price) / sum(e.quantity), 8)
    FROM mirror.executions e WHERE e.account_id = executed.account_id AND e.order_id = executed.order_id
$$;
COMMENT ON FUNCTION mirror_private.executed(bigint, text) IS
'What the executions of an order come to: 0 and NULL of none';
