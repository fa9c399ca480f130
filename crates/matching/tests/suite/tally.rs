//! How often a run has met what: a run that never met a case proves nothing about it.

use std::collections::BTreeMap;

use matching::reference::Reference;
use matching::{NewOrder, OrderState, Outcome, Refusal, SelfTrade, Side, Status};

/// What a run of 10,000 operations must have met.
const MET: [&str; 79] = [
    "amend in place",
    "amend to the end",
    "amend of an iceberg",
    "amend of a stop",
    "amend in auction",
    "auction trade",
    "auction with a surplus",
    "cancel",
    "cascade",
    "capped commission",
    "clearing iceberg",
    "expired maker met",
    "expired stop",
    "filled at once",
    "halted by the band",
    "limit",
    "market",
    "market by quote_amount",
    "stop",
    "stop_limit",
    "stop triggered at once",
    "stop triggered later",
    "partial quote_amount",
    "place",
    "post_only rests",
    "rebate",
    "capped rebate",
    "shrunk maker",
    "shrunk taker",
    "slice renewed",
    "slice renewed and met again",
    "trade",
    "trade by amend",
    "trade with own",
    "gtc",
    "ioc accepted",
    "fok accepted",
    "gtd",
    "mode none",
    "mode cancel_taker",
    "mode cancel_maker",
    "mode cancel_both",
    "mode decrement",
    "ends: user",
    "ends: ioc",
    "ends: no_liquidity",
    "ends: budget",
    "ends: expired",
    "ends: self_trade_taker",
    "ends: self_trade_maker",
    "ends: price_band",
    "ends: fok",
    "ends: post_only",
    "ends: unsettleable",
    "ends: step_limit",
    "stops left to a later command",
    "stop in parts",
    "TooManySteps",
    "TooManySlices",
    "MarketNotOpen",
    "PriceNotPositive",
    "AmountNotPositive",
    "OffTick",
    "OffLot",
    "BelowMinimum",
    "AboveMaximum",
    "BelowMinimumNotional",
    "InsufficientFunds",
    "Overflow",
    "BalanceFull",
    "OrderNotLive",
    "AmountNotAboveFilled",
    "Combination",
    "Missing",
    "Expired",
    "DisplayAboveAmount",
    "OutsideBand",
    "WouldTake",
    "FillOrKill",
];

/// Counters by name.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    pub fn add(&mut self, name: &'static str, times: usize) {
        *self.0.entry(name).or_default() += times;
    }

    fn when(&mut self, name: &'static str, met: bool) {
        self.add(name, usize::from(met));
    }

    pub fn add_all(&mut self, other: &Tally) {
        for (name, times) in &other.0 {
            self.add(name, *times);
        }
    }

    /// Counts what became of a call.
    pub fn count_call(&mut self, kind: &'static str, result: &Result<Outcome, Refusal>) {
        match result {
            Err(refusal) => self.add(refusal_name(refusal), 1),
            Ok(outcome) => {
                self.add(kind, 1);
                self.when("filled at once", outcome.order.status == Status::Filled);
            }
        }
    }

    /// Counts what kind of order was accepted.
    pub fn count_order(&mut self, new: &NewOrder, order: &OrderState) {
        self.add(new.order_type.as_str(), 1);
        self.add(
            match new.time_in_force {
                matching::TimeInForce::Ioc => "ioc accepted",
                matching::TimeInForce::Fok => "fok accepted",
                other => other.as_str(),
            },
            1,
        );
        self.when("market by quote_amount", new.quote_amount.is_some());
        self.when("partial quote_amount", new.quote_amount.is_some() && order.filled > 0);
        self.when("post_only rests", new.post_only && order.status == Status::Open);
        self.when("stop triggered at once", new.stop_price.is_some() && order.status != Status::Pending);
        self.add(
            match new.self_trade {
                SelfTrade::None => "mode none",
                SelfTrade::CancelTaker => "mode cancel_taker",
                SelfTrade::CancelMaker => "mode cancel_maker",
                SelfTrade::CancelBoth => "mode cancel_both",
                SelfTrade::Decrement => "mode decrement",
            },
            1,
        );
    }

    /// Counts what a call did to all orders: `was` before, `is` after. `own` is its own order.
    pub fn count_changes(&mut self, was: &Reference, is: &Reference, own: Option<&OrderState>) {
        let mut triggered = 0;
        for old in was.orders().iter().filter(|o| o.status.is_live()) {
            let Some(new) = is.orders().iter().find(|o| o.id == old.id) else { continue };
            let mine = own.is_some_and(|o| o.id == new.id);
            triggered += usize::from(old.status == Status::Pending && new.status != Status::Pending);
            self.when("stop triggered later", old.status == Status::Pending && new.status == Status::Open);
            self.when("stop in parts", new.status == Status::Pending && new.filled > old.filled);
            self.when("shrunk maker", !mine && new.amount < old.amount);
            self.when("slice renewed", !mine && old.status == Status::Open && new.priority > old.priority);
            let met_again = new.filled - old.filled > old.visible && new.priority > old.priority;
            self.when("slice renewed and met again", !mine && old.status == Status::Open && met_again);
        }
        self.when("cascade", triggered > 1);
        for new in is.orders().iter().filter(|o| o.status == Status::Cancelled) {
            let old = was.orders().iter().find(|o| o.id == new.id);
            if old.is_none_or(|o| o.status.is_live()) {
                self.count_end(old, new, own.is_some());
            }
        }
    }

    fn count_end(&mut self, old: Option<&OrderState>, new: &OrderState, by_order: bool) {
        self.add(
            match new.cancel_reason.expect("cancelled for a reason").as_str() {
                "user" => "ends: user",
                "ioc" => "ends: ioc",
                "no_liquidity" => "ends: no_liquidity",
                "budget" => "ends: budget",
                "expired" => "ends: expired",
                "self_trade_taker" => "ends: self_trade_taker",
                "self_trade_maker" => "ends: self_trade_maker",
                "price_band" => "ends: price_band",
                "fok" => "ends: fok",
                "post_only" => "ends: post_only",
                "unsettleable" => "ends: unsettleable",
                "step_limit" => "ends: step_limit",
                other => panic!("unknown reason {other}"),
            },
            1,
        );
        let expired = by_order && new.cancel_reason == Some(matching::CancelReason::Expired);
        self.when("expired maker met", expired && old.is_some_and(|o| o.status == Status::Open));
        self.when("expired stop", expired && old.is_some_and(|o| o.status == Status::Pending));
    }

    /// Counts what stands out among trades.
    pub fn count_trades(&mut self, reference: &Reference, from: usize) {
        let user_of = |id| reference.orders().iter().find(|o| o.id == id).map(|o| o.user);
        for trade in &reference.trades()[from..] {
            let (taker, maker) = match trade.taker_side {
                Side::Buy => (trade.buyer_commission.units(), trade.seller_commission.units()),
                Side::Sell => (trade.seller_commission.units(), trade.buyer_commission.units()),
            };
            self.add("trade", 1);
            self.when("trade with own", user_of(trade.maker) == user_of(trade.taker));
            self.when("rebate", maker < 0);
            self.when("capped rebate", maker < 0 && maker == -taker);
        }
    }

    /// What should have been met and was not.
    pub fn missed(&self) -> Vec<&'static str> {
        MET.into_iter().filter(|name| self.0.get(name).is_none_or(|times| *times == 0)).collect()
    }
}

fn refusal_name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::MarketNotOpen(_) => "MarketNotOpen",
        Refusal::PriceNotPositive(_) => "PriceNotPositive",
        Refusal::AmountNotPositive(_) => "AmountNotPositive",
        Refusal::OffTick { .. } => "OffTick",
        Refusal::OffLot { .. } => "OffLot",
        Refusal::BelowMinimum { .. } => "BelowMinimum",
        Refusal::AboveMaximum { .. } => "AboveMaximum",
        Refusal::BelowMinimumNotional { .. } => "BelowMinimumNotional",
        Refusal::InsufficientFunds { .. } => "InsufficientFunds",
        Refusal::Overflow => "Overflow",
        Refusal::BalanceFull { .. } => "BalanceFull",
        Refusal::OrderNotLive => "OrderNotLive",
        Refusal::AmountNotAboveFilled { .. } => "AmountNotAboveFilled",
        Refusal::Combination(_) => "Combination",
        Refusal::Missing(_) => "Missing",
        Refusal::Expired { .. } => "Expired",
        Refusal::DisplayAboveAmount { .. } => "DisplayAboveAmount",
        Refusal::TooManySlices { .. } => "TooManySlices",
        Refusal::TooManySteps { .. } => "TooManySteps",
        Refusal::OutsideBand { .. } => "OutsideBand",
        Refusal::WouldTake { .. } => "WouldTake",
        Refusal::FillOrKill { .. } => "FillOrKill",
    }
}
