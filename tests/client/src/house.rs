//! Somebody to be attacked: a user with rows in every table that holds rows about users, and a digest of them all.

use crate::market::Market;
use crate::sequencer::Venue;
use crate::{Database, Desk, Failure, Result, Scratch, Session};

/// Stands in everything of the victim that a user could read, were it his.
pub const MARK: &str = "victim";
/// The victim's USD, the digits of which stand nowhere else.
pub const FUNDS: &str = "31337.00012345";

/// A venue with an attacker and a victim.
pub struct House {
    /// Where it stands.
    pub database: Database,
    /// A session of the superuser there.
    pub root: Session,
    /// The user of `attack_trader`.
    pub attacker: i64,
    /// The user whose things must stay as they are.
    pub victim: i64,
    /// A third user, the viewer's.
    pub bystander: i64,
    /// The server, when it is the house's own.
    _server: Option<Scratch>,
}

impl House {
    /// On the suite's server.
    pub fn open(name: &str) -> Result<House> {
        Self::on(Database::fresh(name)?)
    }

    /// In this database.
    pub fn on(database: Database) -> Result<House> {
        Self::furnish(database, None)
    }

    /// On a server that has preloaded the library, beside a working sequencer, which leaves the inbox alone.
    pub fn with_sequencer(name: &str) -> Result<House> {
        let Venue { scratch, database } = Venue::open(name, "bourse.drain_inbox = off")?;
        let mut house = Self::furnish(database, Some(scratch))?;
        house.root.sequencer()?;
        Ok(house)
    }

    fn furnish(database: Database, server: Option<Scratch>) -> Result<House> {
        database.login("attack_trader", "bourse_trader")?;
        database.login("attack_viewer", "bourse_viewer")?;
        let mut root = database.connect()?;
        root.run("SET bourse.argon2_memory = 64; SET bourse.argon2_iterations = 1")?;
        root.market("BTC-USD")?;
        // No number is the id of two things, or a part of another: what is tried of the victim's is never something of
        // the attacker's, and what says the victim's id says no other.
        root.run(
            "SELECT setval(oid, 1000000 + 10000 * row_number() OVER (ORDER BY oid)) FROM pg_class
             WHERE relkind = 'S' AND relnamespace::regnamespace::text IN ('identity', 'exchange', 'audit', 'messaging', 'trading', 'marketplace', 'mirror', 'webui')",
        )?;
        let mut house = House { database, root, attacker: 0, victim: 0, bystander: 0, _server: server };
        let (market, desk) = (Market::open(&mut house.root)?, Desk::open(&mut house.root)?);
        house.root.run("SELECT exchange.register_venue('west')")?;
        house.attacker = house.person("mallory", "50.5")?;
        house.victim = house.person(MARK, FUNDS)?;
        house.bystander = house.person("viewer", "50.5")?;
        house.root.run(
            "UPDATE identity.users SET db_role = 'attack_trader' WHERE name = 'mallory name';
             UPDATE identity.users SET db_role = 'attack_viewer' WHERE name = 'viewer name'",
        )?;
        let (attacker, victim, bystander) = (house.attacker, house.victim, house.bystander);
        for (user, name) in [(attacker, "mallory"), (victim, MARK), (bystander, "viewer")] {
            market.furnish(&mut house.root, user, name)?;
            desk.furnish(&mut house.root, user, name)?;
        }
        for (user, side, price, amount, id) in [
            (victim, "sell", 90, 3, "traded"),
            (attacker, "buy", 90, 2, "taken"),
            (victim, "buy", 20, 1, "waiting"),
            (attacker, "buy", 21, 1, "waiting"),
            // Half a coin that is filled at once: a trade of the victim's with somebody else.
            (bystander, "buy", 90, 0, "other"),
        ] {
            house.root.run(&format!(
                "SELECT exchange.amend_order(id, NULL, {amount}) FROM exchange.place_order({user}, 'BTC-USD', '{side}',
                     {price}, {amount} + 0.5, client_order_id => (SELECT split_part(name, ' ', 1) FROM identity.users
                     WHERE id = {user}) || ' {id}') WHERE status = 'open'"
            ))?;
        }
        house.root.run(&format!(
            "SELECT exchange.transfer({victim}, {bystander}, 'BTC', 1), exchange.transfer({bystander}, {victim}, 'BTC', 1)"
        ))?;
        desk.trade(&mut house.root)?;
        house.is_complete()?;
        Ok(house)
    }

    /// A user with everything a user can have.
    fn person(&mut self, name: &str, funds: &str) -> Result<i64> {
        let root = &mut self.root;
        let user = root.number(&format!(
            "SELECT identity.register('{name} name', '{name}@mail.example', '{name}.nick', '{name} password')"
        ))?;
        root.run(&format!(
            "SELECT identity.link_identity({user}, 'telegram', '{name} account', '{{\"first_name\": \"{name}\"}}'),
                    identity.register_principal('{name} principal', {user}),
                    identity.issue_api_key({user}, '{name} key'), identity.issue_code({user}),
                    audit.log_activity({user}, 'login', 'session', '{name} session'),
                    exchange.deposit({user}, 'USD', {funds}, '{name} wire'), exchange.deposit({user}, 'BTC', 10),
                    exchange.deposit({user}, 'USD', 1000, '{name} wire 2'),
                    exchange.deposit({user}, 'EUR', 5),
                    exchange.send_to_venue(md5('{name}')::uuid, {user}, 'west', 'EUR', 5),
                    jobs.create_schedule({user}, '{name} schedule', 'report', '{name} target', '@yearly'),
                    jobs.enqueue('report', '{name} target', user_id => {user}),
                    messaging.log_command('{name} account', '/price', '/price {name}'),
                    messaging.log_broadcast('{name} says', '{name} name', 0, 0),
                    messaging.add_feedback({user}, 'bug', '{name} hurts'),
                    webui.log_action({user}, 'login', 'screen', '{name} screen', '{{\"seen\": \"{name}\"}}'),
                    webui.save_snapshot('{name} strategy', '{{\"of\": \"{name}\"}}', user_id => {user}),
                    webui.save_template({user}, '{name} template', '{{\"of\": \"{name}\"}}', '{name} description'),
                    messaging.set_preferences({user}, 'email');
             SELECT messaging.update_message_status(
                 messaging.enqueue_message('note', '{{email}}', '{{\"of\": \"{name}\"}}', '{user}'), 'DELIVERED');
             UPDATE messaging.messages SET scheduled_for = '2000-01-01', processed_at = '2000-01-01' WHERE user_id = {user};
             SELECT messaging.cleanup_old_messages(), messaging.record_delivery_status(
                 messaging.enqueue_message('note', '{{email,sms}}', '{{\"of\": \"{name}\"}}', '{user}'), 'sms', 'FAILED');
             SELECT messaging.enqueue_message('note', '{{fax}}', '{{\"of\": \"{name}\"}}', '{user}');
             SELECT count(*) FROM messaging.claim('{name} sender', 'fax', 1, '1 day');
             SELECT messaging.cancel(max(m.id)) FROM messaging.messages m WHERE m.user_id = {user};
             INSERT INTO identity.exchange_credentials
                 (user_id, principal_id, exchange, api_key_encrypted, api_secret_encrypted, key_id)
             SELECT {user}, '{name} principal', 'KRAKEN', token, token, repeat('0', 16)
             FROM concat('gAAAAA', repeat('A', 134)) token;
             INSERT INTO exchange.fee_groups VALUES ({user}, '{name} group');
             INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id)
             VALUES ('new', {user}, 'X-Y', '{name} command')"
        ))?;
        root.run("CALL exchange.match_orders()")?;
        self.bot(user, name)?;
        Ok(user)
    }

    /// A bot of a user, with everything that a bot can have.
    fn bot(&mut self, user: i64, name: &str) -> Result<()> {
        self.root.run(&format!(
            "DO $$
             DECLARE
                 bot bigint := trading.create_bot({user}, 'grid', '{{\"of\": \"{name}\"}}', '{name} bot',
                                                  starting_balance => 1000);
             BEGIN
                 PERFORM trading.start_bot(bot), trading.heartbeat(bot, '{{\"of\": \"{name}\"}}');
                 PERFORM trading.apply_fill(bot, '{name} fill', 'BTC-USD', 'buy', 2, 10, strategy_name => '{name} way');
                 PERFORM trading.apply_fill(bot, '{name} test', 'BTC-USD', 'buy', 1, 10, trade_type => 'backtest',
                                            run_id => 1);
                 PERFORM trading.correct_fill(bot, '{name} fill', 1, 10, 0, '{name} reason');
                 PERFORM trading.apply_cash(bot, '{name} cash', 'funding', 1);
                 PERFORM trading.record_equity(bot, marks => '{{\"BTC-USD\": 11}}');
                 PERFORM trading.place_order(bot, 'BTC-USD', 'buy', 1, 1, client_order_id => '{name} bot order');
                 PERFORM trading.calculate_metrics(bot, 'paper');
                 PERFORM trading.lock_pair(bot, 'BTC-USD', 'buy', now() + interval '1 hour', '{name} news');
                 INSERT INTO trading.unbooked_fills (order_id, trade_id, user_id, bot_id, symbol, side, quantity, price,
                                                     fee, traded_at, sqlstate, reason)
                 SELECT o.order_id, 0, o.user_id, o.bot_id, o.symbol, o.side, 1, 1, 0, now(), '22003', '{name} is full'
                 FROM trading.bot_orders o WHERE o.bot_id = bot;
                 INSERT INTO trading.fill_commands (bot_id, fill_id, symbol, side, quantity, price)
                 VALUES (bot, '{name} refused', 'BTC-USD', 'sideways', 1, 1);
             END $$"
        ))?;
        self.root.run("CALL trading.apply_pending()")
    }

    /// A table of which the victim has no row proves nothing. The inbox is empty: whoever drains it serves everybody.
    fn is_complete(&mut self) -> Result<()> {
        let about_users = self.root.lines("SELECT relation FROM identity_private.user_tables()")?;
        let empty: Vec<String> = self
            .digest()?
            .into_iter()
            .filter(|line| line.contains("|0|") && !line.starts_with("exchange.order_commands|"))
            // Accounts of the house are nobody's, and counts of subscribers wait for moments only.
            .filter(|line| !line.starts_with("marketplace.house_accounts|"))
            .filter(|line| !line.starts_with("marketplace.subscriber_changes|"))
            .filter(|line| about_users.iter().any(|name| line.starts_with(&format!("{name}|"))))
            .collect();
        if empty.is_empty() { Ok(()) } else { Err(Failure::new(format!("nothing of the victim in {empty:?}"))) }
    }

    /// Every table, with the condition that finds its rows about the victim; of a table that is nobody's all of them.
    pub fn conditions(&mut self) -> Result<Vec<(String, String)>> {
        let tables = self.root.rows(
            "SELECT c.oid::regclass, CASE c.oid::regclass::text WHEN 'audit.audit_logs' THEN 'user_id = $1 OR subject_id = $1'
                                     ELSE coalesce(t.condition, 'true') END
             FROM pg_class c LEFT JOIN identity_private.user_tables() t ON t.relation = c.oid
             WHERE c.relkind IN ('r', 'p')
               AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange', 'audit', 'messaging', 'jobs', 'trading',
                                                                 'marketplace', 'mirror', 'webui')
               AND NOT c.relispartition ORDER BY 1",
        )?;
        let victim = self.victim.to_string();
        Ok(tables.into_iter().map(|table| (table[0].clone(), table[1].replace("$1", &victim))).collect())
    }

    /// One line for each table: how many rows these are, and a hash of them.
    pub fn digest(&mut self) -> Result<Vec<String>> {
        let tables = self.conditions()?;
        tables
            .iter()
            .map(|(name, condition)| {
                self.root.line(&format!(
                    "SELECT '{name}', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"))
                     FROM {name} t WHERE {condition}"
                ))
            })
            .collect()
    }

    /// Everybody who attacks: what he is, and his session.
    pub fn actors(&self) -> Result<Vec<(&'static str, Session)>> {
        let trader = self.database.connect_as("attack_trader")?;
        let mut pretender = self.database.connect_as("attack_trader")?;
        pretender.run(&format!("SET bourse.user_id = {}", self.victim))?;
        let gateway = self.database.connect_gateway()?.acting_as(self.attacker)?;
        let viewer = self.database.connect_as("attack_viewer")?;
        Ok(vec![("trader", trader), ("pretender", pretender), ("gateway", gateway), ("viewer", viewer)])
    }
}
