//! What is summed up of a bot: its own books in its row, others of it (another trade type, a run of a backtest) in a row
//! of their own. Whoever books holds the row of the bot, and with it all of its books.

use std::collections::BTreeMap;
use std::rc::Rc;

use analytics::position::Method;
use money::{Money, Overflow};

use super::book::Book;
use super::places;
use super::request::TOO_LARGE;
use super::tables::{BALANCES, BOTS, TradeType, balances, bots};
use crate::bourse::amounts::overflow;
use crate::error::{Answer, Failure};
use crate::pg::fields::Words;
use crate::pg::row::Row;
use crate::pg::scan::Key;
use crate::pg::table::{Table, Tid};

/// A bot whose row is locked.
#[derive(Clone, Debug)]
pub struct Bot {
    pub id: i64,
    pub user_id: i64,
    pub status: String,
    pub trade_type: TradeType,
    pub quote: String,
    pub method: Method,
    pub starting_balance: Money,
}

/// The sums of one book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub balance: Money,
    pub total_pnl: Money,
    pub open_positions: i32,
    pub fills: i64,
    pub trades: i64,
}

/// A book, and where its row stands.
#[derive(Clone, Debug)]
struct Ledger {
    tid: Option<Tid>,
    sums: Sums,
    is_changed: bool,
}

/// The bots of a call, and their books.
pub struct Ledgers {
    table: Table,
    bots: BTreeMap<i64, Rc<Bot>>,
    ledgers: BTreeMap<Book, Ledger>,
}

impl Sums {
    /// With this result more. Refused beyond what the columns hold.
    pub fn with(self, result: Money) -> Answer<Sums> {
        let sum = |to: Money| to.plus(result).map_err(|Overflow| overflow(&format!("{to} + {result}"), TOO_LARGE));
        Ok(Sums { balance: sum(self.balance)?, total_pnl: sum(self.total_pnl)?, ..self })
    }
}

impl Ledgers {
    /// Locks bots, in the order of their ids; those that are not there are left out.
    pub fn lock(bot_ids: impl IntoIterator<Item = i64>) -> Ledgers {
        let mut ledgers = Ledgers { table: Table::open(&BOTS), bots: BTreeMap::new(), ledgers: BTreeMap::new() };
        let mut ids: Vec<i64> = bot_ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let index = ledgers.table.index(c"bot_accounts_pkey");
        for id in ids {
            let known = places::bot(id)
                .and_then(|tid| ledgers.table.relock(tid, |row| row.some_int(bots::at::id) == Some(id), read_bot));
            let found = known.or_else(|| ledgers.table.find_locked(index, &[Key::Int(id)], read_bot));
            if let Some((bot, tid, sums)) = found {
                let book = Book { bot_id: id, trade_type: bot.trade_type, run_id: 0 };
                ledgers.ledgers.insert(book, Ledger { tid: Some(tid), sums, is_changed: false });
                ledgers.bots.insert(id, Rc::new(bot));
            }
        }
        ledgers
    }

    /// A bot that is locked.
    pub fn bot(&self, id: i64) -> Answer<&Rc<Bot>> {
        self.bots.get(&id).ok_or_else(|| unknown_bot(id))
    }

    /// The book that a fill of a bot goes into.
    pub fn book(&self, bot: &Bot, trade_type: Option<TradeType>, run_id: i64) -> Answer<Book> {
        let trade_type = trade_type.unwrap_or(bot.trade_type);
        if trade_type != TradeType::Backtest && run_id != 0 {
            let message = format!("run_id is {run_id} of a {} fill", trade_type.as_str());
            return Err(Failure::invalid(message, "Only a backtest has runs: leave run_id out."));
        }
        if trade_type == TradeType::Backtest && trade_type != bot.trade_type && run_id == 0 {
            let message = format!("a backtest of bot {} has no run_id", bot.id);
            return Err(Failure::invalid(message, "Give a number to each run: their sums are not mixed."));
        }
        Ok(Book { bot_id: bot.id, trade_type, run_id })
    }

    /// The sums of a book. One that is new begins with the bot's starting balance.
    pub fn sums(&mut self, bot: &Bot, book: Book) -> Sums {
        if let Some(ledger) = self.ledgers.get(&book) {
            return ledger.sums;
        }
        let mut table = Table::open(&BALANCES);
        let index = table.index(c"balances_pkey");
        let keys =
            [Key::Int(bot.user_id), Key::Int(book.bot_id), Key::Text(book.trade_type.as_str()), Key::Int(book.run_id)];
        let found = table.find_locked(index, &keys, |row| {
            let read = balances::of(row);
            let sums = Sums {
                balance: read.current_balance(),
                total_pnl: read.total_pnl(),
                open_positions: read.open_positions(),
                fills: read.fill_count(),
                trades: read.trade_count(),
            };
            (row.tid(), sums)
        });
        table.close();
        let (tid, sums) = match found {
            Some((tid, sums)) => (Some(tid), sums),
            None => (None, Sums { balance: bot.starting_balance, ..Sums::default() }),
        };
        self.ledgers.insert(book, Ledger { tid, sums, is_changed: false });
        sums
    }

    /// Notes what the sums of a book are now. It is one that was asked for.
    pub fn set(&mut self, book: Book, sums: Sums) {
        if let Some(ledger) = self.ledgers.get_mut(&book) {
            (ledger.sums, ledger.is_changed) = (sums, true);
        }
    }

    /// Writes each row that has changed, once. Returns the bots that have become closing while they are being stopped.
    pub fn write(mut self) -> Vec<i64> {
        let (mut side, mut closing) = (None, Vec::new());
        for (book, ledger) in self.ledgers.iter().filter(|(_, ledger)| ledger.is_changed) {
            let Some(bot) = self.bots.get(&book.bot_id) else { continue };
            if is_own(bot, *book) {
                let Some(tid) = ledger.tid else { continue };
                places::set_bot(bot.id, own_changes(&ledger.sums).update(&mut self.table, tid));
                if matches!(bot.status.as_str(), "paused" | "stopping" | "error") {
                    closing.push(bot.id);
                }
            } else {
                write_side(side.get_or_insert_with(|| Table::open(&BALANCES)), bot, *book, ledger);
            }
        }
        if let Some(side) = side {
            side.close();
        }
        self.table.close();
        closing
    }
}

fn is_own(bot: &Bot, book: Book) -> bool {
    book.trade_type == bot.trade_type && book.run_id == 0
}

fn own_changes(sums: &Sums) -> bots::Changes<'static> {
    bots::Changes {
        current_balance: Some(sums.balance),
        total_pnl: Some(sums.total_pnl),
        open_positions: Some(sums.open_positions),
        fill_count: Some(sums.fills),
        trade_count: Some(sums.trades),
        ..bots::Changes::default()
    }
}

fn write_side(table: &mut Table, bot: &Bot, book: Book, ledger: &Ledger) {
    let sums = &ledger.sums;
    if let Some(tid) = ledger.tid {
        let changes = balances::Changes {
            current_balance: Some(sums.balance),
            total_pnl: Some(sums.total_pnl),
            open_positions: Some(sums.open_positions),
            fill_count: Some(sums.fills),
            trade_count: Some(sums.trades),
            ..balances::Changes::default()
        };
        changes.update(table, tid);
        return;
    }
    let new = balances::New {
        bot_id: book.bot_id,
        user_id: bot.user_id,
        trade_type: book.trade_type,
        run_id: book.run_id,
        starting_balance: bot.starting_balance,
        current_balance: sums.balance,
        total_pnl: sums.total_pnl,
        open_positions: sums.open_positions,
        fill_count: sums.fills,
        trade_count: sums.trades,
    };
    new.insert(table);
}

/// What a row says of a bot.
pub fn of_bot(row: &Row<'_>) -> Bot {
    let read = bots::of(row);
    Bot {
        id: read.id(),
        user_id: read.user_id(),
        status: read.status().to_owned(),
        trade_type: read.trade_type(),
        quote: read.quote().to_owned(),
        method: read.method(),
        starting_balance: read.starting_balance(),
    }
}

fn read_bot(row: &Row<'_>) -> (Bot, Tid, Sums) {
    let (bot, read) = (of_bot(row), bots::of(row));
    let sums = Sums {
        balance: read.current_balance(),
        total_pnl: read.total_pnl(),
        open_positions: read.open_positions(),
        fills: read.fill_count(),
        trades: read.trade_count(),
    };
    (bot, row.tid(), sums)
}

/// A bot that is not there, or is another user's.
pub fn unknown_bot(id: i64) -> Failure {
    Failure::unknown(format!("bot {id}"), "trading.bots lists yours.")
}
