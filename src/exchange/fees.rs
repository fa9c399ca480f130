//! Commission rates by group of users.

use ids::UserId;
use matching::Rates;

use super::fields::{fee_groups, fee_schedules};
use super::tables;
use crate::pg::scan::{Key, Row};
use crate::pg::table::Table;

/// The tables of fee groups and, once somebody is in a group, of their schedules.
pub struct Fees {
    groups: Table,
    schedules: Option<Table>,
}

impl Fees {
    /// Opens the groups.
    pub fn open() -> Fees {
        Fees { groups: Table::open(&tables::FEE_GROUPS), schedules: None }
    }

    /// The rates of a user in a market, if they are not the market's own: the group's for this market, or the
    /// group's for all.
    pub fn rates(&mut self, user: UserId, symbol: &str) -> Option<Rates> {
        if self.groups.is_empty() {
            return None;
        }
        let index = self.groups.index(c"fee_groups_pkey");
        let group = self.groups.find(index, &[Key::Int(user.0)], |row| fee_groups::of(row).fee_group().to_owned())?;
        let schedules = self.schedules.get_or_insert_with(|| Table::open(&tables::FEE_SCHEDULES));
        let index = schedules.index(c"fee_schedules_pkey");
        let mut rates = |symbol| schedules.find(index, &[Key::Text(&group), Key::Text(symbol)], read_rates);
        rates(symbol).or_else(|| rates("*"))
    }

    /// Closes the tables.
    pub fn close(self) {
        self.groups.close();
        if let Some(schedules) = self.schedules {
            schedules.close();
        }
    }
}

fn read_rates(row: &Row<'_>) -> Rates {
    let schedule = fee_schedules::of(row);
    Rates { maker: schedule.maker_rate(), taker: schedule.taker_rate() }
}
