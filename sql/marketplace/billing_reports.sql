-- What was billed, and what came of it.

CREATE FUNCTION marketplace.invoices(user_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (
    id bigint, number text, subscription_id bigint, bot_id bigint, plan text, period integer, period_start timestamptz,
    period_end timestamptz, currency text, list_price numeric, discount numeric, final_price numeric, status text,
    created_at timestamptz, paid_at timestamptz, refunded numeric, attempts integer, last_error text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(invoices.user_id), bourse_private.require_page('rows', "limit");
    RETURN QUERY
    SELECT i.id, i.number, i.subscription_id, i.bot_id, i.plan, i.period, i.period_start, i.period_end, i.currency,
           i.list_price, i.discount, i.final_price, i.status, i.created_at, i.paid_at, i.refunded, i.attempts,
           i.last_error
    FROM marketplace.invoices i
    WHERE i.user_id = invoices.user_id AND i.id < coalesce(before, 9223372036854775807)
    ORDER BY i.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION marketplace.invoices(bigint, integer, bigint) IS
'What a user was billed, the latest first: "limit" (up to 10000), with before those with a smaller id. The columns are '
'those of marketplace.invoices. 22004 NULL, 22023 limit, 42501 not a user you act for, 42704 unknown user';

CREATE FUNCTION marketplace.payouts(developer_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (
    id bigint, number text, bot_id bigint, subscription_id bigint, plan text, period integer, currency text,
    final_price numeric, commission numeric, payout numeric, refunded numeric, net numeric, paid_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(payouts.developer_id), bourse_private.require_page('rows', "limit");
    RETURN QUERY
    SELECT i.id, i.number, i.bot_id, i.subscription_id, i.plan, i.period, i.currency, i.final_price, i.commission,
           i.payout, i.refunded, i.payout - (i.refunded - i.refunded_commission), i.paid_at
    FROM marketplace.invoices i
    WHERE i.developer_id + 0 = payouts.developer_id AND i.paid_at IS NOT NULL
      AND i.id < coalesce(before, 9223372036854775807)
    ORDER BY i.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION marketplace.payouts(bigint, integer, bigint) IS
'What a developer was paid, one row for each paid invoice, the latest first: "limit" (up to 10000), with before those '
'with a smaller id. final_price - commission = payout, which he got at once; net: payout without what he has given '
'back of it. 22004 NULL, 22023 limit, 42501 not a user you act for, 42704 unknown user';

CREATE FUNCTION marketplace.seller_report(developer_id bigint, "from" timestamptz, "to" timestamptz,
                                          unit text DEFAULT 'month', time_zone text DEFAULT 'UTC')
RETURNS TABLE (
    starts timestamptz, bot_id bigint, currency text, invoices bigint, subscriptions bigint, list_price numeric,
    discount numeric, sales numeric, commission numeric, refunds bigint, refunded numeric, net numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(seller_report.developer_id);
    PERFORM trading_private.require_span("from", "to", unit, time_zone);
    RETURN QUERY
    WITH sold AS MATERIALIZED (
        SELECT i.* FROM marketplace.invoices i
        WHERE i.developer_id + 0 = seller_report.developer_id AND i.paid_at IS NOT NULL
    ), lines AS (
        SELECT i.paid_at AS at, i.bot_id, i.currency, i.subscription_id, i.list_price, i.discount, i.final_price,
               i.commission, NULL::numeric AS refunded
        FROM sold i
        UNION ALL
        SELECT r.created_at, i.bot_id, i.currency, NULL, 0, 0, 0, -r.commission, r.amount
        FROM sold i JOIN marketplace.refunds r ON r.user_id = i.user_id AND r.invoice_id = i.id
        WHERE i.refunded > 0
    )
    SELECT date_trunc(unit, l.at, time_zone), l.bot_id, l.currency, count(l.subscription_id),
           count(DISTINCT l.subscription_id), sum(l.list_price), sum(l.discount), sum(l.final_price),
           sum(l.commission), count(l.refunded), coalesce(sum(l.refunded), 0),
           sum(l.final_price) - sum(l.commission) - coalesce(sum(l.refunded), 0)
    FROM lines l WHERE l.at >= "from" AND l.at < "to"
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION marketplace.seller_report(bigint, timestamptz, timestamptz, text, text) IS
'What the bots of a developer have sold from (included) to (excluded), by period, bot and currency: starts, where the '
'time zone says; invoices paid, of how many subscriptions; list_price - discount = sales; commission: without what the '
'house gave back; refunds made in the period, and their sum; net: sales - commission - refunded, what the developer '
'has got. unit: hour, day, week, month, quarter, year. Reads all paid invoices of the developer. 22004 NULL, 22023 '
'span, unit or time zone, 42501 not a user you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION marketplace.invoices(bigint, integer, bigint), marketplace.payouts(bigint, integer, bigint),
    marketplace.seller_report(bigint, timestamptz, timestamptz, text, text) TO bourse_viewer, bourse_worker;
