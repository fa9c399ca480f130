-- What is recorded, and whether something has changed, does not depend on what the session has set; names compare the
-- same whatever the locale.
CREATE TABLE exchange.ase_values (id integer PRIMARY KEY, f double precision, t timestamptz, i interval, b bytea,
                                  m money);
ALTER TABLE exchange.ase_values OWNER TO bourse_owner;
SELECT audit.enable('exchange.ase_values');
INSERT INTO exchange.ase_values VALUES (1, 1.0000000001, '2026-01-01 00:00:00+00', '1 day 02:00:00', '\x00ff', 1.5);
SET extra_float_digits = -15;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET bytea_output = 'escape';
UPDATE exchange.ase_values SET f = 1.0000000002;
UPDATE exchange.ase_values SET t = t + interval '1 second', i = i * 2, b = '\x01', m = 2.5;
RESET ALL;
SELECT action, old_values, new_values FROM audit.audit_logs
WHERE table_name = 'exchange.ase_values' AND action <> 'ENABLE' ORDER BY id;
SELECT audit.disable('exchange.ase_values');
DROP TABLE exchange.ase_values;
SELECT identity.fold('INFO@Example.ORG'), identity.fold('ÄÖÜ ΣΊΣΥΦΟΣ Ж') AS folded,
       identity.fold(identity.fold('ΣΊΣΥΦΟΣ')) = identity.fold('σίσυφοσ') AS once,
       identity.fold(NULL) IS NULL AS nothing;
SELECT bourse_private.redact('{"PIN": 1, "API_KEY": 2, "Spinner": 3}'), identity_private.require_exchange('binance');
-- The index is used.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT FROM identity.users
WHERE identity.fold(email) = identity.fold('Ann@example.org') COLLATE "C";
RESET enable_seqscan;
SELECT * FROM audit.verify();
