//! The market beside the naive model: the same answers, orders, trades and money, command by command.

use ids::{AssetId, OrderId, UserId};
use matching::reference::{Asset, Reference};
use matching::{
    Accounts, Balance, Market, MarketStatus, NewOrder, OrderType, Rates, Refusal, Rules, SelfTrade, Side, TimeInForce,
};
use money::{Money, Rate};

use crate::bytes::Bytes;

const BASE: AssetId = AssetId(1);
const QUOTE: AssetId = AssetId(2);
const USERS: i64 = 3;

/// Few prices and users, so that orders meet.
pub fn matching(data: &[u8]) {
    let mut bytes = Bytes(data);
    let rules = Rules {
        tick: Money::known_to_fit(1_000_000),
        lot: Money::known_to_fit(100_000_000),
        min_amount: None,
        max_amount: None,
        min_notional: None,
        price_band: None,
        band_halts: false,
        status: MarketStatus::Open,
    };
    let (mut market, mut accounts) = (Market::new(rules, BASE, QUOTE, 0, 0, None), Accounts::new());
    let mut model = Reference::new(rules, None);
    let funds = Money::whole(if bytes.below(2) == 0 { 20 } else { 1000 });
    for user in (1..=USERS).map(UserId) {
        for (asset, of_model) in [(BASE, Asset::Base), (QUOTE, Asset::Quote)] {
            accounts.load(user, asset, Balance { available: funds, locked: Money::ZERO });
            model.set_balance(user, of_model, funds);
        }
    }
    let mut trades = Vec::new();
    for id in 1..60 {
        if bytes.is_over() {
            break;
        }
        let known = OrderId(1 + i64::from(bytes.below(60)));
        let (answer, expected) = match bytes.below(8) {
            0 => (market.cancel(&mut accounts, known), model.cancel(known)),
            1 => {
                let price = (bytes.below(2) == 0).then(|| price(&mut bytes));
                let amount = (bytes.below(2) == 0).then(|| bytes.amount());
                (market.amend(&mut accounts, known, price, amount), model.amend(known, price, amount))
            }
            _ => {
                let order = order(&mut bytes, OrderId(id));
                (market.place(&mut accounts, &order), model.place(&order))
            }
        };
        assert_eq!(format!("{:?}", answer.map_err(told)), format!("{:?}", expected.map_err(told)));
        trades.extend(market.drain_trades());
        assert_eq!(format!("{trades:?}"), format!("{:?}", model.trades()));
        same_money(&accounts, &model);
    }
}

/// Which of several things that are wrong with an order is named, is not promised.
fn told(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Combination(_) | Refusal::Missing(_) | Refusal::Expired { .. } => Refusal::Combination(""),
        other => other,
    }
}

fn same_money(accounts: &Accounts, model: &Reference) {
    for ((user, asset), expected) in model.balances() {
        let asset = if asset == Asset::Base { BASE } else { QUOTE };
        assert_eq!(accounts.balance(user, asset), expected, "{user:?} {asset:?}");
    }
}

fn price(bytes: &mut Bytes) -> Money {
    Money::known_to_fit(100_000_000 + i128::from(bytes.below(8)) * 1_000_000)
}

fn order(bytes: &mut Bytes, id: OrderId) -> NewOrder {
    let order_type = bytes.pick(&[
        OrderType::Limit,
        OrderType::Limit,
        OrderType::Limit,
        OrderType::Market,
        OrderType::Stop,
        OrderType::StopLimit,
    ]);
    let has_price = matches!(order_type, OrderType::Limit | OrderType::StopLimit) != (bytes.below(30) == 29);
    let is_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
    let amount = if bytes.below(10) == 9 { bytes.amount() } else { Money::whole(1 + i64::from(bytes.below(5))) };
    NewOrder {
        id,
        user: UserId(1 + i64::from(bytes.below(USERS as u8))),
        side: bytes.pick(&[Side::Buy, Side::Sell]),
        price: has_price.then(|| price(bytes)),
        amount: Some(amount),
        quote_amount: None,
        order_type,
        time_in_force: bytes.pick(&[TimeInForce::Gtc, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok]),
        self_trade: bytes.pick(&[
            SelfTrade::None,
            SelfTrade::CancelTaker,
            SelfTrade::CancelMaker,
            SelfTrade::CancelBoth,
            SelfTrade::Decrement,
        ]),
        post_only: bytes.below(10) == 9,
        stop_price: is_stop.then(|| price(bytes)),
        display_amount: (bytes.below(6) == 5).then(|| Money::whole(1)),
        expires_at: None,
        rates: Rates { maker: rate(bytes), taker: Rate::from_units(1_500_000).unwrap_or(Rate::ZERO) },
    }
}

fn rate(bytes: &mut Bytes) -> Rate {
    Rate::from_units(bytes.pick(&[0, 1_500_000, -500_000, 1])).unwrap_or(Rate::ZERO)
}
