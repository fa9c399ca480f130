-- Orders that have ended, out of the way of those that live. One stands here or in mirror.orders, never in both: it is
-- moved by one statement. It stays when its account goes, and goes with its user.
CREATE TABLE mirror.orders_archive (
    id              bigint PRIMARY KEY,
    account_id      bigint NOT NULL,
    order_id        varchar(50) COLLATE "C" NOT NULL,
    symbol          varchar(50) COLLATE "C" NOT NULL,
    exchange        varchar(10) COLLATE "C" NOT NULL,
    action          varchar(10) COLLATE "C" NOT NULL,
    quantity        numeric(20,8) NOT NULL,
    order_type      varchar(20) COLLATE "C" NOT NULL,
    price           numeric(20,8),
    trigger_price   numeric(20,8),
    product         varchar(10) COLLATE "C",
    status          varchar(20) COLLATE "C" NOT NULL
                    CONSTRAINT orders_archive_status_check
                    CHECK (status::text IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')),
    filled_quantity numeric(20,8) NOT NULL,
    average_price   numeric(20,8),
    placed_at       timestamptz NOT NULL,
    executed_at     timestamptz,
    user_id         bigint NOT NULL
                    CONSTRAINT fk_orders_archive_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    status_message  varchar(500),
    as_of           timestamptz NOT NULL,
    vanished_at     timestamptz,
    updated_at      timestamptz NOT NULL,
    archived_at     timestamptz NOT NULL DEFAULT now(),
    archive_reason  text COLLATE "C" NOT NULL DEFAULT 'age'
                    CONSTRAINT orders_archive_archive_reason_check CHECK (archive_reason IN ('age', 'account deleted')),
    CONSTRAINT orders_archive_account_id_order_id_key UNIQUE (account_id, order_id)
);
COMMENT ON TABLE mirror.orders_archive IS
'Orders that have ended, moved here from mirror.orders with their ids by mirror.archive_orders() and the policy of the '
'table. mirror.all_orders has both';
COMMENT ON COLUMN mirror.orders_archive.account_id IS
'Without a foreign key: the account may be deleted, and has had the order all the same';
COMMENT ON COLUMN mirror.orders_archive.archive_reason IS
'age: archive_orders() and the policy; account deleted: its account was about to go';

CREATE INDEX idx_orders_archive_user_id ON mirror.orders_archive (user_id, account_id, placed_at);
COMMENT ON INDEX mirror.idx_orders_archive_user_id IS
'The orders of a user, or of one account, the latest first; also for the foreign key';

ALTER TABLE mirror.orders_archive ENABLE ROW LEVEL SECURITY;
CREATE POLICY orders_archive_own ON mirror.orders_archive FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY orders_archive_all ON mirror.orders_archive FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.orders_archive TO bourse_viewer, bourse_worker;

CREATE VIEW mirror.all_orders WITH (security_invoker = true) AS
    SELECT o.id, o.account_id, o.order_id, o.symbol, o.exchange, o.action, o.quantity, o.order_type, o.price,
           o.trigger_price, o.product, o.status, o.filled_quantity, o.average_price, o.placed_at, o.executed_at,
           o.user_id, o.status_message, o.as_of, o.vanished_at, o.updated_at, NULL::timestamptz AS archived_at,
           NULL::text AS archive_reason
    FROM mirror.orders o
    UNION ALL
    SELECT a.id, a.account_id, a.order_id, a.symbol, a.exchange, a.action, a.quantity, a.order_type, a.price,
           a.trigger_price, a.product, a.status, a.filled_quantity, a.average_price, a.placed_at, a.executed_at,
           a.user_id, a.status_message, a.as_of, a.vanished_at, a.updated_at, a.archived_at, a.archive_reason
    FROM mirror.orders_archive a;
COMMENT ON VIEW mirror.all_orders IS
'The orders of mirror.orders and of mirror.orders_archive; archived_at is NULL for the former';
GRANT SELECT ON mirror.all_orders TO bourse_viewer, bourse_worker;
