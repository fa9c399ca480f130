-- Brokers at whom somebody may have an account, which admins write.
CREATE TABLE mirror.brokers (
    name       varchar(50) COLLATE "C" PRIMARY KEY CONSTRAINT brokers_name_check CHECK (btrim(name) <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE mirror.brokers IS
'Brokers at whom somebody may have an account. Everybody reads them, admins write them';

GRANT SELECT ON mirror.brokers TO bourse_viewer, bourse_worker;
GRANT INSERT (name), DELETE ON mirror.brokers TO bourse_admin;

INSERT INTO mirror.brokers (name) VALUES
    ('5paisa'), ('5paisa (XTS)'), ('Aliceblue'), ('AngelOne'), ('Compositedge (XTS)'), ('Definedge'), ('Dhan'),
    ('Firstock'), ('Flattrade'), ('Fyers'), ('Groww'), ('IIFL (XTS)'), ('IndiaBulls'), ('IndMoney'),
    ('Kotak Securities'), ('Motilal Oswal'), ('Paytm'), ('Pocketful'), ('Shoonya'), ('Tradejini'), ('Upstox'),
    ('Wisdom Capital (XTS)'), ('Zebu'), ('Zerodha');
