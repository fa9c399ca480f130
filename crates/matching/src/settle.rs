//! The money of one fill.

use money::{Money, Rate};

use crate::book::Owner;
use crate::{Accounts, OrderState, Rules};

/// One side of a fill while it is settled.
pub struct Party<'a> {
    /// Its order.
    pub order: &'a mut OrderState,
    /// The balances that it moves.
    pub owner: Owner,
    /// The rate that it is charged.
    pub rate: Rate,
    /// The least that it is charged: a rebate is paid out of the other side's commission, never by the house.
    pub least: Money,
}

/// The buyer pays price × quantity and commission out of what the order has reserved, receives the quantity, and
/// gets back what the rest of the order no longer needs. Returns the commission.
///
/// Commission is rounded per fill, what is reserved for it once: many small fills can round up to more than was
/// reserved. The house forgoes that dust; no fill ever takes more than the order has locked.
pub fn buy(accounts: &mut Accounts, rules: &Rules, buyer: Party<'_>, price: i64, lots: i64) -> Money {
    let order = buyer.order;
    let paid = rules.value(price, lots);
    order.filled += lots;
    let charge = paid.commission(buyer.rate).max(buyer.least);
    let (commission, keep) = match order.price {
        Some(limit) => {
            let rest = rules.value(limit, order.remaining());
            let commission = charge.min(order.reserved - paid - rest);
            let target = rest + rest.commission(order.rates.reserve());
            (commission, target.min(order.reserved - paid - commission))
        }
        // A market order has reserved exactly what its fills cost.
        None => (charge, order.reserved - paid - charge),
    };
    let released = order.reserved - paid - commission - keep;
    order.reserved = keep;
    accounts.pay(buyer.owner.quote, paid + commission);
    accounts.release(buyer.owner.quote, released);
    accounts.credit(buyer.owner.base, rules.quantity(lots));
    commission
}

/// The seller delivers the quantity out of what the order has reserved and receives price × quantity less
/// commission. Returns the commission.
pub fn sell(accounts: &mut Accounts, rules: &Rules, seller: Party<'_>, price: i64, lots: i64) -> Money {
    let order = seller.order;
    let (quantity, value) = (rules.quantity(lots), rules.value(price, lots));
    order.filled += lots;
    let commission = value.commission(seller.rate).max(seller.least);
    order.reserved -= quantity;
    accounts.pay(seller.owner.base, quantity);
    accounts.credit(seller.owner.quote, value - commission);
    commission
}
