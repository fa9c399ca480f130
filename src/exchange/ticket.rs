//! A new order as it comes from SQL, and the ticket that it becomes when every argument can be read.

use ids::{OrderId, UserId};
use matching::{NewOrder, OrderType, Rates, SelfTrade, Side, TimeInForce};
use money::Money;

use super::fields::{order_commands, orders};
use super::refusals::TOO_LARGE;
use crate::bourse::amounts;
use crate::error::{Answer, Failure, clip};
use crate::pg::arguments::{Argument, Arguments};
use crate::pg::fields::{Bool, Field, Int, Numeric, Text, Time};
use crate::pg::numeric;
use crate::pg::row::Row;
use crate::pg::value::Timestamp;

/// Declares the arguments of a new order, and from where they come: each once, in the order of `place_order()`.
macro_rules! order_arguments {
    ($($name:ident: $kind:ident),+ $(,)?) => {
        /// The arguments of a new order, as they came.
        pub struct OrderArguments<'a> {
            $(pub $name: Option<<$kind as Field>::Of<'a>>),+
        }

        /// Their positions in the signature.
        #[allow(non_camel_case_types, reason = "an argument has its name in SQL")]
        enum Position {
            $($name),+
        }

        impl<'a> OrderArguments<'a> {
            /// Those of a SQL call.
            pub fn of_call(arguments: &'a Arguments) -> OrderArguments<'a> {
                OrderArguments { $($name: <$kind as Argument>::of(arguments, Position::$name as usize)),+ }
            }

            /// Those of a row of the inbox.
            pub fn of_command(row: &'a Row<'_>) -> OrderArguments<'a> {
                OrderArguments { $($name: <$kind as Field>::some(row, order_commands::at::$name)),+ }
            }

            /// Those of an order that a plain INSERT has stored.
            pub fn of_order(row: &'a Row<'_>) -> OrderArguments<'a> {
                OrderArguments { $($name: <$kind as Field>::some(row, orders::at::$name)),+ }
            }
        }
    };
}

order_arguments! {
    user_id: Int,
    symbol: Text,
    side: Text,
    price: Numeric,
    amount: Numeric,
    order_type: Text,
    time_in_force: Text,
    client_order_id: Text,
    stop_price: Numeric,
    display_amount: Numeric,
    quote_amount: Numeric,
    post_only: Bool,
    expires_at: Time,
    self_trade_prevention: Text,
}

/// A new order whose arguments can all be read. Whether they go together, the core decides.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub user: UserId,
    pub symbol: String,
    pub client_order_id: Option<String>,
    pub body: Body,
}

/// What is ordered, beside by whom, where and under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    pub side: Side,
    pub price: Option<Money>,
    pub amount: Option<Money>,
    pub quote_amount: Option<Money>,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTrade,
    pub post_only: bool,
    pub stop_price: Option<Money>,
    pub display_amount: Option<Money>,
    pub expires_at: Option<Timestamp>,
}

impl OrderArguments<'_> {
    /// Reads every argument; refuses what is missing or malformed.
    pub fn ticket(&self) -> Answer<Ticket> {
        self.require_short()?;
        let user = UserId(self.user_id.ok_or_else(|| Failure::null("user_id"))?);
        let symbol = self.symbol.ok_or_else(|| Failure::null("symbol"))?.to_owned();
        let side = self.side.ok_or_else(|| Failure::null("side"))?;
        let side = Side::parse(side).ok_or_else(|| one_of("Invalid order side", side, "A side is buy or sell."))?;
        let client_order_id = self.client_order_id.map(client_order_id);
        let body = Body {
            side,
            order_type: word(self.order_type, "limit", "order_type", OrderType::parse)?,
            time_in_force: word(self.time_in_force, "gtc", "time_in_force", TimeInForce::parse)?,
            self_trade: word(self.self_trade_prevention, "cancel_taker", "self_trade_prevention", SelfTrade::parse)?,
            price: exact_if_given("price", self.price)?,
            amount: exact_if_given("amount", self.amount)?,
            quote_amount: exact_if_given("quote_amount", self.quote_amount)?,
            stop_price: exact_if_given("stop_price", self.stop_price)?,
            display_amount: exact_if_given("display_amount", self.display_amount)?,
            post_only: self.post_only.unwrap_or(false),
            expires_at: self.expires_at.map(within_calendars).transpose()?,
        };
        Ok(Ticket { user, symbol, client_order_id: client_order_id.transpose()?, body })
    }

    /// Refuses a text that is no order's whatever it says, before any of it is copied: there is no limit to what a
    /// caller can send, and an allocation that fails ends every session of the server.
    fn require_short(&self) -> Answer<()> {
        require_short("symbol", self.symbol)?;
        require_short("side", self.side)?;
        require_short("order_type", self.order_type)?;
        require_short("time_in_force", self.time_in_force)?;
        require_short("client_order_id", self.client_order_id)?;
        require_short("self_trade_prevention", self.self_trade_prevention)
    }
}

impl Ticket {
    /// The order that the core is given.
    pub fn order(&self, id: OrderId, rates: Rates) -> NewOrder {
        let body = self.body;
        NewOrder {
            id,
            user: self.user,
            side: body.side,
            price: body.price,
            amount: body.amount,
            quote_amount: body.quote_amount,
            order_type: body.order_type,
            time_in_force: body.time_in_force,
            self_trade: body.self_trade,
            post_only: body.post_only,
            stop_price: body.stop_price,
            display_amount: body.display_amount,
            expires_at: body.expires_at.map(|t| t.0),
            rates,
        }
    }

    /// Whether a repeated client_order_id asks for the very same order.
    pub fn asks_the_same(&self, other: &Ticket) -> bool {
        self.symbol == other.symbol && self.body == other.body
    }
}

/// The most bytes of a text in a command.
const LONGEST: usize = 1000;

/// Refuses a text of more bytes than any command needs.
pub fn require_short(name: &str, text: Option<&str>) -> Answer<()> {
    match text {
        Some(text) if text.len() > LONGEST => Err(Failure::invalid(
            format!("{name} has {} bytes", text.len()),
            format!("No text of an order has more than {LONGEST} bytes."),
        )),
        Some(_) | None => Ok(()),
    }
}

/// An exact amount, or none.
pub fn exact_if_given(name: &str, number: Option<numeric::Numeric>) -> Answer<Option<Money>> {
    number.map(|n| exact(name, Some(n))).transpose()
}

/// An exact amount; refuses NULL, NaN, infinity, more than 8 decimals and what NUMERIC(20,8) cannot hold.
pub fn exact(name: &str, number: Option<numeric::Numeric>) -> Answer<Money> {
    amounts::exact(name, number, TOO_LARGE)
}

/// 9999-12-31 00:00 UTC in microseconds since 2000-01-01: the calendars of most clients end with that day.
const LAST_DAY: Timestamp = Timestamp((8000 * 146_097 / 400 - 1) * 86_400_000_000);

/// A time that whoever reads the order can hold, in whatever time zone.
fn within_calendars(expires_at: Timestamp) -> Answer<Timestamp> {
    if expires_at >= LAST_DAY {
        return Err(Failure::invalid(
            "expires_at is not before 9999-12-31",
            "Give a time before 9999-12-31, or leave it out: a gtc order has no end.",
        ));
    }
    Ok(expires_at)
}

pub fn client_order_id(id: &str) -> Answer<String> {
    require_short("client_order_id", Some(id))?;
    if id.is_empty() || id.chars().count() > 64 {
        return Err(Failure::invalid(
            format!("client_order_id {:?} has {} characters", clip(id), id.chars().count()),
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
    Failure::invalid(format!("{message}: {:?}", clip(given)), hint)
}
