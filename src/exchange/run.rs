//! Carrying out commands against a loaded venue. The core decides; nothing is written here.

use ids::{IdMap, OrderId, UserId};
use matching::{MarketStatus, OrderType, Outcome, Refusal, TimeInForce};
use money::Money;
use pgrx::pg_sys;

use super::command::{Action, Command, Done, Fills, Target};
use super::growth;
use super::refusals;
use super::rows::{Amendment, Fresh, OrderRow};
use super::ticket::Ticket;
use super::venue::{OpenMarket, Venue};
use crate::bourse::hidden::require_line;
use crate::error::Answer;
use crate::pg::sequence;

/// What the commands have brought about that must be written, beside the changes in what the venue holds.
pub struct Effects {
    /// What the tables need to know of the accepted orders.
    pub fresh: IdMap<OrderId, Fresh>,
    /// The changes of terms, by market.
    pub amendments: Vec<(String, Amendment)>,
    /// How many commands, trades and changes of orders that makes: a measure of what the transaction has to write.
    pub steps: i64,
    order_ids: pg_sys::Oid,
}

impl Effects {
    /// Nothing done yet; order ids come from this sequence.
    pub fn new(order_ids: pg_sys::Oid) -> Effects {
        Effects { fresh: IdMap::default(), amendments: Vec::new(), steps: 0, order_ids }
    }

    /// Carries out one command, after the stops that earlier ones have left in the queue. A command that is refused has
    /// changed nothing.
    pub fn carry_out(&mut self, venue: &mut Venue, command: &Command) -> Answer<Done> {
        self.steps += 1;
        let sequence = venue.markets.get(&command.symbol).map_or(0, |market| market.core.sequence);
        if let Some(market) = venue.markets.get_mut(&command.symbol) {
            let trades = market.core.run_left(&mut venue.accounts);
            self.note_shrinks(market, None);
            if matches!(command.action, Action::Stops) {
                return Ok(Done::Market(trades));
            }
        }
        let done = self.decide(venue, command)?;
        if let Done::Market(count) = &done {
            self.steps += *count as i64;
        }
        if let Some(market) = venue.markets.get_mut(&command.symbol) {
            self.steps += market.core.sequence - sequence;
            let own = match (&command.action, &done) {
                (Action::New { .. }, Done::Changed { order, .. }) => Some(order.id),
                _ => None,
            };
            self.note_shrinks(market, own);
        }
        Ok(done)
    }

    /// Notes the changes of terms that self-trade prevention has made; `own` is being accepted.
    fn note_shrinks(&mut self, market: &mut OpenMarket, own: Option<OrderId>) {
        for shrink in market.core.drain_shrinks() {
            let at_acceptance = own == Some(shrink.id);
            let change = Amendment { at_acceptance, ..shrink.into() };
            self.amendments.push((market.symbol.clone(), change));
        }
    }

    fn decide(&mut self, venue: &mut Venue, command: &Command) -> Answer<Done> {
        match &command.action {
            Action::New { ticket, stored } => self.place(venue, ticket, *stored),
            Action::Cancel(target) => {
                let id = self.target(venue, command, target)?;
                let market = market(&mut venue.markets, &command.symbol)?;
                let outcome = market.core.cancel(&mut venue.accounts, id);
                done(market, command.user, outcome)
            }
            Action::Stops => Err(refusals::unknown_market(&command.symbol)),
            Action::Expire => {
                let market = market(&mut venue.markets, &command.symbol)?;
                Ok(Done::Market(market.core.expire(&mut venue.accounts)))
            }
            Action::SetStatus { status, reason } => {
                let market = market(&mut venue.markets, &command.symbol)?;
                let opens = *status == MarketStatus::Open;
                // A bell that leaves a status as it is leaves the reason as well.
                if market.bell.is_none() || *status != market.row.rules.status {
                    market.reason = reason.clone().filter(|_| !opens);
                }
                market.core.rules.status = *status;
                Ok(Done::Market(if opens { market.core.uncross(&mut venue.accounts) } else { 0 }))
            }
            Action::Amend { target, price, amount } => {
                let id = self.target(venue, command, target)?;
                self.amend(venue, command, id, *price, *amount)
            }
        }
    }

    fn place(&mut self, venue: &mut Venue, ticket: &Ticket, stored: Option<OrderId>) -> Answer<Done> {
        let market = market(&mut venue.markets, &ticket.symbol)?;
        if stored.is_none()
            && let Some(client_id) = &ticket.client_order_id
            && let Some(first) = venue.client_ids.get(&(ticket.user, client_id.clone()))
        {
            let same = match (self.fresh.get(first), venue.named.get(first)) {
                (Some(fresh), _) => fresh.ticket.asks_the_same(ticket),
                (None, Some(row)) => super::amendments::first(row).ticket.asks_the_same(ticket),
                (None, None) => false,
            };
            let refusal = || refusals::client_order_id_used(client_id, ticket.user.0);
            return if same { Ok(Done::Repeated(*first)) } else { Err(refusal()) };
        }
        // Only now: whoever repeats an order learns what has become of it, whatever has become of the user, and whatever
        // it may be called by now.
        if let Some(client_id) = ticket.client_order_id.as_deref().filter(|_| stored.is_none()) {
            require_line("client_order_id", client_id)?;
        }
        venue.standing.get(&ticket.user).copied().unwrap_or_default().require_may_trade(ticket.user.0)?;
        let key = (ticket.user, ticket.symbol.clone());
        let waits = ticket.body.stop_price.is_some()
            || matches!(ticket.body.time_in_force, TimeInForce::Gtc | TimeInForce::Gtd);
        if let Some(limit) = market.row.max_open_orders.filter(|_| waits && ticket.body.order_type != OrderType::Market)
        {
            let unloaded = venue.unloaded.get(&key).copied().unwrap_or_default();
            let live = unloaded + market.core.book.live_of(ticket.user);
            if live >= limit {
                return Err(refusals::too_many_orders(&ticket.symbol, ticket.user.0, live, limit));
            }
        }
        let rates = venue.rates.get(&key).copied().unwrap_or(market.row.rates);
        let id = stored.unwrap_or_else(|| OrderId(sequence::next_value(self.order_ids)));
        let outcome = market.core.place(&mut venue.accounts, &ticket.order(id, rates));
        let answer = done(market, ticket.user, outcome)?;
        if let Some(client_id) = &ticket.client_order_id {
            venue.client_ids.insert((ticket.user, client_id.clone()), id);
        }
        if let Done::Changed { order, .. } = &answer {
            let (accepted_sequence, accepted_status) = (market.core.sequence, order.status);
            let (ticket, stored) = (ticket.clone(), stored.is_some());
            self.fresh.insert(id, Fresh { ticket, accepted_sequence, accepted_status, stored });
        }
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
        venue.standing.get(&command.user).copied().unwrap_or_default().require_may_trade(command.user.0)?;
        let before = market.core.book.find(id).map(|place| *market.core.book.order(place));
        let was = before.map(|order| market.row.rules.quantity(order.amount));
        if amount.zip(was).is_some_and(|(amount, was)| amount > was) {
            growth::require_free(id)?;
        }
        let start_sequence = market.core.sequence;
        let outcome = market.core.amend(&mut venue.accounts, id, price, amount);
        let answer = done(market, command.user, outcome)?;
        if let (Some(before), Done::Changed { order: after, .. }) = (before, &answer)
            && (before.price, before.amount, before.priority) != (after.price, after.amount, after.priority)
        {
            let change = Amendment {
                order: id,
                old_price: before.price,
                old_amount: before.amount,
                new_price: after.price,
                new_amount: amount.map_or(before.amount, |a| (a.units() / market.row.rules.lot.units()) as i64),
                filled: before.filled,
                priority: after.priority,
                start_sequence,
                end_sequence: market.core.sequence,
                at_acceptance: false,
            };
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
            (Some(fresh), _) if fresh.ticket.symbol == command.symbol => {
                let order = venue.markets.get(&command.symbol).and_then(|market| market.core.book.get(id));
                if let Some(ended) = order.filter(|order| !order.status.is_live()) {
                    return Err(refusals::not_live(&format!("order {}", id.0), ended.status.as_str()));
                }
            }
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

/// Refuses a stored order that had ended before these commands came.
fn require_live(row: &OrderRow) -> Answer<()> {
    if row.status.is_live() {
        return Ok(());
    }
    Err(refusals::not_live(&format!("order {}", row.id.0), row.status.as_str()))
}

/// The answer to an outcome of the core, with what its trades as taker came to.
fn done(market: &OpenMarket, user: UserId, outcome: Result<Outcome, Refusal>) -> Answer<Done> {
    let outcome = outcome.map_err(|refusal| refusals::failure(refusal, &market.row.subject(user.0, &market.symbol)))?;
    let (order, rules) = (outcome.order, &market.row.rules);
    let (filled, remaining) = (rules.quantity(order.filled).into(), rules.quantity(order.remaining()).into());
    let mut fills = Fills { filled, remaining, ..Fills::default() };
    for trade in market.core.own_trades(&outcome) {
        fills.value += rules.value(trade.price, trade.amount);
        fills.commission += trade.commission(order.side);
    }
    Ok(Done::Changed { order, fills, sequence: market.core.sequence })
}
