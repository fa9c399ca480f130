-- A hundred thousand approved bots: their names and descriptions are words drawn from a few hundred, some common, some
-- rare, as words are.
SET session_replication_role = replica;
INSERT INTO identity.users (id, name, role) SELECT n, 'developer ' || n, 'developer' FROM generate_series(1, 1000) n;
RESET session_replication_role;
ALTER TABLE marketplace.bots DISABLE TRIGGER trigger_audit;
SELECT setseed(0.5);
CREATE TEMPORARY TABLE vocabulary AS
SELECT ARRAY['grid', 'momentum', 'scalper', 'trend', 'arbitrage', 'swing', 'breakout', 'mean', 'reversion', 'market',
             'maker', 'volume', 'bitcoin', 'ether', 'futures', 'hedge', 'signal', 'neural', 'forest', 'cloud']
       || ARRAY(SELECT 'strategy' || n FROM generate_series(21, 400) n) AS words;
CREATE TEMPORARY TABLE drawn AS
SELECT n, v.words[1 + floor(400 * random() * random() * random())::integer] AS word, place
FROM vocabulary v, generate_series(1, 100000) n, generate_series(1, 12) place;
INSERT INTO marketplace.bots (developer_id, name, description, category_id, bot_type, price_per_month, status, approved_at,
                              total_reviews, rating_sum, total_trades, first_trade_at)
SELECT 1 + n % 1000, string_agg(word, ' ') FILTER (WHERE place <= 3), string_agg(word, ' '), 1 + n % 7,
       (ARRAY['TECHNICAL', 'ML', 'DL', 'LLM'])[1 + n % 4], n % 50, 'APPROVED', now(), 2, 2 + n % 9, n % 500,
       now() - n % 700 * interval '1 day'
FROM drawn GROUP BY n;
ALTER TABLE marketplace.bots ENABLE TRIGGER trigger_audit;
VACUUM (ANALYZE);
