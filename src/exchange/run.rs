//! Carrying out commands against a loaded venue. The core decides; nothing is written here.

use std::collections::HashMap;

use matching::book::IdMap;
use matching::{Money, OrderId, Outcome, Refusal, Status, UserId};
use pgrx::pg_sys;
use pgrx::prelude::PgSqlErrorCode;

use super::command::{Action, Command, Done, Fills, Target};
use super::refusals::{self, Subject};
use super::rows::{Amendment, Fresh, OrderRow};
use super::ticket::Ticket;
use super::venue::{OpenMarket, Venue};
use crate::error::{Answer, Failure};
use crate::identity::Standing;
use crate::pg::session;

/// What carrying out the commands has produced, beside what the venue holds.
pub struct Work {
    /// What the tables need to know of the accepted orders.
    pub fresh: IdMap<OrderId, Fresh>,
    /// The changes of terms, by market.
    pub amendments: Vec<(String, Amendment)>,
    order_ids: pg_sys::Oid,
}

impl Work {
    /// Nothing done yet; order ids come from this sequence.
    pub fn new(order_ids: pg_sys::Oid) -> Work {
        Work { fresh: IdMap::default(), amendments: Vec::new(), order_ids }
    }

    /// Carries out one command. What it refuses has changed nothing.
    pub fn carry_out(&mut self, venue: &mut Venue, command: &Command) -> Answer<Done> {
        match &command.action {
            Action::New { ticket, stored } => self.place(venue, ticket, *stored),
            Action::Cancel(target) => {
                let id = self.target(venue, command, target)?;
                let market = market(&mut venue.markets, &command.symbol)?;
                let outcome = market.core.cancel(&mut venue.accounts, id);
                done(market, command.user, outcome)
            }
            Action::Amend { target, price, amount } => {
                let id = self.target(venue, command, target)?;
                self.amend(venue, command, id, *price, *amount)
            }
        }
    }

    fn place(&mut self, venue: &mut Venue, ticket: &Ticket, stored: Option<OrderId>) -> Answer<Done> {
        let market = market(&mut venue.markets, &ticket.symbol)?;
        require_standing(&venue.standing, ticket.user)?;
        if stored.is_none()
            && let Some(client_id) = &ticket.client_order_id
            && let Some(first) = venue.client_ids.get(&(ticket.user, client_id.clone()))
        {
            let same = match (self.fresh.get(first), venue.named.get(first)) {
                (Some(fresh), _) => fresh.ticket.same_body(ticket),
                (None, Some(row)) => super::amendments::first_body(row).same_body(ticket),
                (None, None) => false,
            };
            let refusal = || refusals::client_order_id_used(client_id, ticket.user.0);
            return if same { Ok(Done::Repeated(*first)) } else { Err(refusal()) };
        }
        let id = stored.unwrap_or_else(|| OrderId(session::next_value(self.order_ids)));
        let outcome = market.core.place(&mut venue.accounts, &ticket.order(id));
        let answer = done(market, ticket.user, outcome)?;
        if let Some(client_id) = &ticket.client_order_id {
            venue.client_ids.insert((ticket.user, client_id.clone()), id);
        }
        let accepted_sequence = market.core.sequence;
        self.fresh.insert(id, Fresh { ticket: ticket.clone(), accepted_sequence, stored: stored.is_some() });
        Ok(answer)
    }

    fn amend(
        &mut self,
        venue: &mut Venue,
        command: &Command,
        id: OrderId,
        price: Option<Money>,
        amount: Option<Money>,
    ) -> Answer<Done> {
        let market = market(&mut venue.markets, &command.symbol)?;
        let before = market.core.book.find(id).map(|place| *market.core.book.order(place));
        let start_sequence = market.core.sequence;
        let outcome = market.core.amend(&mut venue.accounts, id, price, amount);
        let answer = done(market, command.user, outcome)?;
        if let (Some(before), Done::Changed { order: after, .. }) = (before, &answer)
            && (before.price, before.amount) != (after.price, after.amount)
        {
            let end_sequence = market.core.sequence;
            let change = Amendment { before, after: *after, start_sequence, end_sequence };
            self.amendments.push((command.symbol.clone(), change));
        }
        Ok(answer)
    }

    /// The order that a command names: one of these commands' own, or a stored one that is still live.
    fn target(&self, venue: &Venue, command: &Command, target: &Target) -> Answer<OrderId> {
        let unknown = || refusals::unknown_order(&target.to_string());
        let id = match target {
            Target::Id(id) => *id,
            Target::Client(id) => *venue.client_ids.get(&(command.user, id.clone())).ok_or_else(unknown)?,
        };
        match (self.fresh.get(&id), venue.named.get(&id)) {
            (Some(fresh), _) if fresh.ticket.symbol == command.symbol => {}
            (None, Some(row)) if row.ticket.symbol == command.symbol => require_live(row)?,
            _ => return Err(unknown()),
        }
        Ok(id)
    }
}

fn market<'a>(
    markets: &'a mut std::collections::BTreeMap<String, OpenMarket>,
    symbol: &str,
) -> Answer<&'a mut OpenMarket> {
    markets.get_mut(symbol).ok_or_else(|| refusals::unknown_market(symbol))
}

fn require_standing(standing: &HashMap<UserId, Standing>, user: UserId) -> Answer<()> {
    match standing.get(&user) {
        Some(Standing::Active) => Ok(()),
        Some(Standing::Inactive) => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("user {} is not active", user.0),
            "An admin can set identity.users.is_active; cancels work meanwhile.",
        )),
        Some(Standing::Unknown) | None => Err(Failure::unknown(
            format!("user {}", user.0),
            "Make one with INSERT INTO identity.users (name) VALUES (…) RETURNING id.",
        )),
    }
}

/// A stored order that had ended before these commands came.
fn require_live(row: &OrderRow) -> Answer<()> {
    match row.status {
        Some(Status::Open) => Ok(()),
        Some(ended) => Err(refusals::not_live(&format!("order {}", row.id.0), ended.as_str())),
        None => Err(refusals::not_live(&format!("order {}", row.id.0), "pending")),
    }
}

/// The answer to an outcome of the core, with what its trades as taker came to.
fn done(market: &OpenMarket, user: UserId, outcome: Result<Outcome, Refusal>) -> Answer<Done> {
    let outcome = outcome.map_err(|refusal| {
        let (symbol, base, quote) = (market.symbol.as_str(), market.row.base.as_str(), market.row.quote.as_str());
        refusals::failure(refusal, &Subject { user: user.0, symbol, base, quote })
    })?;
    let (order, rules) = (outcome.order, &market.row.rules);
    let (filled, remaining) = (rules.quantity(order.filled), rules.quantity(order.remaining()));
    let mut fills = Fills { filled, remaining, ..Fills::default() };
    for trade in market.core.last_trades(&outcome) {
        fills.value += rules.value(trade.price, trade.amount);
        fills.commission += trade.taker_commission();
    }
    Ok(Done::Changed { order, fills })
}
