-- Credentials of other exchanges. This server has no key: nothing is sealed, nothing is stored. With keys:
-- tests/client.
SELECT identity.register('cre ann') AS ann \gset
SELECT identity.register_principal('cre-principal', :ann) = :ann AS ann;
SELECT call, refusal('SELECT * FROM identity.' || replace(call, 'ANN', :'ann')) FROM unnest(ARRAY[
    'store_credentials(ANN, ''BINANCE'', ''the key'', ''the secret'')', 'vault_keys()', 'rotate_credentials()',
    'rotate_credentials(0)', 'rotate_credentials(NULL)']) WITH ORDINALITY AS c (call, n) ORDER BY n;
-- A session cannot bring a key of its own.
SET bourse.vault_key_file = '/tmp/keys';
SET bourse.vault_key_command = 'echo AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
SELECT refusal(format('SELECT identity.store_credentials(%s, ''BINANCE'', ''the key'', ''the secret'')', :ann));
SELECT call, refusal('SELECT identity.store_credentials(' || replace(call, 'ANN', :'ann') || ')') FROM unnest(ARRAY[
    $$NULL, 'BINANCE', 'k', 's'$$, $$-1, 'BINANCE', 'k', 's'$$, $$ANN, NULL, 'k', 's'$$, $$ANN, 'NASDAQ', 'k', 's'$$,
    $$ANN, 'BINANCE', NULL, 's'$$, $$ANN, 'BINANCE', 'k', ' '$$, $$ANN, 'BINANCE', 'k', repeat('s', 4097)$$,
    $$ANN, 'BINANCE', 'k', 's', ''$$,
    $$ANN, 'BINANCE', 'k', 's', principal_id => 'nobodys'$$]) WITH ORDINALITY AS c (call, n)
ORDER BY n;
SELECT count(*) FROM identity.exchange_credentials;

-- The table takes Fernet tokens only, once for each user, exchange and network.
SELECT 'gAAAAA' || repeat('A', 132) || '==' AS token \gset
INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id)
VALUES (:ann, 'BINANCE', :'token', :'token', repeat('0', 16))
RETURNING id AS cred, is_testnet, is_active, validation_status \gset
SELECT :'is_testnet' AS is_testnet, :'is_active' AS is_active, :'validation_status' AS validation_status;
SELECT what, refusal(format('
    INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id,
                                               principal_id, is_testnet, validation_status)
    SELECT user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id, principal_id, is_testnet,
           validation_status
    FROM jsonb_populate_record(NULL::identity.exchange_credentials, %L) r',
    jsonb_build_object('user_id', :ann, 'exchange', 'KRAKEN', 'api_key_encrypted', :'token', 'api_secret_encrypted',
                       :'token', 'key_id', repeat('0', 16), 'is_testnet', true, 'validation_status',
                       'pending') || what))
FROM unnest(ARRAY['{"exchange": "BINANCE"}', '{"exchange": "NASDAQ"}', '{"api_key_encrypted": "plain"}',
                  '{"api_secret_encrypted": "plain"}', '{"key_id": "x"}',
                  '{"validation_status": "valid"}', '{"principal_id": "reg-principal-1"}']::jsonb[]) what;

-- The tokens, as stored; without a key they can be handed on, not read.
INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted,
                                           api_passphrase_encrypted, key_id, is_testnet, principal_id)
VALUES (:ann, 'BINANCE', :'token', :'token', :'token', repeat('0', 16), false, 'cre-principal');
SELECT api_key_encrypted = :'token' AS key, api_secret_encrypted = :'token' AS secret, is_testnet
FROM identity.get_user_credentials(:ann, 'binance');
SELECT user_id = :ann AS ann, api_passphrase_encrypted = :'token' AS passphrase
FROM identity.get_user_credentials('cre-principal', 'Binance', false);
SELECT count(*) AS no_testnet FROM identity.get_user_credentials('cre-principal', 'BINANCE', true);
UPDATE identity.user_principals SET status = 'INACTIVE' WHERE principal_id = 'cre-principal';
SELECT count(*) AS inactive_principal FROM identity.get_user_credentials('cre-principal', 'BINANCE', false);
UPDATE identity.exchange_credentials SET is_active = false WHERE user_id = :ann AND NOT is_testnet;
SELECT is_testnet FROM identity.get_user_credentials(:ann, 'BINANCE');
SELECT call, refusal('SELECT * FROM identity.' || replace(call, 'ANN', :'ann')) FROM unnest(ARRAY[
    'get_user_credentials(-1, ''BINANCE'')', 'get_user_credentials(NULL, ''BINANCE'')',
    'get_user_credentials(ANN, ''NASDAQ'')', 'get_user_credentials(NULL, ''BINANCE'', true)',
    'decrypt_credentials(ANN, ''NASDAQ'')', 'decrypt_credentials(ANN, ''BINANCE'', false)',
    'decrypt_credentials(-1, ''BINANCE'')',
    'decrypt_credentials(NULL, ''BINANCE'')']) WITH ORDINALITY AS c (call, n) ORDER BY n;

-- Validation: pending, then what the exchange says; as often as it is asked.
SELECT identity.validate_credentials(:cred, true);
SELECT validation_status, last_validated IS NOT NULL AS stamped FROM identity.exchange_credentials WHERE id = :cred;
SELECT identity.validate_credentials(:cred, false);
-- A verdict on what has been replaced since is none.
SELECT updated_at AS tested FROM identity.exchange_credentials WHERE id = :cred \gset
UPDATE identity.exchange_credentials SET is_active = true WHERE id = :cred;
SELECT regexp_replace(refusal(format('SELECT identity.validate_credentials(%s, true, %L)', :cred, :'tested')),
                      'credentials \d+ have changed at .* /', 'credentials N have changed /') AS refusal;
SELECT identity.validate_credentials(id, false, updated_at) FROM identity.exchange_credentials WHERE id = :cred;
SELECT validation_status FROM identity.exchange_credentials WHERE id = :cred;
SELECT refusal(format('SELECT identity.validate_credentials(%s, NULL)', :cred)),
       refusal('SELECT identity.validate_credentials(-1, true)');

-- Credentials go with their principal, and with their user.
DELETE FROM identity.user_principals WHERE principal_id = 'cre-principal';
SELECT is_testnet FROM identity.exchange_credentials WHERE user_id = :ann;
DELETE FROM identity.users WHERE id = :ann;
SELECT count(*) FROM identity.exchange_credentials WHERE user_id = :ann;
RESET bourse.vault_key_file;
RESET bourse.vault_key_command;
