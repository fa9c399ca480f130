//! Every routine, called with what is the victim's and with what does not exist: the answers are the same.

use std::collections::BTreeSet;

use client_tests::sequencer::submission;
use client_tests::{Failure, Result, Session};

use client_tests::house::{FUNDS, House, MARK};

/// What stands for nobody where the victim's things have [`MARK`].
const NOBODY: &str = "nobody";

/// The arguments of one attempt: one id for every integer, one word for every text.
pub struct World {
    id: String,
    word: &'static str,
    prefix: String,
}

/// A routine and the names and types of what it takes.
pub struct Routine {
    call: &'static str,
    name: String,
    pub signature: String,
    arguments: Vec<(String, String)>,
}

/// All that can be called.
pub fn routines(root: &mut Session) -> Result<Vec<Routine>> {
    let rows = root.rows(
        "SELECT p.oid::regprocedure, n.nspname || '.' || p.proname, p.prokind,
                coalesce((SELECT string_agg(coalesce(p.proargnames[a.n], '') || ':' || a.type::regtype, ';' ORDER BY a.n)
                          FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, n)), '')
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE split_part(n.nspname, '_', 1) IN ('bourse', 'identity', 'audit', 'calendar', 'messaging', 'jobs', 'exchange', 'trading', 'marketplace', 'mirror', 'webui')
           AND p.prorettype <> 'trigger'::regtype ORDER BY 1",
    )?;
    let argument = |text: &str| {
        let (name, kind) = text.split_once(':').unwrap_or(("", text));
        (name.to_owned(), kind.to_owned())
    };
    Ok(rows
        .iter()
        .map(|row| Routine {
            signature: row[0].clone(),
            name: row[1].clone(),
            call: if row[2] == "p" { "CALL" } else { "SELECT * FROM" },
            arguments: row[3].split(';').filter(|text| !text.is_empty()).map(argument).collect(),
        })
        .collect())
}

impl World {
    /// A value for an argument, by its name where the name says what it is.
    fn value(&self, name: &str, kind: &str) -> String {
        let word = self.word;
        let text = match name {
            "symbol" | "market" => "BTC-USD".into(),
            "asset" => "USD".into(),
            "side" => "buy".into(),
            "status" => "halted".into(),
            "order_type" => "limit".into(),
            "time_in_force" => "gtc".into(),
            "self_trade_prevention" => "cancel_taker".into(),
            "provider" => "telegram".into(),
            "exchange" => "KRAKEN".into(),
            "role" => "trader".into(),
            "action" | "kind" | "purpose" => "login".into(),
            "anchor" => format!("0:{}", "0".repeat(64)),
            "email" => format!("{word}@mail.example"),
            "login" | "username" => format!("{word}.nick"),
            "external_id" | "telegram_id" => format!("{word} account"),
            "principal_id" => format!("{word} principal"),
            "client_order_id" => format!("{word} waiting"),
            "reference" => format!("{word} wire"),
            "api_key" => format!("{}_{}", self.prefix, "A".repeat(43)),
            _ => format!("{word} name"),
        };
        let names_a_row = name.is_empty() || name == "id" || name.ends_with("_id") || name == "erased_by";
        match kind {
            "bigint" | "integer" if names_a_row => format!("{}::{kind}", self.id),
            "bigint" | "integer" => format!("10::{kind}"),
            "numeric" => "1::numeric".into(),
            "boolean" => "true".into(),
            "timestamp with time zone" => "'2030-01-01'::timestamptz".into(),
            "interval" => "'1 hour'::interval".into(),
            "jsonb" => "'{}'::jsonb".into(),
            "text" => format!("'{text}'"),
            "regclass" => "'identity.users'::regclass".into(),
            other => format!("NULL::{other}"),
        }
    }

    /// A call of the routine with these values.
    pub fn statement(&self, routine: &Routine) -> String {
        let values: Vec<String> = routine.arguments.iter().map(|(name, kind)| self.value(name, kind)).collect();
        format!("{} {}({})", routine.call, routine.name, values.join(", "))
    }

    /// An answer in which this world's own values and all numbers are left out.
    fn masked(&self, answer: &str) -> String {
        let mut masked = String::new();
        for character in answer.replace(&self.prefix, "PREFIX").replace(self.word, "WORD").chars() {
            if !character.is_ascii_digit() {
                masked.push(character);
            } else if !masked.ends_with('#') {
                masked.push('#');
            }
        }
        masked
    }
}

/// A user's own things.
pub fn own(user: i64, word: &'static str) -> World {
    World { id: user.to_string(), word, prefix: "brs_00000000".into() }
}

/// What a session is told: rows, or the whole error with DETAIL, HINT and CONTEXT.
pub fn told(session: &mut Session, sql: &str) -> (bool, String) {
    match session.lines(sql) {
        Ok(lines) => (true, lines.join("\n")),
        Err(failure) => (false, failure.to_string()),
    }
}

/// The victim's own ids of every kind, each with one that nobody has.
fn worlds(house: &mut House) -> Result<Vec<[World; 2]>> {
    let victim = house.victim;
    let prefix = house.root.line(&format!("SELECT prefix FROM identity.api_keys WHERE user_id = {victim}"))?;
    let ids = house.root.lines(&format!(
        "SELECT {victim} UNION ALL SELECT id FROM exchange.orders WHERE user_id = {victim}
         UNION ALL SELECT id FROM identity.api_keys WHERE user_id = {victim}
         UNION ALL SELECT id FROM identity.exchange_credentials WHERE user_id = {victim}
         UNION ALL SELECT id FROM identity.auth_identities WHERE user_id = {victim}
         UNION ALL SELECT id FROM identity.verification_codes WHERE user_id = {victim}
         UNION ALL SELECT id FROM webui.strategy_templates WHERE created_by = {victim}
         UNION ALL SELECT id FROM messaging.messages WHERE user_id = {victim}
         UNION ALL SELECT id FROM marketplace.bots WHERE developer_id = {victim} AND status = 'PENDING'
         UNION ALL SELECT id FROM marketplace.subscriptions WHERE user_id = {victim}
         UNION ALL SELECT id FROM marketplace.trades WHERE user_id = {victim}
         UNION ALL SELECT id FROM marketplace.bot_reviews WHERE user_id = {victim}
         UNION ALL SELECT id FROM marketplace.bot_marketplace_registrations WHERE user_id = {victim}
         UNION ALL SELECT id FROM marketplace.promotions WHERE developer_id = {victim}
         UNION ALL SELECT id FROM marketplace.invoices WHERE user_id = {victim} OR developer_id = {victim}
         UNION ALL SELECT id FROM mirror.trading_accounts WHERE user_id = {victim}
         UNION ALL SELECT id FROM mirror.strategies WHERE user_id = {victim}
         UNION ALL SELECT id FROM mirror.copy_groups WHERE user_id = {victim}
         UNION ALL SELECT id FROM mirror.followers WHERE user_id = {victim}
         UNION ALL SELECT max(id) FROM mirror.orders WHERE user_id = {victim}
         UNION ALL SELECT max(id) FROM mirror.copied_orders WHERE user_id = {victim}
         UNION ALL SELECT id FROM mirror.strategy_deployments WHERE user_id = {victim}
         UNION ALL SELECT max(id) FROM exchange.transfers WHERE user_id = {victim}
         UNION ALL SELECT max(id) FROM exchange.trades"
    ))?;
    Ok(ids
        .into_iter()
        .map(|id| {
            let nobody = format!("9{:0>8}", id);
            [
                World { id, word: MARK, prefix: prefix.clone() },
                World { id: nobody, word: NOBODY, prefix: "brs_00000000".into() },
            ]
        })
        .collect())
}

#[test]
fn no_routine_tells_or_does_anything_with_what_is_the_victims() -> Result<()> {
    nothing_comes_of_what_is_the_victims(House::open("attack_calls")?)
}

/// submit_order() and its like are carried out by another process, which has to know for whom.
#[test]
fn neither_does_the_sequencer() -> Result<()> {
    let house = House::with_sequencer("attack_sequencer")?;
    let mut trader = house.database.connect_as("attack_trader")?;
    trader.run(&submission(house.attacker, "BTC-USD", "buy", "1", "mallory submits"))?;
    assert_eq!(trader.refused(&submission(house.victim, "BTC-USD", "buy", "1", "x"))?, "42501");
    nothing_comes_of_what_is_the_victims(house)
}

#[test]
fn the_sequencer_does_not_tell_the_victims_words_from_those_of_nobody() -> Result<()> {
    nothing_comes_of_the_victims_words(House::with_sequencer("attack_sequencer_words")?)
}

fn nothing_comes_of_what_is_the_victims(mut house: House) -> Result<()> {
    let routines = routines(&mut house.root)?;
    assert!(routines.len() > 100, "only {}", routines.len());
    let before = house.digest()?;
    let worlds = worlds(&mut house)?;
    let mut leaks = Vec::new();
    for (actor, mut session) in house.actors()? {
        let mut answered = 0;
        for routine in &routines {
            // Many take no number of a row: they are called once.
            let mut called = BTreeSet::new();
            for [victims, nobodys] in &worlds {
                let statement = victims.statement(routine);
                if !called.insert(statement.clone()) {
                    continue;
                }
                let (ok, answer) = told(&mut session, &statement);
                let (_, other) = told(&mut session, &nobodys.statement(routine));
                answered += usize::from(ok);
                if victims.masked(&answer) != nobodys.masked(&other) {
                    leaks.push(format!("{actor} tells {} apart:\n{answer}\n{other}", routine.signature));
                }
                // What gives its argument back tells nothing.
                let is_echo =
                    ["identity.fold(", "webui.get_text("].iter().any(|echo| routine.signature.starts_with(echo));
                if ok && answer.contains(MARK) && !is_echo {
                    leaks.push(format!("{actor} is told by {}:\n{answer}", routine.signature));
                }
            }
        }
        assert!(answered > 20, "{actor} called nothing with success: {answered}");
    }
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
    assert_eq!(house.digest()?, before, "the victim's rows have changed");
    house.root.verify_is_empty()
}

/// With an id of his own and the victim's words he hears what he hears with words of nobody.
#[test]
fn no_routine_tells_the_victims_words_from_those_of_nobody() -> Result<()> {
    nothing_comes_of_the_victims_words(House::open("attack_words")?)
}

fn nothing_comes_of_the_victims_words(mut house: House) -> Result<()> {
    let routines = routines(&mut house.root)?;
    // What the sequencer has done is not undone: an order of the attacker's moves the counters of its market.
    let digest = |house: &mut House| -> Result<Vec<String>> {
        Ok(house.digest()?.into_iter().filter(|line| !line.starts_with("exchange.markets|")).collect())
    };
    let before = digest(&mut house)?;
    let (victim, attacker) = (house.victim.to_string(), house.attacker.to_string());
    let prefix = house.root.line(&format!("SELECT prefix FROM identity.api_keys WHERE user_id = {victim}"))?;
    let victims = World { id: attacker.clone(), word: MARK, prefix };
    let nobodys = World { id: attacker, word: NOBODY, prefix: "brs_00000000".into() };
    let mut apart = BTreeSet::new();
    for (actor, mut session) in house.actors()? {
        let mut told = |sql: &str| -> Result<String> {
            // Undone, so that what the first call has done is not there for the second.
            session.run("BEGIN")?;
            let answer = told(&mut session, sql).1;
            session.run("ROLLBACK")?;
            Ok(answer)
        };
        // The answer of that one is random.
        for routine in routines.iter().filter(|routine| routine.name != "identity.issue_api_key") {
            let answer = told(&victims.statement(routine))?;
            assert!(
                !answer.contains(FUNDS) && !answer.contains(&victim),
                "{actor} is told by {}:\n{answer}",
                routine.name
            );
            if victims.masked(&answer) != nobodys.masked(&told(&nobodys.statement(routine))?) {
                apart.insert(format!("{actor} {}", routine.name));
            }
        }
    }
    // A payment has one reference, whosever it is: whoever books for a user hears that it was used, and no more.
    assert_eq!(apart.into_iter().collect::<Vec<_>>(), ["gateway exchange.deposit", "gateway exchange.withdraw"]);
    assert_eq!(digest(&mut house)?, before, "the victim's rows have changed");
    house.root.verify_is_empty()
}

/// Keys that are unique over all users: whoever tries the victim's hears what he hears of one that nobody has.
#[test]
fn a_unique_key_of_the_victims_cannot_be_found_by_trying() -> Result<()> {
    let mut house = House::open("attack_unique")?;
    let before = house.digest()?;
    let attacker = house.attacker;
    let probes = [
        "INSERT INTO identity.users (name, email) VALUES ('x', '{}@mail.example')".to_owned(),
        "INSERT INTO identity.users (name, username) VALUES ('x', '{}.nick')".into(),
        "UPDATE identity.users SET email = '{}@mail.example'".into(),
        "SELECT identity.register('x', '{}@mail.example', '{}.nick')".into(),
        "SELECT identity.authenticate('telegram', '{} account')".into(),
        format!("SELECT identity.link_identity({attacker}, 'telegram', '{{}} account')"),
        format!("SELECT identity.register_principal('{{}} principal', {attacker})"),
        format!(
            "INSERT INTO identity.auth_identities (user_id, provider, external_id) VALUES ({attacker}, 'telegram', '{{}} account')"
        ),
        format!("INSERT INTO identity.user_principals (user_id, principal_id) VALUES ({attacker}, '{{}} principal')"),
        format!("SELECT identity.store_credentials({attacker}, 'BYBIT', 'k', 's', principal_id => '{{}} principal')"),
        format!(
            "SELECT id > 0 FROM exchange.place_order({attacker}, 'BTC-USD', 'buy', 1, 1, client_order_id => '{{}} waiting')"
        ),
        format!("SELECT exchange.transfer({attacker}, {}, 'USD', 1, '{{}} wire') > 0", house.bystander),
        format!(
            "INSERT INTO exchange.transfers (user_id, asset, kind, amount, reference) VALUES ({attacker}, 'USD', 'deposit', 1, '{{}} wire')"
        ),
    ];
    for (actor, mut session) in house.actors()? {
        for probe in &probes {
            // Undone, so that what the victim's has found is the same for nobody's.
            let mut answers = Vec::new();
            for word in [MARK, NOBODY] {
                session.run("BEGIN")?;
                answers.push(told(&mut session, &probe.replace("{}", word)).1.replace(word, "WORD"));
                session.run("ROLLBACK")?;
            }
            // A sequence moves on whatever is undone.
            assert_eq!(digits_left_out(&answers[0]), digits_left_out(&answers[1]), "{actor}: {probe}");
        }
    }
    assert_eq!(house.digest()?, before);
    Ok(())
}

fn digits_left_out(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}

#[test]
fn no_statement_changes_a_row_of_the_victims() -> Result<()> {
    let mut house = House::open("attack_changes")?;
    let before = house.digest()?;
    let victim = house.victim;
    let relations = house.root.rows(
        "SELECT c.oid::regclass, string_agg(quote_ident(a.attname), ',') FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
         WHERE c.relkind IN ('r', 'p', 'v')
           AND c.relnamespace::regnamespace::text IN ('bourse', 'identity', 'exchange', 'audit', 'trading', 'marketplace', 'mirror', 'webui') GROUP BY 1 ORDER BY 1",
    )?;
    for (actor, mut session) in house.actors()? {
        let mut done = 0;
        for relation in &relations {
            let (name, columns) = (&relation[0], &relation[1]);
            let mut statements = vec![format!("TRUNCATE {name} CASCADE"), format!("DELETE FROM {name}")];
            for column in columns.split(',') {
                statements.push(format!("UPDATE {name} SET {column} = DEFAULT"));
                statements.push(format!("UPDATE {name} SET {column} = {column}"));
                let value = if column == "user_id" { victim.to_string() } else { "DEFAULT".into() };
                statements.push(format!("INSERT INTO {name} ({column}) VALUES ({value})"));
            }
            for sql in &statements {
                done += usize::from(session.run(sql).is_ok());
            }
        }
        // What is his own he may change.
        assert_eq!(done > 0, actor != "viewer", "{actor}: {done} statements succeeded");
    }
    for sql in [
        format!(
            "INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES ({victim}, 'BTC-USD', 'buy', 1, 1)"
        ),
        format!(
            "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES ('cancel', {victim}, 'BTC-USD', '{MARK} waiting')"
        ),
        format!(
            "UPDATE identity.exchange_credentials SET is_active = false WHERE user_id = {victim} RETURNING 1 / (user_id - user_id)"
        ),
    ] {
        for (actor, mut session) in house.actors()? {
            match session.run(&sql) {
                Ok(()) => {}
                Err(failure) if failure.is("42501") => {}
                Err(failure) => return Err(Failure::new(format!("{actor}: {failure}"))),
            }
        }
    }
    assert_eq!(house.digest()?, before, "the victim's rows have changed");
    Ok(())
}
