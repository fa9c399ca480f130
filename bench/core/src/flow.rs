//! Deterministic flows. Makers are users 1 to 500, takers 501 to 1000, so nobody meets their own.

use matching::Side;

/// The middle of the book, in ticks.
pub const MIDDLE: i64 = 100_000;

/// Price levels on each side.
pub const LEVELS: u64 = 1_000;

/// What is sent to a venue.
#[derive(Clone, Copy, Debug)]
pub enum Command {
    /// A limit order that rests: bids lie below the middle, offers above.
    Rest(Order),
    /// An immediate-or-cancel order that takes whatever is best.
    Take(Order),
    /// A cancel of the order with this id, which may have gone already.
    Cancel(i64),
}

/// An order of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Its id.
    pub id: i64,
    /// Its owner.
    pub user: i64,
    /// Buy or sell.
    pub side: Side,
    /// Its limit in ticks.
    pub price: i64,
    /// Its quantity in lots.
    pub lots: i64,
}

/// A source of commands: xorshift, so that every run and every venue gets the same.
#[derive(Clone, Debug)]
pub struct Flow {
    state: u64,
    last_id: i64,
    resting: Vec<i64>,
}

impl Default for Flow {
    fn default() -> Flow {
        Flow { state: 0x9E37_79B9_7F4A_7C15, last_id: 0, resting: Vec::new() }
    }
}

impl Flow {
    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }

    fn side(&mut self) -> Side {
        if self.below(2) == 0 { Side::Buy } else { Side::Sell }
    }

    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// An order of 10 lots that rests somewhere.
    pub fn rest(&mut self) -> Command {
        let (id, side, away) = (self.next_id(), self.side(), 1 + self.below(LEVELS) as i64);
        let price = if side == Side::Buy { MIDDLE - away } else { MIDDLE + away };
        self.resting.push(id);
        Command::Rest(Order { id, user: 1 + self.below(500) as i64, side, price, lots: 10 })
    }

    /// An order that takes so many lots.
    pub fn take(&mut self, lots: i64) -> Command {
        let (id, side) = (self.next_id(), self.side());
        let price = if side == Side::Buy { 2 * MIDDLE } else { 1 };
        Command::Take(Order { id, user: 501 + self.below(500) as i64, side, price, lots })
    }

    /// A cancel of some order that has rested, each once.
    pub fn cancel(&mut self) -> Command {
        let at = self.below(self.resting.len() as u64) as usize;
        Command::Cancel(self.resting.swap_remove(at))
    }

    /// Turn after turn: an order rests, another is cancelled, one rests in the middle, and is taken. The depth of
    /// the book stays what it is.
    pub fn steady(&mut self, turn: u64) -> Command {
        match turn % 4 {
            0 => self.rest(),
            1 => self.cancel(),
            2 => Command::Rest(Order { id: self.next_id(), user: 1, side: Side::Sell, price: MIDDLE, lots: 10 }),
            _ => Command::Take(Order { id: self.next_id(), user: 501, side: Side::Buy, price: MIDDLE, lots: 10 }),
        }
    }

    /// Out of a hundred: 70 rest, 20 cancel, 10 take.
    pub fn mixed(&mut self) -> Command {
        match self.below(100) {
            0..20 if !self.resting.is_empty() => self.cancel(),
            20..30 => {
                let lots = 5 + self.below(40) as i64;
                self.take(lots)
            }
            _ => self.rest(),
        }
    }
}
