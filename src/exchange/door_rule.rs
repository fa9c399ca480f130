//! Who may do what in a transaction of his own. Whoever may looks at what a ROLLBACK takes back, and holds what others
//! wait for until he ends it: an operator may want that of trusted logins only.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::market_row::{self, MarketRow};
use super::settings;
use crate::error::{Answer, Failure};
use crate::identity;

/// A call that works in the caller's own transaction.
#[derive(Clone, Copy)]
pub struct Door {
    /// The call, as messages name it.
    pub call: &'static str,
    /// What to do where it is closed.
    pub instead: &'static str,
}

impl Door {
    pub const PLACE: Door = Door { call: "place_order()", instead: "Use exchange.submit_order()." };
    pub const CANCEL: Door = Door { call: "cancel_order()", instead: "Use exchange.submit_cancel()." };
    pub const AMEND: Door = Door { call: "amend_order()", instead: "Use exchange.submit_amend()." };
    pub const CANCEL_ALL: Door = Door { call: "cancel_all_orders()", instead: "Use exchange.submit_cancel_all()." };
    pub const TRANSFER: Door = Door { call: "transfer()", instead: "Use exchange.submit_transfer()." };
    pub const INSERT: Door = Door {
        call: "INSERT INTO exchange.orders",
        instead: "Use exchange.submit_order(), or INSERT INTO exchange.order_commands.",
    };
    pub const DRAIN: Door = Door {
        call: "match_orders()",
        instead: "Leave it to the sequencer, which carries out exchange.order_commands by itself (bourse.drain_inbox).",
    };

    /// Refuses where the server lets only trusted logins do this (42501).
    pub fn require_open(self) -> Answer<()> {
        if settings::sequencer_only() && !identity::is_trusted() {
            return Err(self.closed("bourse.sequencer_only is on"));
        }
        Ok(())
    }

    /// Refuses in a market that lets only trusted logins do this (42501).
    pub fn require_open_in(self, symbol: &str, market: &MarketRow) -> Answer<()> {
        if market.sequencer_only && !identity::is_trusted() {
            return Err(self.closed_in(symbol));
        }
        Ok(())
    }

    /// Refuses where the server or any market does, for a call that may meet each of them.
    pub fn require_open_everywhere(self, symbol: Option<&str>) -> Answer<()> {
        self.require_open()?;
        if identity::is_trusted() {
            return Ok(());
        }
        match symbol {
            Some(symbol) => self.require_open_in(symbol, &market_row::require_market(symbol)?),
            None => market_row::any_for_sequencer().map_or(Ok(()), |symbol| Err(self.closed_in(&symbol))),
        }
    }

    fn closed_in(self, symbol: &str) -> Failure {
        self.closed(&format!("market {symbol} has the door 'sequencer'"))
    }

    fn closed(self, why: &str) -> Failure {
        Failure::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("{} is for members of bourse_gateway, bourse_admin and bourse_worker: {why}", self.call),
            self.instead,
        )
    }
}

#[pg_extern(sql = false)]
fn require_transfer_door() -> Result<(), ErrorReport> {
    Ok(Door::TRANSFER.require_open()?)
}
