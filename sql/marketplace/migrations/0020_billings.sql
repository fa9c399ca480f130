-- How subscriptions are paid: the price that was bought at, and when the next period is due. One row for each that
-- costs something, written by the purchase, by renewals and by change_plan().
CREATE TABLE marketplace.billings (
    subscription_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    plan            text COLLATE "C" NOT NULL
                    CONSTRAINT billings_plan_check CHECK (plan IN ('month', 'quarter', 'year')),
    price           numeric(20,8) NOT NULL CONSTRAINT billings_price_check CHECK (price > 0 AND price < 'NaN'),
    currency        text COLLATE "C" NOT NULL,
    decimals        smallint NOT NULL CONSTRAINT billings_decimals_check CHECK (decimals IN (2, 8)),
    anchor_at       timestamptz NOT NULL,
    anchored        integer NOT NULL CONSTRAINT billings_anchored_check CHECK (anchored >= 0),
    period          integer NOT NULL CONSTRAINT billings_period_check CHECK (period > 0),
    period_end      timestamptz NOT NULL,
    status          text COLLATE "C" NOT NULL DEFAULT 'active'
                    CONSTRAINT billings_status_check CHECK (status IN ('active', 'past_due', 'ended')),
    next_attempt_at timestamptz,
    next_plan       text COLLATE "C"
                    CONSTRAINT billings_next_plan_check CHECK (next_plan IN ('month', 'quarter', 'year')),
    next_price      numeric(20,8) CONSTRAINT billings_next_price_check CHECK (next_price > 0 AND next_price < 'NaN'),
    next_currency   text COLLATE "C",
    next_decimals   smallint CONSTRAINT billings_next_decimals_check CHECK (next_decimals IN (2, 8)),
    -- Those of a user, and one for a subscription.
    CONSTRAINT billings_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_billings_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions (user_id, id) ON DELETE CASCADE,
    CONSTRAINT billings_due_check CHECK ((status = 'ended') = (next_attempt_at IS NULL)),
    CONSTRAINT billings_next_check CHECK (num_nulls(next_plan, next_price, next_currency, next_decimals) IN (0, 4))
) WITH (fillfactor = 70);
COMMENT ON TABLE marketplace.billings IS
'How subscriptions are paid: plan and price as they were bought, and when money is asked for next';
COMMENT ON COLUMN marketplace.billings.price IS 'For a period, without promotion: what renewals cost';
COMMENT ON COLUMN marketplace.billings.anchor_at IS
'What periods are counted from: the n-th ends n plans later by the calendar in UTC, so that the 31st comes back';
COMMENT ON COLUMN marketplace.billings.anchored IS 'How many plans after anchor_at the period ends that is paid';
COMMENT ON COLUMN marketplace.billings.period IS 'The last period that has an invoice which was not given up';
COMMENT ON COLUMN marketplace.billings.period_end IS 'Until when it is paid';
COMMENT ON COLUMN marketplace.billings.status IS
'active; past_due: the next period is not paid, and is tried again until its grace is over; ended';
COMMENT ON COLUMN marketplace.billings.next_attempt_at IS 'When money is asked for next; NULL: never';
COMMENT ON COLUMN marketplace.billings.next_plan IS
'What change_plan() has said that the next period begins with; the three that follow as well';

-- With its subscription, in whatever way that goes: nobody owes any more what was due.
CREATE TRIGGER trigger_void_invoice AFTER DELETE ON marketplace.billings
    FOR EACH ROW EXECUTE FUNCTION marketplace_private.void_invoice();

CREATE INDEX idx_billings_due ON marketplace.billings ((next_attempt_at AT TIME ZONE 'UTC'))
    WHERE next_attempt_at IS NOT NULL;
COMMENT ON INDEX marketplace.idx_billings_due IS
'What is due, that longest first: WHERE next_attempt_at AT TIME ZONE ''UTC'' <= …. An expression, so that row '
'security keeps users from counting the bills of others';

ALTER TABLE marketplace.billings ENABLE ROW LEVEL SECURITY;
CREATE POLICY billings_own ON marketplace.billings FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY billings_all ON marketplace.billings FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON marketplace.billings TO bourse_viewer, bourse_worker;

-- One row: what holds for all bills.
CREATE TABLE marketplace.billing_settings (
    only_row        boolean PRIMARY KEY DEFAULT true CONSTRAINT billing_settings_only_row_check CHECK (only_row),
    commission_rate numeric(5,4) NOT NULL DEFAULT 0.1
                    CONSTRAINT billing_settings_commission_rate_check CHECK (commission_rate BETWEEN 0 AND 1),
    ahead           interval NOT NULL DEFAULT '1 hour'
                    CONSTRAINT billing_settings_ahead_check CHECK (ahead BETWEEN '0' AND '7 days'),
    grace           interval NOT NULL DEFAULT '3 days'
                    CONSTRAINT billing_settings_grace_check CHECK (grace BETWEEN '0' AND '28 days'),
    retry_every     interval NOT NULL DEFAULT '6 hours'
                    CONSTRAINT billing_settings_retry_every_check CHECK (retry_every BETWEEN '1 minute' AND '7 days'),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE marketplace.billing_settings IS 'What holds for all bills, written by set_billing()';
COMMENT ON COLUMN marketplace.billing_settings.commission_rate IS
'The part of a price that the house gets, where the registration of a bot says no other';
COMMENT ON COLUMN marketplace.billing_settings.ahead IS 'How long before a period ends the next one is paid';
COMMENT ON COLUMN marketplace.billing_settings.grace IS
'How long a subscription goes on when its next period is not paid';
COMMENT ON COLUMN marketplace.billing_settings.retry_every IS 'How often money is asked for in that time';
INSERT INTO marketplace.billing_settings DEFAULT VALUES;

CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON marketplace.billing_settings
    FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at();
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.billing_settings
    FOR EACH ROW EXECUTE FUNCTION audit_private.record_change('', '{only_row}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.billing_settings
    FOR EACH STATEMENT EXECUTE FUNCTION audit_private.record_change();

GRANT SELECT ON marketplace.billing_settings TO bourse_viewer, bourse_worker;
