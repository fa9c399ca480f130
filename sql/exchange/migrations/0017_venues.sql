CREATE TABLE exchange.venues (
    venue      text COLLATE "C" PRIMARY KEY
               CONSTRAINT venues_venue_check CHECK (venue ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    created_by name COLLATE "C" NOT NULL DEFAULT identity_private.author(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE exchange.venues IS
'The other venues that money is sent to and received from. register_venue() and unregister_venue() write it';
COMMENT ON COLUMN exchange.venues.venue IS 'What every venue calls it';
COMMENT ON COLUMN exchange.venues.created_by IS 'The login that has registered it';

GRANT SELECT ON exchange.venues TO bourse_viewer;
