//! What a user does and has: orders, balances, trades.

use axum::extract::State;
use serde::Deserialize;

use crate::Shared;
use crate::config::Door;
use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::sent::{Asked, Named, Sent};
use crate::session::Key;

/// `exchange.order_result` as JSON has it.
const RESULT: &str = "id::text, status, filled_amount::text, remaining_amount::text, average_price::text,
    commission::text, cancel_reason";
/// What an order is, without the user.
const ORDER: &str = "$2, $3, $4::text::numeric, $5::text::numeric, $6, $7, $8, $9::text::numeric, $10::text::numeric,
    $11::text::numeric, $12, $13::text::timestamptz, $14";

/// An order as it is sent. What is left out is what `place_order()` takes for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub symbol: String,
    pub side: String,
    pub price: Option<String>,
    pub amount: Option<String>,
    pub order_type: Option<String>,
    pub time_in_force: Option<String>,
    /// The browser's own id: the same again is the same order, however often it is sent.
    client_order_id: Option<String>,
    stop_price: Option<String>,
    display_amount: Option<String>,
    pub quote_amount: Option<String>,
    pub post_only: Option<bool>,
    expires_at: Option<String>,
    self_trade_prevention: Option<String>,
}

impl Order {
    /// Hands it to a function of the exchange.
    async fn through(&self, work: &Work<'_>, function: &str) -> Result<Rows, Problem> {
        let sql = format!("SELECT {RESULT} FROM exchange.{function}($1, {ORDER})");
        let post_only = self.post_only.unwrap_or(false);
        work.one(
            &sql,
            &[
                &work.user,
                &self.symbol,
                &self.side,
                &self.price,
                &self.amount,
                &self.order_type,
                &self.time_in_force,
                &self.client_order_id,
                &self.stop_price,
                &self.display_amount,
                &self.quote_amount,
                &post_only,
                &self.expires_at,
                &self.self_trade_prevention,
            ],
        )
        .await
    }
}

/// `POST /api/orders`
pub async fn place(State(screen): Shared, Key(key): Key, Sent(order): Sent<Order>) -> Result<Rows, Problem> {
    if order.client_order_id.is_none() {
        return Err(Problem::new(
            axum::http::StatusCode::BAD_REQUEST,
            "22004",
            "client_order_id is missing",
            "Make one before the order is sent, and send the same one again until there is an answer.",
        ));
    }
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let function = match screen.config.door {
        Door::Place => "place_order",
        Door::Submit => "submit_order",
    };
    let result = order.through(&work, function).await?;
    work.commit().await?;
    Ok(result)
}

/// What of an order is changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    price: Option<String>,
    amount: Option<String>,
}

/// `PATCH /api/orders/{id}`
pub async fn amend(
    State(screen): Shared,
    Named(id): Named<i64>,
    Key(key): Key,
    Sent(change): Sent<Amendment>,
) -> Result<Rows, Problem> {
    let function = match screen.config.door {
        Door::Place => "amend_order",
        Door::Submit => "submit_amend",
    };
    let sql = format!("SELECT {RESULT} FROM exchange.{function}($1, $2::text::numeric, $3::text::numeric)");
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let result = work.one(&sql, &[&id, &change.price, &change.amount]).await?;
    work.commit().await?;
    Ok(result)
}

/// `DELETE /api/orders/{id}`
pub async fn cancel(State(screen): Shared, Named(id): Named<i64>, Key(key): Key) -> Result<Rows, Problem> {
    let function = match screen.config.door {
        Door::Place => "cancel_order",
        Door::Submit => "submit_cancel",
    };
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let result = work.one(&format!("SELECT {RESULT} FROM exchange.{function}($1)"), &[&id]).await?;
    work.commit().await?;
    Ok(result)
}

/// `GET /api/orders`: the live ones. Their order is that of the numbers, not of the text that `id` is in an answer.
pub async fn open(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT id::text, symbol, side, order_type, time_in_force, status, price::text, stop_price::text,
            amount::text, filled_amount::text, display_amount::text, quote_amount::text, post_only, expires_at,
            reserved::text, client_order_id, created_at
        FROM exchange.orders o WHERE user_id = $1 AND status IN ('open', 'pending') ORDER BY o.id DESC LIMIT 500";
    of_user(&screen, &key, SQL).await
}

/// `GET /api/orders/closed`: the others, filled or cancelled, the latest first.
pub async fn closed(State(screen): Shared, Key(key): Key, Asked(page): Asked<Page>) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT id::text, symbol, side, order_type, time_in_force, status, cancel_reason, price::text,
            stop_price::text, amount::text, filled_amount::text, display_amount::text, quote_amount::text, post_only,
            expires_at, client_order_id, created_at, ended_at
        FROM exchange.orders o
        WHERE user_id = $1 AND status IN ('filled', 'cancelled') AND ($3::bigint IS NULL OR id < $3)
        ORDER BY o.id DESC LIMIT least($2::integer, 1000)";
    page_of_user(&screen, &key, SQL, &page).await
}

/// `GET /api/orders/refused`: commands that were left in the inbox, which were refused, the latest first.
pub async fn refused(State(screen): Shared, Key(key): Key, Asked(page): Asked<Page>) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT command_id::text AS id, action, symbol, side, order_type, price::text, amount::text,
            client_order_id, sqlstate, reason, hint, created_at, rejected_at
        FROM exchange.command_rejections r WHERE user_id = $1 AND ($3::bigint IS NULL OR command_id < $3)
        ORDER BY r.command_id DESC LIMIT least($2::integer, 1000)";
    page_of_user(&screen, &key, SQL, &page).await
}

/// In which market, or in all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Markets {
    symbol: Option<String>,
}

/// `DELETE /api/orders`: cancels the live ones of a market, or all; how many they were.
pub async fn cancel_all(State(screen): Shared, Key(key): Key, Asked(asked): Asked<Markets>) -> Result<Rows, Problem> {
    let function = match screen.config.door {
        Door::Place => "cancel_all_orders",
        Door::Submit => "submit_cancel_all",
    };
    let sql = format!("SELECT n::text AS cancelled FROM exchange.{function}($1, $2) n");
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let result = work.one(&sql, &[&work.user, &asked.symbol]).await?;
    work.commit().await?;
    Ok(result)
}

/// `GET /api/balances`
pub async fn balances(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT symbol AS asset, amount::text AS available, locked_amount::text AS locked,
            (amount + locked_amount)::text AS total
        FROM exchange.assets WHERE user_id = $1 ORDER BY symbol LIMIT 1000";
    of_user(&screen, &key, SQL).await
}

async fn of_user(screen: &crate::Screen, key: &str, sql: &str) -> Result<Rows, Problem> {
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, key).await?;
    let rows = work.list(sql, &[&work.user]).await?;
    work.commit().await?;
    Ok(rows)
}

async fn page_of_user(screen: &crate::Screen, key: &str, sql: &str, page: &Page) -> Result<Rows, Problem> {
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, key).await?;
    let rows = work.list(sql, &[&work.user, &page.limit.unwrap_or(100), &page.before]).await?;
    work.commit().await?;
    Ok(rows)
}

/// Which page: what is older than this id, and how much of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    before: Option<i64>,
    limit: Option<i32>,
}

/// `GET /api/trades`: one's own, newest first.
pub async fn trades(State(screen): Shared, Key(key): Key, Asked(page): Asked<Page>) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT trade_id::text, order_id::text, symbol, side, price::text, amount::text,
            commission::text, was_taker, created_at AS at FROM exchange.my_trades($1, $2, $3)";
    page_of_user(&screen, &key, SQL, &page).await
}
