//! The peer's own orders, a batch to a transaction, through the bulk door.

use super::random::{Random, spread};
use super::{BATCH, FUNDS, market};
use crate::bulk;
use crate::failure::Result;
use crate::flow::{Action, Instruction, OrderKey, Side};
use crate::psql::Database;

/// Both scripts of pgbench draw prices from 90.0 to 110.0 with this spread of ticks.
const MEAN_PRICE: f64 = 1000.0;
const PRICE_RANGE: f64 = 100.0;
const PRICE_DEVIATION: f64 = PRICE_RANGE / 4.0;
const MAX_LOTS: u64 = 100;
const USERS: u32 = 1000;

/// Replays on a market of its own in every round.
pub struct RandomOrders<'a> {
    database: &'a Database,
    orders: u32,
    random: Random,
    round: u32,
    /// Orders per second, by round.
    pub rates: Vec<f64>,
}

impl<'a> RandomOrders<'a> {
    /// So many orders in each round.
    pub fn new(database: &'a Database, orders: u32) -> Self {
        Self { database, orders, random: Random::new(0x9e37_79b9_7f4a_7c15), round: 0, rates: Vec::new() }
    }

    /// One more round, with the peer's distribution of users, sides, prices and amounts.
    pub fn measure(&mut self) -> Result<()> {
        self.round += 1;
        let symbol = format!("R{}-USD", self.round);
        let market = market(&symbol, "R1");
        market.create(self.database)?;
        let names = format!("SELECT format('round {} user %s', n) FROM generate_series(1, {USERS}) AS n", self.round);
        let users = market.fund(self.database, &names, FUNDS, FUNDS)?;
        let random = &mut self.random;
        let instructions: Vec<Instruction> = (0..self.orders).map(|index| random_order(random, index)).collect();
        let owner = |i: &Instruction| -> &str { &users[spread(i.key.order) % users.len()] };
        let replay = bulk::replay(self.database, &market, &instructions, BATCH, owner)?;
        let rate = f64::from(self.orders) / replay.elapsed.as_secs_f64();
        println!("  match_orders   {:>9} orders  {rate:>8.0}/s", self.orders);
        self.rates.push(rate);
        Ok(())
    }
}

fn random_order(random: &mut Random, index: u32) -> Instruction {
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    Instruction {
        message: index,
        action: Action::New,
        side,
        ioc: false,
        key: OrderKey { order: index, generation: 1 },
        price: (MEAN_PRICE + random.gaussian(PRICE_DEVIATION, PRICE_RANGE)).round() as u32,
        amount: (1 + random.below(MAX_LOTS)) as u32,
    }
}

#[test]
fn random_orders_look_like_the_peers() {
    let mut random = Random::new(1);
    let orders: Vec<Instruction> = (0..10_000).map(|index| random_order(&mut random, index)).collect();
    let mean = orders.iter().map(|o| f64::from(o.price)).sum::<f64>() / 10_000.0;
    assert!((mean - MEAN_PRICE).abs() < 1.0, "mean price {mean}");
    assert!(orders.iter().all(|o| (900..=1100).contains(&o.price)));
    assert!(orders.iter().all(|o| (1..=100).contains(&o.amount)));
    let buys = orders.iter().filter(|o| o.side == Side::Buy).count();
    assert!((4_800..5_200).contains(&buys), "{buys} buys");
}
