//! What is refused before the book is looked at.

use money::{Money, Sum};

use super::{Reference, UNITS, lots_left, slice};
use crate::bounds::SLICES;
use crate::order::Terms;
use crate::{MarketStatus, NewOrder, OrderState, OrderType, Refusal, Side, Status, TimeInForce};

impl Reference {
    /// Whether the market takes such an order now.
    pub(super) fn takes(&self, new: &NewOrder) -> Result<(), Refusal> {
        let can_wait = new.order_type != OrderType::Market
            && (new.time_in_force == TimeInForce::Gtc || new.time_in_force == TimeInForce::Gtd)
            && !new.post_only;
        match self.rules.status {
            MarketStatus::Open => Ok(()),
            MarketStatus::Auction if can_wait => Ok(()),
            other => Err(Refusal::MarketNotOpen(other)),
        }
    }

    /// The order as it is accepted, unless its terms are refused. It locks nothing yet.
    pub(super) fn admitted(&self, new: &NewOrder) -> Result<OrderState, Refusal> {
        fits_together(new, self.now)?;
        let price = new.price.map(|p| self.whole_ticks(p)).transpose()?;
        let stop_price = new.stop_price.map(|p| self.whole_ticks(p)).transpose()?;
        let amount = match (new.amount, new.quote_amount) {
            (Some(amount), _) => self.whole_amount(amount)?,
            (None, Some(budget)) if budget <= Money::ZERO => return Err(Refusal::AmountNotPositive(budget)),
            (None, _) => 0,
        };
        let display = new.display_amount.map(|d| self.whole_lots(d)).transpose()?;
        if let (Some(display), Some(amount)) = (new.display_amount, new.amount)
            && display > amount
        {
            return Err(Refusal::DisplayAboveAmount { display, amount });
        }
        self.not_too_many_slices(display, amount)?;
        if let Some(price) = price {
            self.worth_enough(price, amount)?;
            self.inside_band(price)?;
        }
        let terms = Terms {
            order_type: new.order_type,
            time_in_force: new.time_in_force,
            self_trade: new.self_trade,
            post_only: new.post_only,
            stop_price,
            display,
            expires_at: new.expires_at,
        };
        let waits = matches!(new.order_type, OrderType::Stop | OrderType::StopLimit);
        let mut order = OrderState {
            id: new.id,
            user: new.user,
            side: new.side,
            price,
            amount,
            filled: 0,
            visible: 0,
            reserved: Money::ZERO,
            priority: 0,
            rates: new.rates,
            terms,
            status: if waits { Status::Pending } else { Status::Open },
            cancel_reason: None,
        };
        order.visible = slice(&order);
        Ok(order)
    }

    /// The order with a new price and a new total, and with the reserve that they need.
    pub(super) fn amended(
        &self,
        old: &OrderState,
        price: Option<Money>,
        amount: Option<Money>,
    ) -> Result<OrderState, Refusal> {
        if price.is_some() && old.price.is_none() {
            return Err(Refusal::Combination("price"));
        }
        let ticks = price.map(|p| self.whole_ticks(p)).transpose()?.or(old.price);
        let total = amount.unwrap_or(self.quantity(old.amount));
        let lots = self.whole_amount(total)?;
        self.not_too_many_slices(old.terms.display, lots)?;
        if let Some(ticks) = ticks {
            self.worth_enough(ticks, lots)?;
            if Some(ticks) != old.price {
                self.inside_band(ticks)?;
            }
        }
        if lots <= old.filled {
            return Err(Refusal::AmountNotAboveFilled { amount: total, filled: self.quantity(old.filled) });
        }
        let new = OrderState { price: ticks, amount: lots, ..*old };
        Ok(OrderState { reserved: self.first_reserve(&new)?, ..new })
    }

    /// What the order locks when it is accepted. A market buy pays from what is available.
    pub(super) fn first_reserve(&self, order: &OrderState) -> Result<Money, Refusal> {
        match (order.side, order.price.or(order.terms.stop_price)) {
            (Side::Sell, _) => Ok(self.quantity(lots_left(order))),
            (Side::Buy, Some(dearest)) => self.buy_reserve(order, dearest, lots_left(order)),
            (Side::Buy, None) => Ok(Money::ZERO),
        }
    }

    fn whole_ticks(&self, price: Money) -> Result<i64, Refusal> {
        let tick = self.rules.tick;
        match price {
            _ if price.units() <= 0 => Err(Refusal::PriceNotPositive(price)),
            _ if price.units() % tick.units() != 0 => Err(Refusal::OffTick { price, tick }),
            _ => i64::try_from(price.units() / tick.units()).or(Err(Refusal::Overflow)),
        }
    }

    fn whole_lots(&self, amount: Money) -> Result<i64, Refusal> {
        let lot = self.rules.lot;
        match amount {
            _ if amount.units() <= 0 => Err(Refusal::AmountNotPositive(amount)),
            _ if amount.units() % lot.units() != 0 => Err(Refusal::OffLot { amount, lot }),
            _ => i64::try_from(amount.units() / lot.units()).or(Err(Refusal::Overflow)),
        }
    }

    fn whole_amount(&self, amount: Money) -> Result<i64, Refusal> {
        let lots = self.whole_lots(amount)?;
        match (self.rules.min_amount, self.rules.max_amount) {
            (Some(minimum), _) if amount < minimum => Err(Refusal::BelowMinimum { amount, minimum }),
            (_, Some(maximum)) if amount > maximum => Err(Refusal::AboveMaximum { amount, maximum }),
            _ => Ok(lots),
        }
    }

    fn not_too_many_slices(&self, display: Option<i64>, lots: i64) -> Result<(), Refusal> {
        let Some(slice) = display else { return Ok(()) };
        let slices = |slice: i128| (i128::from(lots) + slice - 1) / slice;
        if slices(i128::from(slice)) <= i128::from(SLICES) {
            return Ok(());
        }
        // One lot less would be a slice too many.
        let least = slices(i128::from(SLICES));
        let (display, amount) = (self.quantity(slice), self.quantity(lots));
        Err(Refusal::TooManySlices { display, amount, least: Money::known_to_fit(least * self.rules.lot.units()) })
    }

    fn worth_enough(&self, price: i64, lots: i64) -> Result<(), Refusal> {
        let product = self.price(price).units().checked_mul(self.quantity(lots).units()).ok_or(Refusal::Overflow)?;
        let notional = Money::from_units(product / UNITS)?;
        match self.rules.min_notional {
            Some(minimum) if notional < minimum => Err(Refusal::BelowMinimumNotional { notional, minimum }),
            _ => Ok(()),
        }
    }

    fn inside_band(&self, price: i64) -> Result<(), Refusal> {
        match self.band() {
            Some((low, high)) if !self.rules.band_halts && !(low..=high).contains(&i128::from(price)) => {
                let sum = |ticks: i128| Sum::from_units(ticks * self.rules.tick.units());
                Err(Refusal::OutsideBand { price: self.price(price), low: sum(low), high: sum(high) })
            }
            _ => Ok(()),
        }
    }

    /// The lowest and the highest price that is not further from the last one than the band allows.
    pub(super) fn band(&self) -> Option<(i128, i128)> {
        let (width, last) = (i128::from(self.rules.price_band?.units()), i128::from(self.last_price?));
        let away = last * width / UNITS;
        Some((last - away, last + away))
    }

    /// Refuses when the owner has less available than `needed`.
    pub(super) fn can_pay(&self, order: &OrderState, needed: Money) -> Result<(), Refusal> {
        let available = Money::known_to_fit(self.held(order.user, super::cash::pays_in(order.side)).available);
        if needed > available {
            return Err(Refusal::InsufficientFunds { side: order.side, needed, available });
        }
        Ok(())
    }
}

/// Whether the arguments go together. What is wrong is not spelled out as the engine does: a test that
/// cares about the words says so.
fn fits_together(new: &NewOrder, now: i64) -> Result<(), Refusal> {
    use {OrderType::*, TimeInForce::*};
    let wrong = |what| Err(Refusal::Combination(what));
    let limited = matches!(new.order_type, Limit | StopLimit);
    let waits = matches!(new.order_type, Stop | StopLimit);
    let stays = matches!(new.time_in_force, Gtc | Gtd);
    match new.price {
        None if limited => return Err(Refusal::Missing("price")),
        Some(_) if !limited => return wrong("price"),
        _ => {}
    }
    match new.stop_price {
        None if waits => return Err(Refusal::Missing("stop_price")),
        Some(_) if !waits => return wrong("stop_price"),
        _ => {}
    }
    match (new.amount, new.quote_amount) {
        (None, None) => return Err(Refusal::Missing("amount")),
        (Some(_), Some(_)) => return wrong("amount and quote_amount"),
        (None, Some(_)) if new.order_type != Market || new.side == Side::Sell || new.time_in_force == Fok => {
            return wrong("quote_amount");
        }
        _ => {}
    }
    if new.time_in_force == Gtd && !limited {
        return wrong("gtd");
    }
    if new.post_only && !(limited && stays) {
        return wrong("post_only");
    }
    if new.display_amount.is_some() && !(limited && stays) {
        return wrong("display_amount");
    }
    match new.expires_at {
        Some(_) if new.time_in_force != Gtd => wrong("expires_at"),
        None if new.time_in_force == Gtd => Err(Refusal::Missing("expires_at")),
        Some(expires_at) if expires_at <= now => Err(Refusal::Expired { expires_at, now }),
        _ => Ok(()),
    }
}
