//! Many orders per transaction, through the bulk door.

use super::{FUNDS, market};
use crate::bulk;
use crate::failure::{Failure, Result};
use crate::flow::{self, Action, Instruction, Message, OrderKey, Side};
use crate::psql::Database;

const BATCH: u32 = 10_000;
/// Both scripts of pgbench draw prices from 90.0 to 110.0 with this spread of ticks.
const MEAN_PRICE: f64 = 1000.0;
const PRICE_RANGE: f64 = 100.0;
const PRICE_DEVIATION: f64 = PRICE_RANGE / 4.0;
const MAX_LOTS: u64 = 100;

/// Replays on a market of its own in every round.
pub struct BulkDoor<'a> {
    database: &'a Database,
    users: &'a [String],
    messages: &'a [Message],
    orders: u32,
    random: Random,
    round: u32,
}

impl<'a> BulkDoor<'a> {
    /// `orders` is the number of random orders of a round.
    pub fn new(database: &'a Database, users: &'a [String], messages: &'a [Message], orders: u32) -> Self {
        Self { database, users, messages, orders, random: Random(0x9e37_79b9_7f4a_7c15), round: 0 }
    }

    /// Orders per second with the peer's distribution of users, sides, prices and amounts.
    pub fn random_orders(&mut self) -> Result<f64> {
        self.round += 1;
        let symbol = format!("R{}-USD", self.round);
        let market = market(&symbol);
        market.create(self.database)?;
        // A client_order_id is taken for ever, so every round has names of its own.
        let first = self.round * self.orders;
        let random = &mut self.random;
        let instructions: Vec<Instruction> =
            (0..self.orders).map(|index| random_order(random, index, first + index)).collect();
        // The users were drawn with the orders, from the low digits of their names.
        let users = self.users;
        let owner = |i: &Instruction| -> &str { &users[spread(i.key.order) % users.len()] };
        let replay = bulk::replay(self.database, &market, &instructions, BATCH, owner)?;
        let rate = f64::from(self.orders) / replay.elapsed.as_secs_f64();
        println!("  bulk   {:>9} orders  {rate:>8.0}/s", self.orders);
        Ok(rate)
    }

    /// Messages per second of the flow that ships with the repository.
    pub fn public_flow(&mut self) -> Result<f64> {
        let symbol = format!("F{}-USD", self.round);
        let market = market(&symbol);
        market.create(self.database)?;
        let users = market.fund(self.database, "VALUES ('buyer'), ('seller')", FUNDS, FUNDS)?;
        let [buyer, seller] = users.as_slice() else {
            return Err(Failure::new("two users were asked for", ""));
        };
        let instructions = flow::translate(self.messages);
        let owner = |i: &Instruction| -> &str {
            match i.side {
                Side::Buy => buyer,
                Side::Sell => seller,
            }
        };
        let replay = bulk::replay(self.database, &market, &instructions, BATCH, owner)?;
        let rate = self.messages.len() as f64 / replay.elapsed.as_secs_f64();
        println!("  bulk {:>9} messages  {rate:>8.0}/s", self.messages.len());
        Ok(rate)
    }
}

fn random_order(random: &mut Random, message: u32, order: u32) -> Instruction {
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    Instruction {
        message,
        action: Action::New,
        side,
        ioc: false,
        key: OrderKey { order, generation: 1 },
        price: random.price(),
        amount: (1 + random.below(MAX_LOTS)) as u32,
    }
}

/// Scatters consecutive numbers, so that neighbours in the flow are not neighbours as users.
fn spread(number: u32) -> usize {
    (number.wrapping_mul(2_654_435_761) >> 8) as usize
}

/// xorshift64*: the same orders in every run on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }

    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A price in ticks from pgbench's truncated Gaussian (Box and Muller's method).
    fn price(&mut self) -> u32 {
        loop {
            let radius = (-2.0 * self.unit().ln()).sqrt();
            let deviation = radius * (std::f64::consts::TAU * self.unit()).cos() * PRICE_DEVIATION;
            if deviation.abs() <= PRICE_RANGE {
                return (MEAN_PRICE + deviation).round() as u32;
            }
        }
    }
}

#[test]
fn random_orders_look_like_the_peers() {
    let mut random = Random(1);
    let orders: Vec<Instruction> = (0..10_000).map(|index| random_order(&mut random, index, index)).collect();
    let mean = orders.iter().map(|o| f64::from(o.price)).sum::<f64>() / 10_000.0;
    assert!((mean - MEAN_PRICE).abs() < 1.0, "mean price {mean}");
    assert!(orders.iter().all(|o| (900..=1100).contains(&o.price)));
    assert!(orders.iter().all(|o| (1..=100).contains(&o.amount)));
    let buys = orders.iter().filter(|o| o.side == Side::Buy).count();
    assert!((4_800..5_200).contains(&buys), "{buys} buys");
}
