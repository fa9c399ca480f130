//! The SQL calls, one order each. Signatures, defaults and comments are in `sql/exchange/doors.sql`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use matching::{MarketStatus, Money, OrderId, UserId};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::command::{Action, Command, Done, Target};
use super::rows::{MarketRow, OrderRow, markets, orders};
use super::ticket::{Request, exact, exact_if_given};
use super::{amendments, carry_out, refusals, require_write, result, venue};
use crate::error::{Answer, Failure};
use crate::identity;
use crate::pg::lock::Lock;
use crate::pg::numeric::Numeric;
use crate::pg::result::Composite;
use crate::pg::scan::{Key, Row};
use crate::pg::table::Table;
use crate::pg::value::Timestamp;

#[pg_extern(sql = false)]
#[expect(clippy::too_many_arguments, reason = "the arguments of the SQL function")]
fn place_order(
    user_id: Option<i64>,
    symbol: Option<&str>,
    side: Option<&str>,
    price: Option<Numeric>,
    amount: Option<Numeric>,
    order_type: Option<&str>,
    time_in_force: Option<&str>,
    client_order_id: Option<&str>,
    stop_price: Option<Numeric>,
    display_amount: Option<Numeric>,
    quote_amount: Option<Numeric>,
    post_only: Option<bool>,
    expires_at: Option<TimestampWithTimeZone>,
    self_trade_prevention: Option<&str>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("place_order()")?;
    let expires_at = expires_at.map(|t| Timestamp(t.into_inner()));
    let request = Request {
        user_id,
        symbol,
        side,
        price,
        amount,
        order_type,
        time_in_force,
        client_order_id,
        stop_price,
        display_amount,
        quote_amount,
        post_only,
        expires_at,
        self_trade_prevention,
    };
    let ticket = request.ticket()?;
    identity::require_acts_for(ticket.user.0)?;
    Ok(one(Command::new(ticket, None))?)
}

#[pg_extern(sql = false)]
fn cancel_order(order_id: Option<i64>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    Ok(one(by_id(order_id, Action::Cancel)?)?)
}

#[pg_extern(sql = false)]
fn cancel_client_order(user_id: Option<i64>, client_order_id: Option<&str>) -> Result<Composite<7>, ErrorReport> {
    require_write("cancel_order()")?;
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    let client_id = client_order_id.ok_or_else(|| Failure::null("client_order_id"))?;
    identity::require_acts_for(user)?;
    let symbol =
        symbol_of(UserId(user), client_id).ok_or_else(|| refusals::unknown_order(&format!("{client_id:?}")))?;
    let action = Action::Cancel(Target::Client(client_id.to_owned()));
    Ok(one(Command { user: UserId(user), symbol, action })?)
}

#[pg_extern(sql = false)]
fn cancel_all_orders(user_id: Option<i64>, symbol: Option<&str>) -> Result<i64, ErrorReport> {
    require_write("cancel_all_orders()")?;
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    identity::require_acts_for(user)?;
    if let Some(symbol) = symbol {
        let rules = require_market(symbol)?.rules;
        rules.takes_cancels().map_err(|_| refusals::market_not_open(symbol, rules.status))?;
    }
    // Once to learn which markets to lock, once more to see what is live under the locks.
    let live = live_orders(UserId(user), symbol);
    let symbols: BTreeSet<&str> = live.iter().map(|command| command.symbol.as_str()).collect();
    venue::acquire(symbols.into_iter().map(Lock::Market));
    let answers = carry_out(&live_orders(UserId(user), symbol))?;
    Ok(answers.iter().filter(|a| a.is_ok()).count() as i64)
}

#[pg_extern(sql = false)]
fn amend_order(
    order_id: Option<i64>,
    new_price: Option<Numeric>,
    new_amount: Option<Numeric>,
) -> Result<Composite<7>, ErrorReport> {
    require_write("amend_order()")?;
    let price = exact_if_given("new_price", new_price)?;
    let amount = exact_if_given("new_amount", new_amount)?;
    if price.is_none() && amount.is_none() {
        Err(Failure::null("new_price and new_amount together"))?;
    }
    Ok(one(by_id(order_id, |target| Action::Amend { target, price, amount })?)?)
}

/// Refuses what place_order() would refuse before it looks at the book, for an order that an INSERT is about to
/// store; waits for the user's client ids as place_order() does.
#[pg_extern(sql = false)]
#[expect(clippy::too_many_arguments, reason = "the columns of an inserted order")]
fn check_inserted(
    user_id: Option<i64>,
    symbol: Option<&str>,
    side: Option<&str>,
    price: Option<Numeric>,
    amount: Option<Numeric>,
    order_type: Option<&str>,
    time_in_force: Option<&str>,
    client_order_id: Option<&str>,
    stop_price: Option<Numeric>,
    display_amount: Option<Numeric>,
    quote_amount: Option<Numeric>,
    post_only: Option<bool>,
    expires_at: Option<TimestampWithTimeZone>,
    self_trade_prevention: Option<&str>,
) -> Result<(), ErrorReport> {
    require_write("INSERT INTO exchange.orders")?;
    let expires_at = expires_at.map(|t| Timestamp(t.into_inner()));
    let ticket = Request {
        user_id,
        symbol,
        side,
        price,
        amount,
        order_type,
        time_in_force,
        client_order_id,
        stop_price,
        display_amount,
        quote_amount,
        post_only,
        expires_at,
        self_trade_prevention,
    }
    .ticket()?;
    identity::require_acts_for(ticket.user.0)?;
    let market = require_market(&ticket.symbol)?;
    venue::require_user(ticket.user)?;
    if let Some(client_id) = &ticket.client_order_id {
        venue::hold_client_ids(ticket.user)?;
        let keys = [Key::Int(ticket.user.0), Key::Text(client_id)];
        let first = find_order(c"orders_client_order_id_key", &keys);
        // The very same order is left to the unique constraint, and so to ON CONFLICT DO NOTHING.
        if first.is_some_and(|first| !amendments::first(&first).ticket.same_body(&ticket)) {
            Err(refusals::client_order_id_used(client_id, ticket.user.0))?;
        }
    }
    let new = ticket.order(OrderId(0), market.rates);
    let rules = market.rules;
    let admitted = rules.takes(&new).and_then(|()| rules.admit(&new, Timestamp::now().0));
    let (user, symbol) = (ticket.user.0, ticket.symbol.as_str());
    let on = refusals::Subject { user, symbol, base: &market.base, quote: &market.quote };
    admitted.map_err(|refusal| refusals::failure(refusal, &on))?;
    Ok(())
}

#[pg_extern(sql = false)]
fn place_inserted(order_ids: Option<Vec<i64>>) -> Result<(), ErrorReport> {
    let order_ids = order_ids.unwrap_or_default();
    if order_ids.is_empty() {
        return Ok(());
    }
    require_write("INSERT INTO exchange.orders")?;
    let mut table = Table::open(c"exchange", c"orders", orders::NAMES);
    let index = table.index(c"orders_pkey");
    let mut commands = Vec::with_capacity(order_ids.len());
    for id in order_ids {
        let ticket = table.find(index, &[Key::Int(id)], |row| match OrderRow::read(row) {
            placed if placed.priority != 0 => Err(refusals::unknown_order(&id.to_string())),
            _ => inserted(row).ticket(),
        });
        let ticket = ticket.unwrap_or_else(|| Err(refusals::unknown_order(&id.to_string())))?;
        commands.push(Command::new(ticket, Some(OrderId(id))));
    }
    table.close();
    for answer in carry_out(&commands)? {
        answer?;
    }
    Ok(())
}

#[pg_extern(sql = false)]
fn set_market_status(symbol: Option<&str>, status: Option<&str>) -> Result<String, ErrorReport> {
    require_write("set_market_status()")?;
    let symbol = symbol.ok_or_else(|| Failure::null("symbol"))?;
    let given = status.ok_or_else(|| Failure::null("status"))?;
    let status = MarketStatus::parse(given).ok_or_else(|| {
        Failure::invalid(
            format!("{given:?} is no market status"),
            "A status is open, halted, cancel_only, auction or closed.",
        )
    })?;
    market(symbol, Action::SetStatus(status))?;
    Ok(given.to_owned())
}

#[pg_extern(sql = false)]
fn expire_orders(symbol: Option<&str>) -> Result<i64, ErrorReport> {
    require_write("expire_orders()")?;
    let symbol = symbol.ok_or_else(|| Failure::null("symbol"))?;
    Ok(market(symbol, Action::Expire)? as i64)
}

/// Carries out a command to a market itself.
fn market(symbol: &str, action: Action) -> Answer<usize> {
    require_market(symbol)?;
    match carry_out(&[Command::market(symbol, action)])?.pop() {
        Some(Ok(Done::Market(count))) => Ok(count),
        Some(Err(failure)) => Err(failure),
        Some(Ok(_)) | None => Ok(0),
    }
}

/// Holds every market, for a statement that may change any of their rows in any order.
#[pg_extern(sql = false)]
fn lock_markets() -> Result<(), ErrorReport> {
    require_write("UPDATE exchange.markets")?;
    let mut table = Table::open(c"exchange", c"markets", markets::NAMES);
    let index = table.index(c"markets_pkey");
    let mut symbols = Vec::new();
    table.scan(index, &[], |row| {
        symbols.push(row.text(markets::SYMBOL).to_owned());
        ControlFlow::Continue(())
    });
    table.close();
    venue::acquire(symbols.iter().map(|symbol| Lock::Market(symbol)));
    Ok(())
}

#[pg_extern(sql = false)]
fn require_amount(name: Option<&str>, amount: Option<Numeric>) -> Result<(), ErrorReport> {
    let name = name.unwrap_or("amount");
    let value = exact(name, amount)?;
    if value <= Money::ZERO {
        Err(Failure::invalid(format!("{name} {value} is not positive"), format!("Give {name} above zero.")))?;
    }
    Ok(())
}

/// Carries out one command; a refusal is the caller's ERROR.
fn one(command: Command) -> Answer<Composite<7>> {
    let is_new = matches!(command.action, Action::New { .. });
    let answer = carry_out(std::slice::from_ref(&command))?.pop();
    match answer.unwrap_or_else(|| Err(refusals::unknown_market(&command.symbol)))? {
        Done::Repeated(id) => result::at_acceptance(id),
        Done::Market(_) => Err(refusals::unknown_order("of the command")),
        // What traded before this call is told from the tables.
        Done::Changed { order, .. } if !is_new && order.filled > 0 => result::now(order.id),
        Done::Changed { order, fills } => {
            Ok(result::compose(order.id, order.status.as_str(), &fills, order.cancel_reason))
        }
    }
}

/// A command for an order that is named by its id. An order that the session may not act for is treated as one
/// that does not exist.
fn by_id(order_id: Option<i64>, action: impl FnOnce(Target) -> Action) -> Answer<Command> {
    let id = order_id.ok_or_else(|| Failure::null("order_id"))?;
    let unknown = || refusals::unknown_order(&id.to_string());
    let order = find_order(c"orders_pkey", &[Key::Int(id)]).ok_or_else(unknown)?;
    identity::require_acts_for(order.ticket.user.0).map_err(|_| unknown())?;
    Ok(Command { user: order.ticket.user, symbol: order.ticket.symbol, action: action(Target::Id(OrderId(id))) })
}

/// The market of the order that a user calls by this id.
pub fn symbol_of(user: UserId, client_order_id: &str) -> Option<String> {
    let keys = [Key::Int(user.0), Key::Text(client_order_id)];
    find_order(c"orders_client_order_id_key", &keys).map(|order| order.ticket.symbol)
}

fn find_order(index: &std::ffi::CStr, keys: &[Key<'_>]) -> Option<OrderRow> {
    let mut table = Table::open(c"exchange", c"orders", orders::NAMES);
    let index = table.index(index);
    let order = table.find(index, keys, OrderRow::read);
    table.close();
    order
}

/// A cancel for each live order of a user.
fn live_orders(user: UserId, symbol: Option<&str>) -> Vec<Command> {
    let mut table = Table::open(c"exchange", c"orders", orders::NAMES);
    let index = table.index(c"idx_orders_user_live");
    let (one_user, one_market) = ([Key::Int(user.0)], [Key::Int(user.0), Key::Text(symbol.unwrap_or_default())]);
    let mut commands = Vec::new();
    table.scan(index, if symbol.is_some() { &one_market } else { &one_user }, |row| {
        let id = OrderId(row.int(orders::ID).unwrap_or_default());
        let action = Action::Cancel(Target::Id(id));
        commands.push(Command { user, symbol: row.text(orders::SYMBOL).to_owned(), action });
        ControlFlow::Continue(())
    });
    table.close();
    commands
}

/// The row of a market, as it is now.
pub fn require_market(symbol: &str) -> Answer<MarketRow> {
    let mut table = Table::open(c"exchange", c"markets", markets::NAMES);
    let index = table.index(c"markets_pkey");
    let row = table.find(index, &[Key::Text(symbol)], MarketRow::read);
    table.close();
    row.ok_or_else(|| refusals::unknown_market(symbol))
}

/// The arguments of an order that a plain INSERT has stored.
fn inserted<'a>(row: &'a Row<'_>) -> Request<'a> {
    Request {
        user_id: row.int(orders::USER_ID),
        symbol: row.some_text(orders::SYMBOL),
        side: row.some_text(orders::SIDE),
        price: row.numeric(orders::PRICE),
        amount: row.numeric(orders::AMOUNT),
        order_type: row.some_text(orders::ORDER_TYPE),
        time_in_force: row.some_text(orders::TIME_IN_FORCE),
        client_order_id: row.some_text(orders::CLIENT_ORDER_ID),
        stop_price: row.numeric(orders::STOP_PRICE),
        display_amount: row.numeric(orders::DISPLAY_AMOUNT),
        quote_amount: row.numeric(orders::QUOTE_AMOUNT),
        post_only: row.bool(orders::POST_ONLY),
        expires_at: row.time(orders::EXPIRES_AT),
        self_trade_prevention: row.some_text(orders::SELF_TRADE),
    }
}
