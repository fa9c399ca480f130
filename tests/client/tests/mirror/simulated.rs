//! Brokers that exist only here: they take orders, fill them bit by bit, and tell of it as Kite Connect does.

use std::collections::BTreeMap;

use client_tests::Random;

/// All that is traded, and for how much.
pub const SYMBOLS: [&str; 3] = ["INFY", "TCS", "SBIN"];
const PRICE: i64 = 100;

/// An order, as its broker knows it.
#[derive(Clone, Debug)]
pub struct Order {
    /// What the broker calls it.
    pub id: String,
    /// What its sender calls it.
    pub tag: Option<String>,
    symbol: String,
    side: String,
    quantity: i64,
    filled: i64,
    status: &'static str,
}

/// A trade: of which order, the broker's id, how much.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The broker's id of the order.
    pub order_id: String,
    id: String,
    quantity: i64,
}

impl Execution {
    /// The call that books it.
    pub fn call(&self, account: i64) -> String {
        format!(
            "mirror.record_execution({account}, '{}', '{}', {}, {PRICE}, now())",
            self.order_id, self.id, self.quantity
        )
    }
}

/// What a broker knows of an account.
#[derive(Debug, Default)]
struct Book {
    orders: Vec<Order>,
    positions: BTreeMap<String, i64>,
    /// Trades of which nobody has been told.
    untold: Vec<Execution>,
}

/// A broker, with all its accounts.
#[derive(Debug, Default)]
pub struct Broker {
    books: BTreeMap<i64, Book>,
    last: u64,
}

impl Broker {
    fn next_id(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes an order at the market, or with a limit; the id.
    pub fn place(&mut self, account: i64, tag: Option<&str>, symbol: &str, side: &str, quantity: i64) -> String {
        let id = format!("B{}", self.next_id());
        self.books.entry(account).or_default().orders.push(Order {
            id: id.clone(),
            tag: tag.map(str::to_owned),
            symbol: symbol.to_owned(),
            side: side.to_owned(),
            quantity,
            filled: 0,
            status: "OPEN",
        });
        id
    }

    fn live(&mut self, account: i64, id: &str) -> Option<&mut Order> {
        let orders = &mut self.books.get_mut(&account)?.orders;
        orders.iter_mut().find(|order| order.id == id && order.status == "OPEN")
    }

    /// Changes the quantity of an order that lives and has not filled as much; whether it has.
    pub fn modify(&mut self, account: i64, id: &str, quantity: i64) -> bool {
        match self.live(account, id) {
            Some(order) if quantity > order.filled => {
                order.quantity = quantity;
                true
            }
            _ => false,
        }
    }

    /// Cancels an order that lives; whether it has.
    pub fn cancel(&mut self, account: i64, id: &str) -> bool {
        self.live(account, id).map(|order| order.status = "CANCELLED").is_some()
    }

    /// The ids of the orders of an account that live.
    pub fn open_orders(&self, account: i64) -> Vec<String> {
        let orders = self.books.get(&account).map_or(&[][..], |book| &book.orders);
        orders.iter().filter(|order| order.status == "OPEN").map(|order| order.id.clone()).collect()
    }

    /// All orders of an account.
    pub fn orders(&self, account: i64) -> &[Order] {
        self.books.get(&account).map_or(&[], |book| &book.orders)
    }

    /// What the broker calls the order with this tag.
    pub fn find(&self, tag: &str) -> Option<String> {
        let mut orders = self.books.values().flat_map(|book| &book.orders);
        orders.find(|order| order.tag.as_deref() == Some(tag)).map(|order| order.id.clone())
    }

    /// Fills a part of some of the orders that live, or all that is left of all of them.
    pub fn trade(&mut self, random: &mut Random, chance: u64) {
        let mut last = self.last;
        for book in self.books.values_mut() {
            for order in book.orders.iter_mut().filter(|order| order.status == "OPEN") {
                if !random.percent(chance) {
                    continue;
                }
                let left = (order.quantity - order.filled).unsigned_abs();
                let quantity = if chance == 100 { left } else { 1 + random.below(left) }.cast_signed();
                last += 1;
                order.filled += quantity;
                let sign = if order.side == "BUY" { 1 } else { -1 };
                *book.positions.entry(order.symbol.clone()).or_default() += sign * quantity;
                book.untold.push(Execution { order_id: order.id.clone(), id: format!("T{last}"), quantity });
                if order.filled == order.quantity {
                    order.status = "COMPLETE";
                }
            }
        }
        self.last = last;
    }

    /// The trades of an account of which nobody has been told.
    pub fn take_untold(&mut self, account: i64) -> Vec<Execution> {
        self.books.get_mut(&account).map(|book| std::mem::take(&mut book.untold)).unwrap_or_default()
    }

    /// The order book of an account, as JSON.
    pub fn order_book(&self, account: i64) -> String {
        let told = |order: &Order| {
            let tag = order.tag.as_ref().map(|tag| format!(", \"tag\": \"{tag}\"")).unwrap_or_default();
            format!(
                "{{\"order_id\": \"{}\", \"tradingsymbol\": \"{}\", \"exchange\": \"NSE\", \"product\": \"MIS\", \
                 \"transaction_type\": \"{}\", \"quantity\": {}, \"order_type\": \"LIMIT\", \"price\": {PRICE}, \
                 \"status\": \"{}\", \"filled_quantity\": {}, \"average_price\": {}{tag}}}",
                order.id,
                order.symbol,
                order.side,
                order.quantity,
                order.status,
                order.filled,
                if order.filled > 0 { PRICE } else { 0 }
            )
        };
        let orders: Vec<String> = self.orders(account).iter().map(told).collect();
        format!("{{\"status\": \"success\", \"data\": [{}]}}", orders.join(", "))
    }

    /// The position book of an account, as JSON.
    pub fn position_book(&self, account: i64) -> String {
        let told = |(symbol, quantity): (&String, &i64)| {
            format!(
                "{{\"tradingsymbol\": \"{symbol}\", \"exchange\": \"NSE\", \"product\": \"MIS\", \
                 \"quantity\": {quantity}, \"average_price\": {PRICE}, \"last_price\": {PRICE}}}"
            )
        };
        let positions = self.books.get(&account).into_iter().flat_map(|book| &book.positions);
        let positions: Vec<String> = positions.map(told).collect();
        format!("{{\"status\": \"success\", \"data\": {{\"net\": [{}]}}}}", positions.join(", "))
    }

    /// What an order has filled.
    pub fn filled(order: &Order) -> i64 {
        order.filled
    }
}
