//! Random flows of commands: every order type, and what a house does between them.

use std::collections::BTreeMap;

use crate::Random;

/// The arguments of `place_order`, in their order; the columns of `orders` and `order_commands` have their names.
pub const ARGUMENTS: [&str; 14] = [
    "user_id",
    "symbol",
    "side",
    "price",
    "amount",
    "order_type",
    "time_in_force",
    "client_order_id",
    "stop_price",
    "display_amount",
    "quote_amount",
    "post_only",
    "expires_at",
    "self_trade_prevention",
];

/// One command, as any door takes it.
#[derive(Clone, Debug)]
pub enum Command {
    /// A new order.
    New(Order),
    /// A cancel of the user's order with this client_order_id.
    Cancel(i64, String),
    /// An amendment of it: the new price, the new total amount.
    Amend(i64, String, Option<String>, Option<String>),
    /// What no client sends: a statement between the commands.
    House(String),
}

/// A new order: its arguments by name. What is not given is NULL.
#[derive(Clone, Debug, Default)]
pub struct Order(BTreeMap<&'static str, String>);

impl Order {
    /// A limit order.
    #[must_use]
    pub fn limit(user: i64, client_id: &str, symbol: &str, side: &str, price: &str, amount: &str) -> Self {
        Self::default()
            .with("user_id", user)
            .with("client_order_id", client_id)
            .with("symbol", symbol)
            .with("side", side)
            .with("price", price)
            .with("amount", amount)
            .with("order_type", "limit")
            .with("time_in_force", "gtc")
            .with("self_trade_prevention", "cancel_taker")
            .with("post_only", false)
    }

    /// The order with this argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.insert(name, value.to_string());
        self
    }

    /// The order without this argument.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// What is given for an argument.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whose it is; 0 if nobody's.
    #[must_use]
    pub fn user(&self) -> i64 {
        self.get("user_id").and_then(|user| user.parse().ok()).unwrap_or_default()
    }

    /// Its client_order_id; empty if it has none.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.get("client_order_id").unwrap_or_default()
    }

    /// All arguments as SQL, in the order of [`ARGUMENTS`]. `soon` is half a second from now.
    #[must_use]
    pub fn literals(&self) -> String {
        let literals = ARGUMENTS.map(|name| match self.get(name) {
            None => "NULL".to_owned(),
            Some("soon") => "clock_timestamp() + '0.5 s'".to_owned(),
            Some(value) => format!("'{value}'"),
        });
        literals.join(", ")
    }
}

/// Whom and what a flow is about.
#[derive(Clone, Copy, Debug)]
pub struct Flow<'a> {
    /// The markets, all of the default rules.
    pub markets: &'a [&'a str],
    /// The users' ids.
    pub users: &'a [i64],
    /// The self_trade_preventions to choose from.
    pub preventions: &'a [&'a str],
    /// The whole part of a price lies in this range.
    pub prices: (u64, u64),
    /// The whole part of an amount lies below this.
    pub amounts: u64,
    /// When a good-till-date order ends.
    pub end: &'a str,
    /// Whether the house halts, holds auctions and cancels in between.
    pub house: bool,
}

/// A small market of every order type, with a house.
pub const SMALL: Flow<'static> = Flow {
    markets: &["BTC-USD"],
    users: &[],
    preventions: &["none", "cancel_taker", "cancel_maker", "cancel_both", "decrement"],
    prices: (97, 103),
    amounts: 6,
    end: "2100-01-01 00:00:00+00",
    house: true,
};

impl Flow<'_> {
    /// So many random commands; those that cancel and amend also name orders that stand already.
    pub fn commands(&self, random: &mut Random, count: usize, standing: &[Order]) -> Vec<Command> {
        let mut placed: Vec<Order> = Vec::new();
        let mut open = true;
        (0..count)
            .map(|n| {
                if self.house && random.percent(if open { 4 } else { 15 }) {
                    return self.house(random, &mut open);
                }
                let late = placed.len().saturating_sub(30);
                let late = random.pick(&placed[late..]).cloned();
                let target = if random.percent(50) { late } else { random.pick(standing).cloned().or(late) };
                match (random.below(10), target) {
                    (0, Some(order)) => Command::Cancel(order.user(), order.client_id().to_owned()),
                    (1, Some(order)) => {
                        let (price, amount) = self.amendment(random);
                        Command::Amend(order.user(), order.client_id().to_owned(), price, amount)
                    }
                    _ => {
                        let user = random.pick(self.users).copied().unwrap_or_default();
                        let order = self.order(random, user, &format!("c{n}"));
                        placed.push(order.clone());
                        Command::New(order)
                    }
                }
            })
            .collect()
    }

    /// A new price, a new amount, or both.
    pub fn amendment(&self, random: &mut Random) -> (Option<String>, Option<String>) {
        let (price, amount) = (self.price(random), hundredths(self.hundredths(random)));
        match random.below(3) {
            0 => (Some(price), None),
            1 => (None, Some(amount)),
            _ => (Some(price), Some(amount)),
        }
    }

    /// A random order of any type; now and then one that is refused.
    pub fn order(&self, random: &mut Random, user: i64, client_id: &str) -> Order {
        let symbol = *random.pick(self.markets).unwrap_or(&"");
        let side = if random.percent(50) { "buy" } else { "sell" };
        let (price, amount) = (self.price(random), self.hundredths(random));
        let prevention = *random.pick(self.preventions).unwrap_or(&"none");
        let order = Order::limit(user, client_id, symbol, side, &price, &hundredths(amount))
            .with("self_trade_prevention", prevention);
        let order = match random.below(100) {
            0..52 => self.resting(random, order, amount),
            52..64 => order.with("order_type", "market").without("price"),
            64..74 => {
                let order = order.without("price").with("order_type", "market").with("side", "buy");
                order.without("amount").with("quote_amount", hundredths(amount * self.prices.0))
            }
            74..86 => {
                let order = order.without("price").with("order_type", "stop");
                order.with("stop_price", self.price(random))
            }
            _ => {
                let order = order.with("order_type", "stop_limit").with("stop_price", self.price(random));
                self.resting(random, order, amount)
            }
        };
        let order = match order.get("price") {
            None if random.percent(50) => order.with("time_in_force", "ioc"),
            None if random.percent(30) && order.get("amount").is_some() => order.with("time_in_force", "fok"),
            _ => order,
        };
        if random.percent(3) { spoiled(random, order) } else { order }
    }

    /// What only an order with a limit may have.
    fn resting(&self, random: &mut Random, order: Order, amount: u64) -> Order {
        let order = match random.below(100) {
            0..12 => return order.with("time_in_force", "ioc"),
            12..24 => return order.with("time_in_force", "fok"),
            24..40 => order.with("time_in_force", "gtd").with("expires_at", self.end),
            _ => order,
        };
        match random.below(100) {
            0..25 => order.with("display_amount", hundredths(1 + random.below(amount))),
            25..37 => order.with("post_only", true),
            _ => order,
        }
    }

    fn house(&self, random: &mut Random, open: &mut bool) -> Command {
        let symbol = *random.pick(self.markets).unwrap_or(&"");
        let user = random.pick(self.users).copied().unwrap_or_default();
        let status = match random.below(100) {
            0..20 => return Command::House(format!("SELECT exchange.expire_orders('{symbol}')")),
            20..30 => return Command::House(format!("SELECT exchange.cancel_all_orders({user}, '{symbol}')")),
            30..65 if *open => "auction",
            65..75 if *open => "halted",
            75..80 if *open => "cancel_only",
            _ => "open",
        };
        *open = status == "open";
        // Every market goes with the first: one flag is enough.
        let statements = self.markets.iter().map(|m| format!("SELECT exchange.set_market_status('{m}', '{status}')"));
        Command::House(statements.collect::<Vec<_>>().join("; "))
    }

    fn price(&self, random: &mut Random) -> String {
        let (low, high) = self.prices;
        format!("{}.{:02}", low + random.below(high - low), random.below(100))
    }

    fn hundredths(&self, random: &mut Random) -> u64 {
        1 + random.below(100 * self.amounts)
    }
}

/// The order with something that is refused.
fn spoiled(random: &mut Random, order: Order) -> Order {
    match random.below(5) {
        0 => order.with("amount", "0.0000005"),
        1 => order.with("amount", "99999999"),
        2 => order.with("time_in_force", "gtd"),
        3 => order.with("post_only", true).with("time_in_force", "ioc"),
        _ => order.with("side", "hold"),
    }
}

/// A number of hundredths as a decimal.
#[must_use]
pub fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
