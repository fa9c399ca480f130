//! A new order as it comes from SQL, and the ticket that it becomes when every argument can be read.

use matching::{Money, NewOrder, OrderId, OrderType, SelfTrade, Side, TimeInForce, UserId};

use super::refusals::{not_supported, overflow};
use crate::error::{Answer, Failure};
use crate::pg::numeric::{Inexact, Numeric};
use crate::pg::value::Timestamp;

/// The arguments of a new order, as they came.
pub struct Request<'a> {
    pub user_id: Option<i64>,
    pub symbol: Option<&'a str>,
    pub side: Option<&'a str>,
    pub price: Option<Numeric>,
    pub amount: Option<Numeric>,
    pub order_type: Option<&'a str>,
    pub time_in_force: Option<&'a str>,
    pub client_order_id: Option<&'a str>,
    pub stop_price: Option<Numeric>,
    pub display_amount: Option<Numeric>,
    pub quote_amount: Option<Numeric>,
    pub post_only: Option<bool>,
    pub expires_at: Option<Timestamp>,
    pub self_trade_prevention: Option<&'a str>,
}

/// A new order whose arguments are all well formed.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub user: UserId,
    pub symbol: String,
    pub side: Side,
    pub price: Money,
    pub amount: Money,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTrade,
    pub client_order_id: Option<String>,
}

impl Request<'_> {
    /// Reads every argument; refuses what is missing, malformed or not supported yet.
    pub fn ticket(&self) -> Answer<Ticket> {
        let user = UserId(self.user_id.ok_or_else(|| Failure::null("user_id"))?);
        let symbol = self.symbol.ok_or_else(|| Failure::null("symbol"))?.to_owned();
        let side = self.side.ok_or_else(|| Failure::null("side"))?;
        let side = Side::parse(side).ok_or_else(|| one_of("Invalid order side", side, "A side is buy or sell."))?;
        let time_in_force = self.supported_terms()?;
        let self_trade = word(self.self_trade_prevention, "cancel_taker", "self_trade_prevention", SelfTrade::parse)?;
        let price = exact("price", self.price)?;
        let amount = exact("amount", self.amount)?;
        let client_order_id = self.client_order_id.map(client_order_id).transpose()?;
        Ok(Ticket { user, symbol, side, price, amount, time_in_force, self_trade, client_order_id })
    }

    /// Refuses what later order types need; returns the time in force.
    fn supported_terms(&self) -> Answer<TimeInForce> {
        let order_type = word(self.order_type, "limit", "order_type", OrderType::parse)?;
        let time_in_force = word(self.time_in_force, "gtc", "time_in_force", TimeInForce::parse)?;
        let used = [
            ("order_type", order_type != OrderType::Limit),
            ("time_in_force", !matches!(time_in_force, TimeInForce::Gtc | TimeInForce::Ioc)),
            ("stop_price", self.stop_price.is_some()),
            ("display_amount", self.display_amount.is_some()),
            ("quote_amount", self.quote_amount.is_some()),
            ("post_only", self.post_only == Some(true)),
            ("expires_at", self.expires_at.is_some()),
        ];
        match used.iter().find(|(_, used)| *used) {
            Some((feature, _)) => Err(not_supported(feature)),
            None => Ok(time_in_force),
        }
    }
}

impl Ticket {
    /// The order that the core is given.
    pub fn order(&self, id: OrderId) -> NewOrder {
        NewOrder {
            id,
            user: self.user,
            side: self.side,
            price: self.price,
            amount: self.amount,
            order_type: OrderType::Limit,
            time_in_force: self.time_in_force,
            self_trade: self.self_trade,
        }
    }

    /// Whether a repeated client_order_id asks for the very same order.
    pub fn same_body(&self, other: &Ticket) -> bool {
        let body = |t: &Ticket| (t.side, t.price, t.amount, t.time_in_force, t.self_trade);
        self.symbol == other.symbol && body(self) == body(other)
    }
}

/// An exact amount; refuses NULL, NaN, infinity, more than 8 decimals and what NUMERIC(20,8) cannot hold.
pub fn exact(name: &str, number: Option<Numeric>) -> Answer<Money> {
    let number = number.ok_or_else(|| Failure::null(name))?;
    number.money().map_err(|inexact| match inexact {
        Inexact::NotANumber | Inexact::Infinite => {
            Failure::invalid(format!("{name} is {number}"), format!("Give a finite {name}."))
        }
        Inexact::TooFine => Failure::invalid(
            format!("{name} {number} has more than 8 decimals"),
            format!("Round the {name} to 8 decimals or fewer."),
        ),
        Inexact::TooLarge => overflow(&format!("{name} {number}")),
    })
}

pub fn client_order_id(id: &str) -> Answer<String> {
    if id.is_empty() || id.chars().count() > 64 {
        return Err(Failure::invalid(
            format!("client_order_id {id:?} has {} characters", id.chars().count()),
            "A client_order_id has 1 to 64 characters.",
        ));
    }
    Ok(id.to_owned())
}

/// A word out of a fixed list; NULL stands for the default.
fn word<T>(given: Option<&str>, default: &str, name: &str, parse: fn(&str) -> Option<T>) -> Answer<T> {
    let given = given.unwrap_or(default);
    let hint = "order_type: limit, market, stop, stop_limit; time_in_force: gtc, ioc, fok, gtd; \
                self_trade_prevention: none, cancel_taker, cancel_maker, cancel_both, decrement.";
    parse(given).ok_or_else(|| one_of(&format!("Invalid {name}"), given, hint))
}

fn one_of(message: &str, given: &str, hint: &str) -> Failure {
    Failure::invalid(format!("{message}: {given:?}"), hint)
}
