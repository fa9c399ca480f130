//! Random orders: every type and combination that exists, and now and then one that does not.

use ids::{OrderId, UserId};
use matching::{NewOrder, OrderType, Rates, SelfTrade, Side, TimeInForce};
use proptest::option;
use proptest::prelude::*;

use crate::desk::units;
use crate::flow::{LEVELS, Setting, USERS, odd};

/// An order before it knows its market: levels and lots instead of prices and quantities.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    pub user: i64,
    pub side: Side,
    pub order_type: OrderType,
    pub level: i64,
    pub stop_level: i64,
    pub lots: i64,
    /// Whether a market buy says what it may spend instead of how much it wants.
    pub by_quote: bool,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTrade,
    pub post_only: bool,
    pub display: Option<i64>,
    pub lives: i64,
    pub fault: Option<Fault>,
}

/// What may be wrong with an order; numbers pick from [`odd`].
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Price(u8),
    StopPrice(u8),
    Amount(u8),
    Display(u8),
    QuoteAmount(u8),
    NoPrice,
    NoStopPrice,
    NoAmount,
    TimeInForce(TimeInForce),
    PostOnly,
    ExpiresAt(i64),
    NoExpiresAt,
}

impl Draft {
    /// The order in its market. What does not go together is left out, unless it is the fault.
    pub fn order(&self, id: OrderId, setting: &Setting, now: i64, rates: Rates) -> NewOrder {
        let limited = matches!(self.order_type, OrderType::Limit | OrderType::StopLimit);
        let waits = matches!(self.order_type, OrderType::Stop | OrderType::StopLimit);
        let time_in_force = match self.time_in_force {
            TimeInForce::Gtd if !limited => TimeInForce::Gtc,
            other => other,
        };
        let rests = limited && matches!(time_in_force, TimeInForce::Gtc | TimeInForce::Gtd);
        let by_quote = self.by_quote
            && self.order_type == OrderType::Market
            && self.side == Side::Buy
            && time_in_force != TimeInForce::Fok;
        let spend = units(setting.funds(matching::reference::Asset::Quote, self.lots).units() + self.lives as i128);
        let new = NewOrder {
            id,
            user: UserId(self.user),
            side: self.side,
            price: limited.then(|| setting.price(self.level)),
            amount: (!by_quote).then(|| setting.amount(self.lots)),
            quote_amount: by_quote.then_some(spend),
            order_type: self.order_type,
            time_in_force,
            self_trade: self.self_trade,
            post_only: self.post_only && rests,
            stop_price: waits.then(|| setting.price(self.stop_level)),
            display_amount: self.display.filter(|_| rests).map(|lots| setting.amount(lots)),
            expires_at: (time_in_force == TimeInForce::Gtd).then_some(now + self.lives),
            rates,
        };
        self.fault.map_or(new, |fault| fault.spoil(new, setting, now))
    }
}

impl Fault {
    fn spoil(self, new: NewOrder, setting: &Setting, now: i64) -> NewOrder {
        let price = |pick| Some(odd(setting.rules.tick, setting.price(1), pick));
        let amount = |pick| Some(odd(setting.rules.lot, setting.amount(5), pick));
        match self {
            Fault::Price(pick) => NewOrder { price: price(pick), ..new },
            Fault::StopPrice(pick) => NewOrder { stop_price: price(pick), ..new },
            Fault::Amount(pick) => NewOrder { amount: amount(pick), ..new },
            Fault::Display(pick) => NewOrder { display_amount: amount(pick), ..new },
            // No more than an account may hold: the caller's NUMERIC holds no more either.
            Fault::QuoteAmount(pick) => NewOrder { quote_amount: price(pick % 3), ..new },
            Fault::NoPrice => NewOrder { price: None, ..new },
            Fault::NoStopPrice => NewOrder { stop_price: None, ..new },
            Fault::NoAmount => NewOrder { amount: None, ..new },
            Fault::TimeInForce(time_in_force) => NewOrder { time_in_force, ..new },
            Fault::PostOnly => NewOrder { post_only: true, ..new },
            Fault::ExpiresAt(lives) => NewOrder { expires_at: Some(now + lives), ..new },
            Fault::NoExpiresAt => NewOrder { expires_at: None, ..new },
        }
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn order_type() -> impl Strategy<Value = OrderType> {
    use OrderType::{Limit, Market, Stop, StopLimit};
    prop_oneof![12 => Just(Limit), 2 => Just(Market), 3 => Just(Stop), 3 => Just(StopLimit)]
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    use TimeInForce::{Fok, Gtc, Gtd, Ioc};
    prop_oneof![12 => Just(Gtc), 2 => Just(Ioc), 2 => Just(Fok), 4 => Just(Gtd)]
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    use SelfTrade::{CancelBoth, CancelMaker, CancelTaker, Decrement, None};
    prop_oneof![2 => Just(None), 2 => Just(CancelTaker), 2 => Just(CancelMaker), 2 => Just(CancelBoth), 4 => Just(Decrement)]
}

/// Often few: many small fills of one order are what makes dust.
fn lots() -> impl Strategy<Value = i64> {
    prop_oneof![2 => 1..=2_i64, 3 => 1..=14_i64]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => (0..12_u8).prop_map(Fault::Price),
        3 => (0..12_u8).prop_map(Fault::StopPrice),
        5 => (0..12_u8).prop_map(Fault::Amount),
        2 => (0..12_u8).prop_map(Fault::Display),
        1 => (0..3_u8).prop_map(Fault::QuoteAmount),
        1 => Just(Fault::NoPrice),
        1 => Just(Fault::NoStopPrice),
        1 => Just(Fault::NoAmount),
        2 => time_in_force().prop_map(Fault::TimeInForce),
        1 => Just(Fault::PostOnly),
        3 => (-2..=2_i64).prop_map(Fault::ExpiresAt),
        1 => Just(Fault::NoExpiresAt),
    ]
}

/// Any order.
pub fn draft() -> impl Strategy<Value = Draft> {
    let what = (1..=USERS, side(), order_type(), 0..LEVELS, 0..LEVELS, lots(), prop::bool::weighted(0.3));
    let how = (
        time_in_force(),
        self_trade(),
        prop::bool::weighted(0.15),
        option::weighted(0.25, 1..=4_i64),
        0..=12_i64,
        option::weighted(0.08, fault()),
    );
    (what, how).prop_map(
        |(
            (user, side, order_type, level, stop_level, lots, by_quote),
            (time_in_force, self_trade, post_only, display, lives, fault),
        )| Draft {
            user,
            side,
            order_type,
            level,
            stop_level,
            lots,
            by_quote,
            time_in_force,
            self_trade,
            post_only,
            display,
            lives,
            fault,
        },
    )
}

/// Takes a little from whatever is best.
pub fn hit() -> impl Strategy<Value = Draft> {
    (draft(), 1..=2_i64).prop_map(|(any, lots)| Draft {
        order_type: OrderType::Limit,
        level: if any.side == Side::Sell { 0 } else { LEVELS - 1 },
        lots,
        time_in_force: TimeInForce::Ioc,
        self_trade: SelfTrade::None,
        fault: None,
        ..any
    })
}
