-- A hundred thousand subscriptions that are due at once, and one row for each of a bare table: what finishing a run cannot
-- cost less than.
SET session_replication_role = replica;
INSERT INTO identity.users (id, name, role) SELECT n, 'user ' || n, 'developer' FROM generate_series(1, 2000) n;
INSERT INTO marketplace.bots (id, developer_id, name, description, status, approved_at)
SELECT n, n, 'bot ' || n, 'trades', 'APPROVED', now() FROM generate_series(1, 100) n;
INSERT INTO marketplace.bot_versions (bot_id, developer_id, version, config_schema, default_config, status, decided_at)
SELECT b.id, b.developer_id, '1.0.0', '{}', '{}', 'APPROVED', now() FROM marketplace.bots b;
INSERT INTO marketplace.subscriptions (id, user_id, bot_id, instance_name, execution_config, risk_config, bot_version)
SELECT n, 1 + n % 2000, 1 + n % 100, 'mine', '{}', '{}', '1.0.0' FROM generate_series(1, 100000) n;
INSERT INTO marketplace.runs (subscription_id, user_id, claimable_at, next_run_at)
SELECT s.id, s.user_id, now(), now() FROM marketplace.subscriptions s;
RESET session_replication_role;
CREATE TABLE bench.bare (id bigint PRIMARY KEY, user_id bigint, run_at timestamptz) WITH (fillfactor = 50);
INSERT INTO bench.bare SELECT s.id, s.user_id, now() FROM marketplace.subscriptions s;

-- All are due again.
CREATE PROCEDURE bench.make_due() LANGUAGE sql AS $$
    UPDATE marketplace.runs
    SET claimable_at = now() - interval '1 minute', next_run_at = now() - interval '1 minute', lease = NULL, worker = NULL;
$$;

-- A worker takes a thousand at a time, and says of all of them that they have ended well; each step commits.
CREATE PROCEDURE bench.run_due() LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    held bigint[];
    proof uuid;
    done bigint := 0;
BEGIN
    LOOP
        SELECT array_agg(c.subscription_id), min(c.lease_id::text)::uuid INTO held, proof
        FROM marketplace.claim_runs('bench', 1000) c;
        EXIT WHEN held IS NULL;
        COMMIT;
        done := done + cardinality(marketplace.finish_runs(proof, held));
        COMMIT;
    END LOOP;
    INSERT INTO bench.rates (what, rate) VALUES ('ours', done / extract(epoch FROM clock_timestamp() - began));
END
$$;

-- As many rows, one statement for each, a thousand to a commit.
CREATE PROCEDURE bench.write_bare() LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
BEGIN
    FOR n IN 1 .. 100000 LOOP
        UPDATE bench.bare SET run_at = clock_timestamp() WHERE id = n;
        IF n % 1000 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
    INSERT INTO bench.rates (what, rate) VALUES ('bare', 100000 / extract(epoch FROM clock_timestamp() - began));
END
$$;

-- Configs by a schema that is known, and by schemas that are not: each is another.
CREATE PROCEDURE bench.check_configs(what text, count integer) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    properties jsonb := (SELECT jsonb_object_agg('field_' || n, jsonb_build_object(
                             'type', 'number', 'minimum', 0, 'maximum', n, 'description', 'one of many'))
                         FROM generate_series(1, 40) n);
    config CONSTANT jsonb := (SELECT jsonb_object_agg('field_' || n, n / 2.0) FROM generate_series(1, 40) n);
    salt CONSTANT text := random()::text;
    schema jsonb := jsonb_build_object('title', salt, 'type', 'object', 'properties', properties,
                                       'additionalProperties', false);
BEGIN
    PERFORM FROM marketplace.validate_config(schema, config);
    began := clock_timestamp();
    FOR n IN 1 .. count LOOP
        IF what = 'new' THEN
            schema := schema || jsonb_build_object('title', salt || n);
        END IF;
        PERFORM FROM marketplace.validate_config(schema, config);
    END LOOP;
    INSERT INTO bench.rates (what, rate) VALUES (what, count / extract(epoch FROM clock_timestamp() - began));
END
$$;
VACUUM (ANALYZE);
