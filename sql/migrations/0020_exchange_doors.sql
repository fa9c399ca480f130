-- Who may hold a market in a transaction of his own: everybody who may trade, or trusted logins only.
ALTER TABLE exchange.markets ADD COLUMN door text COLLATE "C" NOT NULL DEFAULT 'any'
    CONSTRAINT markets_door_check CHECK (door IN ('any', 'sequencer'));
COMMENT ON COLUMN exchange.markets.door IS
    'any: every door is open to everybody who may trade; sequencer: who is no member of bourse_admin, bourse_worker or bourse_gateway trades through submit_order() and its kin, or the inbox';
GRANT UPDATE (door) ON exchange.markets TO bourse_admin;

-- Whose request it was, also where the sequencer writes the row.
ALTER TABLE exchange.transfers ALTER COLUMN created_by SET DEFAULT identity.author();
COMMENT ON COLUMN exchange.transfers.created_by IS 'The login that has asked for it';
