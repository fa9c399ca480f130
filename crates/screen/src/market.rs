//! What everybody may see of markets.

use axum::extract::State;
use serde::Deserialize;

use crate::Shared;
use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::sent::{Asked, Named};
use crate::session::Key;

/// A ticker as JSON has it.
pub const TICKER: &str = "last::text, bid::text, ask::text, open_24h::text, high_24h::text, low_24h::text,
    volume_24h::text, quote_volume_24h::text, change_24h::text, change_percent_24h::text, trades_24h::text";
/// A trade of the tape as JSON has it.
pub const TRADE: &str = "sequence::text, price::text, amount::text, taker_side AS side, created_at AS at";

/// `GET /api/markets`: each with its rules and its ticker.
pub async fn list(State(screen): Shared) -> Result<Rows, Problem> {
    let sql = format!(
        "SELECT m.symbol, m.base, m.quote, m.tick_size::text, m.lot_size::text, m.maker_rate::text,
                m.taker_rate::text, m.min_amount::text, m.max_amount::text, m.min_notional::text, m.status,
                m.status_reason,
                (SELECT row_to_json(t) FROM (SELECT {TICKER} FROM exchange.ticker(m.symbol)) t) AS ticker
         FROM exchange.markets m ORDER BY m.symbol LIMIT 500"
    );
    screen.database.list(&sql, &[]).await
}

/// Which candles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candles {
    width: String,
    from: String,
    to: Option<String>,
}

/// `GET /api/markets/{symbol}/candles`
pub async fn candles(
    State(screen): Shared,
    Named(symbol): Named<String>,
    Asked(asked): Asked<Candles>,
) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT extract(epoch FROM start)::bigint AS at, open::text, high::text, low::text, close::text,
            volume::text, trades::text
        FROM exchange.candles($1, $2::text::interval, $3::text::timestamptz, coalesce($4::text::timestamptz, now()))
        LIMIT 5000";
    screen.database.list(SQL, &[&symbol, &asked.width, &asked.from, &asked.to]).await
}

/// How much of a book.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depth {
    levels: Option<i32>,
}

/// `GET /api/markets/{symbol}/depth`
pub async fn depth(
    State(screen): Shared,
    Named(symbol): Named<String>,
    Asked(asked): Asked<Depth>,
) -> Result<Rows, Problem> {
    const SQL: &str =
        "SELECT side, price::text, amount::text, orders::text FROM exchange.order_book($1, least($2, 1000))";
    screen.database.list(SQL, &[&symbol, &asked.levels.unwrap_or(200)]).await
}

/// How much of the tape.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    after: Option<i64>,
    limit: Option<i32>,
}

/// `GET /api/markets/{symbol}/trades`
pub async fn tape(
    State(screen): Shared,
    Named(symbol): Named<String>,
    Asked(asked): Asked<Tape>,
) -> Result<Rows, Problem> {
    let sql = format!("SELECT {TRADE} FROM exchange.trade_tape($1, $2, $3)");
    screen.database.list(&sql, &[&symbol, &asked.after, &asked.limit.unwrap_or(100)]).await
}

/// `GET /api/markets/{symbol}/ladder`: the user's own orders in the book, with how much stands before each.
pub async fn ladder(State(screen): Shared, Named(symbol): Named<String>, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT order_id::text, client_order_id, side, price::text, amount::text, visible_amount::text,
            orders_ahead::text, amount_ahead::text FROM exchange.order_book_orders($1, $2)";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let rows = work.list(SQL, &[&symbol, &work.user]).await?;
    work.commit().await?;
    Ok(rows)
}
