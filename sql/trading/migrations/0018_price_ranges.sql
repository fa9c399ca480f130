-- The lowest and the highest price of each thousand trades of a market of ours, by sequence: what they were is for
-- ever. A cache: whatever is not here is read from the trades themselves.
CREATE TABLE trading.price_ranges (
    symbol text COLLATE "C" NOT NULL,
    block  bigint NOT NULL CONSTRAINT price_ranges_block_check CHECK (block >= 0),
    low    numeric(20,8) NOT NULL CONSTRAINT price_ranges_low_check CHECK (low > 0),
    high   numeric(20,8) NOT NULL CONSTRAINT price_ranges_high_check CHECK (high >= low AND high < 'NaN'),
    PRIMARY KEY (symbol, block)
);
COMMENT ON TABLE trading.price_ranges IS
'The lowest and the highest price of each thousand trades of a market of our exchange, for mae and mfe of trades that '
'have been open for long. Written by the ticker, in order';
COMMENT ON COLUMN trading.price_ranges.block IS 'n: the trades from sequence 1000 n + 1 to 1000 n + 1000';
