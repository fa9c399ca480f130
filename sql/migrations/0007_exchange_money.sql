-- Transfers between users and the house's income: two more kinds of journal rows.
ALTER TABLE exchange.transfers
    ADD COLUMN counterparty_id bigint
        CONSTRAINT fk_transfers_counterparty_id REFERENCES identity.users (id) ON DELETE RESTRICT,
    -- Unique: what one user was debited is credited once.
    ADD COLUMN debit_id bigint CONSTRAINT transfers_debit_id_key UNIQUE
        CONSTRAINT fk_transfers_debit_id REFERENCES exchange.transfers (id) ON DELETE RESTRICT,
    DROP CONSTRAINT transfers_kind_check,
    ADD CONSTRAINT transfers_kind_check CHECK (kind IN ('deposit', 'withdrawal', 'adjustment', 'transfer', 'sweep')),
    DROP CONSTRAINT transfers_amount_check,
    ADD CONSTRAINT transfers_amount_check CHECK (
        amount < 'NaN' AND locked_amount < 'NaN' AND CASE kind
            WHEN 'deposit' THEN amount > 0 AND locked_amount = 0
            WHEN 'withdrawal' THEN amount < 0 AND locked_amount = 0
            WHEN 'transfer' THEN amount <> 0 AND locked_amount = 0
            WHEN 'sweep' THEN amount > 0 AND locked_amount = 0
            ELSE amount <> 0 OR locked_amount <> 0 END),
    ADD CONSTRAINT transfers_pair_check CHECK (CASE kind
        WHEN 'transfer' THEN counterparty_id IS NOT NULL AND counterparty_id <> user_id
                             AND (amount > 0) = (debit_id IS NOT NULL)
        ELSE counterparty_id IS NULL AND debit_id IS NULL END);
CREATE INDEX idx_transfers_counterparty_id ON exchange.transfers (counterparty_id);
COMMENT ON COLUMN exchange.transfers.counterparty_id IS 'Of a transfer between users: the other one';
COMMENT ON COLUMN exchange.transfers.debit_id IS 'Of the credit of a transfer between users: the row that debits the sender';
COMMENT ON COLUMN exchange.transfers.kind IS
'deposit, withdrawal: from and to outside; adjustment: by hand, locks included; transfer: between users, a debit and a credit; sweep: the house''s commission, booked to a user';

ALTER TABLE exchange.markets
    ADD COLUMN swept_sequence bigint NOT NULL DEFAULT 0
        CONSTRAINT markets_swept_sequence_check CHECK (swept_sequence BETWEEN 0 AND last_sequence);
COMMENT ON COLUMN exchange.markets.swept_sequence IS 'The commission of the trades up to this one has been booked by sweep_fees()';

-- When a stop became part of the book cannot be told from its trades: it may have rested without one.
ALTER TABLE exchange.orders ADD COLUMN triggered_at timestamptz
    CONSTRAINT orders_triggered_at_check CHECK (triggered_at IS NULL OR (stop_price IS NOT NULL AND status <> 'pending'));
COMMENT ON COLUMN exchange.orders.triggered_at IS 'When a stop was triggered; NULL: not yet, never, or no stop';

-- What book_as_of() puts back: orders that were cancelled after a moment. What traded since, trades tell.
CREATE INDEX idx_orders_cancelled ON exchange.orders (symbol, updated_at) WHERE status = 'cancelled';

-- Double entry over the journal: per source and asset the lines add up to zero. One branch per account, so that
-- the lines of one user are found through the indexes on transfers, orders and trades.
CREATE OR REPLACE VIEW exchange.ledger_entries WITH (security_invoker = true) AS
SELECT 'transfer'::text AS source, coalesce(t.debit_id, t.id) AS source_id, 'user'::text AS account,
       t.user_id, t.asset, (t.amount + t.locked_amount)::numeric AS amount, t.created_at
FROM exchange.transfers t
UNION ALL
-- The other line of a transfer between users is its counterpart's.
SELECT 'transfer', t.id, CASE t.kind WHEN 'sweep' THEN 'commission' ELSE 'external' END,
       NULL, t.asset, -(t.amount + t.locked_amount), t.created_at
FROM exchange.transfers t
WHERE t.kind <> 'transfer'
UNION ALL
SELECT 'trade', t.id, 'user', b.user_id, l.asset, l.amount, t.created_at
FROM exchange.trades t
JOIN exchange.orders b ON b.id = t.buy_order_id
JOIN exchange.markets m ON m.symbol = t.symbol
CROSS JOIN LATERAL (VALUES
    (m.base, t.amount),
    (m.quote, -(t.price * t.amount)::numeric(20,8) - t.buyer_commission)) AS l (asset, amount)
UNION ALL
SELECT 'trade', t.id, 'user', s.user_id, l.asset, l.amount, t.created_at
FROM exchange.trades t
JOIN exchange.orders s ON s.id = t.sell_order_id
JOIN exchange.markets m ON m.symbol = t.symbol
CROSS JOIN LATERAL (VALUES
    (m.base, -t.amount),
    (m.quote, (t.price * t.amount)::numeric(20,8) - t.seller_commission)) AS l (asset, amount)
UNION ALL
SELECT 'trade', t.id, 'commission', NULL, m.quote, t.commission, t.created_at
FROM exchange.trades t
JOIN exchange.markets m ON m.symbol = t.symbol;
COMMENT ON VIEW exchange.ledger_entries IS 'The double-entry ledger, read from transfers and trades. Per source the amounts of each asset add up to zero (a transfer between users is one source: its debit); per user and asset to the balance, locked part included';
