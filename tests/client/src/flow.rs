//! Random flows of commands, and the doors to send them through.

use crate::{Failure, Random, Result, Session};

/// One command, as any door takes it.
#[derive(Clone, Debug)]
pub enum Command {
    /// A new order.
    New(Order),
    /// A cancel of the user's order with this client_order_id.
    Cancel(i64, String),
    /// An amendment of it: the new price, the new total amount.
    Amend(i64, String, Option<String>, Option<String>),
}

/// The terms of a new order; the numbers and words as SQL literals.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose it is.
    pub user: i64,
    /// Its client_order_id.
    pub client_id: String,
    /// Its market.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: String,
    /// The limit.
    pub price: String,
    /// The quantity.
    pub amount: String,
    /// `limit` is what works.
    pub order_type: String,
    /// `gtc` or `ioc`.
    pub time_in_force: String,
    /// `none` or `cancel_taker`.
    pub prevention: String,
}

/// A way into the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `place_order`, one call for each order.
    Function,
    /// A plain INSERT for each order.
    Insert,
    /// COPY into `order_commands`, then `match_orders` in batches of this size.
    Bulk(u32),
}

/// Whom and what a flow is about.
pub struct Flow<'a> {
    /// The markets, all of the default rules.
    pub markets: &'a [&'a str],
    /// The users' ids.
    pub users: &'a [i64],
    /// The chance of self_trade_prevention none, in percent.
    pub none: u64,
}

impl Flow<'_> {
    /// So many random commands.
    pub fn commands(&self, random: &mut Random, count: usize) -> Vec<Command> {
        let mut placed: Vec<Order> = Vec::new();
        (0..count)
            .map(|n| {
                let late = placed.len().saturating_sub(30);
                let target = random.pick(&placed[late..]).cloned();
                match (random.below(10), target) {
                    (0, Some(order)) => Command::Cancel(order.user, order.client_id),
                    (1, Some(order)) => {
                        let (price, amount) = (self.price(random), self.amount(random));
                        let (price, amount) = match random.below(3) {
                            0 => (Some(price), None),
                            1 => (None, Some(amount)),
                            _ => (Some(price), Some(amount)),
                        };
                        Command::Amend(order.user, order.client_id, price, amount)
                    }
                    _ => {
                        let order = self.order(random, n);
                        placed.push(order.clone());
                        Command::New(order)
                    }
                }
            })
            .collect()
    }

    fn order(&self, random: &mut Random, n: usize) -> Order {
        let word = |random: &mut Random, chance, a: &str, b: &str| {
            if random.percent(chance) { a.to_owned() } else { b.to_owned() }
        };
        Order {
            user: random.pick(self.users).copied().unwrap_or_default(),
            client_id: format!("c{n}"),
            symbol: (*random.pick(self.markets).unwrap_or(&"")).to_owned(),
            side: word(random, 50, "buy", "sell"),
            price: self.price(random),
            amount: self.amount(random),
            order_type: "limit".into(),
            time_in_force: word(random, 20, "ioc", "gtc"),
            prevention: word(random, self.none, "none", "cancel_taker"),
        }
    }

    fn price(&self, random: &mut Random) -> String {
        // Now and then a price off the tick.
        let more = if random.percent(2) { "5" } else { "" };
        format!("{}.{:02}{more}", 97 + random.below(6), random.below(100))
    }

    fn amount(&self, random: &mut Random) -> String {
        format!("{}.{:02}", random.below(6), 1 + random.below(99))
    }
}

impl Order {
    /// The arguments of `place_order`.
    fn arguments(&self) -> String {
        format!(
            "{}, '{}', '{}', {}, {}, order_type => '{}', time_in_force => '{}', client_order_id => '{}',
             self_trade_prevention => '{}'",
            self.user,
            self.symbol,
            self.side,
            self.price,
            self.amount,
            self.order_type,
            self.time_in_force,
            self.client_id,
            self.prevention
        )
    }

    fn insert(&self) -> String {
        format!(
            "INSERT INTO exchange.orders
                 (user_id, symbol, side, price, amount, order_type, time_in_force, client_order_id, self_trade_prevention)
             VALUES ({}, '{}', '{}', {}, {}, '{}', '{}', '{}', '{}')",
            self.user,
            self.symbol,
            self.side,
            self.price,
            self.amount,
            self.order_type,
            self.time_in_force,
            self.client_id,
            self.prevention
        )
    }
}

/// Sends commands through a door; the index and SQLSTATE of each that is refused.
pub fn send(session: &mut Session, door: Door, commands: &[Command]) -> Result<Vec<(usize, String)>> {
    if let Door::Bulk(batch) = door {
        return send_bulk(session, batch, commands);
    }
    let mut refused = Vec::new();
    for (n, command) in commands.iter().enumerate() {
        match session.run(&statement(door, command)) {
            Ok(()) => {}
            Err(Failure { sqlstate: Some(sqlstate), .. }) => refused.push((n, sqlstate)),
            Err(failure) => return Err(failure),
        }
    }
    Ok(refused)
}

fn statement(door: Door, command: &Command) -> String {
    let null = || "NULL".to_owned();
    match command {
        Command::New(order) if door == Door::Insert => order.insert(),
        Command::New(order) => format!("SELECT exchange.place_order({})", order.arguments()),
        Command::Cancel(user, client_id) => format!("SELECT exchange.cancel_order({user}, '{client_id}')"),
        // An order that is not there has the id 0, which names nothing.
        Command::Amend(user, client_id, price, amount) => format!(
            "SELECT exchange.amend_order(coalesce((SELECT id FROM exchange.orders
                 WHERE user_id = {user} AND client_order_id = '{client_id}'), 0), {}, {})",
            price.clone().unwrap_or_else(null),
            amount.clone().unwrap_or_else(null)
        ),
    }
}

fn send_bulk(session: &mut Session, batch: u32, commands: &[Command]) -> Result<Vec<(usize, String)>> {
    let lines: Vec<String> = commands.iter().map(copy_line).collect();
    session.copy_in(
        "COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount, order_type,
                                       time_in_force, self_trade_prevention) FROM STDIN",
        &lines,
    )?;
    session.run(&format!("CALL exchange.match_orders(NULL, {batch})"))?;
    let left = session.number("SELECT count(*) FROM exchange.order_commands")?;
    if left != 0 {
        return Err(Failure::new(format!("match_orders left {left} commands")));
    }
    // In a fresh database the first command has the id 1.
    let rejected = session.rows("SELECT command_id - 1, sqlstate FROM exchange.command_rejections ORDER BY 1")?;
    let index =
        |row: &Vec<String>| row[0].parse().map_err(|_| Failure::new(format!("command {} is no number", row[0])));
    rejected.iter().map(|row| Ok((index(row)?, row[1].clone()))).collect()
}

fn copy_line(command: &Command) -> String {
    let null = || "\\N".to_owned();
    let columns = match command {
        Command::New(o) => vec![
            "new".into(),
            o.user.to_string(),
            o.symbol.clone(),
            o.client_id.clone(),
            o.side.clone(),
            o.price.clone(),
            o.amount.clone(),
            o.order_type.clone(),
            o.time_in_force.clone(),
            o.prevention.clone(),
        ],
        Command::Cancel(user, client_id) => {
            let own = ["cancel".into(), user.to_string(), null(), client_id.clone()];
            own.into_iter().chain((0..6).map(|_| null())).collect()
        }
        Command::Amend(user, client_id, price, amount) => {
            let (price, amount) = (price.clone().unwrap_or_else(null), amount.clone().unwrap_or_else(null));
            let own = ["amend".into(), user.to_string(), null(), client_id.clone(), null(), price, amount];
            own.into_iter().chain((0..3).map(|_| null())).collect()
        }
    };
    columns.join("\t")
}

/// Everything that a flow has brought about, without ids and times.
pub fn state(session: &mut Session) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, sql) in [
        (
            "trade",
            "SELECT t.symbol, t.sequence, b.client_order_id, s.client_order_id, t.price, t.amount, t.buyer_commission,
                    t.seller_commission, t.commission, t.taker_side
             FROM exchange.trades t JOIN exchange.orders b ON b.id = t.buy_order_id
             JOIN exchange.orders s ON s.id = t.sell_order_id ORDER BY t.symbol, t.sequence",
        ),
        (
            "order",
            "SELECT user_id, client_order_id, symbol, side, price, amount, filled_amount, status, cancel_reason,
                    reserved, priority, accepted_sequence
             FROM exchange.orders ORDER BY user_id, client_order_id",
        ),
        (
            "amendment",
            "SELECT o.client_order_id, a.symbol, a.old_price, a.old_amount, a.new_price, a.new_amount, a.filled_amount,
                    a.priority, a.start_sequence, a.end_sequence
             FROM exchange.order_amendments a JOIN exchange.orders o ON o.id = a.order_id
             ORDER BY o.client_order_id, a.id",
        ),
        ("balance", "SELECT user_id, symbol, amount, locked_amount FROM exchange.assets ORDER BY user_id, symbol"),
        (
            "level",
            "SELECT m.symbol, b.* FROM exchange.markets m, exchange.order_book(m.symbol, 1000) b
             ORDER BY m.symbol, b.side, b.price",
        ),
        ("market", "SELECT symbol, last_priority, last_sequence, last_price FROM exchange.markets ORDER BY symbol"),
    ] {
        lines.extend(session.lines(sql)?.iter().map(|line| format!("{name} {line}")));
    }
    Ok(lines)
}
