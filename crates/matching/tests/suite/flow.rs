//! Random flows: what is done, in which market. Few users with little money, few price levels, so that
//! orders cross, run out of funds and meet their own.

use matching::money::{MAX, ONE};
use matching::reference::Asset;
use matching::{MarketStatus, Money, Rate, Rates, Rules, SelfTrade, Side, UserId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Users are 1 to this.
pub const USERS: i64 = 4;

/// Price levels that flows use.
const LEVELS: i64 = 6;

/// The longest flow; the mean is half of it.
pub const LONGEST: usize = 300;

/// One operation.
#[derive(Clone, Debug)]
pub enum Op {
    Place {
        user: i64,
        side: Side,
        level: i64,
        lots: i64,
        immediate: bool,
        self_trade: SelfTrade,
    },
    /// An order whose price and amount are picked from [`odd`].
    PlaceOdd {
        user: i64,
        side: Side,
        price: u8,
        amount: u8,
    },
    Cancel {
        order: usize,
    },
    Amend {
        order: usize,
        level: Option<i64>,
        lots: Option<i64>,
    },
    AmendOdd {
        order: usize,
        price: u8,
        amount: u8,
    },
    /// The market is not open for the next few operations.
    Pause(MarketStatus),
    /// New orders get other rates.
    Rates(usize),
    Deposit {
        user: i64,
        asset: Asset,
        lots: i64,
    },
    /// The caller writes down what has changed.
    Drain,
}

/// A market and its users.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub rules: Rules,
    /// The price of level 0, in ticks.
    pub ticks: i64,
    /// Whether users 1 and 2 hold almost the most that can be held.
    pub rich: bool,
}

impl Setting {
    /// The price of a level.
    pub fn price(&self, level: i64) -> Money {
        Money(self.rules.tick.0 * i128::from(self.ticks + level))
    }

    /// A quantity of lots.
    pub fn amount(&self, lots: i64) -> Money {
        Money(self.rules.lot.0 * i128::from(lots))
    }

    /// So many lots, or what they cost.
    pub fn funds(&self, asset: Asset, lots: i64) -> Money {
        match asset {
            Asset::Base => self.amount(lots),
            Asset::Quote => Money(self.price(0).0 * self.amount(lots).0 / ONE),
        }
    }

    /// What a user starts with.
    pub fn start(&self, user: UserId, asset: Asset) -> Money {
        if self.rich && user.0 <= 2 {
            return Money(MAX - self.funds(asset, 60).0);
        }
        self.funds(asset, 40)
    }
}

fn setting(name: &'static str, tick: i128, lot: i128, ticks: i64, maker: i64, taker: i64) -> Setting {
    let rules = Rules {
        tick: Money(tick),
        lot: Money(lot),
        min_amount: None,
        max_amount: None,
        min_notional: None,
        rates: Rates { maker: Rate(maker), taker: Rate(taker) },
        status: MarketStatus::Open,
    };
    assert!(Rules::exact(rules.tick, rules.lot));
    Setting { name, rules, ticks, rich: false }
}

/// The markets that flows run in.
pub fn settings() -> Vec<Setting> {
    let mut limits = setting("limits", 1_000_000, 100, 10_000, 100_000, 300_000);
    limits.rules.min_amount = Some(Money(300));
    limits.rules.max_amount = Some(Money(1_200));
    limits.rules.min_notional = Some(Money(40_004));
    let mut rich = setting("rich", 1, ONE, 5, 1_500_000, 1_500_000);
    rich.rich = true;
    vec![
        setting("default", 1_000_000, 100, 10_000, 1_500_000, 1_500_000),
        limits,
        rich,
        setting("no fees", 1_000_000, 100, 2, 0, 0),
        setting("maker pays more", 7_000_000, 10_000_000, 3, 2_500_000, 1_234_567),
        setting("rebate", 1_000_000, 100, 101, -50_001, 200_003),
        // One tick × one lot is one unit: every commission is rounding.
        setting("dust of ticks", 1, ONE, 1, 50_000_000, 50_000_000),
        setting("dust of lots", ONE, 1, 1, 60_000_000, 25_000_000),
    ]
}

/// A value that is likely wrong, made of the step of the market and a value that is right.
pub fn odd(step: Money, right: Money, pick: u8) -> Money {
    match pick {
        0 => Money::ZERO,
        1 => Money(-step.0),
        2 => Money(right.0 + 1),
        3 => Money(step.0 * (i128::from(i64::MAX) + 1)),
        4 => Money(MAX - MAX % step.0),
        5 => Money(step.0 * i128::from(i64::MAX)),
        6 => Money(right.0 * 1_000_000_000),
        7 => step,
        _ => right,
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    prop_oneof![
        12 => Just(SelfTrade::CancelTaker),
        7 => Just(SelfTrade::None),
        1 => Just(SelfTrade::Decrement),
    ]
}

/// Often few: many small fills of one order are what makes dust.
fn lots() -> impl Strategy<Value = i64> {
    prop_oneof![2 => 1..=2_i64, 3 => 1..=14_i64]
}

fn status() -> impl Strategy<Value = MarketStatus> {
    use MarketStatus::{Auction, CancelOnly, Closed, Halted};
    prop_oneof![Just(Halted), Just(CancelOnly), Just(Auction), Just(Closed)]
}

fn op() -> impl Strategy<Value = Op> {
    let place = (1..=USERS, side(), 0..LEVELS, lots(), prop::bool::weighted(0.15), self_trade()).prop_map(
        |(user, side, level, lots, immediate, self_trade)| Op::Place { user, side, level, lots, immediate, self_trade },
    );
    // Takes a little from whatever is best.
    let hit = (1..=USERS, side(), 1..=2_i64).prop_map(|(user, side, lots)| {
        let level = if side == Side::Sell { 0 } else { LEVELS - 1 };
        Op::Place { user, side, level, lots, immediate: true, self_trade: SelfTrade::None }
    });
    let place_odd = (1..=USERS, side(), 0..12_u8, 0..12_u8).prop_map(|(user, side, price, amount)| Op::PlaceOdd {
        user,
        side,
        price,
        amount,
    });
    let amend = (0..64_usize, option::of(0..LEVELS), option::of(1..=16_i64))
        .prop_map(|(order, level, lots)| Op::Amend { order, level, lots });
    let amend_odd =
        (0..64_usize, 0..12_u8, 0..12_u8).prop_map(|(order, price, amount)| Op::AmendOdd { order, price, amount });
    let deposit = (1..=USERS, prop_oneof![Just(Asset::Base), Just(Asset::Quote)], 1..=20_i64)
        .prop_map(|(user, asset, lots)| Op::Deposit { user, asset, lots });
    prop_oneof![
        45 => place,
        12 => hit,
        4 => place_odd,
        9 => (0..64_usize).prop_map(|order| Op::Cancel { order }),
        18 => amend,
        2 => amend_odd,
        1 => status().prop_map(Op::Pause),
        1 => (0..3_usize).prop_map(Op::Rates),
        5 => deposit,
        5 => Just(Op::Drain),
    ]
}

/// A market and a flow for it.
pub fn flow() -> impl Strategy<Value = (Setting, Vec<Op>)> {
    (prop::sample::select(settings()), vec(op(), 1..=LONGEST))
}
