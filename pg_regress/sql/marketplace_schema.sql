-- Configs of bots are checked by JSON Schema, of the drafts 4 to 2020-12.
CREATE ROLE mschema_eve LOGIN IN ROLE bourse_viewer;
CREATE ROLE mschema_nobody LOGIN;
CREATE TABLE asked (name text PRIMARY KEY, schema jsonb);
GRANT SELECT ON asked TO mschema_eve;
INSERT INTO asked VALUES ('grid', '{
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "symbol": {"type": "string", "pattern": "^[A-Z]{2,10}-[A-Z]{2,10}$"},
        "levels": {"type": "integer", "minimum": 2, "maximum": 200},
        "spread": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
        "side": {"enum": ["buy", "sell", "both"]},
        "note": {"type": "string", "maxLength": 20},
        "prices": {"type": "array", "items": {"$ref": "#/$defs/price"}, "uniqueItems": true, "maxItems": 3}
    },
    "required": ["symbol", "levels"],
    "additionalProperties": false,
    "$defs": {"price": {"type": "number", "minimum": 0}}
}');

-- Whoever reads the market may ask.
SET SESSION AUTHORIZATION mschema_eve;
SELECT v.* FROM asked, marketplace.validate_schema(schema) v;
SELECT v.* FROM asked, marketplace.validate_config(schema, '{"symbol": "BTC-USD", "levels": 5, "spread": 0.25}') v;

-- All that is wrong, by its place, with what is asked for, and never the value: it may be somebody's secret.
SELECT v.* FROM asked, marketplace.validate_config(schema, '{"symbol": "my secret key", "levels": 2.5, "spread": 0,
    "side": "hold", "note": "my secret key that is so long", "prices": [1, -1, "secret", 1], "colour": "secret"}') v;
SELECT v.* FROM asked, marketplace.validate_config(schema, '[]') v;
SELECT v.* FROM asked, marketplace.validate_config(schema, 'null') v;

-- A schema is true, false or an object; the last of the drafts unless it says another.
SELECT s.schema, s.config, v.* FROM (VALUES ('true', '1'), ('false', '1'), ('{}', '1'), ('{"type": "string"}', '1'),
    ('{"const": {"a": 1}}', '{"a": 1.0}'), ('{"not": {"type": "null"}}', 'null'),
    ('{"anyOf": [{"type": "string"}, {"minimum": 5}]}', '1'), ('{"oneOf": [{"type": "string"}, {"minimum": 5}]}', '1'),
    ('{"oneOf": [{"minimum": 5}, {"maximum": 9}]}', '7'), ('{"contains": {"type": "null"}}', '[1]'),
    ('{"propertyNames": {"maxLength": 2}}', '{"abc": 1}'), ('{"minProperties": 1, "required": ["a"]}', '{}'),
    ('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}', '{"a": 1}'),
    ('{"dependentRequired": {"a": ["b"]}}', '{"a": 1}'), ('{"minItems": 2, "items": false}', '[1]'),
    ('{"prefixItems": [true], "unevaluatedItems": false}', '[1, 2]'), ('{"format": "email"}', '"nobody"'))
    s (schema, config), marketplace.validate_config(s.schema::jsonb, s.config::jsonb) v;

-- Each draft by its own rules.
SELECT d.draft, s.schema ->> 'n' AS n, (SELECT count(*) FROM marketplace.validate_schema(s.schema || d.said)) AS faults
FROM (VALUES (1, 'http://json-schema.org/draft-04/schema#'), (2, 'http://json-schema.org/draft-06/schema#'),
             (3, 'http://json-schema.org/draft-07/schema#'), (4, 'https://json-schema.org/draft/2019-09/schema'),
             (5, 'https://json-schema.org/draft/2020-12/schema')) l (at, draft)
     CROSS JOIN LATERAL (SELECT l.draft, jsonb_build_object('$schema', l.draft) AS said) d
     CROSS JOIN (VALUES ('{"n": "boolean exclusiveMinimum", "minimum": 1, "exclusiveMinimum": true}'::jsonb),
                        ('{"n": "number exclusiveMinimum", "exclusiveMinimum": 1}'),
                        ('{"n": "list of items", "items": [true]}'),
                        ('{"n": "if", "if": 1}'), ('{"n": "prefixItems", "prefixItems": 1}')) s (schema)
ORDER BY n, at;
SELECT s.schema, v.* FROM unnest(ARRAY[
    '{"$schema": "http://json-schema.org/draft-04/schema", "minimum": 5, "exclusiveMinimum": true}',
    '{"$schema": "http://json-schema.org/draft-07/schema", "exclusiveMinimum": 5}'])
    WITH ORDINALITY s (schema, n), marketplace.validate_config(s.schema::jsonb, '5') v ORDER BY n;

-- What is no schema: where, which keyword, why.
SELECT s.schema, v.* FROM unnest(ARRAY['1', '"string"', '[]', 'null', '{"type": "text"}', '{"type": 5, "minimum": "1"}',
    '{"properties": {"a": {"maxLength": -1}, "b": 7}}', '{"required": ["a", "a"]}', '{"$ref": "#/$defs/none"}',
    '{"$ref": "#none"}', '{"properties": {"a": {"pattern": "("}}}', '{"patternProperties": {"[": true}}',
    '{"$schema": "http://json-schema.org/draft-03/schema#"}', '{"$schema": 5}', '{"multipleOf": 0}'])
    WITH ORDINALITY s (schema, n), marketplace.validate_schema(s.schema::jsonb) v ORDER BY n, path, keyword;

-- Nothing is fetched and no file is read.
SELECT s.schema, v.* FROM unnest(ARRAY['{"$ref": "http://localhost:1/a.json"}', '{"$ref": "https://example.com/a"}',
    '{"items": {"$ref": "file:///etc/passwd"}}', '{"$ref": "other.json#/a"}',
    '{"$id": "http://localhost:1/", "$ref": "b"}', '{"$schema": "http://localhost:1/meta", "type": "object"}',
    '{"$ref": "http://json-schema.org/draft-07/schema#"}'])
    WITH ORDINALITY s (schema, n), marketplace.validate_schema(s.schema::jsonb) v ORDER BY n;
-- The draft of a schema is there, and what has a name within the schema.
SELECT s.schema, v.* FROM unnest(ARRAY['{"$ref": "https://json-schema.org/draft/2020-12/schema"}',
    '{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "http://json-schema.org/draft-07/schema#"}',
    '{"$ref": "#a", "$defs": {"a": {"$anchor": "a", "required": ["b"]}}}',
    '{"$id": "http://localhost:1/", "$ref": "b", "$defs": {"b": {"$id": "/b", "type": "integer"}}}'])
    WITH ORDINALITY s (schema, n), marketplace.validate_config(s.schema::jsonb, '{"type": 1}') v ORDER BY n;

-- What refers to itself is taken, over others as well; not on ways without end, which are compiled one by one.
SELECT n AS definitions, v.* FROM unnest(ARRAY[3, 22]) n CROSS JOIN LATERAL (
    SELECT jsonb_object_agg('d' || d, jsonb_build_object('anyOf', (
               SELECT jsonb_agg(jsonb_build_object('$ref', '#/$defs/d' || r)) FROM generate_series(1, n) r))) AS defs
    FROM generate_series(1, n) d) s
LEFT JOIN LATERAL marketplace.validate_schema(jsonb_build_object('$ref', '#/$defs/d1', '$defs', s.defs)) v ON true
ORDER BY n;

-- A pattern is matched in time that grows with the text, so some are not taken: what looks around or back, and what is
-- huge. Others that are feared end at once.
SELECT left(s.schema, 40) AS schema, v.* FROM unnest(ARRAY['{"pattern": "^(?!a)"}', '{"pattern": "(?<=a)b"}',
    '{"pattern": "(a)\\1"}', '{"pattern": "(x{1000}){1000}"}', '{"patternProperties": {"^(?=a)": true}}',
    format('{"pattern": "%s"}', repeat('a', 1001))])
    WITH ORDINALITY s (schema, n), marketplace.validate_schema(s.schema::jsonb) v ORDER BY n;
SET statement_timeout = '5s';
SELECT p.pattern, v.reason FROM unnest(ARRAY['^(a+)+$', '^(a|aa)+$', '^(a*)*b$', '^([a-z]+)*[0-9]$', '(.*a){20}$'])
    WITH ORDINALITY p (pattern, n), marketplace.validate_config(jsonb_build_object('pattern', p.pattern),
        to_jsonb(repeat('a', 60000) || '!')) v ORDER BY n;

RESET SESSION AUTHORIZATION;
SELECT v.* FROM marketplace.validate_config('{"items": {"type": "string"}}',
    (SELECT jsonb_agg(n) FROM generate_series(1, 200) n)) v OFFSET 97;
SELECT count(*) FROM marketplace.validate_config('{"items": {"type": "string"}}',
    (SELECT jsonb_agg(n) FROM generate_series(1, 200) n));
SELECT v.* FROM marketplace.validate_config('{"items": {"type": "string"}}',
    (SELECT jsonb_agg(n) FROM generate_series(1, 2000) n)) v;
SELECT v.* FROM marketplace.validate_config('{"anyOf": [{"items": {"type": "string"}}]}',
    (SELECT jsonb_agg(n) FROM generate_series(1, 2000) n)) v;

-- Each way to say no.
SELECT call, refusal('SELECT ' || call) AS answer FROM unnest(ARRAY[
    'marketplace.validate_schema(NULL)', 'marketplace.validate_config(NULL, 1::text::jsonb)',
    $$marketplace.validate_config('{}', NULL)$$, 'marketplace_private.require_schema(NULL)',
    $$marketplace_private.require_config('{}', NULL)$$, $$marketplace_private.require_config(NULL, '{}')$$,
    $$marketplace.validate_config('7', '{}')$$,
    $$marketplace.validate_config('{"$ref": "http://localhost:1/"}', '{}')$$,
    $$marketplace_private.require_schema('{"type": 1}')$$,
    $$marketplace_private.require_schema('{"$ref": "http://localhost:1/"}')$$,
    $$marketplace_private.require_config('{"type": 1}', '{}')$$,
    $$marketplace_private.require_config('{"required": ["a"]}', '{}')$$,
    $$marketplace.validate_schema(jsonb_build_object('title', repeat('x', 65536)))$$,
    $$marketplace.validate_config('{}', to_jsonb(repeat('x', 262144)))$$,
    $$marketplace.validate_schema((repeat('{"not":', 65) || 'true' || repeat('}', 65))::jsonb)$$,
    $$marketplace.validate_config('{}', (repeat('[', 66) || repeat(']', 66))::jsonb)$$,
    $$marketplace.validate_config('{}', '1e400')$$, $$marketplace.validate_config('{}', '{"a": [1e-400]}')$$,
    $$marketplace.validate_schema('{"maximum": 1e309}')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace_private.require_schema(schema) IS NOT NULL AS schema_taken,
       marketplace_private.require_config(schema, '{"symbol": "AA-BB", "levels": 2}') IS NOT NULL AS config_taken
FROM asked;

-- The first of what is wrong is told with the refusal, the value is not.
DO $$
DECLARE
    told text;
BEGIN
    PERFORM marketplace_private.require_config((SELECT schema FROM asked), '{"symbol": "secret", "levels": 0,
        "spread": "secret", "side": "secret", "note": 7, "prices": 7, "more": 7}');
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
    RAISE NOTICE E'%\n%', SQLERRM, told;
END
$$;

-- As deep as may be.
SELECT count(*) FROM marketplace.validate_schema((repeat('{"not":', 64) || 'true' || repeat('}', 64))::jsonb);
SELECT count(*) FROM marketplace.validate_config('{"items": {"$ref": "#"}, "type": "array"}',
    (repeat('[', 64) || repeat(']', 64))::jsonb);

-- Others have no say.
SET SESSION AUTHORIZATION mschema_nobody;
SELECT refusal($$SELECT marketplace.validate_schema('{}')$$);
SET SESSION AUTHORIZATION mschema_eve;
SELECT refusal($$SELECT marketplace_private.require_schema('{}')$$);
RESET SESSION AUTHORIZATION;
