//! Whoever takes commands.

use ids::{AssetId, OrderId, UserId};
use matching::{
    Accounts, Balance, Market, MarketStatus, NewOrder, OrderType, Rates, Rules, SelfTrade, Side, TimeInForce,
};
use money::{Money, Rate};
use orderbook_rs::OrderBook;
use pricelevel::Id;

use crate::flow::{Command, Order};

/// Takes commands, and what became of them out of the way.
pub trait Venue {
    /// Its name in reports.
    const NAME: &'static str;

    /// An empty book.
    fn new() -> Self;

    /// Does what is asked; refusals do not happen in these flows.
    fn run(&mut self, command: Command);

    /// Hands over what has changed, as a caller does after a batch.
    fn flush(&mut self);
}

/// The core of pg_bourse: book, balances, commissions.
pub struct Core {
    market: Market,
    accounts: Accounts,
}

/// A tenth of a percent for makers, two for takers.
const RATES: Rates = Rates { maker: rate(100_000), taker: rate(200_000) };

const fn rate(units: i64) -> Rate {
    match Rate::from_units(units) {
        Ok(rate) => rate,
        Err(_) => panic!("no rate"),
    }
}

impl Core {
    fn place(&mut self, order: Order, time_in_force: TimeInForce) {
        let new = NewOrder {
            id: OrderId(order.id),
            user: UserId(order.user),
            side: order.side,
            price: Some(self.market.rules.price(order.price)),
            amount: Some(self.market.rules.quantity(order.lots)),
            quote_amount: None,
            order_type: OrderType::Limit,
            time_in_force,
            self_trade: SelfTrade::CancelTaker,
            post_only: false,
            stop_price: None,
            display_amount: None,
            expires_at: None,
            rates: RATES,
        };
        let placed = self.market.place(&mut self.accounts, &new);
        debug_assert!(placed.is_ok(), "{placed:?}");
    }
}

impl Venue for Core {
    const NAME: &'static str = "matching";

    fn new() -> Core {
        let rules = Rules {
            tick: Money::known_to_fit(1_000_000),
            lot: Money::known_to_fit(100),
            min_amount: None,
            max_amount: None,
            min_notional: None,
            price_band: None,
            band_halts: false,
            status: MarketStatus::Open,
        };
        let mut accounts = Accounts::new();
        for user in 1..=1_000 {
            for asset in [AssetId(0), AssetId(1)] {
                let balance = Balance { available: Money::whole(100_000_000), locked: Money::ZERO };
                accounts.load(UserId(user), asset, balance);
            }
        }
        Core { market: Market::new(rules, AssetId(0), AssetId(1), 0, 0, None), accounts }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::Rest(order) => self.place(order, TimeInForce::Gtc),
            Command::Take(order) => self.place(order, TimeInForce::Ioc),
            Command::Cancel(id) => {
                let _gone_already = self.market.cancel(&mut self.accounts, OrderId(id));
            }
        }
    }

    fn flush(&mut self) {
        std::hint::black_box((
            self.market.book.drain_changed(),
            self.market.drain_trades(),
            self.accounts.drain_changed(),
        ));
    }
}

/// The peer: `orderbook-rs`, a lock-free book without money.
pub struct Peer {
    book: OrderBook<()>,
}

impl Peer {
    fn place(&self, order: Order, time_in_force: pricelevel::TimeInForce) {
        let side = match order.side {
            Side::Buy => pricelevel::Side::Buy,
            Side::Sell => pricelevel::Side::Sell,
        };
        let (id, price, lots) = (Id::from_u64(order.id as u64), order.price as u128, order.lots as u64);
        let _rest_of_ioc = self.book.add_limit_order(id, price, lots, side, time_in_force, None);
    }
}

impl Venue for Peer {
    const NAME: &'static str = "orderbook-rs";

    fn new() -> Peer {
        Peer { book: OrderBook::new("BTC-USD") }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::Rest(order) => self.place(order, pricelevel::TimeInForce::Gtc),
            Command::Take(order) => self.place(order, pricelevel::TimeInForce::Ioc),
            Command::Cancel(id) => {
                let _gone_already = self.book.cancel_order(Id::from_u64(id as u64));
            }
        }
    }

    fn flush(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Flow;

    /// Bids and offers that are left: the two venues have done the same.
    #[test]
    fn both_venues_do_the_same() {
        let (mut core, mut peer, mut flow) = (Core::new(), Peer::new(), Flow::default());
        for _ in 0..20_000 {
            let command = flow.mixed();
            core.run(command);
            peer.run(command);
            let best = |side| core.market.book.best(side).map(|price| price as u128);
            assert_eq!((best(Side::Buy), best(Side::Sell)), (peer.book.best_bid(), peer.book.best_ask()));
        }
        assert!(core.market.sequence > 1_000);
    }
}
