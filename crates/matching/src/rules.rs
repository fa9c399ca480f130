//! The rules of one market.

use money::{Money, ONE, Rate, Sum, round};

use crate::bounds::SLICES;
use crate::order::{OrderState, OrderType, Side, Status, Terms, TimeInForce};
use crate::{MarketStatus, NewOrder, Rates, Refusal};

/// The rules of a market, all from its row. tick × lot is a multiple of 1e-8 and at
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
    /// How far from the last price a trade may be, as a fraction of it.
    pub price_band: Option<Rate>,
    /// What leaving the band does: halt the market, or refuse the order.
    pub band_halts: bool,
    /// What the market lets happen now.
    pub status: MarketStatus,
}

impl Rules {
    /// Whether tick × lot is a multiple of 1e-8 within `NUMERIC(20,8)`, so that every notional is exact.
    #[must_use]
    pub fn exact(tick: Money, lot: Money) -> bool {
        let unit = tick.units().checked_mul(lot.units()).filter(|product| product % ONE == 0);
        let positive = tick > Money::ZERO && lot > Money::ZERO;
        positive && unit.is_some_and(|product| Money::from_units(product / ONE).is_ok())
    }

    /// Price × quantity of `price` ticks and `amount` lots.
    pub fn notional(&self, price: i64, amount: i64) -> Result<Money, Refusal> {
        let units = (price as i128 * amount as i128).checked_mul(self.unit()).ok_or(Refusal::Overflow)?;
        Ok(Money::from_units(units)?)
    }

    /// Price × quantity of a part of an order whose notional has been admitted: it fits.
    #[must_use]
    pub fn value(&self, price: i64, amount: i64) -> Money {
        Money::known_to_fit(price as i128 * amount as i128 * self.unit())
    }

    /// Price × quantity at a price for which it has not been admitted.
    #[must_use]
    pub fn worth(&self, price: i64, amount: i64) -> Sum {
        Sum::from_units(price as i128 * amount as i128 * self.unit())
    }

    /// One tick × one lot, in units of 1e-8.
    fn unit(&self) -> i128 {
        round::quotient(self.tick.units() * self.lot.units(), ONE)
    }

    /// What a live order with `remaining` lots to go must lock: base for a sell; for a buy the
    /// notional at its limit and the larger commission on it.
    pub fn reserve(&self, side: Side, price: i64, remaining: i64, rates: Rates) -> Result<Money, Refusal> {
        match side {
            Side::Sell => Ok(self.quantity(remaining)),
            Side::Buy => {
                let notional = self.notional(price, remaining)?;
                Ok(notional.plus(notional.commission(rates.reserve()))?)
            }
        }
    }

    /// What this order must lock as it stands: by its limit, or by its trigger when it is a stop without one.
    pub fn reserve_of(&self, order: &OrderState) -> Result<Money, Refusal> {
        let price = order.price.or(order.terms.stop_price).unwrap_or_default();
        self.reserve(order.side, price, order.remaining(), order.rates)
    }

    /// A price in ticks as money.
    #[must_use]
    pub fn price(&self, ticks: i64) -> Money {
        Money::known_to_fit(ticks as i128 * self.tick.units())
    }

    /// A quantity in lots as money.
    #[must_use]
    pub fn quantity(&self, lots: i64) -> Money {
        Money::known_to_fit(lots as i128 * self.lot.units())
    }

    /// A quantity in lots that several orders add up to.
    #[must_use]
    pub fn total(&self, lots: i64) -> Sum {
        Sum::from_units(lots as i128 * self.lot.units())
    }

    /// A price in ticks; refused when it is not positive or off the tick.
    pub fn ticks(&self, price: Money) -> Result<i64, Refusal> {
        if price <= Money::ZERO {
            return Err(Refusal::PriceNotPositive(price));
        }
        if price.units() % self.tick.units() != 0 {
            return Err(Refusal::OffTick { price, tick: self.tick });
        }
        i64::try_from(price.units() / self.tick.units()).map_err(|_| Refusal::Overflow)
    }

    /// A price in whole ticks, cut off: for the last price, which may be from before a change of the tick.
    #[must_use]
    pub fn whole_ticks(&self, price: Money) -> i64 {
        i64::try_from(price.units() / self.tick.units()).unwrap_or(i64::MAX)
    }

    /// A quantity in lots; refused when it is not positive or off the lot.
    pub fn lots(&self, amount: Money) -> Result<i64, Refusal> {
        if amount <= Money::ZERO {
            return Err(Refusal::AmountNotPositive(amount));
        }
        if amount.units() % self.lot.units() != 0 {
            return Err(Refusal::OffLot { amount, lot: self.lot });
        }
        i64::try_from(amount.units() / self.lot.units()).map_err(|_| Refusal::Overflow)
    }

    /// The order as the book would keep it, nothing filled. Checks everything about a new order but its
    /// status, price band, funds and the book.
    pub fn admit(&self, new: &NewOrder, now: i64) -> Result<OrderState, Refusal> {
        combination(new, now)?;
        let price = new.price.map(|p| self.ticks(p)).transpose()?;
        let stop_price = new.stop_price.map(|p| self.ticks(p)).transpose()?;
        let amount = new.amount.map(|a| self.admit_amount(a)).transpose()?.unwrap_or(0);
        if let Some(budget) = new.quote_amount.filter(|q| *q <= Money::ZERO) {
            return Err(Refusal::AmountNotPositive(budget));
        }
        let display = new.display_amount.map(|d| self.lots(d)).transpose()?;
        if let (Some(shown), Some(display), Some(whole)) = (display, new.display_amount, new.amount)
            && shown > amount
        {
            return Err(Refusal::DisplayAboveAmount { display, amount: whole });
        }
        self.require_few_slices(display, amount)?;
        if let Some(price) = price {
            self.admit_notional(price, amount)?;
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
            status: if stop_price.is_some() { Status::Pending } else { Status::Open },
            cancel_reason: None,
        };
        order.visible = order.slice();
        Ok(order)
    }

    /// A quantity in lots, checked against the limits of the market.
    pub fn admit_amount(&self, amount: Money) -> Result<i64, Refusal> {
        let lots = self.lots(amount)?;
        if let Some(minimum) = self.min_amount.filter(|m| amount < *m) {
            return Err(Refusal::BelowMinimum { amount, minimum });
        }
        if let Some(maximum) = self.max_amount.filter(|m| amount > *m) {
            return Err(Refusal::AboveMaximum { amount, maximum });
        }
        Ok(lots)
    }

    /// Refuses an iceberg of more slices than one may have.
    pub fn require_few_slices(&self, display: Option<i64>, amount: i64) -> Result<(), Refusal> {
        match display {
            Some(display) if amount > display.saturating_mul(SLICES) => {
                let least = self.quantity((amount - 1) / SLICES + 1);
                Err(Refusal::TooManySlices { display: self.quantity(display), amount: self.quantity(amount), least })
            }
            _ => Ok(()),
        }
    }

    /// Price × quantity, checked against the minimum of the market.
    pub fn admit_notional(&self, price: i64, amount: i64) -> Result<Money, Refusal> {
        let notional = self.notional(price, amount)?;
        match self.min_notional.filter(|m| notional < *m) {
            Some(minimum) => Err(Refusal::BelowMinimumNotional { notional, minimum }),
            None => Ok(notional),
        }
    }

    /// The lowest and the highest price of the band around the last price, in ticks.
    #[must_use]
    pub fn band(&self, last_price: Option<i64>) -> Option<(i64, i64)> {
        let (band, last) = (i128::from(self.price_band?.units()), i128::from(last_price?));
        let low = (last * (ONE - band) + ONE - 1).div_euclid(ONE);
        let high = (last * (ONE + band)).div_euclid(ONE);
        Some((low as i64, i64::try_from(high).unwrap_or(i64::MAX)))
    }

    /// Refuses a limit price outside the band, where the market refuses instead of halting.
    pub fn require_in_band(&self, price: i64, last_price: Option<i64>) -> Result<(), Refusal> {
        match self.band(last_price).filter(|_| !self.band_halts) {
            Some((low, high)) if price < low || price > high => {
                // The upper end may lie beyond every price.
                let end = |ticks: i64| Sum::from_units(ticks as i128 * self.tick.units());
                Err(Refusal::OutsideBand { price: self.price(price), low: end(low), high: end(high) })
            }
            _ => Ok(()),
        }
    }

    /// Whether this order may arrive now: in an auction only one that can wait for it.
    pub fn takes(&self, new: &NewOrder) -> Result<(), Refusal> {
        let waits = matches!(new.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd)
            && !new.post_only
            && new.order_type != OrderType::Market;
        match self.status {
            MarketStatus::Open => Ok(()),
            MarketStatus::Auction if waits => Ok(()),
            other => Err(Refusal::MarketNotOpen(other)),
        }
    }

    /// Whether orders may be amended now.
    pub fn takes_amends(&self) -> Result<(), Refusal> {
        match self.status {
            MarketStatus::Open | MarketStatus::Auction => Ok(()),
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

/// Refuses arguments that do not go together.
fn combination(new: &NewOrder, now: i64) -> Result<(), Refusal> {
    let has_limit = matches!(new.order_type, OrderType::Limit | OrderType::StopLimit);
    let is_stop = matches!(new.order_type, OrderType::Stop | OrderType::StopLimit);
    let rests = matches!(new.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd);
    let refuse = |wrong: bool, what| if wrong { Err(Refusal::Combination(what)) } else { Ok(()) };
    let require = |given: bool, what| if given { Ok(()) } else { Err(Refusal::Missing(what)) };
    if has_limit {
        require(new.price.is_some(), "price")?;
    } else {
        refuse(new.price.is_some(), "price with a market or stop order")?;
    }
    if is_stop {
        require(new.stop_price.is_some(), "stop_price")?;
    } else {
        refuse(new.stop_price.is_some(), "stop_price without a stop order")?;
    }
    let takes_budget = new.order_type == OrderType::Market && new.side == Side::Buy;
    refuse(new.quote_amount.is_some() && !takes_budget, "quote_amount without a market buy")?;
    refuse(new.quote_amount.is_some() && new.amount.is_some(), "amount and quote_amount")?;
    require(new.amount.is_some() || new.quote_amount.is_some(), "amount")?;
    let kill = new.time_in_force == TimeInForce::Fok;
    refuse(kill && new.quote_amount.is_some(), "fok with quote_amount")?;
    let dated = new.time_in_force == TimeInForce::Gtd;
    refuse(dated && !has_limit, "gtd with a market or stop order")?;
    refuse(new.post_only && !(has_limit && rests), "post_only with an order that cannot rest")?;
    refuse(new.display_amount.is_some() && !(has_limit && rests), "display_amount with an order that cannot rest")?;
    refuse(new.expires_at.is_some() && !dated, "expires_at without gtd")?;
    match new.expires_at {
        None => require(!dated, "expires_at"),
        Some(expires_at) if expires_at <= now => Err(Refusal::Expired { expires_at, now }),
        Some(_) => Ok(()),
    }
}
