-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

-- What holds for all bills, written by set_billing()
CREATE TABLE marketplace.billing_settings (
    only_row        boolean NOT NULL DEFAULT true,
    -- The part of a price that the house gets, where the registration of a bot says no other
    commission_rate numeric(5,4) NOT NULL DEFAULT 0.1,
    -- How long before a period ends the next one is paid
    ahead           interval NOT NULL DEFAULT '01:00:00'::interval,
    -- How long a subscription goes on when its next period is not paid
    grace           interval NOT NULL DEFAULT '3 days'::interval,
    -- How often money is asked for in that time
    retry_every     interval NOT NULL DEFAULT '06:00:00'::interval,
    updated_at      timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT billing_settings_pkey PRIMARY KEY (only_row),
    CONSTRAINT billing_settings_ahead_check CHECK (ahead >= '00:00:00'::interval AND ahead <= '7 days'::interval),
    CONSTRAINT billing_settings_commission_rate_check CHECK (commission_rate >= 0 AND commission_rate <= 1),
    CONSTRAINT billing_settings_grace_check CHECK (grace >= '00:00:00'::interval AND grace <= '28 days'::interval),
    CONSTRAINT billing_settings_only_row_check CHECK (only_row),
    CONSTRAINT billing_settings_retry_every_check CHECK (retry_every >= '00:01:00'::interval
        AND retry_every <= '7 days'::interval)
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.billing_settings FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{only_row}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.billing_settings FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON marketplace.billing_settings FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
GRANT SELECT ON marketplace.billing_settings TO bourse_viewer, bourse_worker;

-- How subscriptions are paid: plan and price as they were bought, and when money is asked for next
CREATE TABLE marketplace.billings (
    subscription_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    plan            text COLLATE "C" NOT NULL,
    -- For a period, without promotion: what renewals cost
    price           numeric(20,8) NOT NULL,
    currency        text COLLATE "C" NOT NULL,
    decimals        smallint NOT NULL,
    -- What periods are counted from: the n-th ends n plans later by the calendar in UTC, so that the 31st comes back
    anchor_at       timestamp with time zone NOT NULL,
    -- How many plans after anchor_at the period ends that is paid
    anchored        integer NOT NULL,
    -- The last period that has an invoice which was not given up
    period          integer NOT NULL,
    -- Until when it is paid
    period_end      timestamp with time zone NOT NULL,
    -- active; past_due: the next period is not paid, and is tried again until its grace is over; ended
    status          text COLLATE "C" NOT NULL DEFAULT 'active',
    -- When money is asked for next; NULL: never
    next_attempt_at timestamp with time zone,
    -- What change_plan() has said that the next period begins with; the three that follow as well
    next_plan       text COLLATE "C",
    next_price      numeric(20,8),
    next_currency   text COLLATE "C",
    next_decimals   smallint,
    CONSTRAINT billings_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_billings_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE,
    CONSTRAINT billings_anchored_check CHECK (anchored >= 0),
    CONSTRAINT billings_decimals_check CHECK (decimals = ANY (ARRAY[2, 8])),
    CONSTRAINT billings_due_check CHECK ((status = 'ended') = (next_attempt_at IS NULL)),
    CONSTRAINT billings_next_check
        CHECK (num_nulls(next_plan, next_price, next_currency, next_decimals) = ANY (ARRAY[0, 4])),
    CONSTRAINT billings_next_decimals_check CHECK (next_decimals = ANY (ARRAY[2, 8])),
    CONSTRAINT billings_next_plan_check CHECK (next_plan = ANY (ARRAY['month', 'quarter', 'year'])),
    CONSTRAINT billings_next_price_check CHECK (next_price > 0 AND next_price < 'NaN'),
    CONSTRAINT billings_period_check CHECK (period > 0),
    CONSTRAINT billings_plan_check CHECK (plan = ANY (ARRAY['month', 'quarter', 'year'])),
    CONSTRAINT billings_price_check CHECK (price > 0 AND price < 'NaN'),
    CONSTRAINT billings_status_check CHECK (status = ANY (ARRAY['active', 'past_due', 'ended']))
) WITH (fillfactor=70);
-- What is due, that longest first: WHERE next_attempt_at AT TIME ZONE 'UTC' <= …. An expression, so that row security
-- keeps users from counting the bills of others
CREATE INDEX idx_billings_due ON marketplace.billings USING btree (((next_attempt_at AT TIME ZONE 'UTC')))
    WHERE next_attempt_at IS NOT NULL;
CREATE TRIGGER trigger_void_invoice AFTER DELETE ON marketplace.billings FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.void_invoice();
ALTER TABLE marketplace.billings ENABLE ROW LEVEL SECURITY;
CREATE POLICY billings_all ON marketplace.billings FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY billings_own ON marketplace.billings FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.billings TO bourse_viewer, bourse_worker;

-- The life of bots: each step, with who, when and why. Append only; why goes when the developer is erased.
-- marketplace.bot_approval_events() pages through it
CREATE TABLE marketplace.bot_approval_events (
    id           bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id       bigint NOT NULL,
    developer_id bigint NOT NULL,
    at           timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- submit, publish, approve, reject, archive, as marketplace.bot_transitions() names them
    event        text COLLATE "C" NOT NULL,
    -- The version that it is about; NULL: the whole bot
    version      character varying(50) COLLATE "C",
    -- Of the bot; NULL: there was none before
    old_status   text COLLATE "C",
    new_status   text COLLATE "C" NOT NULL,
    -- The login that has done it
    actor        name NOT NULL DEFAULT identity_private.author(),
    -- The user that the login acted for; NULL: nobody
    actor_id     bigint DEFAULT identity_private.author_id(),
    -- What whoever decided has said
    reason       text,
    CONSTRAINT bot_approval_events_pkey PRIMARY KEY (id),
    CONSTRAINT fk_bot_approval_events_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT fk_bot_approval_events_developer_id FOREIGN KEY (developer_id)
        REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT bot_approval_events_reason_check CHECK (length(reason) <= 2000)
);
-- The events of a bot, in order
CREATE INDEX idx_bot_approval_events_bot_id ON marketplace.bot_approval_events USING btree (developer_id, bot_id, id);
CREATE TRIGGER trigger_append_only BEFORE TRUNCATE ON marketplace.bot_approval_events FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with what it tells of, and not before.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON marketplace.bot_approval_events FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.refuse_delete_before_bot();
CREATE TRIGGER trigger_keep_event BEFORE UPDATE ON marketplace.bot_approval_events FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.keep_event();
CREATE TRIGGER trigger_take_developer BEFORE INSERT ON marketplace.bot_approval_events FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.take_developer();
ALTER TABLE marketplace.bot_approval_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_approval_events_all ON marketplace.bot_approval_events FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bot_approval_events_own ON marketplace.bot_approval_events FOR SELECT
    USING (developer_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.bot_approval_events TO bourse_viewer, bourse_worker;

-- Kinds of bots. Everybody reads them, admins write them
CREATE TABLE marketplace.bot_categories (
    id          bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    name        character varying(100) NOT NULL,
    description text,
    created_at  timestamp with time zone NOT NULL DEFAULT now(),
    updated_at  timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT bot_categories_pkey PRIMARY KEY (id),
    CONSTRAINT bot_categories_name_key UNIQUE (name),
    CONSTRAINT bot_categories_description_check CHECK (length(description) <= 10000),
    CONSTRAINT bot_categories_name_check CHECK (btrim(name::text) <> '')
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.bot_categories FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.bot_categories FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON marketplace.bot_categories FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
GRANT SELECT ON marketplace.bot_categories TO bourse_viewer, bourse_worker;
GRANT INSERT (name, description), UPDATE (name, description) ON marketplace.bot_categories TO bourse_admin;

-- What search_bots() looks through: the approved bots. Private; a copy of what marketplace.bots says, kept by its
-- trigger
CREATE TABLE marketplace.bot_listings (
    bot_id            bigint NOT NULL,
    -- 0: none
    category_id       bigint NOT NULL,
    -- infinity: none
    first_trade_at    timestamp with time zone NOT NULL,
    total_trades      bigint NOT NULL,
    -- A month, in hundredths
    price             bigint NOT NULL,
    total_subscribers integer NOT NULL,
    -- average_rating in hundredths
    rating            smallint NOT NULL,
    -- The first letter that tells: T, M, D, L
    bot_type          "char" NOT NULL,
    CONSTRAINT bot_listings_pkey PRIMARY KEY (bot_id),
    CONSTRAINT fk_bot_listings_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE
) WITH (fillfactor=80);
CREATE INDEX idx_bot_listings_newest ON marketplace.bot_listings USING btree ((- bot_id), bot_id);
CREATE INDEX idx_bot_listings_price ON marketplace.bot_listings USING btree ((price + 0), bot_id);
CREATE INDEX idx_bot_listings_rating ON marketplace.bot_listings USING btree ((- rating), bot_id);
CREATE INDEX idx_bot_listings_subscribers ON marketplace.bot_listings USING btree ((- total_subscribers), bot_id);
CREATE INDEX idx_bot_listings_trades ON marketplace.bot_listings USING btree ((- total_trades), bot_id);

-- Bots as a principal offers them, one row for a principal and a bot. The API key is shown once, by register_bot() or
-- rotate_registration_key(), and stored nowhere. Goes with its principal
CREATE TABLE marketplace.bot_marketplace_registrations (
    id                      bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_principal_id       character varying(255) COLLATE "C" NOT NULL,
    bot_id                  bigint NOT NULL,
    -- The first 12 characters of the API key; not secret
    prefix                  text COLLATE "C" NOT NULL,
    -- SHA-256 of the whole API key
    key_hash                bytea NOT NULL,
    -- pending, approved, rejected, suspended, revoked. marketplace.registration_transitions() has the steps
    status                  text COLLATE "C" NOT NULL DEFAULT 'pending',
    marketplace_name        character varying(255) NOT NULL,
    marketplace_description text,
    -- A month; NULL: what the bot costs
    price_on_marketplace    numeric(10,2),
    -- The part of the price that the house got when it was registered, 0 to 1, or what an admin has said since: of a
    -- registration of the developer of the bot that holds for the bot, bots.commission_rate
    commission_rate         numeric(5,4) NOT NULL DEFAULT 0.1000,
    is_featured             boolean NOT NULL DEFAULT false,
    -- Its user has it on: as long as it is off, its API key opens nothing
    is_active               boolean NOT NULL DEFAULT true,
    registered_at           timestamp with time zone NOT NULL DEFAULT now(),
    -- Whose principal it is
    user_id                 bigint NOT NULL,
    -- Whose bot it is: says who approves it
    developer_id            bigint NOT NULL,
    updated_at              timestamp with time zone NOT NULL DEFAULT now(),
    key_rotated_at          timestamp with time zone,
    CONSTRAINT bot_marketplace_registrations_pkey PRIMARY KEY (id),
    CONSTRAINT bot_marketplace_registrations_principal_key UNIQUE (user_id, user_principal_id, bot_id),
    CONSTRAINT fk_bot_marketplace_registrations_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id),
    CONSTRAINT fk_bot_marketplace_registrations_user_id FOREIGN KEY (user_id)
        REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT fk_bot_marketplace_registrations_user_principal_id FOREIGN KEY (user_id, user_principal_id)
        REFERENCES identity.user_principals(user_id, principal_id) ON DELETE CASCADE,
    CONSTRAINT bot_marketplace_registrations_commission_rate_check CHECK (commission_rate >= 0
        AND commission_rate <= 1),
    CONSTRAINT bot_marketplace_registrations_key_hash_check CHECK (octet_length(key_hash) = 32),
    CONSTRAINT bot_marketplace_registrations_marketplace_description_check
        CHECK (length(marketplace_description) <= 10000),
    CONSTRAINT bot_marketplace_registrations_marketplace_name_check CHECK (btrim(marketplace_name::text) <> ''),
    CONSTRAINT bot_marketplace_registrations_prefix_check CHECK (prefix ~ '^bot_[0-9a-f]{8}$'),
    CONSTRAINT bot_marketplace_registrations_price_on_marketplace_check CHECK (price_on_marketplace >= 0
        AND price_on_marketplace < 'NaN'),
    CONSTRAINT bot_marketplace_registrations_status_check
        CHECK (status = ANY (ARRAY['pending', 'approved', 'rejected', 'suspended', 'revoked']))
);
-- A prefix names one API key; authenticate_registration() finds it so. An expression, so that row security keeps users
-- from trying prefixes
CREATE UNIQUE INDEX bot_marketplace_registrations_prefix_key ON marketplace.bot_marketplace_registrations
    USING btree ((prefix || ''));
-- The offers of a bot: WHERE developer_id + 0 = … AND bot_id + 0 = …. Expressions, so that row security keeps users
-- from counting those of others
CREATE INDEX idx_bot_marketplace_registrations_bot_id ON marketplace.bot_marketplace_registrations
    USING btree ((developer_id + 0), (bot_id + 0));
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.bot_marketplace_registrations FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.bot_marketplace_registrations FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_guard_registration BEFORE UPDATE ON marketplace.bot_marketplace_registrations FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.guard_registration();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.bot_marketplace_registrations FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON marketplace.bot_marketplace_registrations FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
CREATE TRIGGER trigger_take_developer BEFORE INSERT ON marketplace.bot_marketplace_registrations FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.take_developer();
ALTER TABLE marketplace.bot_marketplace_registrations ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_marketplace_registrations_all ON marketplace.bot_marketplace_registrations FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bot_marketplace_registrations_own ON marketplace.bot_marketplace_registrations FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT (id, user_principal_id, bot_id, prefix, status, marketplace_name, marketplace_description,
    price_on_marketplace, commission_rate, is_featured, is_active, registered_at, user_id, developer_id, updated_at,
    key_rotated_at) ON marketplace.bot_marketplace_registrations TO bourse_viewer, bourse_worker;

-- What bots have come to in periods, for their developers: trades that were closed from period_start on and before
-- period_end. refresh_bot_performance() writes it
CREATE TABLE marketplace.bot_performance (
    id                 bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id             bigint NOT NULL,
    period_start       timestamp with time zone NOT NULL,
    period_end         timestamp with time zone NOT NULL,
    -- Subscriptions that there were in the period
    total_subscribers  bigint NOT NULL DEFAULT 0,
    -- Those of them that had not ended at its end
    active_subscribers bigint NOT NULL DEFAULT 0,
    total_trades       bigint NOT NULL DEFAULT 0,
    winning_trades     bigint NOT NULL DEFAULT 0,
    -- 100 × winning_trades / total_trades; NULL: no trade, as in average_pnl
    win_rate           numeric(5,2),
    average_pnl        numeric(60,8),
    -- In quote, whatever that is: those of all pairs together
    total_pnl          numeric(60,8) NOT NULL DEFAULT 0,
    -- Of the daily returns (UTC) of what was closed: on each day the P&L of its trades by what they have cost.
    -- analytics.max_drawdown(), with 365 days a year sharpe_ratio(), sortino_ratio() and volatility()
    max_drawdown       double precision,
    sharpe_ratio       double precision,
    sortino_ratio      double precision,
    volatility         double precision,
    -- analytics.profit_factor() of the P&L of its trades
    profit_factor      double precision,
    total_commission   numeric(60,8) NOT NULL DEFAULT 0,
    -- When the row has changed last
    calculated_at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- The developer of the bot, for row security
    developer_id       bigint NOT NULL,
    CONSTRAINT bot_performance_pkey PRIMARY KEY (id),
    CONSTRAINT bot_performance_key UNIQUE (developer_id, bot_id, period_start, period_end),
    CONSTRAINT fk_bot_performance_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT bot_performance_active_subscribers_check CHECK (active_subscribers >= 0
        AND active_subscribers <= total_subscribers),
    CONSTRAINT bot_performance_period_check CHECK (period_start < period_end AND isfinite(period_start)
        AND isfinite(period_end)),
    CONSTRAINT bot_performance_total_subscribers_check CHECK (total_subscribers >= 0),
    CONSTRAINT bot_performance_total_trades_check CHECK (total_trades >= 0),
    CONSTRAINT bot_performance_winning_trades_check CHECK (winning_trades >= 0 AND winning_trades <= total_trades)
);
-- The periods of a developer's bots
CREATE INDEX idx_bot_performance_developer_id ON marketplace.bot_performance USING btree (developer_id, period_start);
ALTER TABLE marketplace.bot_performance ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_performance_all ON marketplace.bot_performance FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bot_performance_own ON marketplace.bot_performance FOR SELECT
    USING (developer_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.bot_performance TO bourse_viewer, bourse_worker;

-- What subscribers say of bots, one row for a user and a bot, and what the developer replies. Goes with its user.
-- marketplace.bot_reviews() shows those of a bot
CREATE TABLE marketplace.bot_reviews (
    id          bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id     bigint NOT NULL,
    bot_id      bigint NOT NULL,
    -- 1 to 5
    rating      integer NOT NULL,
    review_text text,
    created_at  timestamp with time zone NOT NULL DEFAULT now(),
    updated_at  timestamp with time zone NOT NULL DEFAULT now(),
    -- What the developer of the bot replies
    reply_text  text,
    replied_at  timestamp with time zone,
    CONSTRAINT bot_reviews_pkey PRIMARY KEY (id),
    CONSTRAINT bot_reviews_user_id_bot_id_key UNIQUE (user_id, bot_id),
    CONSTRAINT fk_bot_reviews_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT fk_bot_reviews_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT bot_reviews_rating_check CHECK (rating >= 1 AND rating <= 5),
    CONSTRAINT bot_reviews_reply_check CHECK ((reply_text IS NULL) = (replied_at IS NULL)),
    CONSTRAINT bot_reviews_reply_text_check CHECK (length(reply_text) <= 10000),
    CONSTRAINT bot_reviews_review_text_check CHECK (length(review_text) <= 10000)
);
-- The reviews of a bot, in order: WHERE bot_id + 0 = …. An expression, so that row security keeps users from counting
-- those of others
CREATE INDEX idx_bot_reviews_bot_id ON marketplace.bot_reviews USING btree ((bot_id + 0), id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.bot_reviews FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{reply_text}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.bot_reviews FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_count_deleted AFTER DELETE ON marketplace.bot_reviews REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_reviews();
CREATE TRIGGER trigger_count_inserted AFTER INSERT ON marketplace.bot_reviews REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_reviews();
CREATE TRIGGER trigger_count_updated AFTER UPDATE ON marketplace.bot_reviews REFERENCING OLD TABLE AS old_rows NEW TABLE
    AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_reviews();
CREATE TRIGGER trigger_keep_review BEFORE UPDATE OF id, user_id, bot_id, created_at ON marketplace.bot_reviews
    FOR EACH ROW EXECUTE FUNCTION marketplace_private.keep_review();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.bot_reviews FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER trigger_refuse_truncate BEFORE TRUNCATE ON marketplace.bot_reviews FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with what it tells of, and not before.');
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE OF rating, review_text ON marketplace.bot_reviews FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE marketplace.bot_reviews ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_reviews_all ON marketplace.bot_reviews FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bot_reviews_own ON marketplace.bot_reviews FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.bot_reviews TO bourse_viewer, bourse_worker;

-- What statements have changed of the sums of bots, and is not yet folded into bot_sums
CREATE TABLE marketplace.bot_sum_changes (
    id                   bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id               bigint NOT NULL,
    total_subscriptions  bigint NOT NULL DEFAULT 0,
    active_subscriptions bigint NOT NULL DEFAULT 0,
    total_trades         bigint NOT NULL DEFAULT 0,
    winning_trades       bigint NOT NULL DEFAULT 0,
    total_pnl            numeric(60,8) NOT NULL DEFAULT 0,
    total_commission     numeric(60,8) NOT NULL DEFAULT 0,
    CONSTRAINT bot_sum_changes_pkey PRIMARY KEY (id)
) WITH (autovacuum_vacuum_threshold=1000, autovacuum_vacuum_scale_factor=0.02);
-- What is not yet folded of a bot
CREATE INDEX idx_bot_sum_changes_bot_id ON marketplace.bot_sum_changes USING btree (bot_id);
GRANT SELECT ON marketplace.bot_sum_changes TO bourse_admin;

-- Sums of bots: those of this row and of the rows of bot_sum_changes that have not been folded into it. bot_totals()
-- adds them up
CREATE TABLE marketplace.bot_sums (
    bot_id               bigint NOT NULL,
    total_subscriptions  bigint NOT NULL DEFAULT 0,
    active_subscriptions bigint NOT NULL DEFAULT 0,
    total_trades         bigint NOT NULL DEFAULT 0,
    winning_trades       bigint NOT NULL DEFAULT 0,
    total_pnl            numeric(60,8) NOT NULL DEFAULT 0,
    total_commission     numeric(60,8) NOT NULL DEFAULT 0,
    CONSTRAINT bot_sums_pkey PRIMARY KEY (bot_id),
    CONSTRAINT fk_bot_sums_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE
) WITH (fillfactor=50);
GRANT SELECT ON marketplace.bot_sums TO bourse_admin;

-- The versions of bots. Of a version only status and decided_at change. marketplace.bot_versions() shows those of a bot
-- that one may see
CREATE TABLE marketplace.bot_versions (
    id             bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id         bigint NOT NULL,
    developer_id   bigint NOT NULL,
    -- As semver.org has it: 1.4.0, 2.0.0-rc.1
    version        character varying(50) COLLATE "C" NOT NULL,
    config_schema  jsonb NOT NULL,
    default_config jsonb NOT NULL,
    changelog      text,
    code_path      character varying(500),
    model_path     character varying(500),
    model_metadata jsonb,
    status         text COLLATE "C" NOT NULL DEFAULT 'PENDING',
    created_at     timestamp with time zone NOT NULL DEFAULT now(),
    -- When it was approved or rejected; NULL: it waits
    decided_at     timestamp with time zone,
    -- Sorts as text as semver.org orders versions: of two, the later one is greater
    precedence     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (marketplace_private.precedence_of(version::text))
        STORED,
    -- It is no pre-release
    is_release     boolean NOT NULL GENERATED ALWAYS AS (version::text !~ '^[0-9.]*-') STORED,
    CONSTRAINT bot_versions_pkey PRIMARY KEY (id),
    CONSTRAINT bot_versions_bot_id_version_key UNIQUE (bot_id, version),
    CONSTRAINT fk_bot_versions_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT fk_bot_versions_developer_id FOREIGN KEY (developer_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT bot_versions_changelog_check CHECK (length(changelog) <= 10000),
    CONSTRAINT bot_versions_config_schema_check CHECK (octet_length(config_schema::text) <= 65536),
    CONSTRAINT bot_versions_decided_check CHECK ((status = 'PENDING') = (decided_at IS NULL)),
    CONSTRAINT bot_versions_default_config_check CHECK (octet_length(default_config::text) <= 65536),
    CONSTRAINT bot_versions_model_metadata_check CHECK (octet_length(model_metadata::text) <= 65536),
    CONSTRAINT bot_versions_status_check CHECK (status = ANY (ARRAY['PENDING', 'APPROVED', 'REJECTED']))
);
-- The versions of a bot: of two that semver.org does not tell apart there is one
CREATE UNIQUE INDEX bot_versions_bot_id_precedence_key ON marketplace.bot_versions
    USING btree (bot_id, (precedence || ''));
-- The versions of a developer's bots
CREATE INDEX idx_bot_versions_developer_id ON marketplace.bot_versions USING btree (developer_id, bot_id);
-- What admins have to look at, the oldest first
CREATE INDEX idx_bot_versions_waiting ON marketplace.bot_versions USING btree (id) WHERE status = 'PENDING';
CREATE TRIGGER trigger_append_only BEFORE DELETE ON marketplace.bot_versions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.refuse_delete_before_bot();
CREATE TRIGGER trigger_append_only_of_truncate BEFORE TRUNCATE ON marketplace.bot_versions FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with what it tells of, and not before.');
CREATE TRIGGER trigger_keep_version BEFORE UPDATE ON marketplace.bot_versions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.keep_version();
CREATE TRIGGER trigger_take_developer BEFORE INSERT ON marketplace.bot_versions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.take_developer();
ALTER TABLE marketplace.bot_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_versions_all ON marketplace.bot_versions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bot_versions_own ON marketplace.bot_versions FOR SELECT
    USING (developer_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
GRANT SELECT (id, bot_id, developer_id, version, config_schema, default_config, changelog, status, created_at,
    decided_at, precedence, is_release) ON marketplace.bot_versions TO bourse_admin, bourse_gateway, bourse_worker;

-- The words of the bots in bot_listings. Private, as they are
CREATE TABLE marketplace.bot_words (
    bot_id bigint NOT NULL,
    -- The words of name and description, as marketplace_private.words_of() numbers them
    words  integer[] NOT NULL,
    CONSTRAINT bot_words_pkey PRIMARY KEY (bot_id),
    CONSTRAINT fk_bot_words_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bot_listings(bot_id) ON DELETE CASCADE
);
-- The bots with these words
CREATE INDEX idx_bot_words_words ON marketplace.bot_words USING gin (words) WITH (fastupdate=off);

-- Bots that are sold. Everybody reads those that are approved, without what is their developer's:
-- marketplace.bot_files() has it. Written by submit_bot(), publish_version(), update_bot(), approve_bot(),
-- reject_bot(), archive_bot()
CREATE TABLE marketplace.bots (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    developer_id      bigint NOT NULL,
    name              character varying(255) NOT NULL,
    description       text NOT NULL,
    -- The version that new subscriptions get, whose settings and files these are: the highest that was approved; as
    -- long as there is a release, no pre-release. Of a bot that was never approved the one that was submitted last
    version           character varying(50) COLLATE "C" NOT NULL DEFAULT '1.0.0',
    category_id       bigint,
    bot_type          text COLLATE "C" NOT NULL DEFAULT 'TECHNICAL',
    -- JSON Schema of the settings that a subscriber gives
    config_schema     jsonb NOT NULL DEFAULT '{}',
    default_config    jsonb NOT NULL DEFAULT '{}',
    -- In the currency of its plans; 0: free
    price_per_month   numeric(10,2) NOT NULL DEFAULT 0,
    is_free           boolean NOT NULL GENERATED ALWAYS AS (price_per_month = 0) STORED,
    -- PENDING, APPROVED, REJECTED, ARCHIVED. marketplace.bot_transitions() has the steps from one to another
    status            text COLLATE "C" NOT NULL DEFAULT 'PENDING',
    -- The admin who has approved it last; NULL: a login that is no user
    approved_by       bigint,
    approved_at       timestamp with time zone,
    -- Where its code is kept. For its developer, admins and workers
    code_path         character varying(500),
    model_path        character varying(500),
    model_metadata    jsonb,
    -- How many subscriptions are ACTIVE, those of its developer not counted
    total_subscribers integer NOT NULL DEFAULT 0,
    -- Of its reviews, rounded to 2 decimals; 0.00: there are none
    average_rating    numeric(3,2) NOT NULL GENERATED ALWAYS AS (COALESCE(round(rating_sum::numeric /
        NULLIF(total_reviews, 0)::numeric, 2), 0.00)) STORED,
    total_reviews     integer NOT NULL DEFAULT 0,
    created_at        timestamp with time zone NOT NULL DEFAULT now(),
    updated_at        timestamp with time zone NOT NULL DEFAULT now(),
    -- The ratings of its reviews, added up: what average_rating comes from
    rating_sum        bigint NOT NULL DEFAULT 0,
    -- Closed trades of its subscriptions that count as history, when refresh_bot_performance() counted them last
    total_trades      bigint NOT NULL DEFAULT 0,
    -- When the first of total_trades was entered; NULL: there is none
    first_trade_at    timestamp with time zone,
    -- It is approved: everybody sees it
    is_public         boolean NOT NULL GENERATED ALWAYS AS (status = 'APPROVED') STORED,
    -- The part of its price that the house gets, as set_registration_terms() has said of a registration of its
    -- developer; stays when that goes. NULL: that of billing_settings
    commission_rate   numeric(5,4),
    CONSTRAINT bots_pkey PRIMARY KEY (id),
    CONSTRAINT fk_bots_approved_by FOREIGN KEY (approved_by) REFERENCES identity.users(id) ON DELETE SET NULL,
    CONSTRAINT fk_bots_category_id FOREIGN KEY (category_id)
        REFERENCES marketplace.bot_categories(id) ON DELETE SET NULL,
    CONSTRAINT fk_bots_developer_id FOREIGN KEY (developer_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT bots_approved_check CHECK (status <> 'APPROVED' OR approved_at IS NOT NULL),
    CONSTRAINT bots_bot_type_check CHECK (bot_type = ANY (ARRAY['TECHNICAL', 'ML', 'DL', 'LLM'])),
    CONSTRAINT bots_commission_rate_check CHECK (commission_rate >= 0 AND commission_rate <= 1),
    CONSTRAINT bots_config_schema_check CHECK (octet_length(config_schema::text) <= 65536),
    CONSTRAINT bots_default_config_check CHECK (octet_length(default_config::text) <= 65536),
    CONSTRAINT bots_description_check CHECK (length(description) <= 10000),
    CONSTRAINT bots_model_metadata_check CHECK (octet_length(model_metadata::text) <= 65536),
    CONSTRAINT bots_name_check CHECK (btrim(name::text) <> ''),
    CONSTRAINT bots_price_per_month_check CHECK (price_per_month >= 0 AND price_per_month < 'NaN'),
    CONSTRAINT bots_rating_sum_check CHECK (rating_sum >= total_reviews AND rating_sum <= (5 * total_reviews::bigint)),
    CONSTRAINT bots_status_check CHECK (status = ANY (ARRAY['PENDING', 'APPROVED', 'REJECTED', 'ARCHIVED'])),
    CONSTRAINT bots_total_reviews_check CHECK (total_reviews >= 0),
    CONSTRAINT bots_total_subscribers_check CHECK (total_subscribers >= 0),
    CONSTRAINT bots_total_trades_check CHECK (total_trades >= 0)
) WITH (fillfactor=70, toast_tuple_target=256);
-- The bots of a category: WHERE category_id + 0 = …. An expression, so that row security keeps users from counting
-- those that are not approved
CREATE INDEX idx_bots_category_id ON marketplace.bots USING btree ((category_id + 0));
-- The bots of a developer: WHERE developer_id + 0 = …. An expression, so that row security keeps users from counting
-- those of others: its policy does not say that it is their own, for approved ones are read, too
CREATE INDEX idx_bots_developer_id ON marketplace.bots USING btree ((developer_id + 0), id);
-- What admins have to look at, the oldest first: WHERE status || '' = 'PENDING' ORDER BY id. An expression, so that row
-- security keeps users from finding out which bots wait
CREATE INDEX idx_bots_waiting ON marketplace.bots USING btree ((status || ''), id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE
    OR UPDATE OF name, description, version, category_id, price_per_month, status, code_path ON marketplace.bots
    FOR EACH ROW EXECUTE FUNCTION audit_private.record_change('developer_id', '{id}', '{code_path,model_path}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.bots FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_begin_sums AFTER INSERT ON marketplace.bots FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.begin_sums();
CREATE TRIGGER trigger_guard_bot BEFORE UPDATE OF id, developer_id, created_at, status ON marketplace.bots FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.guard_bot();
CREATE TRIGGER trigger_list_bot AFTER INSERT OR UPDATE ON marketplace.bots FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.list_bot();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.bots FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.refuse_erased_developer();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE OF name, description, version, category_id, price_per_month,
    status ON marketplace.bots FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE marketplace.bots ENABLE ROW LEVEL SECURITY;
CREATE POLICY bots_all ON marketplace.bots FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY bots_read ON marketplace.bots FOR SELECT
    USING ((is_public OR identity_private.is_owner(developer_id, (SELECT identity.current_user_id()))) AND (is_public
        OR (developer_id + 0) = ((SELECT identity.current_user_id()))));
GRANT SELECT (id, developer_id, name, description, version, category_id, bot_type, config_schema, default_config,
    price_per_month, is_free, status, approved_at, total_subscribers, average_rating, total_reviews, created_at,
    updated_at, rating_sum, total_trades, first_trade_at, is_public) ON marketplace.bots
    TO bourse_viewer, bourse_worker;

-- What sweep_commission() has booked, and to whom: the user of the last one gives back the house's part of a refund
-- when the accounts of the house are empty. Append only
CREATE TABLE marketplace.commission_sweeps (
    id         bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id    bigint NOT NULL,
    asset      text COLLATE "C" NOT NULL,
    amount     numeric(20,8) NOT NULL,
    swept_by   name NOT NULL DEFAULT identity_private.author(),
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT commission_sweeps_pkey PRIMARY KEY (id),
    CONSTRAINT fk_commission_sweeps_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT commission_sweeps_amount_check CHECK (amount > 0 AND amount < 'NaN')
);
CREATE TRIGGER trigger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON marketplace.commission_sweeps
    FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change();
ALTER TABLE marketplace.commission_sweeps ENABLE ROW LEVEL SECURITY;
CREATE POLICY commission_sweeps_all ON marketplace.commission_sweeps FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
GRANT SELECT ON marketplace.commission_sweeps TO bourse_admin, bourse_worker;

-- Users whose balances hold the commission of the house until sweep_commission() books it. Some 16, as many as were
-- ever needed at once. Who moves money of one holds the lock of its row
CREATE TABLE marketplace.house_accounts (
    user_id    bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT house_accounts_pkey PRIMARY KEY (user_id),
    CONSTRAINT fk_house_accounts_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE RESTRICT
);
ALTER TABLE marketplace.house_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY house_accounts_all ON marketplace.house_accounts FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
GRANT SELECT ON marketplace.house_accounts TO bourse_admin, bourse_worker;

-- Bills of subscriptions, one for each period. Append only but for what becomes of them. Kept for good, under the
-- pseudonym where the person has left. marketplace.invoices() lists those of a user, payouts() what a developer got
CREATE TABLE marketplace.invoices (
    id                     bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    -- INV-, the day in UTC on which it was written, and its id
    number                 text COLLATE "C" NOT NULL,
    user_id                bigint NOT NULL,
    -- Who made the bot, when it was written: who is paid
    developer_id           bigint NOT NULL,
    -- What it is for. No foreign key: it may be gone
    subscription_id        bigint NOT NULL,
    -- Which period of the subscription: 1, 2, …
    period                 integer NOT NULL,
    -- The bot. No foreign key: it may be gone
    bot_id                 bigint NOT NULL,
    plan                   text COLLATE "C" NOT NULL,
    currency               text COLLATE "C" NOT NULL,
    -- To how many decimals its amounts are rounded
    decimals               smallint NOT NULL,
    list_price             numeric(20,8) NOT NULL,
    discount               numeric(20,8) NOT NULL,
    -- list_price - discount: what the subscriber pays
    final_price            numeric(20,8) NOT NULL,
    commission_rate        numeric(5,4) NOT NULL,
    -- final_price * commission_rate, rounded half away from zero to the decimals of the plan: what the house gets
    commission             numeric(20,8) NOT NULL,
    -- final_price - commission: what the developer gets
    payout                 numeric(20,8) NOT NULL,
    promotion_id           bigint,
    period_start           timestamp with time zone NOT NULL,
    period_end             timestamp with time zone NOT NULL,
    -- open: due, and tried again; paid; unpaid: given up when its grace was over; refunded: all of it; void: nobody
    -- owes it any more, the subscription was cancelled first
    status                 text COLLATE "C" NOT NULL,
    created_at             timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    paid_at                timestamp with time zone,
    -- The transfer to the developer, by its debit: exchange.transfers.id; NULL: nothing to pay
    payout_transfer_id     bigint,
    -- The transfer to the house, in the same way
    commission_transfer_id bigint,
    -- How often money was asked for
    attempts               integer NOT NULL DEFAULT 1,
    -- Why it is not paid
    last_error             text,
    -- What the subscriber has got back: the sum of its refunds
    refunded               numeric(20,8) NOT NULL DEFAULT 0,
    -- The part of it that came from the house
    refunded_commission    numeric(20,8) NOT NULL DEFAULT 0,
    updated_at             timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT invoices_pkey PRIMARY KEY (id),
    CONSTRAINT invoices_period_key UNIQUE (user_id, subscription_id, period),
    CONSTRAINT fk_invoices_developer_id FOREIGN KEY (developer_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT fk_invoices_promotion_id FOREIGN KEY (promotion_id)
        REFERENCES marketplace.promotions(id) ON DELETE RESTRICT,
    CONSTRAINT fk_invoices_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT invoices_attempts_check CHECK (attempts > 0),
    CONSTRAINT invoices_commission_check CHECK (commission >= 0 AND commission <= final_price
        AND payout = (final_price - commission)),
    CONSTRAINT invoices_commission_rate_check CHECK (commission_rate >= 0 AND commission_rate <= 1),
    CONSTRAINT invoices_decimals_check CHECK (decimals = ANY (ARRAY[2, 8])),
    CONSTRAINT invoices_last_error_check CHECK (length(last_error) <= 200),
    CONSTRAINT invoices_list_price_check CHECK (list_price > 0 AND list_price < 'NaN'),
    CONSTRAINT invoices_number_check CHECK (number ~ '^INV-[0-9]{8}-[0-9]+$' AND split_part(number, '-', 3) = id::text),
    CONSTRAINT invoices_paid_check CHECK ( CASE WHEN status = ANY (ARRAY['paid', 'refunded']) THEN paid_at IS NOT NULL
        AND (payout_transfer_id IS NOT NULL) = (payout > 0)
        AND (commission_transfer_id IS NOT NULL) = (commission > 0) ELSE paid_at IS NULL AND payout_transfer_id IS NULL
        AND commission_transfer_id IS NULL END),
    CONSTRAINT invoices_period_bounds_check CHECK (isfinite(period_start) AND isfinite(period_end)
        AND period_end > period_start),
    CONSTRAINT invoices_period_check CHECK (period > 0),
    CONSTRAINT invoices_plan_check CHECK (plan = ANY (ARRAY['month', 'quarter', 'year'])),
    CONSTRAINT invoices_price_check CHECK (discount >= 0 AND discount <= list_price
        AND final_price = (list_price - discount)),
    CONSTRAINT invoices_refunded_check CHECK (refunded >= 0 AND refunded <= final_price AND refunded_commission >= 0
        AND refunded_commission <= LEAST(refunded, commission) AND (refunded - refunded_commission) <= payout
        AND ((status = ANY (ARRAY['paid', 'refunded'])) OR refunded = 0) AND (status = 'refunded') = (final_price > 0
        AND refunded = final_price)),
    CONSTRAINT invoices_status_check CHECK (status = ANY (ARRAY['open', 'paid', 'unpaid', 'refunded', 'void']))
) WITH (fillfactor=90);
-- What a developer has been paid: WHERE developer_id + 0 = … AND paid_at IS NOT NULL
CREATE INDEX idx_invoices_developer_id ON marketplace.invoices USING btree ((developer_id + 0), id)
    WHERE paid_at IS NOT NULL;
CREATE TRIGGER trigger_append_only BEFORE DELETE OR TRUNCATE ON marketplace.invoices FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change();
CREATE TRIGGER trigger_keep_invoice BEFORE UPDATE ON marketplace.invoices FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.keep_invoice();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.invoices FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
ALTER TABLE marketplace.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY invoices_all ON marketplace.invoices FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY invoices_own ON marketplace.invoices FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.invoices TO bourse_viewer, bourse_worker;

-- What bots have done for subscriptions, and on which signal. log_performance() writes them; so may workers and
-- gateways, as a plain table. Kept for 90 days, by whole months
CREATE TABLE marketplace.performance_logs (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    subscription_id bigint NOT NULL,
    action          text COLLATE "C" NOT NULL,
    "timestamp"     timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- In the quote of the pair
    price           numeric(20,8) NOT NULL,
    -- In the base of the pair; of HOLD 0
    quantity        numeric(20,8) NOT NULL,
    -- Of the account after it, in the quote of the pair
    balance         numeric(20,8) NOT NULL,
    -- What the bot has looked at: a JSON object of up to 65536 bytes and 64 levels without secrets
    signal_data     jsonb,
    user_id         bigint NOT NULL,
    CONSTRAINT performance_logs_pkey PRIMARY KEY (id, "timestamp"),
    CONSTRAINT fk_performance_logs_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE,
    CONSTRAINT performance_logs_action_check
        CHECK (action = ANY (ARRAY['BUY', 'SELL', 'HOLD', 'STOP_LOSS', 'TAKE_PROFIT'])),
    CONSTRAINT performance_logs_balance_check CHECK (balance < 'NaN'),
    CONSTRAINT performance_logs_hold_check CHECK (action <> 'HOLD' OR quantity = 0),
    CONSTRAINT performance_logs_price_check CHECK (price >= 0 AND price < 'NaN'),
    CONSTRAINT performance_logs_quantity_check CHECK (quantity >= 0 AND quantity < 'NaN'),
    CONSTRAINT performance_logs_timestamp_check CHECK (isfinite("timestamp"))
) PARTITION BY RANGE ("timestamp");
-- What a subscription has done of one kind: most of its log is HOLD
CREATE INDEX idx_performance_subscription_action ON ONLY marketplace.performance_logs
    USING btree (user_id, subscription_id, action, "timestamp");
-- The log of a subscription, the latest first
CREATE INDEX idx_performance_subscription_time ON ONLY marketplace.performance_logs
    USING btree (user_id, subscription_id, "timestamp");
CREATE TRIGGER trigger_fill_log BEFORE INSERT ON marketplace.performance_logs FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.fill_log();
CREATE TRIGGER trigger_require_drawn BEFORE INSERT ON marketplace.performance_logs FOR EACH ROW
    EXECUTE FUNCTION bourse_private.require_drawn_id('marketplace.performance_logs_id_seq');
ALTER TABLE marketplace.performance_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY performance_logs_all ON marketplace.performance_logs FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY performance_logs_insert ON marketplace.performance_logs FOR INSERT
    TO bourse_admin, bourse_gateway, bourse_worker
    WITH CHECK ((SELECT identity.acts_for_all()));
CREATE POLICY performance_logs_own ON marketplace.performance_logs FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.performance_logs TO bourse_viewer, bourse_worker;
GRANT INSERT (id, subscription_id, action, "timestamp", price, quantity, balance, signal_data, user_id) ON
    marketplace.performance_logs TO bourse_admin, bourse_gateway, bourse_worker;

-- What a bot costs for a month, a quarter or a year, written by create_plan(). The month in USD is
-- bots.price_per_month; a month in another currency, here, goes before it. marketplace.plans() lists both
CREATE TABLE marketplace.pricing_plans (
    id         bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id     bigint NOT NULL,
    plan       text COLLATE "C" NOT NULL,
    -- For one period, in currency
    price      numeric(20,8) NOT NULL,
    -- The asset of exchange.assets that it is paid in
    currency   text COLLATE "C" NOT NULL DEFAULT 'USD',
    -- To how many decimals discounts and commission are rounded, half away from zero: 2 or 8
    decimals   smallint NOT NULL DEFAULT 2,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT pricing_plans_pkey PRIMARY KEY (id),
    CONSTRAINT fk_pricing_plans_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT pricing_plans_currency_check CHECK (currency ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'),
    CONSTRAINT pricing_plans_decimals_check CHECK (decimals = ANY (ARRAY[2, 8])),
    CONSTRAINT pricing_plans_month_check CHECK (plan <> 'month' OR currency <> 'USD'),
    CONSTRAINT pricing_plans_plan_check CHECK (plan = ANY (ARRAY['month', 'quarter', 'year'])),
    CONSTRAINT pricing_plans_price_check CHECK (price >= 0 AND price < 1000000000000),
    CONSTRAINT pricing_plans_scale_check CHECK (price = round(price, decimals::integer))
);
-- A bot has one price for each plan
CREATE UNIQUE INDEX pricing_plans_bot_id_plan_key ON marketplace.pricing_plans USING btree ((bot_id + 0), plan);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON marketplace.pricing_plans FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.pricing_plans FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON marketplace.pricing_plans FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE marketplace.pricing_plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY pricing_plans_all ON marketplace.pricing_plans FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY pricing_plans_read ON marketplace.pricing_plans FOR SELECT
    USING ((EXISTS ( SELECT FROM marketplace.bots b WHERE b.id = pricing_plans.bot_id)));
GRANT SELECT ON marketplace.pricing_plans TO bourse_viewer, bourse_worker;

-- Uses of promotions, one row each. A full refund gives one back: it counts no longer
CREATE TABLE marketplace.promotion_uses (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    promotion_id    bigint NOT NULL,
    user_id         bigint NOT NULL,
    -- What was bought with it. No foreign key: it may be gone
    subscription_id bigint NOT NULL,
    used_at         timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- When it was given back; NULL: it counts
    returned_at     timestamp with time zone,
    CONSTRAINT promotion_uses_pkey PRIMARY KEY (id),
    CONSTRAINT promotion_uses_key UNIQUE (user_id, promotion_id, subscription_id),
    CONSTRAINT fk_promotion_uses_promotion_id FOREIGN KEY (promotion_id)
        REFERENCES marketplace.promotions(id) ON DELETE RESTRICT,
    CONSTRAINT fk_promotion_uses_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE RESTRICT
);
ALTER TABLE marketplace.promotion_uses ENABLE ROW LEVEL SECURITY;
CREATE POLICY promotion_uses_all ON marketplace.promotion_uses FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY promotion_uses_own ON marketplace.promotion_uses FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.promotion_uses TO bourse_viewer, bourse_worker;

-- Codes for a lower first period, written by create_promotion() and end_promotion(). Names only their developer sees
CREATE TABLE marketplace.promotions (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    developer_id      bigint NOT NULL,
    -- For this bot; NULL: for all bots of the developer
    bot_id            bigint,
    code              text COLLATE "C" NOT NULL,
    promotion_type    text COLLATE "C" NOT NULL,
    -- PERCENTAGE: of the price, above 0 up to 100; FIXED_AMOUNT: in currency; FREE_TRIAL: days, 1 to 365
    value             numeric(20,8) NOT NULL,
    currency          text COLLATE "C",
    -- How often it can be used in all; NULL: without end
    max_uses          integer,
    -- How often by one user; NULL: without end
    max_uses_per_user integer DEFAULT 1,
    -- How often it is used: rows of promotion_uses that have not been given back
    uses              integer NOT NULL DEFAULT 0,
    -- From when it can be used, this moment included
    valid_from        timestamp with time zone NOT NULL DEFAULT now(),
    -- Until when, this moment excluded; NULL: without end
    valid_until       timestamp with time zone,
    -- When its developer has ended it
    ended_at          timestamp with time zone,
    created_at        timestamp with time zone NOT NULL DEFAULT now(),
    updated_at        timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT promotions_pkey PRIMARY KEY (id),
    CONSTRAINT fk_promotions_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT fk_promotions_developer_id FOREIGN KEY (developer_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT promotions_code_check CHECK (code ~ '^[A-Z0-9][A-Z0-9_-]{2,39}$'),
    CONSTRAINT promotions_currency_check CHECK (currency ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'),
    CONSTRAINT promotions_max_uses_check CHECK (max_uses > 0),
    CONSTRAINT promotions_max_uses_per_user_check CHECK (max_uses_per_user > 0),
    CONSTRAINT promotions_pair_check CHECK ((promotion_type = 'FIXED_AMOUNT') = (currency IS NOT NULL)),
    CONSTRAINT promotions_promotion_type_check
        CHECK (promotion_type = ANY (ARRAY['PERCENTAGE', 'FIXED_AMOUNT', 'FREE_TRIAL'])),
    CONSTRAINT promotions_uses_check CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
    CONSTRAINT promotions_valid_from_check CHECK (isfinite(valid_from)),
    CONSTRAINT promotions_value_check CHECK ( CASE promotion_type WHEN 'PERCENTAGE' THEN value > 0
        AND value <= 100 WHEN 'FIXED_AMOUNT' THEN value > 0 AND value < 1000000000000 ELSE value >= 1 AND value <= 365
        AND value = trunc(value) END),
    CONSTRAINT promotions_window_check CHECK (isfinite(valid_until) AND valid_until > valid_from)
) WITH (fillfactor=50);
-- A developer has a code once. An expression, so that row security keeps others from trying it
CREATE UNIQUE INDEX promotions_developer_id_code_key ON marketplace.promotions USING btree (developer_id, (code || ''));
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE OF ended_at ON marketplace.promotions FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('developer_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.promotions FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.promotions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.refuse_erased_developer();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE OF ended_at ON marketplace.promotions FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE marketplace.promotions ENABLE ROW LEVEL SECURITY;
CREATE POLICY promotions_all ON marketplace.promotions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY promotions_own ON marketplace.promotions FOR SELECT
    USING (developer_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.promotions TO bourse_viewer, bourse_worker;

-- What subscribers have got back, written by refund(). Append only
CREATE TABLE marketplace.refunds (
    id                 bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    invoice_id         bigint NOT NULL,
    -- Who has got it: the subscriber
    user_id            bigint NOT NULL,
    -- What the caller has called it, once for an invoice: a retry moves no money
    reference          text COLLATE "C",
    -- In the currency of the invoice
    amount             numeric(20,8) NOT NULL,
    -- The part of it that the house gave back; the developer the rest
    commission         numeric(20,8) NOT NULL,
    reason             text NOT NULL,
    refunded_by        name NOT NULL DEFAULT identity_private.author(),
    created_at         timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- The reference of its transfers; followed by :commission, of what comes from the user of the last sweep. Drawn, so
    -- that nobody has used it before
    transfer_reference text COLLATE "C" NOT NULL DEFAULT 'marketplace:refund:' || gen_random_uuid(),
    CONSTRAINT refunds_pkey PRIMARY KEY (id),
    CONSTRAINT fk_refunds_invoice_id FOREIGN KEY (invoice_id) REFERENCES marketplace.invoices(id) ON DELETE RESTRICT,
    CONSTRAINT fk_refunds_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE RESTRICT,
    CONSTRAINT refunds_amount_check CHECK (amount > 0 AND amount < 'NaN'),
    CONSTRAINT refunds_commission_check CHECK (commission >= 0 AND commission <= amount),
    CONSTRAINT refunds_reason_check CHECK (length(reason) >= 1 AND length(reason) <= 500),
    CONSTRAINT refunds_reference_check CHECK (length(reference) >= 1 AND length(reference) <= 128)
);
-- The refunds of an invoice, each reference once
CREATE UNIQUE INDEX refunds_reference_key ON marketplace.refunds USING btree (user_id, invoice_id, (reference || ''));
CREATE TRIGGER trigger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON marketplace.refunds FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change();
CREATE TRIGGER trigger_audit AFTER INSERT ON marketplace.refunds FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
ALTER TABLE marketplace.refunds ENABLE ROW LEVEL SECURITY;
CREATE POLICY refunds_all ON marketplace.refunds FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY refunds_own ON marketplace.refunds FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.refunds TO bourse_viewer, bourse_worker;

-- What the rules of a subscription look at when it opens a trade, kept by the triggers of marketplace.trades
CREATE TABLE marketplace.risk_states (
    user_id         bigint NOT NULL,
    subscription_id bigint NOT NULL,
    -- How many trades are open
    open_trades     bigint NOT NULL DEFAULT 0,
    -- What they came to at their entries: the sum of quantity * entry_price, in the quote of the pair
    exposure        numeric NOT NULL DEFAULT 0,
    -- The day (UTC) on which a trade was closed last
    day             date NOT NULL DEFAULT '1970-01-01'::date,
    -- What the trades that were closed on it have come to
    day_pnl         numeric NOT NULL DEFAULT 0,
    -- What they had come to at their entries
    day_cost        numeric NOT NULL DEFAULT 0,
    -- How many trades have lost since the last one that has not
    losses          bigint NOT NULL DEFAULT 0,
    -- When the last trade that has lost was closed
    last_loss_at    timestamp with time zone,
    CONSTRAINT risk_states_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_risk_states_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE,
    CONSTRAINT risk_states_exposure_check CHECK (open_trades >= 0 AND exposure >= 0 AND exposure < 'NaN'
        AND (open_trades > 0 OR exposure = 0)),
    CONSTRAINT risk_states_losses_check CHECK (losses >= 0)
) WITH (fillfactor=50);
ALTER TABLE marketplace.risk_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY risk_states_all ON marketplace.risk_states FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY risk_states_own ON marketplace.risk_states FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.risk_states TO bourse_viewer, bourse_worker;

-- What is to run, and who runs it: claim_runs() hands it out, finish_run() takes it back
CREATE TABLE marketplace.runs (
    subscription_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    -- From when on anybody may claim it: next_run_at; while it runs the end of the lease; NULL: the subscription is not
    -- ACTIVE
    claimable_at    timestamp with time zone,
    -- When it is to run next; NULL: not at work
    next_run_at     timestamp with time zone,
    -- When its last run has ended
    last_run_at     timestamp with time zone,
    -- Proof of holding it: another for every claim
    lease           uuid,
    -- The worker that holds it
    worker          text COLLATE "C",
    -- How many of its runs have failed, one after the other
    error_count     integer NOT NULL DEFAULT 0,
    -- What the last run that failed has said, up to 2000 characters
    last_error      text COLLATE "C",
    CONSTRAINT runs_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_runs_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE,
    CONSTRAINT runs_lease_check CHECK ((lease IS NULL) = (worker IS NULL) AND (lease IS NULL
        OR claimable_at IS NOT NULL) AND error_count >= 0 AND length(worker) <= 100 AND length(last_error) <= 2000)
) WITH (fillfactor=50, toast_tuple_target=128, autovacuum_vacuum_threshold=1000, autovacuum_vacuum_scale_factor=0.02);
-- What is due next, and what leases have lapsed
CREATE INDEX idx_runs_claimable_at ON marketplace.runs USING btree (claimable_at, subscription_id)
    WHERE claimable_at IS NOT NULL;
ALTER TABLE marketplace.runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY runs_all ON marketplace.runs FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY runs_own ON marketplace.runs FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT (subscription_id, user_id, claimable_at, next_run_at, last_run_at, worker, error_count, last_error) ON
    marketplace.runs TO bourse_viewer, bourse_worker;

-- What is still to be added to total_subscribers of bots. Private; empty but for moments
CREATE TABLE marketplace.subscriber_changes (
    id     bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    bot_id bigint NOT NULL,
    change integer NOT NULL,
    CONSTRAINT subscriber_changes_pkey PRIMARY KEY (id),
    CONSTRAINT fk_subscriber_changes_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE
);
-- What is to be added for a bot
CREATE INDEX idx_subscriber_changes_bot_id ON marketplace.subscriber_changes USING btree (bot_id);

-- The life of subscriptions: each step, with who and when. Append only; goes with its subscription.
-- marketplace.subscription_events() pages through it
CREATE TABLE marketplace.subscription_events (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id         bigint NOT NULL,
    subscription_id bigint NOT NULL,
    at              timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- subscribe, a step as subscription_transitions() names them, or what has changed: change_config, upgrade_version,
    -- cancel_at_period_end, extend
    event           text COLLATE "C" NOT NULL,
    old_status      text COLLATE "C",
    new_status      text COLLATE "C" NOT NULL,
    -- The login that has done it; of what the platform does itself its own
    actor           name NOT NULL DEFAULT identity_private.author(),
    -- The user that the login acted for; NULL: nobody in particular
    actor_id        bigint DEFAULT identity_private.author_id(),
    -- More: the error, from which version to which, until when
    detail          jsonb,
    CONSTRAINT subscription_events_pkey PRIMARY KEY (id),
    CONSTRAINT fk_subscription_events_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE
);
-- The events of a subscription, the latest first
CREATE INDEX idx_subscription_events_user_id ON marketplace.subscription_events
    USING btree (user_id, subscription_id, id);
CREATE TRIGGER trigger_append_only BEFORE UPDATE OR TRUNCATE ON marketplace.subscription_events FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with what it tells of, and not before.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON marketplace.subscription_events FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.refuse_delete_of_living();
ALTER TABLE marketplace.subscription_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY subscription_events_all ON marketplace.subscription_events FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY subscription_events_own ON marketplace.subscription_events FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.subscription_events TO bourse_viewer, bourse_worker;

-- Subscriptions of users to bots: settings, life, how long they last, and the sums of their trades. subscribe() makes
-- one; marketplace.runs is the queue of what is due
CREATE TABLE marketplace.subscriptions (
    id                      bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id                 bigint NOT NULL,
    -- The principal that has subscribed; NULL: none, or it has been taken from the user since
    user_principal_id       character varying(255) COLLATE "C",
    bot_id                  bigint NOT NULL,
    instance_name           character varying(255) NOT NULL,
    exchange_type           text COLLATE "C" NOT NULL DEFAULT 'BINANCE',
    -- As normalise_pair() writes it: BTC/USDT
    trading_pair            character varying(20) COLLATE "C" NOT NULL DEFAULT 'BTC/USDT',
    -- How often it runs: at every end of such a candle, in UTC
    timeframe               character varying(10) COLLATE "C" NOT NULL DEFAULT '1h',
    -- Further candles that it looks at: ["15m", "4h"]
    timeframes              jsonb,
    -- Settings of the bot, by the config_schema of its version
    strategy_config         jsonb NOT NULL DEFAULT '{}',
    -- How large its orders are, as marketplace.config_fields() lists
    execution_config        jsonb NOT NULL,
    -- What it may not do, as marketplace.config_fields() lists; asked whenever a trade is opened
    risk_config             jsonb NOT NULL,
    -- Minutes that the bot looks back over
    trade_evaluation_period integer,
    network_type            text COLLATE "C" NOT NULL DEFAULT 'testnet',
    trade_mode              text COLLATE "C" NOT NULL DEFAULT 'Spot',
    -- ACTIVE, PAUSED, ERROR (its runs have failed), CANCELLED, EXPIRED. subscription_transitions() has the steps.
    -- Whether it is entitled to run is told by ends_at: the status follows within moments
    status                  text COLLATE "C" NOT NULL DEFAULT 'ACTIVE',
    is_testnet              boolean NOT NULL GENERATED ALWAYS AS (network_type = 'testnet') STORED,
    is_trial                boolean NOT NULL DEFAULT false,
    started_at              timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- Until when it is paid for; of a trial its end; NULL: it is free, and lasts
    expires_at              timestamp with time zone,
    trial_expires_at        timestamp with time zone,
    -- How many of its trades are closed
    total_trades            bigint NOT NULL DEFAULT 0,
    -- How many of them have come to more than 0
    winning_trades          bigint NOT NULL DEFAULT 0,
    -- What its closed trades have come to, in the quote of the pair
    total_pnl               numeric(38,8) NOT NULL DEFAULT 0,
    -- The version of the bot that runs for it, until upgrade_version()
    bot_version             character varying(50) COLLATE "C" NOT NULL,
    -- Its user has made the bot: it costs nothing, and does not count among subscribers
    is_own                  boolean NOT NULL DEFAULT false,
    -- The plan that it is paid by; NULL: a trial, free, or an own bot
    plan                    text COLLATE "C",
    -- What its period has cost, after discounts
    price                   numeric(20,8) NOT NULL DEFAULT 0,
    -- From when on it is cancelled: in the future, if it was cancelled at the end of its period; it is not renewed then
    cancelled_at            timestamp with time zone,
    -- The earliest of expires_at, trial_expires_at and cancelled_at; NULL: it lasts
    ends_at                 timestamp with time zone GENERATED ALWAYS AS (LEAST(expires_at, trial_expires_at,
        cancelled_at)) STORED,
    -- What its user has called the request, so that a retry makes no second one
    client_id               character varying(64) COLLATE "C",
    -- SHA-256 of that request: another one is told by it
    request_hash            bytea,
    created_at              timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    updated_at              timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT subscriptions_pkey PRIMARY KEY (id),
    CONSTRAINT subscriptions_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT fk_subscriptions_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id),
    CONSTRAINT fk_subscriptions_bot_version FOREIGN KEY (bot_id, bot_version)
        REFERENCES marketplace.bot_versions(bot_id, version),
    CONSTRAINT fk_subscriptions_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT fk_subscriptions_user_principal_id FOREIGN KEY (user_id, user_principal_id)
        REFERENCES identity.user_principals(user_id, principal_id) ON DELETE SET NULL (user_principal_id),
    CONSTRAINT subscriptions_exchange_type_check
        CHECK (exchange_type = ANY (ARRAY['BINANCE', 'COINBASE', 'KRAKEN', 'BYBIT', 'HUOBI'])),
    CONSTRAINT subscriptions_is_trial_check CHECK (is_trial = (trial_expires_at IS NOT NULL) AND (NOT is_trial
        OR network_type = 'testnet' AND plan IS NULL AND price = 0) AND (status <> 'CANCELLED'
        OR cancelled_at IS NOT NULL)),
    CONSTRAINT subscriptions_network_type_check CHECK (network_type = ANY (ARRAY['testnet', 'mainnet'])),
    CONSTRAINT subscriptions_status_check
        CHECK (status = ANY (ARRAY['ACTIVE', 'PAUSED', 'CANCELLED', 'EXPIRED', 'ERROR'])),
    CONSTRAINT subscriptions_sums_check CHECK (winning_trades >= 0 AND winning_trades <= total_trades
        AND total_pnl < 'NaN' AND price >= 0 AND price < 'NaN'),
    CONSTRAINT subscriptions_timeframe_check
        CHECK (timeframe::text = ANY (ARRAY['1m', '5m', '15m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '1w'])),
    CONSTRAINT subscriptions_times_check CHECK (isfinite(started_at) AND expires_at > started_at
        AND expires_at < 'infinity'::timestamp with time zone AND trial_expires_at > started_at
        AND trial_expires_at < 'infinity'::timestamp with time zone AND isfinite(cancelled_at)),
    CONSTRAINT subscriptions_trade_mode_check CHECK (trade_mode = ANY (ARRAY['Spot', 'Margin', 'Futures'])),
    CONSTRAINT subscriptions_trading_pair_check CHECK (trading_pair::text ~ '^[A-Z0-9]{1,10}/[A-Z0-9]{2,10}$'),
    CONSTRAINT subscriptions_words_check CHECK (btrim(instance_name::text) <> '' AND client_id::text <> ''
        AND (client_id IS NULL) = (request_hash IS NULL) AND trade_evaluation_period >= 1
        AND trade_evaluation_period <= 527040)
) WITH (fillfactor=60, toast_tuple_target=256);
-- The subscribers of a bot, by status: WHERE bot_id + 0 = …. Expressions, so that row security keeps users from
-- counting those of others, as in the next two
CREATE INDEX idx_subscriptions_bot_id ON marketplace.subscriptions USING btree ((bot_id + 0), (status || ''));
-- What has ended, or is about to, and does not say so yet: WHERE ends_at AT TIME ZONE 'UTC' <= …
CREATE INDEX idx_subscriptions_ends_at ON marketplace.subscriptions USING btree (((ends_at AT TIME ZONE 'UTC')))
    WHERE status = ANY (ARRAY['ACTIVE', 'PAUSED', 'ERROR']);
-- What is at work, by exchange and pair: WHERE status || '' = …
CREATE INDEX idx_subscriptions_status ON marketplace.subscriptions
    USING btree ((status || ''), (exchange_type || ''), (trading_pair::text || ''));
-- The subscriptions of a principal
CREATE INDEX idx_subscriptions_user_principal_id ON marketplace.subscriptions USING btree (user_id, user_principal_id)
    WHERE user_principal_id IS NOT NULL;
-- One subscription for a request, however often it is sent
CREATE UNIQUE INDEX subscriptions_client_id_key ON marketplace.subscriptions USING btree (user_id, client_id)
    WHERE client_id IS NOT NULL;
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE
    OR UPDATE OF instance_name, trading_pair, timeframe, timeframes, strategy_config, execution_config, risk_config,
    trade_evaluation_period, trade_mode, bot_version ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON marketplace.subscriptions FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_count_gone AFTER DELETE ON marketplace.subscriptions FOR EACH ROW WHEN (old.status = 'ACTIVE'
    AND NOT old.is_own) EXECUTE FUNCTION marketplace_private.count_subscriber();
CREATE TRIGGER trigger_count_new AFTER INSERT ON marketplace.subscriptions FOR EACH ROW WHEN (new.status = 'ACTIVE'
    AND NOT new.is_own) EXECUTE FUNCTION marketplace_private.count_subscriber();
CREATE TRIGGER trigger_count_step AFTER UPDATE OF status, is_own ON marketplace.subscriptions FOR EACH ROW
    WHEN ((old.status = 'ACTIVE' AND NOT old.is_own) <> (new.status = 'ACTIVE' AND NOT new.is_own))
    EXECUTE FUNCTION marketplace_private.count_subscriber();
CREATE TRIGGER trigger_guard_status BEFORE UPDATE OF status ON marketplace.subscriptions FOR EACH ROW
    WHEN (old.status IS DISTINCT FROM new.status) EXECUTE FUNCTION marketplace_private.guard_subscription_status();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER trigger_require_bounds BEFORE INSERT
    OR UPDATE OF timeframes, strategy_config, execution_config, risk_config ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.require_subscription_bounds();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE OF instance_name, trading_pair, timeframe, timeframes,
    strategy_config, execution_config, risk_config, trade_evaluation_period, trade_mode, status, expires_at,
    cancelled_at, bot_version ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
CREATE TRIGGER trigger_sum_of_delete AFTER DELETE ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.sum_subscription();
CREATE TRIGGER trigger_sum_of_insert AFTER INSERT ON marketplace.subscriptions FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.sum_subscription();
CREATE TRIGGER trigger_sum_of_update AFTER UPDATE OF status, bot_id ON marketplace.subscriptions FOR EACH ROW
    WHEN (old.status IS DISTINCT FROM new.status OR old.bot_id IS DISTINCT FROM new.bot_id)
    EXECUTE FUNCTION marketplace_private.sum_subscription();
ALTER TABLE marketplace.subscriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY subscriptions_all ON marketplace.subscriptions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY subscriptions_own ON marketplace.subscriptions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.subscriptions TO bourse_viewer, bourse_worker;

-- Which trade of a subscription an exchange_trade_id is: one, in whatever month. Written with marketplace.trades
CREATE TABLE marketplace.trade_keys (
    user_id           bigint NOT NULL,
    subscription_id   bigint NOT NULL,
    exchange_trade_id character varying(100) COLLATE "C" NOT NULL,
    -- No foreign key: rows of a partitioned table that others refer to could not move to their partition
    trade_id          bigint NOT NULL,
    entry_time        timestamp with time zone NOT NULL,
    CONSTRAINT trade_keys_pkey PRIMARY KEY (user_id, subscription_id, exchange_trade_id),
    CONSTRAINT fk_trade_keys_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE
);
ALTER TABLE marketplace.trade_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY trade_keys_all ON marketplace.trade_keys FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY trade_keys_own ON marketplace.trade_keys FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.trade_keys TO bourse_viewer, bourse_worker;

-- Trades of subscriptions. open_trade() and close_trade() write them; so may workers and gateways, as a plain table:
-- user_id, bot_id, trading_pair, pnl and pnl_percentage are filled in
CREATE TABLE marketplace.trades (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    subscription_id   bigint NOT NULL,
    side              text COLLATE "C" NOT NULL,
    -- The pair of the subscription when the trade was opened
    trading_pair      character varying(20) COLLATE "C" NOT NULL,
    -- In the base of the pair
    quantity          numeric(20,8) NOT NULL,
    -- In the quote of the pair, as all prices here
    entry_price       numeric(20,8) NOT NULL,
    exit_price        numeric(20,8),
    stop_loss_price   numeric(20,8),
    take_profit_price numeric(20,8),
    entry_time        timestamp with time zone NOT NULL DEFAULT now(),
    exit_time         timestamp with time zone,
    -- What it has come to, in the quote of the pair: quantity × the move of the price in its favour, rounded to 8
    -- decimals, - commission. NULL: it is open
    pnl               numeric(34,8),
    -- 100 × pnl / (quantity × entry_price); NULL: it is open, or has cost nothing
    pnl_percentage    numeric(38,4),
    exchange_order_id character varying(100) COLLATE "C",
    -- What the exchange calls it: one trade of a subscription has it, as marketplace.trade_keys says
    exchange_trade_id character varying(100) COLLATE "C",
    status            text COLLATE "C" NOT NULL DEFAULT 'OPEN',
    user_id           bigint NOT NULL,
    -- The bot of the subscription
    bot_id            bigint NOT NULL,
    -- Of entry and exit, in quote. Positive: paid; negative: a rebate
    commission        numeric(20,8) NOT NULL DEFAULT 0,
    created_at        timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT trades_pkey PRIMARY KEY (id, entry_time),
    CONSTRAINT fk_trades_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions(user_id, id) ON DELETE CASCADE,
    CONSTRAINT trades_closed_check
        CHECK ( CASE status WHEN 'OPEN' THEN num_nonnulls(exit_price, exit_time, pnl, pnl_percentage) = 0 ELSE
        num_nulls(exit_price, exit_time, pnl) = 0 END),
    CONSTRAINT trades_commission_check CHECK (commission < 'NaN'),
    CONSTRAINT trades_entry_price_check CHECK (entry_price >= 0 AND entry_price < 'NaN'),
    CONSTRAINT trades_entry_time_check CHECK (isfinite(entry_time)),
    CONSTRAINT trades_exchange_order_id_check CHECK (exchange_order_id::text <> ''),
    CONSTRAINT trades_exchange_trade_id_check CHECK (exchange_trade_id::text <> ''),
    CONSTRAINT trades_exit_price_check CHECK (exit_price >= 0 AND exit_price < 'NaN'),
    CONSTRAINT trades_exit_time_check CHECK (exit_time >= entry_time AND isfinite(exit_time)),
    CONSTRAINT trades_pnl_check CHECK (pnl = (round(quantity * CASE side WHEN 'BUY' THEN exit_price - entry_price ELSE
        entry_price - exit_price END, 8) - commission)),
    CONSTRAINT trades_quantity_check CHECK (quantity > 0 AND quantity < 'NaN'),
    CONSTRAINT trades_side_check CHECK (side = ANY (ARRAY['BUY', 'SELL'])),
    CONSTRAINT trades_status_check CHECK (status = ANY (ARRAY['OPEN', 'CLOSED'])),
    CONSTRAINT trades_stop_loss_price_check CHECK (stop_loss_price > 0 AND stop_loss_price < 'NaN'),
    CONSTRAINT trades_stops_check CHECK ( CASE side WHEN 'BUY' THEN stop_loss_price < take_profit_price ELSE
        stop_loss_price > take_profit_price END),
    CONSTRAINT trades_take_profit_price_check CHECK (take_profit_price > 0 AND take_profit_price < 'NaN')
) PARTITION BY RANGE (entry_time);
-- When a bot has traded last, of all its subscribers. An expression, so that row security keeps users from counting the
-- trades of others
CREATE INDEX idx_trades_bot_id ON ONLY marketplace.trades USING btree ((bot_id + 0), entry_time);
-- The trades of an order: WHERE exchange_order_id || '' = …. An expression, as in idx_trades_bot_id
CREATE INDEX idx_trades_exchange_order_id ON ONLY marketplace.trades USING btree ((exchange_order_id::text || ''))
    WHERE exchange_order_id IS NOT NULL;
-- What a subscription has closed, in order of time, and what it has open: exit_time IS NULL
CREATE INDEX idx_trades_exit_time ON ONLY marketplace.trades USING btree (user_id, subscription_id, exit_time);
-- The trades of a subscription, the latest first
CREATE INDEX idx_trades_subscription_time ON ONLY marketplace.trades USING btree (user_id, subscription_id, entry_time);
CREATE TRIGGER trigger_change_trade BEFORE UPDATE ON marketplace.trades FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.change_trade();
CREATE TRIGGER trigger_count_trades_of_delete AFTER DELETE ON marketplace.trades REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_trades();
CREATE TRIGGER trigger_count_trades_of_insert AFTER INSERT ON marketplace.trades REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_trades();
CREATE TRIGGER trigger_count_trades_of_update AFTER UPDATE ON marketplace.trades REFERENCING OLD TABLE AS old_rows NEW
    TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.count_trades();
CREATE TRIGGER trigger_fill_trade BEFORE INSERT ON marketplace.trades FOR EACH ROW
    EXECUTE FUNCTION marketplace_private.fill_trade();
CREATE TRIGGER trigger_no_truncate BEFORE TRUNCATE ON marketplace.trades FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with what it tells of, and not before.');
CREATE TRIGGER trigger_note_risk_of_delete AFTER DELETE ON marketplace.trades REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();
CREATE TRIGGER trigger_note_risk_of_insert AFTER INSERT ON marketplace.trades REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();
CREATE TRIGGER trigger_note_risk_of_update AFTER UPDATE ON marketplace.trades REFERENCING OLD TABLE AS old_rows NEW
    TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();
CREATE TRIGGER trigger_require_drawn BEFORE INSERT ON marketplace.trades FOR EACH ROW
    EXECUTE FUNCTION bourse_private.require_drawn_id('marketplace.trades_id_seq');
ALTER TABLE marketplace.trades ENABLE ROW LEVEL SECURITY;
CREATE POLICY trades_all ON marketplace.trades FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY trades_insert ON marketplace.trades FOR INSERT TO bourse_admin, bourse_gateway, bourse_worker
    WITH CHECK ((SELECT identity.acts_for_all()));
CREATE POLICY trades_own ON marketplace.trades FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
CREATE POLICY trades_update ON marketplace.trades FOR UPDATE TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()) AND status = 'OPEN')
    WITH CHECK ((SELECT identity.acts_for_all()));
GRANT SELECT ON marketplace.trades TO bourse_viewer, bourse_worker;
GRANT INSERT (id, subscription_id, side, trading_pair, quantity, entry_price, exit_price, stop_loss_price,
    take_profit_price, entry_time, exit_time, pnl, pnl_percentage, exchange_order_id, exchange_trade_id, status,
    user_id, bot_id, commission, created_at, updated_at), UPDATE (exit_price, stop_loss_price, take_profit_price,
    exit_time, exchange_order_id, exchange_trade_id, status, commission) ON marketplace.trades
    TO bourse_admin, bourse_gateway, bourse_worker;

-- Trials of bots: one for a user and a bot, ever. Written by subscribe() with the subscription, and stays when that is
-- gone
CREATE TABLE marketplace.trials (
    user_id         bigint NOT NULL,
    bot_id          bigint NOT NULL,
    -- The subscription that the trial was. No foreign key: it may be gone
    subscription_id bigint,
    started_at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- When it was to end; cancelled earlier, it is used up all the same
    expires_at      timestamp with time zone NOT NULL,
    CONSTRAINT trials_pkey PRIMARY KEY (user_id, bot_id),
    CONSTRAINT fk_trials_bot_id FOREIGN KEY (bot_id) REFERENCES marketplace.bots(id) ON DELETE CASCADE,
    CONSTRAINT fk_trials_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT trials_expires_at_check CHECK (expires_at > started_at AND isfinite(expires_at))
);
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.trials FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
ALTER TABLE marketplace.trials ENABLE ROW LEVEL SECURITY;
CREATE POLICY trials_all ON marketplace.trials FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY trials_own ON marketplace.trials FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON marketplace.trials TO bourse_viewer, bourse_worker;

-- What the closed trades of approved bots have come to, of all their subscribers together; developers see their own
-- bots, operators all. avg_pnl_per_trade and win_rate (percent) are NULL without a closed trade; total_pnl is exact_pnl
-- rounded to cents; last_trade_time: when the last trade was opened. P&L of different quotes is added up as it stands
CREATE VIEW marketplace.bot_performance_summary WITH (security_invoker=true) AS
 SELECT b.id AS bot_id,
    b.name AS bot_name,
    b.developer_id,
    s.total_subscriptions,
    s.active_subscriptions,
    s.total_trades,
    round(s.total_pnl / NULLIF(s.total_trades, 0)::numeric, 2) AS avg_pnl_per_trade,
    round(s.total_pnl, 2) AS total_pnl,
    round(100.0 * s.winning_trades::numeric / NULLIF(s.total_trades, 0)::numeric, 2) AS win_rate,
    s.last_trade_time,
    s.winning_trades,
    s.total_pnl AS exact_pnl,
    s.total_commission
   FROM marketplace.bots b
     CROSS JOIN LATERAL marketplace.bot_totals(b.id) s(total_subscriptions, active_subscriptions, total_trades,
         winning_trades, total_pnl, total_commission, last_trade_time)
  WHERE b.status = 'APPROVED' AND (b.developer_id = ((SELECT identity.current_user_id()))
      OR (SELECT identity.acts_for_all()));
GRANT SELECT ON marketplace.bot_performance_summary TO bourse_viewer, bourse_worker;

-- Subscriptions with when they have run last and run next, who runs them now, and what the last run that failed has
-- said; users see their own
CREATE VIEW marketplace.subscription_overview WITH (security_invoker=true) AS
 SELECT s.id,
    s.user_id,
    s.user_principal_id,
    s.bot_id,
    s.instance_name,
    s.exchange_type,
    s.trading_pair,
    s.timeframe,
    s.timeframes,
    s.strategy_config,
    s.execution_config,
    s.risk_config,
    s.trade_evaluation_period,
    s.network_type,
    s.trade_mode,
    s.status,
    s.is_testnet,
    s.is_trial,
    s.started_at,
    s.expires_at,
    s.trial_expires_at,
    r.last_run_at,
    r.next_run_at,
    s.total_trades,
    s.winning_trades,
    s.total_pnl,
    s.bot_version,
    s.is_own,
    s.plan,
    s.price,
    s.cancelled_at,
    s.ends_at,
    s.client_id,
    r.worker,
    r.error_count,
    r.last_error
   FROM marketplace.subscriptions s
     JOIN marketplace.runs r ON r.user_id = s.user_id AND r.subscription_id = s.id;
GRANT SELECT ON marketplace.subscription_overview TO bourse_viewer, bourse_worker;

-- What the closed trades of users have come to, of all their subscriptions, also those that have ended; users see their
-- own row. user_principal_id: the first ACTIVE principal. avg_pnl and win_rate (percent) are NULL without a closed
-- trade; total_pnl is exact_pnl rounded to cents. P&L of different quotes is added up as it stands
CREATE VIEW marketplace.user_performance_summary WITH (security_invoker=true) AS
 SELECT u.id AS user_id,
    u.email,
    ( SELECT p.principal_id
           FROM identity.user_principals p
          WHERE p.user_id = u.id AND p.status = 'ACTIVE'
          ORDER BY p.id
         LIMIT 1) AS user_principal_id,
    s.active_subscriptions,
    s.total_trades,
    s.winning_trades,
    round(s.total_pnl / NULLIF(s.total_trades, 0)::numeric, 2) AS avg_pnl,
    round(s.total_pnl, 2) AS total_pnl,
    round(100.0 * s.winning_trades::numeric / NULLIF(s.total_trades, 0)::numeric, 2) AS win_rate,
    s.total_subscriptions,
    s.total_pnl AS exact_pnl
   FROM identity.users u
     CROSS JOIN LATERAL ( SELECT count(*) AS total_subscriptions,
            count(*) FILTER (WHERE s_1.status = 'ACTIVE') AS active_subscriptions,
            COALESCE(sum(s_1.total_trades), 0)::bigint AS total_trades,
            COALESCE(sum(s_1.winning_trades), 0)::bigint AS winning_trades,
            COALESCE(sum(s_1.total_pnl), 0) AS total_pnl
           FROM marketplace.subscriptions s_1
          WHERE s_1.user_id = u.id) s;
GRANT SELECT ON marketplace.user_performance_summary TO bourse_viewer, bourse_worker;
