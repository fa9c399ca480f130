//! How often a run has met what: a run that never met a case proves nothing about it.

use std::collections::BTreeMap;

use matching::{Outcome, Refusal, Status};

/// What a run of 10,000 operations must have met.
const MET: [&str; 25] = [
    "place",
    "cancel",
    "amend in place",
    "amend to the end",
    "trade",
    "trade by amend",
    "trade with own",
    "capped commission",
    "filled at once",
    "user",
    "ioc",
    "self_trade_taker",
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
    "OrderNotLive",
    "AmountNotAboveFilled",
    "NotSupported",
];

/// Counters by name.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<&'static str, usize>);

impl Tally {
    pub fn add(&mut self, name: &'static str, times: usize) {
        *self.0.entry(name).or_default() += times;
    }

    pub fn add_all(&mut self, other: &Tally) {
        for (name, times) in &other.0 {
            self.add(name, *times);
        }
    }

    /// Counts what became of a call.
    pub fn count_call(&mut self, kind: &'static str, result: &Result<Outcome, Refusal>) {
        let order = match result {
            Err(refusal) => return self.add(refusal_name(refusal), 1),
            Ok(outcome) => outcome.order,
        };
        self.add(kind, 1);
        match (order.status, order.cancel_reason) {
            (Status::Filled, _) => self.add("filled at once", 1),
            (_, Some(reason)) => self.add(reason.as_str(), 1),
            _ => {}
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
        Refusal::OrderNotLive => "OrderNotLive",
        Refusal::AmountNotAboveFilled { .. } => "AmountNotAboveFilled",
        Refusal::NotSupported(_) => "NotSupported",
    }
}
