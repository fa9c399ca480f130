-- Bills against the ledger, to the unit. exchange.verify() holds the ledger against the balances.

CREATE FUNCTION marketplace_private.verify_billing()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT 'invoice_is_paid', format('invoice %s', i.id),
           format('%s %s to user %s', i.payout, i.currency, i.developer_id),
           coalesce(format('%s %s to user %s', -t.amount, t.asset, t.counterparty_id), 'no transfer')
    FROM marketplace.invoices i
    LEFT JOIN exchange.transfers t ON t.id = i.payout_transfer_id AND t.kind = 'transfer' AND t.user_id = i.user_id
        AND t.reference = marketplace_private.reference_of(i.subscription_id, i.period)
    WHERE i.paid_at IS NOT NULL AND i.payout > 0
      AND (t.asset, t.amount, t.counterparty_id) IS DISTINCT FROM (i.currency, -i.payout, i.developer_id)
    UNION ALL
    SELECT 'commission_is_paid', format('invoice %s', i.id),
           format('%s %s to the house', i.commission, i.currency),
           coalesce(format('%s %s to user %s', -t.amount, t.asset, t.counterparty_id), 'no transfer')
    FROM marketplace.invoices i
    LEFT JOIN exchange.transfers t ON t.id = i.commission_transfer_id AND t.kind = 'transfer' AND t.user_id = i.user_id
        AND t.reference = marketplace_private.reference_of(i.subscription_id, i.period) || ':commission'
    LEFT JOIN marketplace.house_accounts h ON h.user_id = t.counterparty_id
    WHERE i.paid_at IS NOT NULL AND i.commission > 0
      AND (t.asset, t.amount, h.user_id IS NOT NULL) IS DISTINCT FROM (i.currency, -i.commission, true)
    UNION ALL
    SELECT 'periods_have_no_gap', format('subscription %s', i.subscription_id), format('1 to %s', max(i.period)),
           format('%s invoices', count(*))
    FROM marketplace.invoices i GROUP BY i.subscription_id HAVING count(*) <> max(i.period)
    UNION ALL
    SELECT 'refunds_add_up', format('invoice %s', i.id),
           format('%s, %s by the house', i.refunded, i.refunded_commission),
           format('%s, %s by the house', coalesce(r.amount, 0), coalesce(r.commission, 0))
    FROM marketplace.invoices i
    FULL JOIN (SELECT r.invoice_id, sum(r.amount) AS amount, sum(r.commission) AS commission
               FROM marketplace.refunds r GROUP BY r.invoice_id) r ON r.invoice_id = i.id
    WHERE (i.refunded, i.refunded_commission) IS DISTINCT FROM (coalesce(r.amount, 0), coalesce(r.commission, 0))
       OR i.refunded > i.final_price
    UNION ALL
    SELECT 'refund_is_paid', format('refund %s', r.id), r.amount::text, coalesce(sum(-t.amount), 0)::text
    FROM marketplace.refunds r
    JOIN marketplace.invoices i ON i.id = r.invoice_id
    CROSS JOIN LATERAL (VALUES (r.transfer_reference, false), (r.transfer_reference || ':commission', true))
        n (reference, is_swept)
    -- References are their senders' own: what others call so is none of ours.
    LEFT JOIN (SELECT t.* FROM exchange.transfers t
               WHERE t.kind = 'transfer' AND t.amount < 0 AND t.reference LIKE 'marketplace:refund:%') t
        ON t.reference = n.reference AND t.asset = i.currency AND t.counterparty_id = r.user_id
        AND CASE WHEN n.is_swept THEN t.user_id IN (SELECT s.user_id FROM marketplace.commission_sweeps s)
            ELSE t.user_id = i.developer_id OR t.user_id IN (SELECT h.user_id FROM marketplace.house_accounts h) END
    GROUP BY r.id HAVING r.amount <> coalesce(sum(-t.amount), 0)
    UNION ALL
    SELECT 'commission_is_swept_once', format('%s to user %s', coalesce(s.asset, t.asset),
                                              coalesce(s.user_id, t.counterparty_id)),
           coalesce(s.amount, 0)::text, coalesce(t.amount, 0)::text
    FROM (SELECT s.user_id, s.asset, sum(s.amount) AS amount FROM marketplace.commission_sweeps s GROUP BY 1, 2) s
    FULL JOIN (SELECT t.counterparty_id, t.asset, sum(-t.amount) AS amount
               FROM marketplace.house_accounts h JOIN exchange.transfers t ON t.user_id = h.user_id
               WHERE t.kind = 'transfer' AND t.amount < 0 AND t.reference IS NULL GROUP BY 1, 2) t
        ON t.counterparty_id = s.user_id AND t.asset = s.asset
    WHERE s.amount IS DISTINCT FROM t.amount
    UNION ALL
    SELECT 'uses_are_counted', format('promotion %s', p.id), p.uses::text, count(u.id)::text
    FROM marketplace.promotions p
    LEFT JOIN marketplace.promotion_uses u ON u.promotion_id = p.id AND u.returned_at IS NULL
    GROUP BY p.id HAVING p.uses <> count(u.id)
    UNION ALL
    SELECT 'billing_is_invoiced', format('subscription %s', b.subscription_id),
           format('%s, period %s until %s, %s open', b.status, b.period, b.period_end,
                  CASE b.status WHEN 'past_due' THEN 1 ELSE 0 END),
           format('period %s until %s, %s open', i.period, i.period_end, o.open)
    FROM marketplace.billings b
    LEFT JOIN marketplace.invoices i ON i.user_id = b.user_id AND i.subscription_id = b.subscription_id
        AND i.period = b.period AND i.paid_at IS NOT NULL
    CROSS JOIN LATERAL (SELECT count(*) AS open FROM marketplace.invoices n
                        WHERE n.user_id = b.user_id AND n.subscription_id = b.subscription_id
                          AND n.status = 'open') o
    WHERE b.period_end IS DISTINCT FROM i.period_end OR o.open <> CASE b.status WHEN 'past_due' THEN 1 ELSE 0 END
    UNION ALL
    SELECT 'open_invoice_is_due', format('invoice %s', i.id), 'a subscription that is past due',
           coalesce(b.status, 'none')
    FROM marketplace.invoices i
    LEFT JOIN marketplace.billings b ON b.user_id = i.user_id AND b.subscription_id = i.subscription_id
    WHERE i.status = 'open' AND b.status IS DISTINCT FROM 'past_due'
    UNION ALL
    SELECT 'paid_until_then', format('subscription %s', s.id), b.period_end::text,
           coalesce(s.expires_at::text, 'for ever')
    FROM marketplace.billings b
    JOIN marketplace.subscriptions s ON s.user_id = b.user_id AND s.id = b.subscription_id
    WHERE b.status = 'active' AND s.expires_at IS DISTINCT FROM b.period_end
$$;
COMMENT ON FUNCTION marketplace_private.verify_billing() IS
'What verify() says of bills: paid invoices are transfers to the unit, of payout and commission; a subscription has '
'one invoice for each period; refunds add up, are transfers, and no more than was paid; commission is swept once; uses '
'of promotions are counted; what is due is open; a subscription lasts as long as it is paid. Reads every invoice';
