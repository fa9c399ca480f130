-- What can be traded at brokers, and in which steps. One writer: set_instrument().
CREATE TABLE mirror.instruments (
    exchange        varchar(10) COLLATE "C" NOT NULL
                    CONSTRAINT instruments_exchange_check CHECK (exchange::text ~ '^[A-Z0-9][A-Z0-9_]{0,9}$'),
    symbol          varchar(50) COLLATE "C" NOT NULL
                    CONSTRAINT instruments_symbol_check
                    CHECK (symbol <> '' AND symbol = btrim(symbol) AND symbol::text !~ '[[:cntrl:]]'),
    lot_size        numeric(20,8) NOT NULL
                    CONSTRAINT instruments_lot_size_check CHECK (lot_size > 0 AND lot_size < 'NaN'),
    tick_size       numeric(20,8) NOT NULL
                    CONSTRAINT instruments_tick_size_check CHECK (tick_size > 0 AND tick_size < 'NaN'),
    multiplier      numeric(20,8) NOT NULL DEFAULT 1
                    CONSTRAINT instruments_multiplier_check CHECK (multiplier > 0 AND multiplier < 'NaN'),
    freeze_quantity numeric(20,8)
                    CONSTRAINT instruments_freeze_quantity_check
                    CHECK (freeze_quantity >= lot_size AND freeze_quantity < 'NaN'),
    min_notional    numeric(20,8)
                    CONSTRAINT instruments_min_notional_check CHECK (min_notional > 0 AND min_notional < 'NaN'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT instruments_pkey PRIMARY KEY (exchange, symbol)
);
COMMENT ON TABLE mirror.instruments IS
'What can be traded at brokers: steps and sizes. Everybody reads it, mirror.set_instrument() writes it';
COMMENT ON COLUMN mirror.instruments.exchange IS 'As brokers call it: NSE, NFO, MCX';
COMMENT ON COLUMN mirror.instruments.lot_size IS 'The smallest step of a quantity';
COMMENT ON COLUMN mirror.instruments.tick_size IS 'The smallest step of a price';
COMMENT ON COLUMN mirror.instruments.multiplier IS 'What a price of 1 comes to for a quantity of 1';
COMMENT ON COLUMN mirror.instruments.freeze_quantity IS
'The most that the exchange takes in one order; more is sent in slices. NULL: any';
COMMENT ON COLUMN mirror.instruments.min_notional IS
'The least that an order may come to: price x quantity x multiplier. NULL: any';

CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON mirror.instruments
    FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at();

GRANT SELECT ON mirror.instruments TO bourse_viewer, bourse_worker;
