//! Clients that trade at random and remember what the server has acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

pub use crate::acknowledged::{Acknowledged, MONEY, lost, settle};
use crate::flow::{ARGUMENTS, Flow, Order, SMALL};
use crate::{Database, Failure, Random, Result, Session};

/// What random orders may be refused with: no funds, no longer live or market not open, nothing like it, below what
/// has traded or wrong in itself, without its end, what a post-only or fill-or-kill order asks for.
const EXPECTED: [&str; 6] = ["23514", "55000", "42704", "22023", "22004", "P0001"];

/// The orders of the clients; good-till-date orders end while they trade.
const ORDERS: Flow<'static> = Flow { prices: (95, 105), amounts: 30, end: "soon", ..SMALL };

/// One trading client.
pub struct Actor {
    session: Session,
    random: Random,
    user: i64,
    others: Vec<i64>,
    markets: Vec<String>,
    next: u64,
    placed: Vec<i64>,
    submits: bool,
    /// What the server has acknowledged.
    pub acknowledged: Acknowledged,
}

/// Whether the exchange has said no, as it may to a random order.
fn is_refusal(failure: &Failure) -> bool {
    failure.sqlstate.as_deref().is_some_and(|code| EXPECTED.contains(&code))
}

/// Opens these markets, which all have the quote USD, and funds so many users; their ids.
pub fn prepare(session: &mut Session, markets: &[&str], users: usize) -> Result<Vec<i64>> {
    markets.iter().try_for_each(|symbol| session.market(symbol))?;
    (0..users)
        .map(|n| {
            let user = session.user(&format!("trader {n}"))?;
            session.fund(user, &[("USD", "100000")])?;
            for symbol in markets {
                let base = symbol.split('-').next().unwrap_or_default();
                session.fund(user, &[(base, "500")])?;
            }
            Ok(user)
        })
        .collect()
}

impl Actor {
    /// A client of this user on a session of its own.
    pub fn new(session: Session, user: i64, markets: &[&str]) -> Self {
        let markets = markets.iter().map(|m| (*m).to_owned()).collect();
        let (random, others, placed) = (Random::new(user as u64), Vec::new(), Vec::new());
        let acknowledged = Acknowledged::default();
        Self { session, random, user, others, markets, next: 0, placed, submits: false, acknowledged }
    }

    /// The client with other luck.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        Self { random: Random::new(seed << 32 | self.user as u64), ..self }
    }

    /// The client, who goes through the sequencer as often as not.
    #[must_use]
    pub fn submitting(self) -> Self {
        Self { submits: true, ..self }
    }

    /// The function for a call: the sequencer's or the plain one.
    fn call(&mut self, plain: &'static str, sequenced: &'static str) -> &'static str {
        if self.submits && self.random.percent(50) { sequenced } else { plain }
    }

    /// The client, who now and then gives money to one of these users.
    #[must_use]
    pub fn among(self, users: &[i64]) -> Self {
        Self { others: users.to_vec(), ..self }
    }

    /// The server's process for this client.
    pub fn backend(&mut self) -> Result<i64> {
        self.session.number("SELECT pg_backend_pid()")
    }

    /// Goes on over another session, after the first was lost.
    pub fn reconnect(&mut self, session: Session) {
        self.session = session;
    }

    /// Does one random thing. An error is one that the exchange must not give.
    pub fn step(&mut self) -> Result<()> {
        let outcome = match self.random.below(100) {
            0..50 => self.place(),
            50..58 => self.insert(),
            58..70 => self.cancel(),
            70..82 => self.amend(),
            82..84 => self.cancel_all(),
            84..90 => self.transfer(),
            90..92 => self.give(),
            _ => self.bulk(),
        };
        match outcome {
            Err(failure) if is_refusal(&failure) => {
                *self.acknowledged.refused.entry(failure.sqlstate.unwrap_or_default()).or_default() += 1;
                Ok(())
            }
            other => other,
        }
    }

    /// Places one order and notes its id, or that no answer came.
    pub fn place(&mut self) -> Result<()> {
        let order = self.order();
        let call = self.call("place_order", "submit_order");
        let answer = self.session.number(&format!("SELECT (exchange.{call}({})).id", order.literals()));
        self.note(order.client_id().to_owned(), answer)
    }

    fn insert(&mut self) -> Result<()> {
        let order = self.order();
        let answer = self.session.number(&format!("{} RETURNING id", order.insert()));
        self.note(order.client_id().to_owned(), answer)
    }

    fn note(&mut self, client_id: String, answer: Result<i64>) -> Result<()> {
        match answer {
            Ok(id) => {
                self.placed.push(id);
                self.acknowledged.orders.insert(client_id, id);
                Ok(())
            }
            Err(failure) => {
                if !is_refusal(&failure) {
                    self.acknowledged.unanswered.push(client_id);
                }
                Err(failure)
            }
        }
    }

    fn cancel(&mut self) -> Result<()> {
        let Some(id) = self.own_order() else { return Ok(()) };
        let call = self.call("cancel_order", "submit_cancel");
        let status = self.session.line(&format!("SELECT (exchange.{call}({id})).status"))?;
        if status != "cancelled" {
            return Err(Failure::new(format!("{call}({id}) answered {status}")));
        }
        self.acknowledged.cancelled.insert(id);
        Ok(())
    }

    fn amend(&mut self) -> Result<()> {
        let Some(id) = self.own_order() else { return Ok(()) };
        let (price, amount) = ORDERS.amendment(&mut self.random);
        let literal = |number: Option<String>| number.unwrap_or_else(|| "NULL".into());
        let call = self.call("amend_order", "submit_amend");
        let hundredths = price.as_ref().and_then(|price| price.replace('.', "").parse().ok());
        let amended =
            self.session.run(&format!("SELECT exchange.{call}({id}, {}, {})", literal(price), literal(amount)));
        match (&amended, hundredths) {
            (Ok(()), Some(price)) => drop(self.acknowledged.prices.insert(id, price)),
            (Err(failure), Some(_)) if !is_refusal(failure) => drop(self.acknowledged.prices.remove(&id)),
            _ => {}
        }
        amended
    }

    fn cancel_all(&mut self) -> Result<()> {
        let market = self.market();
        let market = if self.random.percent(50) { format!("'{market}'") } else { "NULL".into() };
        let user = self.user;
        let call = self.call("cancel_all_orders", "submit_cancel_all");
        self.session.run(&format!("SELECT exchange.{call}({user}, {market})"))
    }

    fn transfer(&mut self) -> Result<()> {
        let (user, hundredths) = (self.user, 1 + self.random.below(500_000) as i64);
        let amount = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let reference = self.client_id();
        let (function, sign) = if self.random.percent(50) { ("deposit", 1) } else { ("withdraw", -1) };
        let sql = format!("SELECT exchange.{function}({user}, 'USD', {amount}, '{reference}')");
        self.transferred(&sql, reference, sign * hundredths)
    }

    fn transferred(&mut self, sql: &str, reference: String, hundredths: i64) -> Result<()> {
        let outcome = self.session.run(sql);
        match &outcome {
            Ok(()) => drop(self.acknowledged.transfers.insert(reference, hundredths)),
            Err(failure) if !is_refusal(failure) => self.acknowledged.unanswered.push(reference),
            Err(_) => {}
        }
        outcome
    }

    /// Gives some money away, to a user who may be giving some back.
    fn give(&mut self) -> Result<()> {
        let (user, cents) = (self.user, 1 + self.random.below(100) as i64);
        let other = self.random.pick(&self.others).copied().unwrap_or(user);
        if other == user {
            return Ok(());
        }
        let (call, reference) = (self.call("transfer", "submit_transfer"), self.client_id());
        let sql = format!("SELECT exchange.{call}({user}, {other}, 'USD', {cents} * 0.01, '{reference}')");
        self.transferred(&sql, reference, -cents)
    }

    fn bulk(&mut self) -> Result<()> {
        let (mut commands, mut sent) = (Vec::new(), Vec::new());
        for _ in 0..1 + self.random.below(6) {
            let order = self.order();
            commands.push(format!("('new', {})", order.literals()));
            if self.random.percent(20) {
                commands.push(format!("('cancel', {})", order.literals()));
            }
            sent.push(order.client_id().to_owned());
        }
        let (columns, commands) = (ARGUMENTS.join(", "), commands.join(", "));
        let stored = format!("INSERT INTO exchange.order_commands (action, {columns}) VALUES {commands}");
        if let Err(failure) = self.session.run(&stored) {
            self.acknowledged.unanswered.extend(sent);
            return Err(failure);
        }
        self.acknowledged.bulk.extend(sent);
        let batch = 1 + self.random.below(50);
        self.session.run(&format!("CALL exchange.match_orders(NULL, {batch})"))
    }

    /// A new random order.
    fn order(&mut self) -> Order {
        let client_id = self.client_id();
        let markets: Vec<&str> = self.markets.iter().map(String::as_str).collect();
        Flow { markets: &markets, ..ORDERS }.order(&mut self.random, self.user, &client_id)
    }

    fn client_id(&mut self) -> String {
        self.next += 1;
        format!("{}-{}", self.user, self.next)
    }

    fn market(&mut self) -> String {
        self.random.pick(&self.markets).cloned().unwrap_or_default()
    }

    fn own_order(&mut self) -> Option<i64> {
        // A late one, which may still be live.
        let late = self.placed.len().saturating_sub(20);
        self.random.pick(&self.placed[late..]).copied()
    }
}

/// The house: holds auctions, halts, expires and sweeps until told to stop; how often it did something.
pub fn keep_house(database: &Database, markets: &[&str], over: &AtomicBool) -> Result<u64> {
    let (mut session, mut random) = (database.connect()?, Random::new(77));
    let house = session.user("house")?;
    let mut done = 0;
    while !over.load(Ordering::Relaxed) {
        let market = *random.pick(markets).unwrap_or(&"");
        match random.below(10) {
            0..3 => session.run(&format!("SELECT exchange.expire_orders('{market}')"))?,
            3..5 => session.run(&format!("SELECT * FROM exchange.sweep_fees({house})"))?,
            _ => {
                let status = ["auction", "auction", "halted", "cancel_only"][random.below(4) as usize];
                session.run(&format!("SELECT exchange.set_market_status('{market}', '{status}')"))?;
                thread::sleep(Duration::from_millis(random.below(30)));
                session.run(&format!("SELECT exchange.set_market_status('{market}', 'open')"))?;
            }
        }
        done += 1;
        thread::sleep(Duration::from_millis(random.below(100)));
    }
    Ok(done)
}
