//! From rows to a compiled calendar.

use calendar::{Calendar, Day, Definition, Fault, Zone, compile, rows};
use serde_json::Value;

use crate::pg::function;
use crate::pg::zone::TimeZone;

/// What the tables say of a calendar.
pub struct Source {
    /// The id of its template.
    pub id: i64,
    /// Whether it may be asked.
    pub is_active: bool,
    rows: Value,
}

/// Why the rows are no calendar.
pub enum Broken {
    /// A rule of calendars.
    Fault(Fault),
    /// The server does not know the zone.
    Zone(String),
}

impl Source {
    /// As the running statement sees it.
    pub fn of(name: &str) -> Option<Source> {
        let text = function::call_text(c"calendar_private", c"source", name)?;
        let mut value: Value = serde_json::from_str(&text).ok()?;
        Some(Source { id: value["id"].as_i64()?, is_active: value["is_active"].as_bool()?, rows: value["rows"].take() })
    }

    /// What it says.
    pub fn definition(&self) -> Result<Definition, Fault> {
        rows::read(&self.rows)
    }

    /// Compiles it.
    pub fn compile(&self) -> Result<Calendar, Broken> {
        let definition = self.definition().map_err(Broken::Fault)?;
        let zone = TimeZone::named(&definition.timezone).ok_or(Broken::Zone(definition.timezone.clone()))?;
        compile(&definition, &Clocks(zone)).map_err(Broken::Fault)
    }
}

impl Broken {
    /// What is wrong, and what to do.
    pub fn told(&self) -> (String, String) {
        match self {
            Broken::Fault(fault) => (fault.to_string(), fault.hint()),
            Broken::Zone(zone) => (
                format!("time zone {zone:?} is not known to this server"),
                "SELECT name FROM pg_timezone_names lists those that are.".to_owned(),
            ),
        }
    }
}

struct Clocks(TimeZone);

impl Zone for Clocks {
    fn instant(&self, date: Day, time: i64) -> i64 {
        self.0.instant(date.0, time)
    }
}
