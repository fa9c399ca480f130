CREATE TABLE messaging.telegram_settings (
    key   varchar(100) COLLATE "C" PRIMARY KEY
          CONSTRAINT telegram_settings_key_check CHECK (key = btrim(key) AND key <> ''),
    value text CONSTRAINT telegram_settings_value_check CHECK (length(value) <= 10000)
);
COMMENT ON TABLE messaging.telegram_settings IS
'Settings of the telegram bot. Everybody reads them, admins write them, as a plain table or by set_setting(); what '
'looks like a secret, as the bot''s token, is refused';
CREATE TRIGGER trigger_refuse_secrets BEFORE INSERT OR UPDATE ON messaging.telegram_settings
    FOR EACH ROW EXECUTE FUNCTION messaging_private.refuse_secret_setting();
GRANT SELECT ON messaging.telegram_settings TO bourse_viewer, bourse_worker;
GRANT INSERT, UPDATE, DELETE ON messaging.telegram_settings TO bourse_admin;
