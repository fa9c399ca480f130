//! One task for each market that somebody watches: it reads what has changed, and sends one message to all, made once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio::time::Instant;

use crate::database::Database;
use crate::market::{TICKER, TRADE};
use crate::problem::Problem;

/// The least time between two messages of a market, and how long it is not looked at while nobody says that it has
/// changed.
const PACE: Duration = Duration::from_millis(100);
/// A ticker is over a day, and changes little: it is read so often.
const TICKER_PACE: Duration = Duration::from_secs(1);
/// Something is sent so often, so that both ends know of a connection that has gone.
const SILENCE: Duration = Duration::from_secs(15);
/// A database that does not answer is asked again after this.
const RETRY: Duration = Duration::from_secs(1);
/// A reader who is so many messages behind is dropped: nothing is kept for him, he reads on after his last sequence.
const BEHIND: usize = 64;
/// Levels of either side in each message.
const LEVELS: i32 = 20;
/// The longest page of the tape.
pub const TRADES: i32 = 10_000;

/// All markets that are watched.
pub struct Feeds {
    database: Database,
    markets: Mutex<HashMap<String, Arc<Market>>>,
    /// Room for viewers.
    pub viewers: Arc<Semaphore>,
}

/// One of them.
pub struct Market {
    symbol: String,
    changed: Notify,
    state: Mutex<State>,
}

/// What was sent last.
struct State {
    sequence: i64,
    book: String,
    ticker: String,
    sender: broadcast::Sender<Bytes>,
}

/// What a new viewer begins with: the state, and all that comes after it.
pub struct Beginning {
    /// The last trade that the messages to come do not tell of.
    pub sequence: i64,
    /// The book, as JSON.
    pub book: String,
    /// The ticker, as JSON.
    pub ticker: String,
    /// The messages to come.
    pub messages: broadcast::Receiver<Bytes>,
}

impl Feeds {
    /// Nobody watches yet.
    pub fn new(database: Database, viewers: usize) -> Arc<Self> {
        Arc::new(Self { database, markets: Mutex::default(), viewers: Arc::new(Semaphore::new(viewers)) })
    }

    fn markets(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Market>>> {
        self.markets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody says that a market has changed.
    pub fn hint(&self, symbol: &str) {
        if let Some(market) = self.markets().get(symbol) {
            market.changed.notify_one();
        }
    }

    /// Watches a market; an unknown one is refused.
    pub async fn watch(self: &Arc<Self>, symbol: &str) -> Result<Beginning, Problem> {
        if let Some(market) = self.markets().get(symbol) {
            return Ok(market.begin());
        }
        let read = read(&self.database, symbol, None).await?;
        let ticker = ticker(&self.database, symbol).await?;
        let mut markets = self.markets();
        // Another may have been quicker.
        if let Some(market) = markets.get(symbol) {
            return Ok(market.begin());
        }
        let sender = channel();
        let state = State { sequence: read.sequence.unwrap_or(0), book: read.book, ticker, sender };
        let market = Arc::new(Market { symbol: symbol.to_owned(), changed: Notify::new(), state: Mutex::new(state) });
        markets.insert(symbol.to_owned(), Arc::clone(&market));
        let beginning = market.begin();
        drop(markets);
        tokio::spawn(Arc::clone(self).run(market));
        Ok(beginning)
    }

    /// Sends what changes until nobody is left.
    async fn run(self: Arc<Self>, market: Arc<Market>) {
        let (mut sent, mut ticked) = (Instant::now(), Instant::now());
        loop {
            let _ = tokio::time::timeout(PACE, market.changed.notified()).await;
            tokio::time::sleep_until(sent + PACE).await;
            {
                let mut markets = self.markets();
                if market.state().sender.receiver_count() == 0 {
                    markets.remove(&market.symbol);
                    return;
                }
            }
            let wants_ticker = ticked.elapsed() >= TICKER_PACE;
            match market.look(&self.database, wants_ticker).await {
                Ok(true) => sent = Instant::now(),
                Ok(false) if sent.elapsed() >= SILENCE => {
                    // Nobody there is no failure: the next round ends the task.
                    let _ = market.state().sender.send(Bytes::from_static(b": still here\n\n"));
                    sent = Instant::now();
                }
                Ok(false) => {}
                // Told in the log already. Viewers hear nothing, and then all of it.
                Err(_) => tokio::time::sleep(RETRY).await,
            }
            if wants_ticker {
                ticked = Instant::now();
            }
        }
    }
}

impl Market {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// State and subscription under one lock: no message falls between them.
    fn begin(&self) -> Beginning {
        let state = self.state();
        Beginning {
            sequence: state.sequence,
            book: state.book.clone(),
            ticker: state.ticker.clone(),
            messages: state.sender.subscribe(),
        }
    }

    /// Reads the market, and sends a message if it is another; says whether it was.
    async fn look(&self, database: &Database, wants_ticker: bool) -> Result<bool, Problem> {
        let after = self.state().sequence;
        let read = read(database, &self.symbol, Some(after)).await?;
        let ticker = if wants_ticker { Some(ticker(database, &self.symbol).await?) } else { None };
        let mut state = self.state();
        let same_ticker = ticker.as_ref().is_none_or(|ticker| *ticker == state.ticker);
        if read.sequence.is_none() && read.book == state.book && same_ticker {
            return Ok(false);
        }
        state.sequence = read.sequence.unwrap_or(state.sequence);
        state.book = read.book;
        let told = if same_ticker { None } else { ticker };
        let message = frame(state.sequence, &read.trades, Some(&state.book), told.as_deref());
        if let Some(ticker) = told {
            state.ticker = ticker;
        }
        // Nobody there is no failure: the next round ends the task.
        let _ = state.sender.send(message);
        Ok(true)
    }
}

/// What a market sends its viewers.
pub fn channel() -> broadcast::Sender<Bytes> {
    broadcast::Sender::new(BEHIND)
}

/// An event of the stream. JSON has no line break but between its words, where a blank is as good.
pub fn frame(sequence: i64, trades: &str, book: Option<&str>, ticker: Option<&str>) -> Bytes {
    let mut data = format!("{{\"sequence\":\"{sequence}\",\"trades\":{trades}");
    for (name, value) in [("book", book), ("ticker", ticker)] {
        if let Some(value) = value {
            data.push_str(&format!(",\"{name}\":{value}"));
        }
    }
    let data = data.replace('\n', " ");
    format!("id: {sequence}\nevent: market\ndata: {data}}}\n\n").into()
}

/// What stands in the database now.
struct Read {
    /// Of the last trade that was read; none where there was none.
    sequence: Option<i64>,
    trades: String,
    book: String,
}

/// The trades after one, and the book. Without one the last trade, so that the next time goes on from there.
async fn read(database: &Database, symbol: &str, after: Option<i64>) -> Result<Read, Problem> {
    let sql = format!(
        "SELECT t.last, t.trades::text, b.book::text
         FROM (SELECT max(t.sequence::bigint) AS last, coalesce(json_agg(t), '[]') AS trades
               FROM (SELECT {TRADE} FROM exchange.trade_tape($1, $2, $3)) t) t,
              (SELECT coalesce(json_agg(json_build_array(left(side, 1), price::text, amount::text, orders)), '[]')
                      AS book
               FROM exchange.order_book($1, $4)) b"
    );
    let limit = if after.is_some() { TRADES } else { 1 };
    let row = database.row(&sql, &[&symbol, &after, &limit, &LEVELS]).await?;
    Ok(Read { sequence: row.try_get(0)?, trades: row.try_get(1)?, book: row.try_get(2)? })
}

async fn ticker(database: &Database, symbol: &str) -> Result<String, Problem> {
    let sql = format!("SELECT row_to_json(t)::text FROM (SELECT {TICKER} FROM exchange.ticker($1)) t");
    Ok(database.row(&sql, &[&symbol]).await?.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_event() {
        let frame = frame(7, "[{\"a\":1}, \n {\"a\":2}]", Some("[]"), None);
        let text = std::str::from_utf8(&frame).expect("text");
        assert_eq!(
            text,
            "id: 7\nevent: market\ndata: {\"sequence\":\"7\",\"trades\":[{\"a\":1},   {\"a\":2}],\"book\":[]}\n\n"
        );
    }
}
