//! Random flows: what is done, in which market. Few users with little money, few price levels, so that
//! orders cross, run out of funds and meet their own.

use ids::UserId;
use matching::bounds::STEPS;
use matching::reference::Asset;
use matching::{MarketStatus, Rates, Rules};
use money::{MAX, Money, ONE};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::desk::{open_rules, rate, units};
use crate::draft::{Draft, draft, hit};

/// Users are 1 to this.
pub const USERS: i64 = 4;

/// Price levels that flows use.
pub const LEVELS: i64 = 6;

/// The longest flow; the mean is half of it.
pub const LONGEST: usize = 300;

/// One operation.
#[derive(Clone, Debug)]
pub enum Op {
    Place(Draft),
    Cancel {
        order: usize,
    },
    Amend {
        order: usize,
        level: Option<i64>,
        lots: Option<i64>,
    },
    /// An amend whose price and amount are picked from [`odd`].
    AmendOdd {
        order: usize,
        price: u8,
        amount: u8,
    },
    /// The market is not open until it opens again.
    Close(MarketStatus),
    /// The market opens, after an auction with its uncrossing.
    Open,
    /// An uncrossing without an auction.
    Uncross,
    /// New orders get other rates.
    Rates(usize),
    /// Time passes.
    Clock(i64),
    Expire,
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
    /// The rates that orders come with at first.
    pub rates: Rates,
    /// The price of level 0, in ticks.
    pub ticks: i64,
    /// The price of the last trade before the flow, in levels.
    pub last_level: Option<i64>,
    /// Whether users 1 and 2 hold almost the most that can be held.
    pub rich: bool,
    /// How many steps one command may take.
    pub steps: usize,
}

impl Setting {
    /// The price of a level.
    pub fn price(&self, level: i64) -> Money {
        units(self.rules.tick.units() * i128::from(self.ticks + level))
    }

    /// A quantity of lots.
    pub fn amount(&self, lots: i64) -> Money {
        units(self.rules.lot.units() * i128::from(lots))
    }

    /// So many lots, or what they cost.
    pub fn funds(&self, asset: Asset, lots: i64) -> Money {
        match asset {
            Asset::Base => self.amount(lots),
            Asset::Quote => units(self.price(0).units() * self.amount(lots).units() / ONE),
        }
    }

    /// What a user starts with.
    pub fn start(&self, user: UserId, asset: Asset) -> Money {
        if self.rich && user.0 <= 2 {
            return units(MAX - self.funds(asset, 60).units() / if user.0 == 2 { 12 } else { 1 });
        }
        self.funds(asset, 60)
    }

    /// The last price before the flow, in ticks.
    pub fn last_price(&self) -> Option<i64> {
        self.last_level.map(|level| self.ticks + level)
    }

    /// The rates of new orders after some change: the market's own, swapped, free, a small and a large rebate.
    pub fn rates(&self, pick: usize) -> Rates {
        let Rates { maker, taker } = self.rates;
        let rates = [
            self.rates,
            Rates { maker: taker, taker: rate(maker.units().max(0)) },
            Rates { maker, taker: rate(0) },
            Rates { maker: rate(-taker.units() / 2), taker },
            Rates { maker: rate(-taker.units() - 10_000_000), taker },
        ];
        rates[pick]
    }
}

fn setting(name: &'static str, tick: i128, lot: i128, ticks: i64, maker: i64, taker: i64) -> Setting {
    let rules = open_rules(units(tick), units(lot));
    assert!(Rules::exact(rules.tick, rules.lot));
    let rates = Rates { maker: rate(maker), taker: rate(taker) };
    Setting { name, rules, rates, ticks, last_level: None, rich: false, steps: STEPS }
}

/// The markets that flows run in.
pub fn settings() -> Vec<Setting> {
    let mut limits = setting("limits", 1_000_000, 100, 10_000, 100_000, 300_000);
    limits.rules.min_amount = Some(units(300));
    limits.rules.max_amount = Some(units(1_200));
    limits.rules.min_notional = Some(units(40_004));
    limits.last_level = Some(2);
    let mut rich = setting("rich", 1, ONE, 5, 1_500_000, 1_500_000);
    rich.rich = true;
    // Two levels to each side of the last price.
    // So full that often one trade is too much, and little to a command.
    let mut full = setting("full", 1, ONE, 5, -500_000, 1_500_000);
    (full.rich, full.steps) = (true, 4);
    let mut few = setting("few steps", 1_000_000, 100, 100, 0, 0);
    (few.steps, few.last_level) = (3, Some(2));
    let mut refuses = setting("band refuses", 1_000_000, 100, 100, 1_500_000, 1_500_000);
    refuses.rules.price_band = Some(rate(2_000_000));
    let mut halts = setting("band halts", 1_000_000, 100, 100, 200_000, 300_000);
    (halts.rules.price_band, halts.rules.band_halts, halts.last_level) = (Some(rate(1_999_999)), true, Some(3));
    vec![
        setting("default", 1_000_000, 100, 10_000, 1_500_000, 1_500_000),
        limits,
        rich,
        full,
        few,
        refuses,
        halts,
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
    let times = |n: i128| units(step.units() * n.min(MAX / step.units()));
    match pick {
        0 => Money::ZERO,
        1 => units(-step.units()),
        2 => units(right.units() + 1),
        3 => times(i128::from(i64::MAX) + 1),
        4 => times(MAX),
        5 => times(i128::from(i64::MAX)),
        6 => units((right.units() * 1_000_000_000).min(MAX)),
        7 => step,
        _ => right,
    }
}

fn status() -> impl Strategy<Value = MarketStatus> {
    use MarketStatus::{Auction, CancelOnly, Closed, Halted};
    prop_oneof![1 => Just(Halted), 1 => Just(CancelOnly), 6 => Just(Auction), 1 => Just(Closed)]
}

fn op() -> impl Strategy<Value = Op> {
    let amend = (0..64_usize, option::of(0..LEVELS), option::of(1..=16_i64))
        .prop_map(|(order, level, lots)| Op::Amend { order, level, lots });
    let amend_odd =
        (0..64_usize, 0..12_u8, 0..12_u8).prop_map(|(order, price, amount)| Op::AmendOdd { order, price, amount });
    let deposit = (1..=USERS, prop_oneof![Just(Asset::Base), Just(Asset::Quote)], 1..=20_i64)
        .prop_map(|(user, asset, lots)| Op::Deposit { user, asset, lots });
    prop_oneof![
        100 => draft().prop_map(Op::Place),
        14 => hit().prop_map(Op::Place),
        12 => (0..64_usize).prop_map(|order| Op::Cancel { order }),
        20 => amend,
        3 => amend_odd,
        5 => status().prop_map(Op::Close),
        22 => Just(Op::Open),
        1 => Just(Op::Uncross),
        3 => (0..5_usize).prop_map(Op::Rates),
        10 => (1..=4_i64).prop_map(Op::Clock),
        2 => Just(Op::Expire),
        10 => deposit,
        6 => Just(Op::Drain),
    ]
}

/// A market and a flow for it.
pub fn flow() -> impl Strategy<Value = (Setting, Vec<Op>)> {
    (prop::sample::select(settings()), vec(op(), 1..=LONGEST))
}
