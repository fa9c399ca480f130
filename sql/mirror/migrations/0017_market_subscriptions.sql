-- What market data an account is to receive. Whoever connects asks mirror.subscriptions() and subscribes to it at the
-- broker; an account that stands in for another is given what the other had.
CREATE TABLE mirror.market_subscriptions (
    user_id    bigint NOT NULL,
    account_id bigint NOT NULL,
    exchange   varchar(10) COLLATE "C" NOT NULL
               CONSTRAINT market_subscriptions_exchange_check CHECK (exchange::text ~ '^[A-Z0-9][A-Z0-9_]{0,9}$'),
    symbol     varchar(50) COLLATE "C" NOT NULL
               CONSTRAINT market_subscriptions_symbol_check
               CHECK (symbol <> '' AND symbol = btrim(symbol) AND symbol::text !~ '[[:cntrl:]]'),
    mode       text COLLATE "C" NOT NULL
               CONSTRAINT market_subscriptions_mode_check CHECK (mode IN ('ltp', 'quote', 'depth')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT market_subscriptions_pkey PRIMARY KEY (user_id, account_id, exchange, symbol, mode),
    CONSTRAINT fk_market_subscriptions_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE mirror.market_subscriptions IS
'Market data that accounts are to receive, as subscribe() was told. It stays with its account when another one stands '
'in: mirror.subscriptions() says who is to receive what now';
COMMENT ON COLUMN mirror.market_subscriptions.mode IS
'ltp: the last price; quote: with the day''s figures; depth: the book';

ALTER TABLE mirror.market_subscriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY market_subscriptions_own ON mirror.market_subscriptions FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY market_subscriptions_all ON mirror.market_subscriptions
    FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.market_subscriptions TO bourse_viewer, bourse_worker;
