//! The money of the model: what is locked, paid, charged and released.

use ids::{OrderId, UserId};
use money::Money;

use super::{Asset, Holding, Reference, TOO_MUCH, UNITS, lots_left};
use crate::{OrderState, Rates, Refusal, Side, Status, Trade};

impl Reference {
    /// One trade between an order that rests and one that arrives. Their quantities and slices are the
    /// caller's business, except what is filled.
    pub(super) fn trade(&mut self, maker: OrderId, taker: OrderId, lots: i64, price: i64) {
        let (resting, arriving) = (self.get(maker), self.get(taker));
        let value = self.worth(price, lots);
        let taker_fee =
            self.without_dust(&arriving, lots, value, round(value * i128::from(arriving.rates.taker.units())));
        let charge = round(value * i128::from(resting.rates.maker.units()));
        // The house never gives a maker more than the taker pays.
        let maker_fee = self.without_dust(&resting, lots, value, charge.max(-taker_fee));
        for (order, fee) in [(resting, maker_fee), (arriving, taker_fee)] {
            match order.side {
                Side::Buy => self.bought(&order, lots, value + fee),
                Side::Sell => self.sold(&order, lots, value - fee),
            }
        }
        let (buyer_fee, seller_fee) =
            if arriving.side == Side::Buy { (taker_fee, maker_fee) } else { (maker_fee, taker_fee) };
        self.last_price = Some(price);
        self.trades.push(Trade {
            sequence: self.trades.len() as i64 + 1,
            maker,
            taker,
            taker_side: arriving.side,
            price,
            amount: lots,
            buyer_commission: Money::known_to_fit(buyer_fee),
            seller_commission: Money::known_to_fit(seller_fee),
        });
    }

    /// What an order is charged: a limit buy never more than it has locked beyond its price.
    fn without_dust(&self, order: &OrderState, lots: i64, value: i128, fee: i128) -> i128 {
        match (order.side, order.price) {
            (Side::Buy, Some(limit)) => {
                fee.min(order.reserved.units() - value - self.worth(limit, lots_left(order) - lots))
            }
            _ => fee,
        }
    }

    fn bought(&mut self, buyer: &OrderState, lots: i64, paid: i128) {
        let mut kept = 0;
        if let Some(limit) = buyer.price {
            let left = buyer.reserved.units() - paid;
            let rest = self.worth(limit, lots_left(buyer) - lots);
            kept = left.min(rest + round(rest * larger(buyer.rates)));
            self.account(buyer.user, Asset::Quote).locked -= buyer.reserved.units() - kept;
            self.account(buyer.user, Asset::Quote).available += left - kept;
        } else {
            self.account(buyer.user, Asset::Quote).available -= paid;
        }
        let quantity = self.quantity(lots).units();
        self.account(buyer.user, Asset::Base).available += quantity;
        self.progress(buyer.id, lots, kept);
    }

    fn sold(&mut self, seller: &OrderState, lots: i64, received: i128) {
        let quantity = self.quantity(lots).units();
        self.account(seller.user, Asset::Base).locked -= quantity;
        self.account(seller.user, Asset::Quote).available += received;
        self.progress(seller.id, lots, seller.reserved.units() - quantity);
    }

    fn progress(&mut self, id: OrderId, lots: i64, reserved: i128) {
        let order = self.get_mut(id);
        order.filled += lots;
        order.reserved = Money::known_to_fit(reserved);
        if order.filled == order.amount {
            order.status = Status::Filled;
            order.visible = 0;
        }
    }

    /// The order is smaller by so many lots: it locks no more than the rest needs, and never more than before.
    pub(super) fn shrink(&mut self, id: OrderId, lots: i64) {
        let old = self.get(id);
        let rest = lots_left(&old) - lots;
        let needs = match (old.side, old.price) {
            (Side::Sell, _) => self.quantity(rest).units(),
            (Side::Buy, Some(limit)) => {
                let notional = self.worth(limit, rest);
                notional + round(notional * larger(old.rates))
            }
            (Side::Buy, None) => 0,
        };
        let kept = needs.min(old.reserved.units());
        self.move_locked(&old, old.reserved.units() - kept);
        let order = self.get_mut(id);
        order.amount -= lots;
        order.visible = order.visible.min(rest);
        order.reserved = Money::known_to_fit(kept);
    }

    /// What a buy of so many lots locks when each costs at most `dearest`.
    pub(super) fn buy_reserve(&self, order: &OrderState, dearest: i64, lots: i64) -> Result<Money, Refusal> {
        let product = self.price(dearest).units().checked_mul(self.quantity(lots).units()).ok_or(Refusal::Overflow)?;
        let notional = product / UNITS;
        if notional >= TOO_MUCH {
            return Err(Refusal::Overflow);
        }
        let all = notional + round(notional * larger(order.rates));
        if all < TOO_MUCH { Ok(Money::known_to_fit(all)) } else { Err(Refusal::Overflow) }
    }

    /// Frees `units` of what the order's owner has locked for it; locks when negative.
    pub(super) fn move_locked(&mut self, order: &OrderState, units: i128) {
        let account = self.account(order.user, pays_in(order.side));
        account.locked -= units;
        account.available += units;
    }

    pub(super) fn held(&self, user: UserId, asset: Asset) -> Holding {
        self.holdings.get(&(user, asset)).copied().unwrap_or_default()
    }

    pub(super) fn price(&self, ticks: i64) -> Money {
        Money::known_to_fit(i128::from(ticks) * self.rules.tick.units())
    }

    pub(super) fn quantity(&self, lots: i64) -> Money {
        Money::known_to_fit(i128::from(lots) * self.rules.lot.units())
    }

    /// Price × quantity in units of the quote asset; exact, because tick × lot is.
    pub(super) fn worth(&self, price: i64, lots: i64) -> i128 {
        self.price(price).units() * self.quantity(lots).units() / UNITS
    }
}

pub(super) fn pays_in(side: Side) -> Asset {
    if side == Side::Buy { Asset::Quote } else { Asset::Base }
}

/// The rate that a buy reserves for.
fn larger(rates: Rates) -> i128 {
    [0, rates.maker.units(), rates.taker.units()].into_iter().max().map_or(0, i128::from)
}

/// A product of units and a rate, in units: half away from zero.
pub(super) fn round(product: i128) -> i128 {
    product.signum() * ((2 * product.abs() + UNITS) / (2 * UNITS))
}
