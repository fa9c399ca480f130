CREATE TABLE exchange.fee_schedules (
    fee_group  text COLLATE "C" NOT NULL,
    symbol     text COLLATE "C" NOT NULL DEFAULT '*',
    maker_rate numeric(9,8) NOT NULL
               CONSTRAINT fee_schedules_maker_rate_check CHECK (maker_rate > -1 AND maker_rate <= 1),
    taker_rate numeric(9,8) NOT NULL CONSTRAINT fee_schedules_taker_rate_check CHECK (taker_rate BETWEEN 0 AND 1),
    CONSTRAINT fee_schedules_pkey PRIMARY KEY (fee_group, symbol),
    CONSTRAINT fee_schedules_size_check CHECK (char_length(fee_group) <= 128 AND char_length(symbol) <= 20)
);
COMMENT ON TABLE exchange.fee_schedules IS
'The rates of a fee group, by market or for all (''*''); the market''s own row comes first';

GRANT SELECT ON exchange.fee_schedules TO bourse_viewer;
GRANT INSERT, UPDATE, DELETE ON exchange.fee_schedules TO bourse_admin;
