//! The rules of one market.

use crate::money::{MAX, ONE};
use crate::{Money, NewOrder, OrderType, Rates, Refusal, TimeInForce};
use crate::{SelfTrade, order::OrderState, order::Side};

/// What a market lets happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketStatus {
    /// Everything.
    Open,
    /// Nothing: not even a cancel.
    Halted,
    /// Cancels only.
    CancelOnly,
    /// Cancels only: there is no auction to collect orders for yet.
    Auction,
    /// Nothing: the market has ended for the day or for good.
    Closed,
}

crate::order::sql_names!(MarketStatus {
    Open = "open",
    Halted = "halted",
    CancelOnly = "cancel_only",
    Auction = "auction",
    Closed = "closed",
});

/// The rules of a market, all from its row. Rates lie between 0 and 1; tick × lot is a multiple of 1e-8 and at
/// most what `NUMERIC(20,8)` holds ([`Rules::exact`]).
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The smallest step of a price.
    pub tick: Money,
    /// The smallest step of a quantity.
    pub lot: Money,
    /// The smallest quantity of an order.
    pub min_amount: Option<Money>,
    /// The largest quantity of an order.
    pub max_amount: Option<Money>,
    /// The smallest price × amount of an order.
    pub min_notional: Option<Money>,
    /// The rates that a new order freezes.
    pub rates: Rates,
    /// What the market lets happen now.
    pub status: MarketStatus,
}

impl Rules {
    /// Whether tick × lot is a multiple of 1e-8 within `NUMERIC(20,8)`, so that every notional is exact.
    #[must_use]
    pub fn exact(tick: Money, lot: Money) -> bool {
        let unit = tick.0.checked_mul(lot.0).filter(|product| product % ONE == 0);
        tick.0 > 0 && lot.0 > 0 && unit.is_some_and(|product| product / ONE <= MAX)
    }

    /// Price × quantity of `price` ticks and `amount` lots.
    pub fn notional(&self, price: i64, amount: i64) -> Result<Money, Refusal> {
        let unit = self.tick.0 * self.lot.0 / ONE;
        (price as i128 * amount as i128).checked_mul(unit).filter(|n| *n <= MAX).map(Money).ok_or(Refusal::Overflow)
    }

    /// Price × quantity of a part of an order whose notional has been admitted: it fits.
    #[must_use]
    pub fn value(&self, price: i64, amount: i64) -> Money {
        Money(price as i128 * amount as i128 * (self.tick.0 * self.lot.0 / ONE))
    }

    /// What a live order with `remaining` lots to go must lock: base for a sell; for a buy the
    /// notional at its limit and the larger commission on it.
    pub fn reserve(&self, side: Side, price: i64, remaining: i64, rates: Rates) -> Result<Money, Refusal> {
        match side {
            Side::Sell => Ok(self.quantity(remaining)),
            Side::Buy => {
                let notional = self.notional(price, remaining)?;
                notional.plus(notional.commission(rates.reserve()))
            }
        }
    }

    /// A price in ticks as money.
    #[must_use]
    pub fn price(&self, ticks: i64) -> Money {
        Money(ticks as i128 * self.tick.0)
    }

    /// A quantity in lots as money.
    #[must_use]
    pub fn quantity(&self, lots: i64) -> Money {
        Money(lots as i128 * self.lot.0)
    }

    /// A price in ticks; refused when it is not positive or off the tick.
    pub fn ticks(&self, price: Money) -> Result<i64, Refusal> {
        if price.0 <= 0 {
            return Err(Refusal::PriceNotPositive(price));
        }
        if price.0 % self.tick.0 != 0 {
            return Err(Refusal::OffTick { price, tick: self.tick });
        }
        i64::try_from(price.0 / self.tick.0).map_err(|_| Refusal::Overflow)
    }

    /// A quantity in lots; refused when it is not positive or off the lot.
    pub fn lots(&self, amount: Money) -> Result<i64, Refusal> {
        if amount.0 <= 0 {
            return Err(Refusal::AmountNotPositive(amount));
        }
        if amount.0 % self.lot.0 != 0 {
            return Err(Refusal::OffLot { amount, lot: self.lot });
        }
        i64::try_from(amount.0 / self.lot.0).map_err(|_| Refusal::Overflow)
    }

    /// The order as the book would keep it, nothing filled, with what it must reserve.
    /// Checks everything about a new order except funds and status.
    pub fn admit(&self, new: &NewOrder) -> Result<OrderState, Refusal> {
        supported(new)?;
        let (price, amount) = self.admit_terms(new.price, new.amount)?;
        Ok(OrderState {
            id: new.id,
            user: new.user,
            side: new.side,
            price,
            amount,
            filled: 0,
            reserved: self.reserve(new.side, price, amount, self.rates)?,
            priority: 0,
            rates: self.rates,
            self_trade: new.self_trade,
            status: crate::Status::Open,
            cancel_reason: None,
        })
    }

    /// The terms of a new or amended order in ticks and lots, checked against every limit.
    pub fn admit_terms(&self, price: Money, amount: Money) -> Result<(i64, i64), Refusal> {
        let (ticks, lots) = (self.ticks(price)?, self.lots(amount)?);
        if let Some(minimum) = self.min_amount.filter(|m| amount < *m) {
            return Err(Refusal::BelowMinimum { amount, minimum });
        }
        if let Some(maximum) = self.max_amount.filter(|m| amount > *m) {
            return Err(Refusal::AboveMaximum { amount, maximum });
        }
        let notional = self.notional(ticks, lots)?;
        if let Some(minimum) = self.min_notional.filter(|m| notional < *m) {
            return Err(Refusal::BelowMinimumNotional { notional, minimum });
        }
        Ok((ticks, lots))
    }

    /// Whether orders may arrive now.
    pub fn takes_orders(&self) -> Result<(), Refusal> {
        match self.status {
            MarketStatus::Open => Ok(()),
            other => Err(Refusal::MarketNotOpen(other)),
        }
    }

    /// Whether orders may be cancelled now.
    pub fn takes_cancels(&self) -> Result<(), Refusal> {
        match self.status {
            MarketStatus::Open | MarketStatus::CancelOnly | MarketStatus::Auction => Ok(()),
            other => Err(Refusal::MarketNotOpen(other)),
        }
    }
}

fn supported(new: &NewOrder) -> Result<(), Refusal> {
    match (new.order_type, new.time_in_force, new.self_trade) {
        (OrderType::Limit, TimeInForce::Gtc | TimeInForce::Ioc, SelfTrade::None | SelfTrade::CancelTaker) => Ok(()),
        (OrderType::Limit, TimeInForce::Gtc | TimeInForce::Ioc, _) => {
            Err(Refusal::NotSupported("self_trade_prevention"))
        }
        (OrderType::Limit, ..) => Err(Refusal::NotSupported("time_in_force")),
        _ => Err(Refusal::NotSupported("order_type")),
    }
}
