-- Configs are checked by the JSON Schema of their bot: crates/schema.

CREATE FUNCTION marketplace.validate_schema(schema jsonb)
RETURNS TABLE (path text, keyword text, reason text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'marketplace_validate_schema_wrapper';
COMMENT ON FUNCTION marketplace.validate_schema(jsonb) IS
'What is wrong with a JSON Schema of draft 4, 6, 7, 2019-09 or 2020-12, the last where $schema names none: where, as a '
'JSON pointer, the keyword, and the reason, up to 100 rows; none: it can be used. A schema refers to nothing but '
'itself and its draft; a pattern is matched in linear time, so it has no look-around and no back-reference; format '
'is a remark. 22004 NULL, 22023 more than 65536 bytes or 64 levels, a number that no double holds, 54000 too much to '
'check';
GRANT EXECUTE ON FUNCTION marketplace.validate_schema(jsonb) TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace.validate_config(schema jsonb, config jsonb)
RETURNS TABLE (path text, keyword text, reason text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10 AS 'MODULE_PATHNAME', 'marketplace_validate_config_wrapper';
COMMENT ON FUNCTION marketplace.validate_config(jsonb, jsonb) IS
'What is wrong with a config by a JSON Schema: where, as a JSON pointer into the config, the keyword that asks for it, '
'and what it asks for, never the value; up to 100 rows by path, only the first where there are more than 1000 faults; '
'none: it fits. 22004 NULL, 22023 no schema (DETAIL: why), a config of more than 262144 bytes as jsonb or 64 levels, a '
'number that no double holds, 54000 too much to check';
GRANT EXECUTE ON FUNCTION marketplace.validate_config(jsonb, jsonb) TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace_private.require_schema(schema jsonb) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'marketplace_require_schema_wrapper';
COMMENT ON FUNCTION marketplace_private.require_schema(jsonb) IS
'Refuses what is no JSON Schema as validate_schema() says (22023, DETAIL: the first faults), NULL too (22004)';

CREATE FUNCTION marketplace_private.require_config(schema jsonb, config jsonb) RETURNS void
LANGUAGE c STABLE PARALLEL SAFE COST 1000 AS 'MODULE_PATHNAME', 'marketplace_require_config_wrapper';
COMMENT ON FUNCTION marketplace_private.require_config(jsonb, jsonb) IS
'Refuses a config that does not fit a JSON Schema as validate_config() says (22023, DETAIL: the first faults), NULL '
'too (22004)';

CREATE FUNCTION marketplace.config_errors(bot_id bigint, config jsonb, version text DEFAULT NULL)
RETURNS TABLE (path text, keyword text, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
DECLARE
    settings record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('config', config_errors.config);
    SELECT v.config_schema, v.default_config INTO settings
    FROM marketplace.bot_versions(config_errors.bot_id) v
    WHERE v.version = coalesce(config_errors.version, (SELECT b.version FROM marketplace.bots b
                                                       WHERE b.id = config_errors.bot_id));
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704',
            format('bot %s of version %s does not exist', config_errors.bot_id,
                bourse_private.quoted(config_errors.version)),
            'marketplace.bot_versions() has the versions of a bot.');
    END IF;
    RETURN QUERY SELECT e.path, e.keyword, e.reason
    FROM marketplace.validate_config(settings.config_schema, CASE jsonb_typeof(config_errors.config)
        WHEN 'object' THEN settings.default_config || config_errors.config ELSE config_errors.config END) e;
END
$$;
COMMENT ON FUNCTION marketplace.config_errors(bigint, jsonb, text) IS
'What is wrong with a strategy_config for a version of a bot, NULL: the one that new subscriptions get, as '
'validate_config() says it: with the default_config of that version for what is missing, as subscribe() takes it. '
'22004 NULL, 42704 no such bot or version, or one that is not seen; 22023 and 54000 as validate_config()';
GRANT EXECUTE ON FUNCTION marketplace.config_errors(bigint, jsonb, text) TO bourse_viewer, bourse_worker;
