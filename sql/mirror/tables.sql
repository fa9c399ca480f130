-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

-- What accounts are worth, as workers have told: what mode proportional goes by. All of one group in one currency
CREATE TABLE mirror.account_funds (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    funds      numeric(20,8) NOT NULL,
    as_of      timestamp with time zone NOT NULL,
    CONSTRAINT account_funds_pkey PRIMARY KEY (account_id),
    CONSTRAINT fk_account_funds_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT account_funds_as_of_check CHECK (isfinite(as_of)),
    CONSTRAINT account_funds_funds_check CHECK (funds >= 0 AND funds < 'NaN')
) WITH (fillfactor=80);
-- The funds of a user; its foreign key looks here
CREATE INDEX idx_account_funds_user_id ON mirror.account_funds USING btree (user_id, account_id);
ALTER TABLE mirror.account_funds ENABLE ROW LEVEL SECURITY;
CREATE POLICY account_funds_all ON mirror.account_funds FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY account_funds_own ON mirror.account_funds FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.account_funds TO bourse_viewer, bourse_worker;

-- Accounts that have followed a group: whoever claims requests locks its row
CREATE TABLE mirror.account_lanes (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    CONSTRAINT account_lanes_pkey PRIMARY KEY (account_id),
    CONSTRAINT fk_account_lanes_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE
);
-- The lanes of a user; its foreign key looks here
CREATE INDEX idx_account_lanes_user_id ON mirror.account_lanes USING btree (user_id, account_id);
ALTER TABLE mirror.account_lanes ENABLE ROW LEVEL SECURITY;
CREATE POLICY account_lanes_all ON mirror.account_lanes FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY account_lanes_own ON mirror.account_lanes FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.account_lanes TO bourse_viewer, bourse_worker;

-- How new the reports of accounts are: their orders, positions, holdings and executions
CREATE TABLE mirror.books (
    account_id     bigint NOT NULL,
    user_id        bigint NOT NULL,
    book           text COLLATE "C" NOT NULL,
    -- The newest report, complete or not
    as_of          timestamp with time zone NOT NULL,
    -- The newest complete report: what is older than this says nothing any more
    complete_as_of timestamp with time zone,
    -- Of the document that was kept last: the same again is not kept
    content_hash   bigint NOT NULL,
    CONSTRAINT books_pkey PRIMARY KEY (account_id, book),
    CONSTRAINT fk_books_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT books_as_of_check CHECK (isfinite(as_of)),
    CONSTRAINT books_book_check CHECK (book = ANY (ARRAY['orders', 'positions', 'holdings', 'executions'])),
    CONSTRAINT books_complete_as_of_check CHECK (isfinite(complete_as_of))
) WITH (fillfactor=70);
-- The books of a user; also for the foreign key
CREATE INDEX idx_books_user_id ON mirror.books USING btree (user_id, account_id);
ALTER TABLE mirror.books ENABLE ROW LEVEL SECURITY;
CREATE POLICY books_all ON mirror.books FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY books_own ON mirror.books FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.books TO bourse_viewer, bourse_worker;

-- Circuit breakers of accounts: whether an account may be used, and how often it has failed. An open one is half open
-- once its time is over, before anybody writes it so: mirror.account_health() says what holds now
CREATE TABLE mirror.breakers (
    account_id      bigint NOT NULL,
    user_id         bigint NOT NULL,
    -- closed: in use; open: failed, not tried for open_for; half_open: tried by one probe at a time
    state           text COLLATE "C" NOT NULL DEFAULT 'closed',
    -- Failures in a row
    failures        integer NOT NULL DEFAULT 0,
    -- Successes in a row while half open
    successes       integer NOT NULL DEFAULT 0,
    -- When it was opened last; NULL: it is closed
    opened_at       timestamp with time zone,
    -- When may_connect() let the last probe through that nobody has told of yet
    probed_at       timestamp with time zone,
    last_failure_at timestamp with time zone,
    last_reason     character varying(200),
    CONSTRAINT breakers_pkey PRIMARY KEY (account_id),
    CONSTRAINT fk_breakers_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT breakers_failures_check CHECK (failures >= 0),
    CONSTRAINT breakers_opened_at_check CHECK ((opened_at IS NULL) = (state = 'closed')),
    CONSTRAINT breakers_probed_at_check CHECK (probed_at IS NULL OR state = 'half_open'),
    CONSTRAINT breakers_state_check CHECK (state = ANY (ARRAY['closed', 'open', 'half_open'])),
    CONSTRAINT breakers_successes_check CHECK (successes >= 0 AND (successes = 0 OR state = 'half_open'))
) WITH (fillfactor=80);
-- Those that a heartbeat changes
CREATE INDEX idx_breakers_troubled ON mirror.breakers USING btree (account_id) WHERE state <> 'closed' OR failures > 0;
-- The breakers of a user
CREATE INDEX idx_breakers_user_id ON mirror.breakers USING btree (user_id, account_id);
ALTER TABLE mirror.breakers ENABLE ROW LEVEL SECURITY;
CREATE POLICY breakers_all ON mirror.breakers FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY breakers_own ON mirror.breakers FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.breakers TO bourse_viewer, bourse_worker;

-- Brokers at whom somebody may have an account. Everybody reads them, admins write them
CREATE TABLE mirror.brokers (
    name       character varying(50) COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT brokers_pkey PRIMARY KEY (name),
    CONSTRAINT brokers_name_check CHECK (btrim(name::text) <> '')
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.brokers FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{name}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.brokers FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
GRANT SELECT ON mirror.brokers TO bourse_viewer, bourse_worker;
GRANT INSERT (name) ON mirror.brokers TO bourse_admin;
GRANT DELETE ON mirror.brokers TO bourse_admin;

-- Orders of followers: one for each slice that a broker takes. The broker's own view of them stands in mirror.orders
CREATE TABLE mirror.copied_orders (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id         bigint NOT NULL,
    copy_id         bigint NOT NULL,
    group_id        bigint NOT NULL,
    follower_id     bigint NOT NULL,
    account_id      bigint NOT NULL,
    effect          text COLLATE "C" NOT NULL,
    exchange        character varying(10) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    product         character varying(10) COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    order_type      text COLLATE "C" NOT NULL,
    price           numeric(20,8),
    trigger_price   numeric(20,8),
    -- As it is to be; what the broker has been told is in order_requests
    quantity        numeric(20,8) NOT NULL,
    filled_quantity numeric(20,8) NOT NULL DEFAULT 0,
    average_price   numeric(20,8),
    -- queued: not known to have reached the broker; open; filled; cancelled; rejected: by the broker; withdrawn: never
    -- sent
    status          text COLLATE "C" NOT NULL DEFAULT 'queued',
    -- It is to be cancelled; a fill may come first
    is_unwanted     boolean NOT NULL DEFAULT false,
    -- Goes with the order to the broker, the same each time: by it an order is found of which no answer came
    tag             text COLLATE "C" NOT NULL GENERATED ALWAYS AS ('pgb' || id) STORED,
    -- order_id of mirror.orders
    broker_order_id character varying(50) COLLATE "C",
    placed_at       timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamp with time zone,
    CONSTRAINT copied_orders_pkey PRIMARY KEY (id),
    CONSTRAINT fk_copied_orders_copy_id FOREIGN KEY (copy_id) REFERENCES mirror.copies(id) ON DELETE CASCADE,
    CONSTRAINT fk_copied_orders_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT copied_orders_action_check CHECK (action = ANY (ARRAY['BUY', 'SELL'])),
    CONSTRAINT copied_orders_average_price_check CHECK (average_price < 'NaN'),
    CONSTRAINT copied_orders_broker_order_id_check
        CHECK ( CASE status WHEN 'open' THEN broker_order_id IS NOT NULL WHEN 'queued' THEN broker_order_id IS NULL ELSE
        true END),
    CONSTRAINT copied_orders_effect_check CHECK (effect = ANY (ARRAY['entry', 'exit', 'close'])),
    CONSTRAINT copied_orders_ended_at_check CHECK ((ended_at IS NULL) = (status = ANY (ARRAY['queued', 'open']))),
    CONSTRAINT copied_orders_filled_quantity_check CHECK (filled_quantity >= 0 AND filled_quantity < 'NaN'),
    CONSTRAINT copied_orders_order_type_check CHECK (order_type = ANY (ARRAY['MARKET', 'LIMIT', 'SL', 'SLM'])),
    CONSTRAINT copied_orders_price_check CHECK (price < 'NaN'),
    CONSTRAINT copied_orders_quantity_check CHECK (quantity > 0 AND quantity < 'NaN'),
    CONSTRAINT copied_orders_status_check
        CHECK (status = ANY (ARRAY['queued', 'open', 'filled', 'cancelled', 'rejected', 'withdrawn'])),
    CONSTRAINT copied_orders_trigger_price_check CHECK (trigger_price < 'NaN')
);
-- Whose copy an order of a broker is
CREATE UNIQUE INDEX copied_orders_broker_order_id_key ON mirror.copied_orders USING btree (account_id, broker_order_id)
    WHERE broker_order_id IS NOT NULL;
-- Those that a broker may know better
CREATE INDEX idx_copied_orders_cancelled ON mirror.copied_orders USING btree (group_id, ended_at)
    WHERE status = 'cancelled';
-- The slices of a copy
CREATE INDEX idx_copied_orders_copy_id ON mirror.copied_orders USING btree (copy_id, id);
-- Those that may still fill
CREATE INDEX idx_copied_orders_live ON mirror.copied_orders
    USING btree (group_id, follower_id, exchange, symbol, product) WHERE status = ANY (ARRAY['queued', 'open']);
-- The copied orders of a user
CREATE INDEX idx_copied_orders_user_id ON mirror.copied_orders USING btree (user_id, id);
CREATE TRIGGER trigger_keep_fills AFTER DELETE ON mirror.copied_orders REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION mirror_private.keep_fills();
ALTER TABLE mirror.copied_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY copied_orders_all ON mirror.copied_orders FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY copied_orders_own ON mirror.copied_orders FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.copied_orders TO bourse_viewer, bourse_worker;

-- What became of an order of a leader with a follower. group_id, follower_id, account_id and leader_order_id are no
-- foreign keys: it stays when they have gone, or are archived
CREATE TABLE mirror.copies (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id         bigint NOT NULL,
    group_id        bigint NOT NULL,
    follower_id     bigint NOT NULL,
    account_id      bigint NOT NULL,
    leader_order_id bigint,
    -- entry: it opens; exit: it closes what the follower holds by copies; close: as exit, by close_followers()
    effect          text COLLATE "C" NOT NULL,
    exchange        character varying(10) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    product         character varying(10) COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    -- Of an exit: what the follower held, or had ordered, when it was copied: its share is of this
    own_quantity    numeric(20,8) NOT NULL DEFAULT 0,
    -- How much is to be ordered, in whole lots
    wanted          numeric(20,8) NOT NULL DEFAULT 0,
    -- How much of it is ordered. An exit waits for what it closes to fill
    placed          numeric(20,8) NOT NULL DEFAULT 0,
    -- What the follower's share was more than wanted: below a lot, beyond max_quantity, or all of it. It is not carried
    -- to another order
    skipped         numeric(20,8) NOT NULL DEFAULT 0,
    -- Why something was skipped, raised or waits
    reason          text,
    -- Whether more may be ordered for it
    is_open         boolean NOT NULL DEFAULT true,
    created_at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- Since when the leader's order and all of its own have ended: retention goes by it. NULL: they have not
    ended_at        timestamp with time zone,
    CONSTRAINT copies_pkey PRIMARY KEY (id),
    CONSTRAINT copies_leader_order_id_key UNIQUE (follower_id, leader_order_id, effect),
    CONSTRAINT fk_copies_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT copies_action_check CHECK (action = ANY (ARRAY['BUY', 'SELL'])),
    CONSTRAINT copies_effect_check CHECK (effect = ANY (ARRAY['entry', 'exit', 'close'])),
    CONSTRAINT copies_ended_at_check CHECK (NOT is_open OR ended_at IS NULL),
    CONSTRAINT copies_leader_order_id_check CHECK ((leader_order_id IS NULL) = (effect = 'close')),
    CONSTRAINT copies_own_quantity_check CHECK (own_quantity >= 0 AND own_quantity < 'NaN'),
    CONSTRAINT copies_placed_check CHECK (placed >= 0 AND placed < 'NaN'),
    CONSTRAINT copies_reason_check CHECK (length(reason) <= 500),
    CONSTRAINT copies_skipped_check CHECK (skipped >= 0 AND skipped < 'NaN'),
    CONSTRAINT copies_wanted_check CHECK (wanted >= 0 AND wanted < 'NaN')
);
-- Groups with some that have not ended; those that have, for retention
CREATE INDEX idx_copies_ended_at ON mirror.copies USING btree (ended_at, group_id);
-- What became of an order of a leader
CREATE INDEX idx_copies_leader_order_id ON mirror.copies USING btree (leader_order_id, follower_id);
-- Those for which more may be ordered
CREATE INDEX idx_copies_open ON mirror.copies USING btree (group_id, follower_id, id) WHERE is_open;
-- The copies of a user
CREATE INDEX idx_copies_user_id ON mirror.copies USING btree (user_id, id);
CREATE TRIGGER trigger_end_copying AFTER DELETE ON mirror.copies REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION mirror_private.end_copying();
ALTER TABLE mirror.copies ENABLE ROW LEVEL SECURITY;
CREATE POLICY copies_all ON mirror.copies FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY copies_own ON mirror.copies FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.copies TO bourse_viewer, bourse_worker;

-- Groups: the account whose orders are copied, and how. They are their leader's
CREATE TABLE mirror.copy_groups (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    -- The user of the leader's account
    user_id           bigint NOT NULL,
    name              character varying(100) NOT NULL,
    leader_account_id bigint NOT NULL,
    -- orders: an order is copied as it stands, when it is placed; fills: what has filled is copied, at the market
    copy              text COLLATE "C" NOT NULL DEFAULT 'orders',
    -- active; paused: nothing opens, exits go on; killed: as paused, and what opens and rests at brokers is cancelled
    status            text COLLATE "C" NOT NULL DEFAULT 'active',
    created_at        timestamp with time zone NOT NULL DEFAULT now(),
    updated_at        timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT copy_groups_pkey PRIMARY KEY (id),
    CONSTRAINT copy_groups_user_id_name_key UNIQUE (user_id, name),
    CONSTRAINT fk_copy_groups_leader_account_id FOREIGN KEY (user_id, leader_account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT copy_groups_copy_check CHECK (copy = ANY (ARRAY['orders', 'fills'])),
    CONSTRAINT copy_groups_name_check CHECK (btrim(name::text) <> ''),
    CONSTRAINT copy_groups_status_check CHECK (status = ANY (ARRAY['active', 'paused', 'killed']))
);
-- The groups that an order of an account is copied to
CREATE INDEX idx_copy_groups_leader_account_id ON mirror.copy_groups USING btree (leader_account_id, id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.copy_groups FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.copy_groups FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_end_exchange_copies AFTER UPDATE OF status ON mirror.copy_groups FOR EACH ROW
    WHEN (new.status = 'killed') EXECUTE FUNCTION mirror_private.end_copies_of_group();
CREATE TRIGGER trigger_keep_user BEFORE UPDATE OF id, user_id, created_at ON mirror.copy_groups FOR EACH ROW
    EXECUTE FUNCTION bourse_private.keep_user();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.copy_groups FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.copy_groups ENABLE ROW LEVEL SECURITY;
CREATE POLICY copy_groups_all ON mirror.copy_groups FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY copy_groups_own ON mirror.copy_groups FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.copy_groups TO bourse_viewer, bourse_worker;

-- The life of deployments: each step, with who and when, and breaches of max_positions. Append only; goes with its
-- deployment. mirror.deployment_events() pages through it
CREATE TABLE mirror.deployment_events (
    id            bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id       bigint NOT NULL,
    deployment_id bigint NOT NULL,
    at            timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- deploy, a step as mirror.deployment_transitions() names them, or breach: more positions than it may have
    event         text COLLATE "C" NOT NULL,
    old_status    text COLLATE "C",
    new_status    text COLLATE "C" NOT NULL,
    -- The login that has done it
    actor         name NOT NULL DEFAULT identity_private.author(),
    -- The user that the login acted for; NULL: nobody in particular
    actor_id      bigint DEFAULT identity_private.author_id(),
    -- Of a breach: how many positions are open, how many are allowed
    detail        jsonb,
    CONSTRAINT deployment_events_pkey PRIMARY KEY (id),
    CONSTRAINT fk_deployment_events_deployment_id FOREIGN KEY (user_id, deployment_id)
        REFERENCES mirror.strategy_deployments(user_id, id) ON DELETE CASCADE,
    CONSTRAINT deployment_events_event_check CHECK (event = ANY (ARRAY['deploy', 'start', 'pause', 'stop', 'breach']))
);
-- The events of a deployment, the latest first
CREATE INDEX idx_deployment_events_deployment_id ON mirror.deployment_events USING btree (user_id, deployment_id, id);
CREATE TRIGGER trigger_append_only BEFORE UPDATE OR TRUNCATE ON mirror.deployment_events FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with its deployment only.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON mirror.deployment_events FOR EACH ROW
    EXECUTE FUNCTION mirror_private.refuse_delete_of_living();
ALTER TABLE mirror.deployment_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY deployment_events_all ON mirror.deployment_events FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY deployment_events_own ON mirror.deployment_events FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.deployment_events TO bourse_viewer, bourse_worker;

-- The positions that deployments have, or are about to open: mirror.open_position() adds one, close_position() or a
-- report of the broker that it is flat takes it away
CREATE TABLE mirror.deployment_positions (
    user_id       bigint NOT NULL,
    deployment_id bigint NOT NULL,
    exchange      character varying(10) COLLATE "C" NOT NULL,
    symbol        character varying(50) COLLATE "C" NOT NULL,
    product       character varying(10) COLLATE "C",
    -- When it was let through
    opened_at     timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT deployment_positions_key UNIQUE NULLS NOT DISTINCT (user_id, deployment_id, exchange, symbol, product),
    CONSTRAINT fk_deployment_positions_deployment_id FOREIGN KEY (user_id, deployment_id)
        REFERENCES mirror.strategy_deployments(user_id, id) ON DELETE CASCADE
);
ALTER TABLE mirror.deployment_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY deployment_positions_all ON mirror.deployment_positions FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY deployment_positions_own ON mirror.deployment_positions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.deployment_positions TO bourse_viewer, bourse_worker;

-- Reports of brokers as they came: the last 100 of each book that said anything new, as long as the policy of the table
-- keeps them
CREATE TABLE mirror.documents (
    id          bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    account_id  bigint NOT NULL,
    user_id     bigint NOT NULL,
    book        text COLLATE "C" NOT NULL,
    format      text COLLATE "C" NOT NULL,
    -- When the broker was asked, or said it, as whoever reports it says
    as_of       timestamp with time zone NOT NULL,
    -- Whether it was said to be all of the book
    complete    boolean NOT NULL,
    received_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    content     jsonb NOT NULL,
    CONSTRAINT documents_pkey PRIMARY KEY (id),
    CONSTRAINT fk_documents_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT documents_book_check CHECK (book = ANY (ARRAY['orders', 'positions', 'holdings', 'executions'])),
    CONSTRAINT documents_format_check CHECK (format = ANY (ARRAY['openalgo', 'kite']))
);
-- The documents of a book, the latest first; also for the foreign key
CREATE INDEX idx_documents_account_id ON mirror.documents USING btree (user_id, account_id, book, id);
-- What its policy takes: the oldest
CREATE INDEX idx_documents_received_at ON mirror.documents USING btree (received_at);
ALTER TABLE mirror.documents ENABLE ROW LEVEL SECURITY;
CREATE POLICY documents_all ON mirror.documents FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY documents_own ON mirror.documents FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.documents TO bourse_viewer, bourse_worker;

-- Orders that copy_on_exchange() has placed for a leader and his followers, each as it was answered, and those that
-- were refused or skipped. exchange.orders has the orders themselves
CREATE TABLE mirror.exchange_copies (
    id               bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id          bigint NOT NULL,
    group_id         bigint NOT NULL,
    -- NULL: the leader's own. It stays when a follower leaves
    follower_id      bigint,
    -- Which order of the leader it copies
    leader_order_id  bigint NOT NULL,
    -- NULL: it was refused, or skipped
    order_id         bigint,
    symbol           text COLLATE "C" NOT NULL,
    side             text COLLATE "C" NOT NULL,
    -- As it was answered; so are the figures
    status           text COLLATE "C",
    filled_amount    numeric(20,8),
    remaining_amount numeric(20,8),
    average_price    numeric(20,8),
    commission       numeric(20,8),
    cancel_reason    text COLLATE "C",
    -- Why it was refused; NULL with a message: why it was skipped
    sqlstate         text COLLATE "C",
    message          text,
    -- It fills no more, and what it has filled is in exchange_holdings
    is_settled       boolean NOT NULL,
    -- It is to be cancelled as soon as its market takes cancels
    is_unwanted      boolean NOT NULL DEFAULT false,
    placed_at        timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    -- When it was placed, where it is settled: retention goes by it
    old_since        timestamp with time zone GENERATED ALWAYS AS ( CASE WHEN is_settled THEN placed_at ELSE
        NULL::timestamp with time zone END) STORED,
    CONSTRAINT exchange_copies_pkey PRIMARY KEY (id),
    CONSTRAINT exchange_copies_order_id_check CHECK ((order_id IS NULL) = (status IS NULL)),
    CONSTRAINT exchange_copies_side_check CHECK (side = ANY (ARRAY['buy', 'sell']))
);
-- What was answered to the call of an order
CREATE INDEX idx_exchange_copies_leader_order_id ON mirror.exchange_copies USING btree (leader_order_id, id);
-- Those that are settled, for retention
CREATE INDEX idx_exchange_copies_old_since ON mirror.exchange_copies USING btree (old_since)
    WHERE old_since IS NOT NULL;
-- Those of a group that may still fill
CREATE INDEX idx_exchange_copies_unsettled ON mirror.exchange_copies USING btree (group_id, symbol, side, id)
    WHERE NOT is_settled;
-- Those that are to be cancelled
CREATE INDEX idx_exchange_copies_unwanted ON mirror.exchange_copies USING btree (symbol, id) WHERE is_unwanted;
-- The copies of a user
CREATE INDEX idx_exchange_copies_user_id ON mirror.exchange_copies USING btree (user_id, id);
ALTER TABLE mirror.exchange_copies ENABLE ROW LEVEL SECURITY;
CREATE POLICY exchange_copies_all ON mirror.exchange_copies FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY exchange_copies_own ON mirror.exchange_copies FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.exchange_copies TO bourse_viewer, bourse_worker;

-- What followers have bought less what they have sold on our own exchange by copies that fill no more, by market. A
-- copied sale is of this, and of nothing else that the follower has
CREATE TABLE mirror.exchange_holdings (
    follower_id bigint NOT NULL,
    symbol      text COLLATE "C" NOT NULL,
    user_id     bigint NOT NULL,
    amount      numeric(20,8) NOT NULL,
    CONSTRAINT exchange_holdings_pkey PRIMARY KEY (follower_id, symbol),
    CONSTRAINT exchange_holdings_amount_check CHECK (amount < 'NaN')
) WITH (fillfactor=70);
-- Those of a user
CREATE INDEX idx_exchange_holdings_user_id ON mirror.exchange_holdings USING btree (user_id);
ALTER TABLE mirror.exchange_holdings ENABLE ROW LEVEL SECURITY;
CREATE POLICY exchange_holdings_all ON mirror.exchange_holdings FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY exchange_holdings_own ON mirror.exchange_holdings FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.exchange_holdings TO bourse_viewer, bourse_worker;

-- Executions of orders as brokers report them, unique by account and execution_id for ever. Append only
CREATE TABLE mirror.executions (
    user_id      bigint NOT NULL,
    -- Without a foreign key: executions stay, with the archived orders, when the account is deleted
    account_id   bigint NOT NULL,
    -- What the broker calls it: its trade id
    execution_id character varying(100) COLLATE "C" NOT NULL,
    -- What the broker calls the order. It need not be known yet: when it is reported, it counts what was executed of it
    order_id     character varying(50) COLLATE "C" NOT NULL,
    quantity     numeric(20,8) NOT NULL,
    price        numeric(20,8) NOT NULL,
    -- As it was first reported
    executed_at  timestamp with time zone NOT NULL,
    recorded_at  timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT executions_pkey PRIMARY KEY (account_id, execution_id),
    CONSTRAINT fk_executions_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT executions_executed_at_check CHECK (isfinite(executed_at)),
    CONSTRAINT executions_execution_id_check CHECK (execution_id::text <> ''),
    CONSTRAINT executions_order_id_check CHECK (order_id::text <> ''),
    CONSTRAINT executions_price_check CHECK (price > 0 AND price < 'NaN'),
    CONSTRAINT executions_quantity_check CHECK (quantity > 0 AND quantity < 'NaN')
);
-- What was executed of an order
CREATE INDEX idx_executions_order_id ON mirror.executions USING btree (account_id, order_id);
-- The executions of a user, or of one account, the latest first; also for the foreign key
CREATE INDEX idx_executions_user_id ON mirror.executions USING btree (user_id, account_id, executed_at);
CREATE TRIGGER trigger_append_only BEFORE UPDATE OR TRUNCATE ON mirror.executions FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('It goes with its user only.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON mirror.executions FOR EACH ROW
    EXECUTE FUNCTION mirror_private.refuse_delete_of_execution();
ALTER TABLE mirror.executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY executions_all ON mirror.executions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY executions_own ON mirror.executions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.executions TO bourse_viewer, bourse_worker;

-- Changes of the account in use, and failures of one with no backup, once for each outage. Append only; kept for a year
CREATE TABLE mirror.failover_events (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id         bigint NOT NULL,
    -- The account that was in use; NULL: it has been deleted
    from_account_id bigint,
    -- The account that is in use instead; NULL: there was none, or it has been deleted
    to_account_id   bigint,
    -- What the account was called then
    from_name       character varying(100) NOT NULL,
    -- What that account was called then; NULL: there was none
    to_name         character varying(100),
    -- heartbeat: none has come; lost: the connection was lost and not made again; silence: no data in session; breaker:
    -- failures in a row; inactive: the user has put the account out of use; fail_back: the primary account is used
    -- again
    reason          character varying(100) COLLATE "C" NOT NULL,
    "timestamp"     timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    success         boolean NOT NULL DEFAULT true,
    -- More of what had happened to the account that was in use
    error_message   text,
    CONSTRAINT failover_events_pkey PRIMARY KEY (id),
    CONSTRAINT fk_failover_events_from_account_id FOREIGN KEY (user_id, from_account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE SET NULL (from_account_id),
    CONSTRAINT fk_failover_events_to_account_id FOREIGN KEY (user_id, to_account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE SET NULL (to_account_id),
    CONSTRAINT fk_failover_events_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT failover_events_error_message_check CHECK (length(error_message) <= 2000),
    CONSTRAINT failover_events_reason_check
        CHECK (reason::text = ANY (ARRAY['heartbeat', 'lost', 'silence', 'breaker', 'inactive', 'fail_back'])),
    CONSTRAINT failover_events_to_name_check CHECK (success = (to_name IS NOT NULL) AND (success
        OR to_account_id IS NULL))
);
-- Those of an account that is deleted
CREATE INDEX idx_failover_events_from_account_id ON mirror.failover_events USING btree (user_id, from_account_id);
-- Those of an account that is deleted
CREATE INDEX idx_failover_events_to_account_id ON mirror.failover_events USING btree (user_id, to_account_id);
-- The events of a user, the latest last
CREATE INDEX idx_failover_events_user_id ON mirror.failover_events USING btree (user_id, id);
-- Events by time, and for retention
CREATE INDEX idx_timestamp ON mirror.failover_events USING btree ("timestamp");
CREATE TRIGGER trigger_append_only BEFORE UPDATE ON mirror.failover_events FOR EACH ROW
    EXECUTE FUNCTION mirror_private.keep_failover_event();
CREATE TRIGGER trigger_append_only_of_truncate BEFORE TRUNCATE ON mirror.failover_events FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change('Retention deletes what is old.');
ALTER TABLE mirror.failover_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY failover_events_all ON mirror.failover_events FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY failover_events_own ON mirror.failover_events FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.failover_events TO bourse_viewer, bourse_worker;

-- When connections, accounts and their backups are taken to have failed; mirror.get_failover_settings() says what holds
-- for an account
CREATE TABLE mirror.failover_settings (
    id                 bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id            bigint,
    -- NULL: what holds for all accounts that say nothing else
    account_id         bigint,
    heartbeat_interval interval,
    heartbeat_timeout  interval,
    connect_timeout    interval,
    reconnect_delays   interval[],
    max_latency_ms     integer,
    failures_to_open   integer,
    successes_to_close integer,
    open_for           interval,
    silent_after       interval,
    stale_after        interval,
    cooldown           interval,
    -- For how long the primary account must have been well to be used again by itself; 0: fail_back() does it
    fail_back_after    interval,
    updated_at         timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT failover_settings_pkey PRIMARY KEY (id),
    CONSTRAINT failover_settings_account_id_key UNIQUE NULLS NOT DISTINCT (account_id),
    CONSTRAINT fk_failover_settings_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT failover_settings_user_id_check CHECK ((user_id IS NULL) = (account_id IS NULL))
);
-- The settings of a user's accounts
CREATE INDEX idx_failover_settings_user_id ON mirror.failover_settings USING btree (user_id, account_id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.failover_settings FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.failover_settings FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_require_bounds BEFORE INSERT OR UPDATE ON mirror.failover_settings FOR EACH ROW
    EXECUTE FUNCTION mirror_private.require_limits();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.failover_settings FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.failover_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY failover_settings_all ON mirror.failover_settings FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY failover_settings_own ON mirror.failover_settings FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.failover_settings TO bourse_viewer, bourse_worker;

-- Users whose accounts are watched: whoever changes the account in use holds the row
CREATE TABLE mirror.failover_states (
    user_id         bigint NOT NULL,
    -- When it was changed last: the cooldown counts from then
    switched_at     timestamp with time zone,
    -- The account in use that has failed and has no backup, of which an event has told; NULL: none. Without a foreign
    -- key: once it is deleted, another account is in use
    told_account_id bigint,
    told_at         timestamp with time zone,
    CONSTRAINT failover_states_pkey PRIMARY KEY (user_id),
    CONSTRAINT fk_failover_states_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT failover_states_told_check CHECK ((told_account_id IS NULL) = (told_at IS NULL))
) WITH (fillfactor=80);
-- Users whose account has failed, and who have no other
CREATE INDEX idx_failover_states_told ON mirror.failover_states USING btree (user_id) WHERE told_account_id IS NOT NULL;
ALTER TABLE mirror.failover_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY failover_states_all ON mirror.failover_states FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY failover_states_own ON mirror.failover_states FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.failover_states TO bourse_viewer, bourse_worker;

-- What followers hold by copied orders. An exit is of this, and of nothing else that the account has. Without a foreign
-- key to them: whoever leaves, and does not commit, keeps no fill from being noted
CREATE TABLE mirror.follower_positions (
    follower_id bigint NOT NULL,
    user_id     bigint NOT NULL,
    exchange    character varying(10) COLLATE "C" NOT NULL,
    symbol      character varying(50) COLLATE "C" NOT NULL,
    product     character varying(10) COLLATE "C" NOT NULL,
    -- What copied orders have filled, less what has gone by hand. Negative: short
    held        numeric(20,8) NOT NULL DEFAULT 0,
    -- How much of it the account was found not to have any more when it was to be exited
    by_hand     numeric(20,8) NOT NULL DEFAULT 0,
    -- What copied orders have filled that retention has taken since: held and by_hand have it as well
    earlier     numeric(20,8) NOT NULL DEFAULT 0,
    -- When its last fill was reported: positions as of before may not know of it
    filled_at   timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT follower_positions_pkey PRIMARY KEY (follower_id, exchange, symbol, product),
    CONSTRAINT fk_follower_positions_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT follower_positions_by_hand_check CHECK (by_hand < 'NaN'),
    CONSTRAINT follower_positions_earlier_check CHECK (earlier < 'NaN'),
    CONSTRAINT follower_positions_held_check CHECK (held < 'NaN')
);
-- What the followers of a user hold
CREATE INDEX idx_follower_positions_user_id ON mirror.follower_positions USING btree (user_id, follower_id);
ALTER TABLE mirror.follower_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY follower_positions_all ON mirror.follower_positions FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY follower_positions_own ON mirror.follower_positions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.follower_positions TO bourse_viewer, bourse_worker;

-- What a follower of mode custom takes of an order, by symbol
CREATE TABLE mirror.follower_ratios (
    follower_id bigint NOT NULL,
    user_id     bigint NOT NULL,
    exchange    character varying(10) COLLATE "C" NOT NULL,
    symbol      character varying(50) COLLATE "C" NOT NULL,
    ratio       numeric(20,8) NOT NULL,
    CONSTRAINT follower_ratios_pkey PRIMARY KEY (follower_id, exchange, symbol),
    CONSTRAINT fk_follower_ratios_follower_id FOREIGN KEY (user_id, follower_id)
        REFERENCES mirror.followers(user_id, id) ON DELETE CASCADE,
    CONSTRAINT follower_ratios_ratio_check CHECK (ratio > 0 AND ratio < 'NaN')
);
-- The ratios of a user; its foreign key looks here
CREATE INDEX idx_follower_ratios_user_id ON mirror.follower_ratios USING btree (user_id, follower_id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.follower_ratios FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{follower_id,exchange,symbol}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.follower_ratios FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
ALTER TABLE mirror.follower_ratios ENABLE ROW LEVEL SECURITY;
CREATE POLICY follower_ratios_all ON mirror.follower_ratios FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY follower_ratios_own ON mirror.follower_ratios FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.follower_ratios TO bourse_viewer, bourse_worker;

-- Accounts that follow a group, on their own user's terms
CREATE TABLE mirror.followers (
    id            bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id       bigint NOT NULL,
    group_id      bigint NOT NULL,
    account_id    bigint NOT NULL,
    -- equal: the leader's quantity; multiplier: value times it; proportional: value times it times own funds / the
    -- leader's; fixed: value for every order; custom: ratios by symbol, times value
    mode          text COLLATE "C" NOT NULL,
    value         numeric(20,8) NOT NULL,
    -- The most that a copied order opens; NULL: any
    max_quantity  numeric(20,8),
    -- What becomes of an order below a lot, or below the minimum notional: skip, round_up
    below_minimum text COLLATE "C" NOT NULL DEFAULT 'skip',
    -- active; paused: nothing opens, exits go on; stopped: nothing is copied, what is held is its user's to close
    status        text COLLATE "C" NOT NULL DEFAULT 'active',
    -- Whether copy_on_exchange() may place orders of its user: nobody but the user says so
    on_exchange   boolean NOT NULL DEFAULT false,
    -- Since when it is to be closed: settle_copies() exits what it holds, and opens nothing more
    closes_at     timestamp with time zone,
    created_at    timestamp with time zone NOT NULL DEFAULT now(),
    updated_at    timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT followers_pkey PRIMARY KEY (id),
    CONSTRAINT followers_group_id_account_id_key UNIQUE (group_id, account_id),
    CONSTRAINT followers_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT fk_followers_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_followers_group_id FOREIGN KEY (group_id) REFERENCES mirror.copy_groups(id) ON DELETE CASCADE,
    CONSTRAINT followers_below_minimum_check CHECK (below_minimum = ANY (ARRAY['skip', 'round_up'])),
    CONSTRAINT followers_max_quantity_check CHECK (max_quantity > 0 AND max_quantity < 'NaN'),
    CONSTRAINT followers_mode_check
        CHECK (mode = ANY (ARRAY['equal', 'multiplier', 'proportional', 'fixed', 'custom'])),
    CONSTRAINT followers_status_check CHECK (status = ANY (ARRAY['active', 'paused', 'stopped'])),
    CONSTRAINT followers_value_check CHECK (value > 0 AND value < 'NaN')
);
-- The groups that an account follows
CREATE INDEX idx_followers_account_id ON mirror.followers USING btree (account_id, id);
-- Who copies a group on our own exchange: a user with one of his accounts, for his money there is one
CREATE UNIQUE INDEX idx_followers_on_exchange ON mirror.followers USING btree (group_id, user_id) WHERE on_exchange;
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.followers FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.followers FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_end_exchange_copies AFTER UPDATE ON mirror.followers REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_private.end_copies_of_followers();
CREATE TRIGGER trigger_end_exchange_copies_of_deleted AFTER DELETE ON mirror.followers REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION mirror_private.end_copies_of_followers();
CREATE TRIGGER trigger_keep_user BEFORE UPDATE OF id, user_id, created_at ON mirror.followers FOR EACH ROW
    EXECUTE FUNCTION bourse_private.keep_user();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.followers FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.followers ENABLE ROW LEVEL SECURITY;
CREATE POLICY followers_all ON mirror.followers FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY followers_own ON mirror.followers FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.followers TO bourse_viewer, bourse_worker;

-- Who may join a group beside its leader, as share_group() has said
CREATE TABLE mirror.group_shares (
    group_id   bigint NOT NULL,
    user_id    bigint NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT group_shares_pkey PRIMARY KEY (group_id, user_id),
    CONSTRAINT fk_group_shares_group_id FOREIGN KEY (group_id) REFERENCES mirror.copy_groups(id) ON DELETE CASCADE,
    CONSTRAINT fk_group_shares_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE
);
-- The groups that a user may join
CREATE INDEX idx_group_shares_user_id ON mirror.group_shares USING btree (user_id, group_id);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.group_shares FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{group_id,user_id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.group_shares FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
ALTER TABLE mirror.group_shares ENABLE ROW LEVEL SECURITY;
CREATE POLICY group_shares_all ON mirror.group_shares FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY group_shares_own ON mirror.group_shares FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.group_shares TO bourse_viewer, bourse_worker;

-- What accounts own as their brokers report it, one row for each symbol and exchange. What was sold stays, with a
-- quantity of 0, until the policy of the table takes it
CREATE TABLE mirror.holdings (
    id                 bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    account_id         bigint NOT NULL,
    symbol             character varying(50) COLLATE "C" NOT NULL,
    exchange           character varying(10) COLLATE "C" NOT NULL,
    -- All that is owned: what is free, what is still to be delivered (T+1), what is pledged
    quantity           numeric(20,8) NOT NULL,
    -- NULL: the broker does not say it
    average_price      numeric(20,8),
    -- The last price: of the report, or of update_prices() where that is newer; NULL: not known. A broker that says 0
    -- does not know it
    current_price      numeric(20,8),
    -- (current_price - average_price) x quantity; NULL where one of them is not known
    pnl                numeric GENERATED ALWAYS AS (trim_scale((current_price - average_price) * quantity)) STORED,
    -- pnl in per cent of invested_value, 4 decimals; NULL: nothing is left, or an average price of 0
    pnl_percent        numeric GENERATED ALWAYS AS (round((current_price - average_price) * sign(NULLIF(quantity, 0)) *
        100 / NULLIF(average_price, 0), 4)) STORED,
    -- average_price x quantity
    invested_value     numeric GENERATED ALWAYS AS (trim_scale(average_price * quantity)) STORED,
    -- current_price x quantity
    current_value      numeric GENERATED ALWAYS AS (trim_scale(current_price * quantity)) STORED,
    updated_at         timestamp with time zone NOT NULL DEFAULT now(),
    user_id            bigint NOT NULL,
    previous_close     numeric(20,8),
    -- (current_price - previous_close) x quantity
    day_change         numeric GENERATED ALWAYS AS (trim_scale((current_price - previous_close) * quantity)) STORED,
    -- day_change in per cent of what is owned at the previous close, 4 decimals; NULL: nothing is left, or no such
    -- close
    day_change_percent numeric GENERATED ALWAYS AS (round((current_price - previous_close) * sign(NULLIF(quantity, 0)) *
        100 / NULLIF(previous_close, 0), 4)) STORED,
    -- What the broker says that it has come to, as it came. In no sum
    reported_pnl       numeric(20,8),
    -- How new the report is that quantity and average price stand by
    as_of              timestamp with time zone NOT NULL,
    -- How new current_price is; NULL: there is none
    priced_at          timestamp with time zone,
    -- Since when nothing is left, by the reports; NULL: something is
    closed_at          timestamp with time zone,
    CONSTRAINT holdings_pkey PRIMARY KEY (id),
    CONSTRAINT unique_holding UNIQUE (account_id, symbol, exchange),
    CONSTRAINT fk_holdings_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT holdings_average_price_check CHECK (average_price >= 0 AND average_price < 'NaN'),
    CONSTRAINT holdings_closed_check CHECK ((closed_at IS NOT NULL) = (quantity = 0)),
    CONSTRAINT holdings_current_price_check CHECK (current_price > 0 AND current_price < 'NaN'),
    CONSTRAINT holdings_exchange_check CHECK (exchange::text <> ''),
    CONSTRAINT holdings_previous_close_check CHECK (previous_close > 0 AND previous_close < 'NaN'),
    CONSTRAINT holdings_quantity_check CHECK (quantity >= 0 AND quantity < 'NaN'),
    CONSTRAINT holdings_reported_pnl_check CHECK (reported_pnl > '-Infinity' AND reported_pnl < 'Infinity'),
    CONSTRAINT holdings_symbol_check CHECK (symbol::text <> '')
) WITH (fillfactor=70);
-- What its policy takes: what was sold long ago
CREATE INDEX idx_holdings_closed_at ON mirror.holdings USING btree (closed_at) WHERE closed_at IS NOT NULL;
-- Who owns an instrument: update_prices()
CREATE INDEX idx_holdings_symbol ON mirror.holdings USING btree (symbol, exchange) WHERE closed_at IS NULL;
-- The holdings of a user; also for the foreign key
CREATE INDEX idx_holdings_user_id ON mirror.holdings USING btree (user_id, account_id);
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.holdings FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.holdings ENABLE ROW LEVEL SECURITY;
CREATE POLICY holdings_all ON mirror.holdings FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY holdings_own ON mirror.holdings FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.holdings TO bourse_viewer, bourse_worker;

-- What can be traded at brokers: steps and sizes. Everybody reads it, mirror.set_instrument() writes it
CREATE TABLE mirror.instruments (
    -- As brokers call it: NSE, NFO, MCX
    exchange        character varying(10) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    -- The smallest step of a quantity
    lot_size        numeric(20,8) NOT NULL,
    -- The smallest step of a price
    tick_size       numeric(20,8) NOT NULL,
    -- What a price of 1 comes to for a quantity of 1
    multiplier      numeric(20,8) NOT NULL DEFAULT 1,
    -- The most that the exchange takes in one order; more is sent in slices. NULL: any
    freeze_quantity numeric(20,8),
    -- The least that an order may come to: price x quantity x multiplier. NULL: any
    min_notional    numeric(20,8),
    created_at      timestamp with time zone NOT NULL DEFAULT now(),
    updated_at      timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT instruments_pkey PRIMARY KEY (exchange, symbol),
    CONSTRAINT instruments_exchange_check CHECK (exchange::text ~ '^[A-Z0-9][A-Z0-9_]{0,9}$'),
    CONSTRAINT instruments_freeze_quantity_check CHECK (freeze_quantity >= lot_size AND freeze_quantity < 'NaN'),
    CONSTRAINT instruments_lot_size_check CHECK (lot_size > 0 AND lot_size < 'NaN'),
    CONSTRAINT instruments_min_notional_check CHECK (min_notional > 0 AND min_notional < 'NaN'),
    CONSTRAINT instruments_multiplier_check CHECK (multiplier > 0 AND multiplier < 'NaN'),
    CONSTRAINT instruments_symbol_check CHECK (symbol::text <> '' AND symbol::text = btrim(symbol::text)
        AND symbol::text !~ '[[:cntrl:]]'),
    CONSTRAINT instruments_tick_size_check CHECK (tick_size > 0 AND tick_size < 'NaN')
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.instruments FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('', '{exchange,symbol}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.instruments FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_multiply_positions AFTER INSERT OR DELETE OR UPDATE OF multiplier ON mirror.instruments
    FOR EACH ROW EXECUTE FUNCTION mirror_private.multiply_positions();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.instruments FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
GRANT SELECT ON mirror.instruments TO bourse_viewer, bourse_worker;

-- The orders of a leader as copying has seen them last. leader_order_id is no foreign key: orders move to the archive
CREATE TABLE mirror.leader_orders (
    group_id        bigint NOT NULL,
    leader_order_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    exchange        character varying(10) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    -- Empty where the order has none
    product         character varying(10) COLLATE "C" NOT NULL,
    action          text COLLATE "C" NOT NULL,
    quantity        numeric(20,8) NOT NULL,
    filled_quantity numeric(20,8) NOT NULL DEFAULT 0,
    -- What the leader held, or had ordered, against this order when it was seen first: up to here it is an exit, beyond
    -- it opens
    base_quantity   numeric(20,8) NOT NULL DEFAULT 0,
    -- Whether it is copied: not what was placed before the group was made, of which only the fills count, nor what has
    -- ended so long ago that retention has taken its copies
    is_copied       boolean NOT NULL,
    -- Nothing of it fills any more
    is_ended        boolean NOT NULL DEFAULT false,
    taken_at        timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT leader_orders_pkey PRIMARY KEY (group_id, leader_order_id),
    CONSTRAINT fk_leader_orders_group_id FOREIGN KEY (group_id) REFERENCES mirror.copy_groups(id) ON DELETE CASCADE,
    CONSTRAINT leader_orders_action_check CHECK (action = ANY (ARRAY['BUY', 'SELL'])),
    CONSTRAINT leader_orders_base_quantity_check CHECK (base_quantity >= 0),
    CONSTRAINT leader_orders_filled_quantity_check CHECK (filled_quantity >= 0 AND filled_quantity <= quantity)
);
-- Those that may still fill
CREATE INDEX idx_leader_orders_live ON mirror.leader_orders USING btree (group_id, exchange, symbol, product)
    WHERE NOT is_ended;
-- The orders of a leading user that were copied
CREATE INDEX idx_leader_orders_user_id ON mirror.leader_orders USING btree (user_id, leader_order_id);
ALTER TABLE mirror.leader_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY leader_orders_all ON mirror.leader_orders FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY leader_orders_own ON mirror.leader_orders FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.leader_orders TO bourse_viewer, bourse_worker;

-- What a leader holds: his positions when the group was made, and what has filled since. It tells exits from entries
CREATE TABLE mirror.leader_positions (
    group_id bigint NOT NULL,
    user_id  bigint NOT NULL,
    exchange character varying(10) COLLATE "C" NOT NULL,
    symbol   character varying(50) COLLATE "C" NOT NULL,
    product  character varying(10) COLLATE "C" NOT NULL,
    -- Negative: short
    quantity numeric(20,8) NOT NULL,
    CONSTRAINT leader_positions_pkey PRIMARY KEY (group_id, exchange, symbol, product),
    CONSTRAINT fk_leader_positions_group_id FOREIGN KEY (group_id) REFERENCES mirror.copy_groups(id) ON DELETE CASCADE,
    CONSTRAINT leader_positions_quantity_check CHECK (quantity < 'NaN')
);
-- What a leading user holds, by group
CREATE INDEX idx_leader_positions_user_id ON mirror.leader_positions USING btree (user_id, group_id);
ALTER TABLE mirror.leader_positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY leader_positions_all ON mirror.leader_positions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY leader_positions_own ON mirror.leader_positions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.leader_positions TO bourse_viewer, bourse_worker;

-- Market data that accounts are to receive, as subscribe() was told. It stays with its account when another one stands
-- in: mirror.subscriptions() says who is to receive what now
CREATE TABLE mirror.market_subscriptions (
    user_id    bigint NOT NULL,
    account_id bigint NOT NULL,
    exchange   character varying(10) COLLATE "C" NOT NULL,
    symbol     character varying(50) COLLATE "C" NOT NULL,
    -- ltp: the last price; quote: with the day's figures; depth: the book
    mode       text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT market_subscriptions_pkey PRIMARY KEY (user_id, account_id, exchange, symbol, mode),
    CONSTRAINT fk_market_subscriptions_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT market_subscriptions_exchange_check CHECK (exchange::text ~ '^[A-Z0-9][A-Z0-9_]{0,9}$'),
    CONSTRAINT market_subscriptions_mode_check CHECK (mode = ANY (ARRAY['ltp', 'quote', 'depth'])),
    CONSTRAINT market_subscriptions_symbol_check CHECK (symbol::text <> '' AND symbol::text = btrim(symbol::text)
        AND symbol::text !~ '[[:cntrl:]]')
);
ALTER TABLE mirror.market_subscriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY market_subscriptions_all ON mirror.market_subscriptions FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY market_subscriptions_own ON mirror.market_subscriptions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.market_subscriptions TO bourse_viewer, bourse_worker;

-- What brokers are asked to do with copied orders: the outbox of those who send
CREATE TABLE mirror.order_requests (
    id           bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id      bigint NOT NULL,
    order_id     bigint NOT NULL,
    account_id   bigint NOT NULL,
    action       text COLLATE "C" NOT NULL,
    -- 0: cancels, 1: exits and changes, 2: what opens. Less goes first
    priority     smallint NOT NULL,
    -- waiting; sending: a sender has it; unknown: the sender has not said whether it was sent, and it is not sent again
    -- before that is known; done: the broker has taken it; failed; withdrawn: not sent any more
    status       text COLLATE "C" NOT NULL DEFAULT 'waiting',
    claimable_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    attempt      integer NOT NULL DEFAULT 0,
    -- Proof of holding it: another for every claim
    lease        uuid,
    lease_ends   timestamp with time zone,
    locked_by    text,
    -- What the sender was given last
    request      jsonb,
    last_error   text,
    created_at   timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    finished_at  timestamp with time zone,
    CONSTRAINT order_requests_pkey PRIMARY KEY (id),
    CONSTRAINT fk_order_requests_order_id FOREIGN KEY (order_id) REFERENCES mirror.copied_orders(id) ON DELETE CASCADE,
    CONSTRAINT fk_order_requests_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT order_requests_action_check CHECK (action = ANY (ARRAY['new', 'modify', 'cancel'])),
    CONSTRAINT order_requests_attempt_check CHECK (attempt >= 0),
    CONSTRAINT order_requests_last_error_check CHECK (length(last_error) <= 2000),
    CONSTRAINT order_requests_status_check
        CHECK ( CASE status WHEN 'waiting' THEN finished_at IS NULL WHEN 'sending' THEN finished_at IS NULL
        AND lease IS NOT NULL AND lease_ends IS NOT NULL WHEN 'unknown' THEN finished_at IS NULL
        AND action = 'new' WHEN 'done' THEN finished_at IS NOT NULL WHEN 'failed' THEN finished_at IS NOT NULL WHEN
        'withdrawn' THEN finished_at IS NOT NULL ELSE false END)
) WITH (autovacuum_vacuum_threshold=1000, autovacuum_vacuum_scale_factor=0.01);
-- Accounts for which somebody is sending
CREATE INDEX idx_order_requests_busy ON mirror.order_requests USING btree (account_id)
    WHERE status = ANY (ARRAY['sending', 'unknown']);
-- Those that are through, for retention
CREATE INDEX idx_order_requests_finished_at ON mirror.order_requests USING btree (finished_at)
    WHERE finished_at IS NOT NULL;
-- The requests of an order, in their order
CREATE INDEX idx_order_requests_order_id ON mirror.order_requests USING btree (order_id, id);
-- Leases that have ended
CREATE INDEX idx_order_requests_sending ON mirror.order_requests USING btree (lease_ends) WHERE status = 'sending';
-- The requests of a user
CREATE INDEX idx_order_requests_user_id ON mirror.order_requests USING btree (user_id, id);
-- What is to be sent next, account by account
CREATE INDEX idx_order_requests_waiting ON mirror.order_requests USING btree (account_id, priority, id)
    WHERE status = 'waiting';
ALTER TABLE mirror.order_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY order_requests_all ON mirror.order_requests FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY order_requests_own ON mirror.order_requests FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.order_requests TO bourse_viewer, bourse_worker;

-- Orders of accounts as their brokers report them, the broker's order_id unique within an account. Those that have
-- ended move to mirror.orders_archive; mirror.all_orders has both
CREATE TABLE mirror.orders (
    id              bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    account_id      bigint NOT NULL,
    -- What the broker calls it
    order_id        character varying(50) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    exchange        character varying(10) COLLATE "C" NOT NULL,
    action          character varying(10) COLLATE "C" NOT NULL,
    quantity        numeric(20,8) NOT NULL,
    -- MARKET, LIMIT, SL (stop with a limit), SLM (stop at the market; SL-M)
    order_type      character varying(20) COLLATE "C" NOT NULL,
    -- The limit; NULL: none. Brokers say 0
    price           numeric(20,8),
    trigger_price   numeric(20,8),
    -- MIS, CNC, NRML, or what else the broker calls it
    product         character varying(10) COLLATE "C",
    -- Live: PENDING (not with the exchange yet), OPEN, TRIGGER_PENDING, PARTIAL. Ended: EXECUTED (all of it is filled),
    -- CANCELLED, REJECTED, EXPIRED
    status          character varying(20) COLLATE "C" NOT NULL,
    -- The most that the broker's reports, or the executions together, have said. Never becomes less
    filled_quantity numeric(20,8) NOT NULL DEFAULT 0,
    -- Of what is filled: of the executions where they explain all of it, otherwise as the broker says; NULL: not known
    average_price   numeric(20,8),
    -- As it was first reported
    placed_at       timestamp with time zone NOT NULL DEFAULT now(),
    executed_at     timestamp with time zone,
    user_id         bigint NOT NULL,
    -- What the broker says of it: why it was rejected
    status_message  character varying(500),
    -- How new the report is that it stands by
    as_of           timestamp with time zone NOT NULL DEFAULT now(),
    -- It has ended by what we know, and the broker has not said so: EXPIRED because it was in no complete report of
    -- this time any more, EXECUTED because its executions fill it, which was found then. If a later report has it live,
    -- or for more, that counts. NULL otherwise
    vanished_at     timestamp with time zone,
    updated_at      timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT orders_pkey PRIMARY KEY (id),
    CONSTRAINT orders_account_id_order_id_key UNIQUE (account_id, order_id),
    CONSTRAINT fk_orders_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT orders_action_check CHECK (action::text = ANY (ARRAY['BUY', 'SELL'])),
    CONSTRAINT orders_average_price_check CHECK (average_price > 0 AND average_price < 'NaN'),
    CONSTRAINT orders_exchange_check CHECK (exchange::text <> ''),
    CONSTRAINT orders_executed_check CHECK ((status::text = 'EXECUTED') = (filled_quantity = quantity)),
    CONSTRAINT orders_filled_quantity_check CHECK (filled_quantity >= 0 AND filled_quantity <= quantity),
    CONSTRAINT orders_order_id_check CHECK (order_id::text <> ''),
    CONSTRAINT orders_order_type_check CHECK (order_type::text = ANY (ARRAY['MARKET', 'LIMIT', 'SL', 'SLM'])),
    CONSTRAINT orders_price_check CHECK (price > 0 AND price < 'NaN'),
    CONSTRAINT orders_product_check CHECK (product::text <> ''),
    CONSTRAINT orders_quantity_check CHECK (quantity > 0 AND quantity < 'NaN'),
    CONSTRAINT orders_status_check
        CHECK (status::text = ANY (ARRAY['PENDING', 'OPEN', 'TRIGGER_PENDING', 'PARTIAL', 'EXECUTED', 'CANCELLED',
        'REJECTED', 'EXPIRED'])),
    CONSTRAINT orders_symbol_check CHECK (symbol::text <> ''),
    CONSTRAINT orders_trigger_price_check CHECK (trigger_price > 0 AND trigger_price < 'NaN'),
    CONSTRAINT orders_vanished_check CHECK (vanished_at IS NULL OR (status::text = ANY (ARRAY['EXPIRED', 'EXECUTED'])))
) WITH (fillfactor=80);
-- The live orders of an account
CREATE INDEX idx_orders_account_status ON mirror.orders USING btree (account_id, status);
-- An order of which only the broker's id is known
CREATE INDEX idx_orders_order_id ON mirror.orders USING btree (order_id);
-- What is to be archived: the oldest orders that have ended
CREATE INDEX idx_orders_placed_at ON mirror.orders USING btree (placed_at)
    WHERE status::text = ANY (ARRAY['EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED']);
-- The orders in a symbol
CREATE INDEX idx_orders_symbol ON mirror.orders USING btree (symbol, account_id);
-- The orders of a user, or of one account, the latest first; also for the foreign key
CREATE INDEX idx_orders_user_id ON mirror.orders USING btree (user_id, account_id, placed_at);
CREATE TRIGGER trigger_keep_ended BEFORE UPDATE OF status ON mirror.orders FOR EACH ROW
    WHEN ((old.status::text = ANY (ARRAY['EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED'])) AND old.vanished_at IS NULL
    AND ((new.status::text <> ALL (ARRAY['EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED']))
    OR old.status::text = 'EXECUTED' AND new.status::text <> 'EXECUTED'))
    EXECUTE FUNCTION mirror_private.refuse_reopening();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.orders FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY orders_all ON mirror.orders FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY orders_own ON mirror.orders FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.orders TO bourse_viewer, bourse_worker;

-- Orders that have ended, moved here from mirror.orders with their ids by mirror.archive_orders() and the policy of the
-- table. mirror.all_orders has both
CREATE TABLE mirror.orders_archive (
    id              bigint NOT NULL,
    -- Without a foreign key: the account may be deleted, and has had the order all the same
    account_id      bigint NOT NULL,
    order_id        character varying(50) COLLATE "C" NOT NULL,
    symbol          character varying(50) COLLATE "C" NOT NULL,
    exchange        character varying(10) COLLATE "C" NOT NULL,
    action          character varying(10) COLLATE "C" NOT NULL,
    quantity        numeric(20,8) NOT NULL,
    order_type      character varying(20) COLLATE "C" NOT NULL,
    price           numeric(20,8),
    trigger_price   numeric(20,8),
    product         character varying(10) COLLATE "C",
    status          character varying(20) COLLATE "C" NOT NULL,
    filled_quantity numeric(20,8) NOT NULL,
    average_price   numeric(20,8),
    placed_at       timestamp with time zone NOT NULL,
    executed_at     timestamp with time zone,
    user_id         bigint NOT NULL,
    status_message  character varying(500),
    as_of           timestamp with time zone NOT NULL,
    vanished_at     timestamp with time zone,
    updated_at      timestamp with time zone NOT NULL,
    archived_at     timestamp with time zone NOT NULL DEFAULT now(),
    -- age: archive_orders() and the policy; account deleted: its account was about to go
    archive_reason  text COLLATE "C" NOT NULL DEFAULT 'age',
    CONSTRAINT orders_archive_pkey PRIMARY KEY (id),
    CONSTRAINT orders_archive_account_id_order_id_key UNIQUE (account_id, order_id),
    CONSTRAINT fk_orders_archive_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT orders_archive_archive_reason_check CHECK (archive_reason = ANY (ARRAY['age', 'account deleted'])),
    CONSTRAINT orders_archive_status_check
        CHECK (status::text = ANY (ARRAY['EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED']))
);
-- The orders of a user, or of one account, the latest first; also for the foreign key
CREATE INDEX idx_orders_archive_user_id ON mirror.orders_archive USING btree (user_id, account_id, placed_at);
ALTER TABLE mirror.orders_archive ENABLE ROW LEVEL SECURITY;
CREATE POLICY orders_archive_all ON mirror.orders_archive FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY orders_archive_own ON mirror.orders_archive FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.orders_archive TO bourse_viewer, bourse_worker;

-- Positions of accounts as their brokers report them, one for each symbol, exchange and product. A flat one stays, with
-- a quantity of 0, until the policy of the table takes it
CREATE TABLE mirror.positions (
    id                 bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    account_id         bigint NOT NULL,
    symbol             character varying(50) COLLATE "C" NOT NULL,
    exchange           character varying(10) COLLATE "C" NOT NULL,
    -- Negative: short
    quantity           numeric(20,8) NOT NULL,
    product            character varying(10) COLLATE "C",
    average_price      numeric(20,8) NOT NULL,
    -- The last price: of the report, or of update_prices() where that is newer; NULL: not known. A broker that says 0
    -- does not know it
    current_price      numeric(20,8),
    -- What is open, at the current price: (current_price - average_price) x quantity x multiplier; NULL without a
    -- price. Realised profit is not in it: reported_pnl
    pnl                numeric GENERATED ALWAYS AS (trim_scale((current_price - average_price) * quantity * multiplier))
        STORED,
    -- pnl in per cent of what the open quantity has cost, 4 decimals; NULL: flat, or an average price of 0
    pnl_percent        numeric GENERATED ALWAYS AS (round((current_price - average_price) * sign(NULLIF(quantity, 0)) *
        100 / NULLIF(average_price, 0), 4)) STORED,
    -- What the open quantity has come to since the previous close: (current_price - previous_close) x quantity x
    -- multiplier
    day_change         numeric GENERATED ALWAYS AS (trim_scale((current_price - previous_close) * quantity *
        multiplier)) STORED,
    -- day_change in per cent of the open quantity at the previous close, 4 decimals; NULL: flat, or no such close
    day_change_percent numeric GENERATED ALWAYS AS (round((current_price - previous_close) * sign(NULLIF(quantity, 0)) *
        100 / NULLIF(previous_close, 0), 4)) STORED,
    updated_at         timestamp with time zone NOT NULL DEFAULT now(),
    user_id            bigint NOT NULL,
    previous_close     numeric(20,8),
    -- What a price of 1 comes to for a quantity of 1: the broker's own for what it reports, otherwise that of the
    -- instrument, otherwise 1
    multiplier         numeric(20,8) NOT NULL DEFAULT 1,
    -- broker, instrument, or assumed: nobody has said one
    multiplier_from    text COLLATE "C" NOT NULL DEFAULT 'assumed',
    -- What the broker says that it has come to, as it came: with brokers it may have what was realised today. In no sum
    reported_pnl       numeric(20,8),
    -- How new the report is that quantity and average price stand by
    as_of              timestamp with time zone NOT NULL,
    -- How new current_price is; NULL: there is none
    priced_at          timestamp with time zone,
    -- Since when it is flat, by the reports; NULL: it is open
    closed_at          timestamp with time zone,
    CONSTRAINT positions_pkey PRIMARY KEY (id),
    CONSTRAINT unique_position UNIQUE NULLS NOT DISTINCT (account_id, symbol, exchange, product),
    CONSTRAINT fk_positions_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT positions_average_price_check CHECK (average_price >= 0 AND average_price < 'NaN'),
    CONSTRAINT positions_closed_check CHECK ((closed_at IS NOT NULL) = (quantity = 0)),
    CONSTRAINT positions_current_price_check CHECK (current_price > 0 AND current_price < 'NaN'),
    CONSTRAINT positions_exchange_check CHECK (exchange::text <> ''),
    CONSTRAINT positions_multiplier_check CHECK (multiplier > 0 AND multiplier < 'NaN'),
    CONSTRAINT positions_multiplier_from_check CHECK (multiplier_from = ANY (ARRAY['broker', 'instrument', 'assumed'])),
    CONSTRAINT positions_previous_close_check CHECK (previous_close > 0 AND previous_close < 'NaN'),
    CONSTRAINT positions_product_check CHECK (product::text <> ''),
    CONSTRAINT positions_quantity_check CHECK (quantity > '-Infinity' AND quantity < 'Infinity'),
    CONSTRAINT positions_reported_pnl_check CHECK (reported_pnl > '-Infinity' AND reported_pnl < 'Infinity'),
    CONSTRAINT positions_symbol_check CHECK (symbol::text <> '')
) WITH (fillfactor=70);
-- What its policy takes: what has been flat for long
CREATE INDEX idx_positions_closed_at ON mirror.positions USING btree (closed_at) WHERE closed_at IS NOT NULL;
-- Who holds an instrument: update_prices()
CREATE INDEX idx_positions_symbol ON mirror.positions USING btree (symbol, exchange) WHERE closed_at IS NULL;
-- The positions of a user; also for the foreign key
CREATE INDEX idx_positions_user_id ON mirror.positions USING btree (user_id, account_id);
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.positions FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY positions_all ON mirror.positions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY positions_own ON mirror.positions FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.positions TO bourse_viewer, bourse_worker;

-- Accounts that stand in for the primary account of their user since a failover
CREATE TABLE mirror.stand_ins (
    user_id            bigint NOT NULL,
    -- The primary account at the time. The row counts for nothing while another one is primary
    primary_account_id bigint NOT NULL,
    account_id         bigint NOT NULL,
    since              timestamp with time zone NOT NULL,
    -- Since when the sweep has found the primary account well again; NULL: it is not
    primary_well_since timestamp with time zone,
    CONSTRAINT stand_ins_pkey PRIMARY KEY (user_id),
    CONSTRAINT fk_stand_ins_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_stand_ins_primary_account_id FOREIGN KEY (user_id, primary_account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT stand_ins_account_id_check CHECK (account_id <> primary_account_id)
) WITH (fillfactor=80);
ALTER TABLE mirror.stand_ins ENABLE ROW LEVEL SECURITY;
CREATE POLICY stand_ins_all ON mirror.stand_ins FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY stand_ins_own ON mirror.stand_ins FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.stand_ins TO bourse_viewer, bourse_worker;

-- Strategies of users; mirror.strategy_deployments has where they are at work
CREATE TABLE mirror.strategies (
    id            bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id       bigint NOT NULL,
    name          character varying(100) NOT NULL,
    description   text,
    -- What kind it is, like momentum, mean_reversion or arbitrage: its program knows
    strategy_type character varying(50) COLLATE "C",
    -- Whether it may be deployed and started
    is_active     boolean NOT NULL DEFAULT true,
    created_at    timestamp with time zone NOT NULL DEFAULT now(),
    updated_at    timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT strategies_pkey PRIMARY KEY (id),
    CONSTRAINT strategies_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT fk_strategies_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT strategies_description_check CHECK (length(description) <= 10000),
    CONSTRAINT strategies_name_check CHECK (btrim(name::text) <> ''),
    CONSTRAINT strategies_strategy_type_check CHECK (strategy_type::text ~ '^[a-z][a-z0-9_]{0,49}$')
);
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE OR UPDATE ON mirror.strategies FOR EACH ROW
    EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.strategies FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_keep_user BEFORE UPDATE OF id, user_id, created_at ON mirror.strategies FOR EACH ROW
    EXECUTE FUNCTION bourse_private.keep_user();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON mirror.strategies FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.strategies FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.strategies ENABLE ROW LEVEL SECURITY;
CREATE POLICY strategies_all ON mirror.strategies FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY strategies_own ON mirror.strategies FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.strategies TO bourse_viewer, bourse_worker;

-- Strategies on accounts: with how much money, how many positions, since when, what has come of it
CREATE TABLE mirror.strategy_deployments (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id           bigint NOT NULL,
    strategy_id       bigint NOT NULL,
    account_id        bigint NOT NULL,
    -- The money that it may use, in the currency of the account; NULL: nobody has said
    capital_allocated numeric(20,8),
    -- How many positions it may have at once: open_position() takes one after the other, and refuses more
    max_positions     integer NOT NULL DEFAULT 5,
    -- inactive, active, paused (opens nothing). mirror.deployment_transitions() has the steps
    status            character varying(20) COLLATE "C" NOT NULL DEFAULT 'inactive',
    -- When it was started last
    started_at        timestamp with time zone,
    -- When it was stopped last
    stopped_at        timestamp with time zone,
    -- What it has come to, as its program says
    total_pnl         numeric(20,8) NOT NULL DEFAULT 0,
    -- Since when the broker reports more positions of the account than its deployments may have; NULL: no more than
    -- that
    breached_at       timestamp with time zone,
    created_at        timestamp with time zone NOT NULL DEFAULT now(),
    updated_at        timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT strategy_deployments_pkey PRIMARY KEY (id),
    CONSTRAINT strategy_deployments_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT fk_strategy_deployments_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_strategy_deployments_strategy_id FOREIGN KEY (user_id, strategy_id)
        REFERENCES mirror.strategies(user_id, id) ON DELETE CASCADE,
    CONSTRAINT strategy_deployments_capital_allocated_check CHECK (capital_allocated >= 0
        AND capital_allocated < 'NaN'),
    CONSTRAINT strategy_deployments_max_positions_check CHECK (max_positions >= 1 AND max_positions <= 1000),
    CONSTRAINT strategy_deployments_started_at_check CHECK (status::text = 'inactive' OR started_at IS NOT NULL),
    CONSTRAINT strategy_deployments_status_check CHECK (status::text = ANY (ARRAY['inactive', 'active', 'paused'])),
    CONSTRAINT strategy_deployments_total_pnl_check CHECK (total_pnl < 'NaN')
) WITH (fillfactor=80);
-- The deployments of an account, by status
CREATE INDEX idx_strategy_deployments_account_id ON mirror.strategy_deployments
    USING btree (user_id, account_id, status);
-- What is at work, for workers: WHERE status || '' = …. An expression, so that row security keeps users from counting
-- those of others
CREATE INDEX idx_strategy_deployments_status ON mirror.strategy_deployments USING btree ((status::text || ''), id);
-- The deployments of a strategy
CREATE INDEX idx_strategy_deployments_strategy_id ON mirror.strategy_deployments USING btree (user_id, strategy_id);
-- A strategy is at work once on an account
CREATE UNIQUE INDEX strategy_deployments_at_work_key ON mirror.strategy_deployments
    USING btree (user_id, strategy_id, account_id) WHERE status::text <> 'inactive';
CREATE TRIGGER trigger_guard_status BEFORE UPDATE OF status ON mirror.strategy_deployments FOR EACH ROW
    WHEN (old.status::text IS DISTINCT FROM new.status::text) EXECUTE FUNCTION mirror_private.guard_deployment_status();
CREATE TRIGGER trigger_keep_user BEFORE UPDATE OF id, user_id, strategy_id, account_id, created_at ON
    mirror.strategy_deployments FOR EACH ROW EXECUTE FUNCTION mirror_private.keep_deployment();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.strategy_deployments FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.strategy_deployments ENABLE ROW LEVEL SECURITY;
CREATE POLICY strategy_deployments_all ON mirror.strategy_deployments FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY strategy_deployments_own ON mirror.strategy_deployments FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.strategy_deployments TO bourse_viewer, bourse_worker;

-- Accounts of users at brokers. Their API keys stand here as Fernet tokens, which nobody reads: mirror.use_api_key()
-- gives the key to a worker
CREATE TABLE mirror.trading_accounts (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id           bigint NOT NULL,
    account_name      character varying(100) NOT NULL,
    broker            character varying(50) COLLATE "C" NOT NULL,
    -- A Fernet token of the vault, or NULL: no key yet
    api_key_encrypted text COLLATE "C",
    host_url          character varying(200) NOT NULL DEFAULT 'http://127.0.0.1:5000',
    websocket_url     character varying(200) NOT NULL DEFAULT 'ws://127.0.0.1:8765',
    -- The account that a user trades by unless told otherwise: one of the active ones at most
    is_primary        boolean NOT NULL DEFAULT false,
    -- Whether it is in use: one that is not is neither copied to, nor watched, nor a backup
    is_active         boolean NOT NULL DEFAULT true,
    -- When it was connected last
    last_connected    timestamp with time zone,
    -- disconnected, connecting, connected, failed (no connection), error (the broker refuses)
    connection_status character varying(20) COLLATE "C" NOT NULL DEFAULT 'disconnected',
    created_at        timestamp with time zone NOT NULL DEFAULT now(),
    updated_at        timestamp with time zone NOT NULL DEFAULT now(),
    -- The trading calendar of its market, by name. While it is not loaded nobody knows when data is to be expected
    calendar          character varying(100) COLLATE "C" NOT NULL DEFAULT 'XNSE',
    -- The key of the vault that the token needs; identity.vault_keys() counts them
    key_id            text COLLATE "C",
    -- When the API key was given; NULL: there is none
    key_set_at        timestamp with time zone,
    CONSTRAINT trading_accounts_pkey PRIMARY KEY (id),
    CONSTRAINT trading_accounts_user_id_id_key UNIQUE (user_id, id),
    CONSTRAINT unique_user_account UNIQUE (user_id, account_name),
    CONSTRAINT check_valid_broker FOREIGN KEY (broker) REFERENCES mirror.brokers(name),
    CONSTRAINT fk_trading_accounts_user_id FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE,
    CONSTRAINT check_account_name_length CHECK (length(btrim(account_name::text)) >= 3),
    CONSTRAINT trading_accounts_api_key_check CHECK (api_key_encrypted ~ '^gAAAA[A-Za-z0-9_-]{91,}={0,2}$'),
    CONSTRAINT trading_accounts_calendar_check CHECK (btrim(calendar::text) <> ''),
    CONSTRAINT trading_accounts_connection_status_check
        CHECK (connection_status::text = ANY (ARRAY['disconnected', 'connecting', 'connected', 'failed', 'error'])),
    CONSTRAINT trading_accounts_host_url_check CHECK ((host_url::text COLLATE "C") ~ '^https?://[!-.0-~][!-~]*$'),
    CONSTRAINT trading_accounts_key_check CHECK ((api_key_encrypted IS NULL) = (key_id IS NULL)
        AND (api_key_encrypted IS NULL) = (key_set_at IS NULL)),
    CONSTRAINT trading_accounts_key_id_check CHECK (key_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT trading_accounts_last_connected_check CHECK (isfinite(last_connected)),
    CONSTRAINT trading_accounts_websocket_url_check
        CHECK ((websocket_url::text COLLATE "C") ~ '^wss?://[!-.0-~][!-~]*$')
) WITH (fillfactor=80);
-- Names and brokers of a user's accounts, from the index alone
CREATE INDEX idx_accounts_user_primary ON mirror.trading_accounts
    USING btree (user_id, is_primary) INCLUDE (account_name, broker);
-- The accounts at a broker, active or not, for workers: WHERE broker || '' = … AND is_active. An expression, so that
-- row security keeps users from counting those of others
CREATE INDEX idx_is_active ON mirror.trading_accounts USING btree ((broker::text || ''), is_active);
-- One active primary account of a user
CREATE UNIQUE INDEX idx_is_primary ON mirror.trading_accounts USING btree (user_id) WHERE is_primary AND is_active;
-- What identity.rotate_credentials() has still to do
CREATE INDEX idx_trading_accounts_key_id ON mirror.trading_accounts USING btree ((key_id || ''), id)
    WHERE key_id IS NOT NULL;
CREATE TRIGGER trigger_archive_orders BEFORE DELETE ON mirror.trading_accounts FOR EACH ROW
    EXECUTE FUNCTION mirror_private.archive_deleted_account();
CREATE TRIGGER trigger_audit AFTER INSERT OR DELETE
    OR UPDATE OF account_name, broker, host_url, websocket_url, is_primary, is_active, calendar, key_set_at ON
    mirror.trading_accounts FOR EACH ROW EXECUTE FUNCTION audit_private.record_change('user_id', '{id}', '{}');
CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON mirror.trading_accounts FOR EACH STATEMENT
    EXECUTE FUNCTION audit_private.record_change();
CREATE TRIGGER trigger_keep_user BEFORE UPDATE OF id, user_id, created_at ON mirror.trading_accounts FOR EACH ROW
    EXECUTE FUNCTION bourse_private.keep_user();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON mirror.trading_accounts FOR EACH ROW
    EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER update_timestamp BEFORE UPDATE ON mirror.trading_accounts FOR EACH ROW
    EXECUTE FUNCTION bourse_private.stamp_updated_at();
ALTER TABLE mirror.trading_accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY trading_accounts_all ON mirror.trading_accounts FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY trading_accounts_own ON mirror.trading_accounts FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT (id, user_id, account_name, broker, host_url, websocket_url, is_primary, is_active, last_connected,
    connection_status, created_at, updated_at, calendar, key_id, key_set_at) ON mirror.trading_accounts
    TO bourse_viewer, bourse_worker;

-- Connections of accounts to their brokers: made by connect(), kept by heartbeat(), ended by disconnect() or by the
-- sweep. What has ended is kept for 90 days, the last 100 of an account
CREATE TABLE mirror.websocket_connections (
    id                bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id           bigint NOT NULL,
    account_id        bigint NOT NULL,
    -- What the worker calls it; two never have the same
    connection_id     character varying(100) COLLATE "C" NOT NULL,
    -- connected; disconnected: ended as planned; error: its worker has lost it; failed: no heartbeat has come for too
    -- long, and the next one has it connected again
    status            character varying(20) COLLATE "C" NOT NULL DEFAULT 'disconnected',
    connected_at      timestamp with time zone NOT NULL DEFAULT now(),
    -- When it has ended; NULL: it is connected
    disconnected_at   timestamp with time zone,
    -- Messages with market data, as its heartbeats have told of them
    messages_received bigint NOT NULL DEFAULT 0,
    last_heartbeat    timestamp with time zone,
    -- The last heartbeat that told of messages; NULL: none has
    last_message_at   timestamp with time zone,
    -- Smoothed: 0.7 of what it was, 0.3 of what the last heartbeat told; NULL: none has
    latency_ms        integer,
    -- Why it has ended, if not as planned
    reason            character varying(200),
    CONSTRAINT websocket_connections_pkey PRIMARY KEY (id),
    CONSTRAINT websocket_connections_connection_id_key UNIQUE (connection_id),
    CONSTRAINT fk_websocket_connections_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts(user_id, id) ON DELETE CASCADE,
    CONSTRAINT websocket_connections_connection_id_check CHECK (btrim(connection_id::text) <> ''),
    CONSTRAINT websocket_connections_ended_check CHECK ((status::text = 'connected') = (disconnected_at IS NULL)),
    CONSTRAINT websocket_connections_latency_ms_check CHECK (latency_ms >= 0),
    CONSTRAINT websocket_connections_messages_received_check CHECK (messages_received >= 0),
    CONSTRAINT websocket_connections_status_check
        CHECK (status::text = ANY (ARRAY['disconnected', 'connected', 'failed', 'error']))
) WITH (fillfactor=50);
-- Whether an account is connected: WHERE account_id + 0 = … AND status = 'connected'. An expression, so that row
-- security keeps users from asking it of accounts of others
CREATE INDEX idx_status ON mirror.websocket_connections USING btree ((account_id + 0)) WHERE status::text = 'connected';
-- The connections of an account, and of a user
CREATE INDEX idx_websocket_connections_account_id ON mirror.websocket_connections USING btree (user_id, account_id, id);
-- Those that have ended, for retention
CREATE INDEX idx_websocket_connections_disconnected_at ON mirror.websocket_connections USING btree (disconnected_at)
    WHERE disconnected_at IS NOT NULL;
ALTER TABLE mirror.websocket_connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY websocket_connections_all ON mirror.websocket_connections FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY websocket_connections_own ON mirror.websocket_connections FOR SELECT
    USING (user_id = ((SELECT identity.current_user_id()))
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
GRANT SELECT ON mirror.websocket_connections TO bourse_viewer, bourse_worker;

-- The account of each user that is in use: the primary one, or the one that stands in for it. Market data comes from
-- it, and new orders of the user's own go there. Users without an active primary account are not there. Orders of
-- followers stay with their account, whatever is in use
CREATE VIEW mirror.active_accounts WITH (security_invoker=true) AS
 SELECT p.user_id,
    p.id AS primary_account_id,
    COALESCE(s.account_id, p.id) AS account_id,
    s.account_id IS NOT NULL AS stands_in,
    s.since
   FROM mirror.trading_accounts p
     LEFT JOIN mirror.stand_ins s ON s.user_id = p.user_id AND s.primary_account_id = p.id
  WHERE p.is_primary AND p.is_active;
COMMENT ON COLUMN mirror.active_accounts.account_id IS 'The account in use';
COMMENT ON COLUMN mirror.active_accounts.stands_in IS 'It is not the primary account';
COMMENT ON COLUMN mirror.active_accounts.since IS 'Since when it stands in; NULL: it does not';
GRANT SELECT ON mirror.active_accounts TO bourse_viewer, bourse_worker;

-- The orders of mirror.orders and of mirror.orders_archive; archived_at is NULL for the former
CREATE VIEW mirror.all_orders WITH (security_invoker=true) AS
 SELECT o.id,
    o.account_id,
    o.order_id,
    o.symbol,
    o.exchange,
    o.action,
    o.quantity,
    o.order_type,
    o.price,
    o.trigger_price,
    o.product,
    o.status,
    o.filled_quantity,
    o.average_price,
    o.placed_at,
    o.executed_at,
    o.user_id,
    o.status_message,
    o.as_of,
    o.vanished_at,
    o.updated_at,
    NULL::timestamp with time zone AS archived_at,
    NULL::text AS archive_reason
   FROM mirror.orders o
UNION ALL
 SELECT a.id,
    a.account_id,
    a.order_id,
    a.symbol,
    a.exchange,
    a.action,
    a.quantity,
    a.order_type,
    a.price,
    a.trigger_price,
    a.product,
    a.status,
    a.filled_quantity,
    a.average_price,
    a.placed_at,
    a.executed_at,
    a.user_id,
    a.status_message,
    a.as_of,
    a.vanished_at,
    a.updated_at,
    a.archived_at,
    a.archive_reason
   FROM mirror.orders_archive a;
GRANT SELECT ON mirror.all_orders TO bourse_viewer, bourse_worker;
