//! Server-sent events of a market. Each has the last trade sequence as its id, so that a browser that comes back says
//! after which it goes on, and misses none.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::Shared;
use crate::database::Database;
use crate::feed::{Beginning, TRADES, frame};
use crate::market::TRADE;
use crate::problem::Problem;
use crate::sent::{Asked, Named};

/// So many of the latest trades are told to whoever has seen none.
const LATEST: i32 = 60;

/// After which trade to go on, where the browser has no `Last-Event-ID` to say it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    after: Option<i64>,
}

/// `GET /api/markets/{symbol}/stream`
pub async fn open(
    State(screen): Shared,
    Named(symbol): Named<String>,
    Asked(since): Asked<Since>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(room) = screen.feeds.viewers.clone().try_acquire_owned() else {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "53300",
            "there are as many viewers as there is room for",
            "Try again in a while.",
        ));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).or(since.after);
    let Beginning { sequence, book, ticker, messages } = screen.feeds.watch(&symbol).await?;
    let missed = missed(screen.database.clone(), symbol, last, sequence);
    let state = frame(sequence, "[]", Some(&book), Some(&ticker));
    let frames = missed.map_err(|_| "the database").chain(stream::once(async { Ok(state) })).chain(live(messages));
    // The room is free again when the stream is dropped.
    let frames = frames.map(move |frame| {
        let _room = &room;
        frame
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would collect them.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(frames)).into_response())
}

/// The messages to come. Who is too far behind is an error, which cuts the stream: the browser comes back and reads on.
fn live(messages: broadcast::Receiver<Bytes>) -> impl stream::Stream<Item = Result<Bytes, &'static str>> {
    BroadcastStream::new(messages).map_err(|_| "too slow")
}

/// The trades after the last that the browser has seen, up to the one with which the messages to come begin; to a new
/// viewer the latest.
fn missed(
    database: Database,
    symbol: String,
    last: Option<i64>,
    until: i64,
) -> impl stream::Stream<Item = Result<Bytes, Problem>> {
    let (after, limit) = match last {
        Some(last) => (last, TRADES),
        None => ((until - i64::from(LATEST)).max(0), LATEST),
    };
    stream::try_unfold((database, symbol, after), move |(database, symbol, after)| async move {
        if after >= until {
            return Ok(None);
        }
        let sql = format!(
            "SELECT max(t.sequence::bigint), coalesce(json_agg(t), '[]')::text
             FROM (SELECT {TRADE} FROM exchange.trade_tape($1, $2, $3) WHERE sequence <= $4) t"
        );
        let row = database.row(&sql, &[&symbol, &after, &limit, &until]).await?;
        // The tape has no gaps; without this one would be read for ever.
        let read: i64 = row.try_get::<_, Option<i64>>(0)?.unwrap_or(until);
        let trades: String = row.try_get(1)?;
        Ok(Some((frame(read, &trades, None, None), (database, symbol, read))))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::feed;

    /// A message that tells whether somebody still keeps it.
    struct Kept(#[expect(dead_code, reason = "it is only counted")] Arc<()>);

    impl AsRef<[u8]> for Kept {
        fn as_ref(&self) -> &[u8] {
            b"data: {}\n\n"
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_for_a_slow_reader_but_64_messages_and_then_he_is_cut_off() {
        let sender = feed::channel();
        let mut slow = Box::pin(live(sender.subscribe()));
        let mut other = Box::pin(live(sender.subscribe()));
        let kept = Arc::new(());
        for number in 0..1000 {
            sender.send(Bytes::from_owner(Kept(Arc::clone(&kept)))).expect("somebody is there");
            assert!(other.next().await.is_some_and(|message| message.is_ok()), "message {number} of the other");
            assert!(Arc::strong_count(&kept) - 1 <= 64, "{} messages", Arc::strong_count(&kept) - 1);
        }
        assert_eq!(slow.next().await, Some(Err("too slow")));
        drop(slow);
        assert_eq!(Arc::strong_count(&kept), 1, "nothing is kept for nobody");
    }
}
