CREATE TABLE exchange.markets (
    symbol          text COLLATE "C" PRIMARY KEY
                    CONSTRAINT markets_symbol_check CHECK (symbol ~ '^[A-Z0-9][A-Z0-9._/-]{0,19}$'),
    base            text COLLATE "C" NOT NULL CONSTRAINT markets_base_check CHECK (base ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'),
    quote           text COLLATE "C" NOT NULL
                    CONSTRAINT markets_quote_check CHECK (quote ~ '^[A-Z0-9][A-Z0-9._-]{0,9}$'),
    tick_size       numeric(20,8) NOT NULL,
    lot_size        numeric(20,8) NOT NULL,
    min_amount      numeric(20,8) CONSTRAINT markets_min_amount_check CHECK (min_amount > 0 AND min_amount < 'NaN'),
    max_amount      numeric(20,8) CONSTRAINT markets_max_amount_check CHECK (max_amount > 0 AND max_amount < 'NaN'),
    min_notional    numeric(20,8)
                    CONSTRAINT markets_min_notional_check CHECK (min_notional > 0 AND min_notional < 'NaN'),
    price_band      numeric(9,8) CONSTRAINT markets_price_band_check CHECK (price_band > 0 AND price_band < 1),
    maker_rate      numeric(9,8) NOT NULL
                    CONSTRAINT markets_maker_rate_check CHECK (maker_rate > -1 AND maker_rate <= 1),
    taker_rate      numeric(9,8) NOT NULL CONSTRAINT markets_taker_rate_check CHECK (taker_rate BETWEEN 0 AND 1),
    status          text COLLATE "C" NOT NULL DEFAULT 'open'
                    CONSTRAINT markets_status_check
                    CHECK (status IN ('open', 'halted', 'cancel_only', 'auction', 'closed')),
    calendar        text COLLATE "C" CONSTRAINT markets_calendar_size_check CHECK (char_length(calendar) <= 128)
                    CONSTRAINT fk_markets_calendar REFERENCES calendar.trading_hours_templates (name)
                    ON UPDATE CASCADE,
    last_priority   bigint NOT NULL DEFAULT 0 CONSTRAINT markets_last_priority_check CHECK (last_priority >= 0),
    last_sequence   bigint NOT NULL DEFAULT 0 CONSTRAINT markets_last_sequence_check CHECK (last_sequence >= 0),
    last_price      numeric(20,8),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    band_action     text COLLATE "C" NOT NULL DEFAULT 'refuse'
                    CONSTRAINT markets_band_action_check CHECK (band_action IN ('refuse', 'halt')),
    max_open_orders integer CONSTRAINT markets_max_open_orders_check CHECK (max_open_orders > 0),
    swept_sequence  bigint NOT NULL DEFAULT 0,
    -- Who may hold a market in a transaction of his own: everybody who may trade, or trusted logins only.
    door            text COLLATE "C" NOT NULL DEFAULT 'any'
                    CONSTRAINT markets_door_check CHECK (door IN ('any', 'sequencer')),
    -- A cascade of stops past the bound of a command goes on with the commands that follow. Where: after this trade.
    stops_sequence  bigint,
    -- The hours of the market: what holds outside them, how it opens, when the bell rings next.
    outside         text COLLATE "C" NOT NULL DEFAULT 'reject'
                    CONSTRAINT markets_outside_check CHECK (outside IN ('reject', 'queue')),
    opening         text COLLATE "C" NOT NULL DEFAULT 'continuous'
                    CONSTRAINT markets_opening_check CHECK (opening IN ('continuous', 'auction')),
    bell_at         timestamptz,
    opens_at        timestamptz,
    -- Of a market that is not open: why, as the operator has said who has set its status.
    status_reason   text CONSTRAINT markets_status_reason_check CHECK (char_length(status_reason) <= 200),
    CONSTRAINT markets_base_quote_check CHECK (base <> quote),
    CONSTRAINT markets_min_max_check CHECK (min_amount <= max_amount),
    CONSTRAINT markets_swept_sequence_check CHECK (swept_sequence BETWEEN 0 AND last_sequence),
    CONSTRAINT markets_stops_sequence_check CHECK (stops_sequence >= 0 AND stops_sequence < last_sequence),
    -- Both positive, and their product a multiple of 1e-8: then every price x amount is exact.
    CONSTRAINT markets_exact_notional_check CHECK (
        tick_size > 0 AND tick_size < 'NaN' AND lot_size > 0 AND lot_size < 'NaN'
        AND mod(tick_size * lot_size, 0.00000001) = 0 AND tick_size * lot_size < 1000000000000)
) WITH (fillfactor = 50); -- its counters move with every order: leave room for HOT updates
COMMENT ON TABLE exchange.markets IS
'The rules and counters of each market. Its row is the last thing a matching transaction writes';
COMMENT ON COLUMN exchange.markets.tick_size IS 'The smallest step of a price, in quote';
COMMENT ON COLUMN exchange.markets.lot_size IS 'The smallest step of a quantity, in base';
COMMENT ON COLUMN exchange.markets.price_band IS
'How far from the last price a trade may be, as a fraction of it; NULL: any price';
COMMENT ON COLUMN exchange.markets.maker_rate IS
'Commission of the resting side of a trade, as a fraction of price x amount; negative: a rebate, paid out of the '
'taker''s commission';
COMMENT ON COLUMN exchange.markets.taker_rate IS
'Commission of the arriving side of a trade, as a fraction of price x amount';
COMMENT ON COLUMN exchange.markets.last_priority IS 'The last place in the queue that was given to an order';
COMMENT ON COLUMN exchange.markets.last_sequence IS 'The sequence of the last trade: gapless from 1';
COMMENT ON COLUMN exchange.markets.band_action IS
'What a price outside the band does: refuse the order, or halt the market when a trade would happen there';
COMMENT ON COLUMN exchange.markets.max_open_orders IS
'How many live orders a user may have in this market; NULL: any number';
COMMENT ON COLUMN exchange.markets.swept_sequence IS
'The commission of the trades up to this one has been booked by sweep_fees()';
COMMENT ON COLUMN exchange.markets.door IS
'any: every door is open to everybody who may trade; sequencer: who is no member of bourse_admin, bourse_worker or '
'bourse_gateway trades through submit_order() and its kin, or the inbox';
COMMENT ON COLUMN exchange.markets.stops_sequence IS
'The last trade whose stops have all been entered, while a cascade is not finished; NULL: none is left';
COMMENT ON COLUMN exchange.markets.calendar IS
'The calendar whose sessions are the hours of the market; NULL: its status is what operators set';
COMMENT ON COLUMN exchange.markets.outside IS
'What a market with a calendar does outside its sessions: reject orders (status cancel_only), or queue them for '
'the next session (status auction)';
COMMENT ON COLUMN exchange.markets.opening IS
'How a session begins: continuous; auction: orders are collected in the calendar''s pre_market, and meet at the open';
COMMENT ON COLUMN exchange.markets.bell_at IS
'When the calendar may move the status next; the first command after it does so. NULL: never';
COMMENT ON COLUMN exchange.markets.opens_at IS
'When the next session begins, or goes on after a break, as of the last bell; NULL: not known';

COMMENT ON COLUMN exchange.markets.status_reason IS
'Why it is not open, as the operator has said who has set its status; NULL: nobody has, or it is open, or its bell has '
'changed the status since';

-- Whoever looks for bells that are due.
CREATE INDEX idx_markets_bell ON exchange.markets (bell_at) WHERE bell_at IS NOT NULL;
CREATE INDEX idx_markets_calendar ON exchange.markets (calendar);

-- Whoever looks for stops that are left finds the markets without reading the others.
CREATE INDEX idx_markets_stops ON exchange.markets (symbol) WHERE stops_sequence IS NOT NULL;

CREATE TRIGGER trigger_heed_calendar AFTER UPDATE ON calendar.trading_hours_templates
    FOR EACH ROW EXECUTE FUNCTION exchange_private.heed_calendar();

CREATE TRIGGER trigger_guard_market_rules BEFORE UPDATE ON exchange.markets
    FOR EACH ROW EXECUTE FUNCTION exchange_private.guard_market_rules();

GRANT SELECT ON exchange.markets TO bourse_viewer;
-- A rule is changed with an UPDATE, by an admin; the next order goes by it. The engine locks the row of each market
-- that it works in: an UPDATE waits for that row, and for nothing else.
GRANT UPDATE (tick_size, lot_size, min_amount, max_amount, min_notional, price_band, band_action, maker_rate,
              taker_rate, max_open_orders, calendar, outside, opening, door)
    ON exchange.markets TO bourse_admin;
