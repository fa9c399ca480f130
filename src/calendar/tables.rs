//! The table of the schema calendar that is read past the executor.

use crate::pg::definition::Definition;
use crate::pg::fields::table;

/// `calendar.trading_hours_templates`.
pub static TEMPLATES: Definition =
    Definition { schema: c"calendar", name: c"trading_hours_templates", columns: template::ALL, checks: &[] };

table! {
    /// Fields of `calendar.trading_hours_templates`.
    pub mod template: read {
        id: Int,
    }
}
