-- Executions as they are pushed, one by one: each counts once, also where a trade book has it too. An order has filled
-- the most that its reports, or its executions together, have said; a sum of both would count some of it twice.

CREATE FUNCTION mirror_private.refuse_delete_of_execution() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM identity.users u WHERE u.id = OLD.user_id AND u.erased_at IS NULL) THEN
        PERFORM bourse.refuse('23001', 'mirror.executions keeps its history: DELETE refused',
            'It goes with its user only.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_delete_of_execution() IS
'Trigger: an execution goes with its user, and not before (23001)';

-- Of an order that has ended only what it has filled changes.
CREATE FUNCTION mirror_private.raise_filled(account_id bigint, order_ids text[], quantities numeric[],
                                            averages numeric[], times timestamptz[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    UPDATE mirror.orders o
    SET filled_quantity = e.quantity, average_price = e.average_price,
        status = CASE WHEN e.quantity = o.quantity THEN 'EXECUTED'
                      WHEN o.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING') THEN 'PARTIAL' ELSE o.status END,
        -- It may have been made larger, and the report of that be on its way.
        vanished_at = CASE WHEN e.quantity = o.quantity
                             AND (o.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING', 'PARTIAL')
                                  OR o.status = 'EXPIRED' AND o.vanished_at IS NOT NULL)
                           THEN clock_timestamp() ELSE o.vanished_at END,
        executed_at = CASE WHEN e.quantity = o.quantity THEN coalesce(o.executed_at, e.executed_at) END
    FROM unnest(order_ids, quantities, averages, times) e (order_id, quantity, average_price, executed_at)
    WHERE o.account_id = raise_filled.account_id AND o.order_id = e.order_id AND e.quantity >= o.filled_quantity
      AND (o.filled_quantity, o.average_price) IS DISTINCT FROM (e.quantity, e.average_price)
$$;
COMMENT ON FUNCTION mirror_private.raise_filled(bigint, text[], numeric[], numeric[], timestamptz[]) IS
'Has orders filled at least so much, at this average, the last of it then. For whoever holds the account';

CREATE FUNCTION mirror_private.explain_orders(account_id bigint, order_ids text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    SELECT mirror_private.raise_filled(explain_orders.account_id, array_agg(e.order_id), array_agg(e.quantity),
                                       array_agg(e.average_price), array_agg(e.executed_at))
    FROM (SELECT x.order_id, sum(x.quantity) AS quantity, max(x.executed_at) AS executed_at,
                 round(sum(x.quantity * x.price) / sum(x.quantity), 8) AS average_price
          FROM mirror.executions x
          WHERE x.account_id = explain_orders.account_id AND x.order_id = ANY (order_ids) GROUP BY x.order_id) e
$$;
COMMENT ON FUNCTION mirror_private.explain_orders(bigint, text[]) IS
'Has orders filled what their executions come to, where that is not less than what was reported. For whoever holds the '
'account';

-- More than the order is for cannot have been executed: the order was made larger, and the report of it is to come.
CREATE FUNCTION mirror_private.execution_problem(account_id bigint, order_id text, execution_id text, quantity numeric,
                                                 price numeric) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    known mirror.executions;
    ordered numeric;
    executed numeric;
BEGIN
    SELECT e.* INTO known FROM mirror.executions e WHERE e.account_id = account_id AND e.execution_id = execution_id;
    IF FOUND THEN
        RETURN CASE WHEN (known.order_id, known.quantity, known.price) <> (order_id, quantity, price)
                    THEN format('23505 execution %s was %s at %s of order %s', bourse_private.quoted(execution_id),
                                trim_scale(known.quantity), trim_scale(known.price),
                                bourse_private.quoted(known.order_id)) ELSE '00000' END;
    END IF;
    SELECT o.quantity INTO ordered FROM mirror.all_orders o
    WHERE o.account_id = account_id AND o.order_id = order_id;
    SELECT x.quantity + execution_problem.quantity INTO executed
    FROM mirror_private.executed(account_id, order_id) x;
    IF executed > ordered THEN
        RETURN format('22023 the executions of order %s would come to %s of %s', bourse_private.quoted(order_id),
                      trim_scale(executed), trim_scale(ordered));
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.execution_problem(bigint, text, text, numeric, numeric) IS
'Why an execution cannot be booked: a SQLSTATE and a sentence; 00000: it is booked; NULL: it can be';

CREATE FUNCTION mirror.record_execution(account_id bigint, order_id text, execution_id text, quantity numeric,
                                        price numeric, executed_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner CONSTANT bigint := mirror_private.hold_account(account_id);
    problem text;
BEGIN
    PERFORM mirror_private.require_name('order_id', order_id, 50),
            mirror_private.require_name('execution_id', execution_id, 100),
            bourse_private.require_given('quantity', quantity), mirror_private.require_size('quantity', quantity),
            bourse_private.require_given('price', price), mirror_private.require_size('price', price),
            bourse_private.require_given('executed_at', executed_at);
    IF NOT isfinite(executed_at) OR executed_at > clock_timestamp() + interval '5 minutes' THEN
        PERFORM bourse.refuse('22023', format('executed_at is %s', executed_at), 'Give the time of the execution.');
    END IF;
    problem := mirror_private.execution_problem(account_id, order_id, execution_id, quantity, price);
    IF problem = '00000' THEN
        RETURN false;
    ELSIF problem IS NOT NULL THEN
        PERFORM bourse.refuse(left(problem, 5), substr(problem, 7), CASE left(problem, 5) WHEN '23505'
            THEN 'An execution is booked once: give another one another id.'
            ELSE 'mirror.sync_orders() first, if the order was made larger.' END);
    END IF;
    INSERT INTO mirror.executions (account_id, user_id, execution_id, order_id, quantity, price, executed_at)
    VALUES (account_id, owner, execution_id, order_id, quantity, price, executed_at);
    PERFORM mirror_private.explain_orders(account_id, ARRAY[order_id]);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mirror.record_execution(bigint, text, text, numeric, numeric, timestamptz) IS
'Books an execution of an order at a broker, as the broker pushes it, once for ever: true; false: it was booked before '
'with the same order, quantity and price, whatever the time. The order has filled at least what its executions come '
'to; it need not be known yet. Positions follow their own reports. For workers and gateways. 22004 NULL, 22023 a bad '
'value, more than the order is for, 23505 booked with other figures, 25001 not READ COMMITTED, 42501 neither acts for '
'everybody nor is a gateway, 42704 no such account';
GRANT EXECUTE ON FUNCTION mirror.record_execution(bigint, text, text, numeric, numeric, timestamptz)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror_private.require_name(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(parameter, value);
    IF length(value) NOT BETWEEN 1 AND most THEN
        PERFORM bourse.refuse('22023', format('%s has %s characters', parameter, length(value)),
            format('Give 1 to %s.', most));
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_name(text, text, integer) IS
'Refuses what a broker cannot call something: NULL (22004), nothing or too many characters (22023)';
