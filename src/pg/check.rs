//! CHECK constraints as the engine keeps them: it writes past the executor, which evaluates them for everybody else.
//! Each is stated once more in Rust, beside its definition, and every row that is about to be written must hold it.

use money::Money;
use pgrx::PgSqlErrorCode;

use super::column::Layout;
use super::numeric::Numeric;
use super::row::Row;
use super::session;
use super::value::{self, Timestamp, Value};
use crate::error::clip;

/// A CHECK constraint of a table that the engine writes.
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What `pg_get_constraintdef()` prints, without a `NOT VALID` at the end.
    pub definition: &'static str,
    /// The columns that it looks at, by their places.
    pub columns: &'static [usize],
    /// The same as a set.
    pub mask: u64,
    /// Whether a row holds it. As in SQL, a comparison with NULL is not violated.
    pub holds: fn(&Proposed<'_>) -> bool,
}

impl Check {
    /// Whether a constraint of a table is this one, by its name and by what `pg_get_constraintdef()` prints of it.
    pub fn is(&self, name: &str, definition: &str) -> bool {
        self.name == name && self.definition == definition.strip_suffix(" NOT VALID").unwrap_or(definition)
    }
}

/// No table of ours has more columns than a set of them has bits.
const MOST_COLUMNS: usize = u64::BITS as usize;

/// Columns as a set.
pub const fn mask(columns: &[usize]) -> u64 {
    let (mut mask, mut at) = (0, 0);
    while at < columns.len() {
        mask |= 1 << columns[at];
        at += 1;
    }
    mask
}

/// A row that is about to be written.
pub struct Proposed<'a> {
    values: Values<'a>,
    /// The columns that are given a value.
    mask: u64,
    /// The row as it is now.
    before: Option<Row<'a>>,
}

enum Values<'a> {
    /// Every column of a new row.
    All(&'a [Value<'a>]),
    /// The columns that change, and where each of them stands in the list.
    Changed(&'a [(usize, Value<'a>)], [u8; MOST_COLUMNS]),
}

impl<'a> Proposed<'a> {
    /// A new row: one value for each column.
    pub fn new(values: &'a [Value<'a>]) -> Proposed<'a> {
        Proposed { values: Values::All(values), mask: u64::MAX, before: None }
    }

    /// A row of which some columns change.
    pub(super) fn changed(before: Row<'a>, changes: &'a [(usize, Value<'a>)]) -> Proposed<'a> {
        let (mut mask, mut places) = (0, [0; MOST_COLUMNS]);
        for (place, (column, _)) in changes.iter().enumerate() {
            mask |= 1 << column;
            places[*column] = place as u8;
        }
        Proposed { values: Values::Changed(changes, places), mask, before: Some(before) }
    }

    /// What a column is given; none: what it holds now.
    fn given(&self, column: usize) -> Option<&Value<'a>> {
        match &self.values {
            Values::All(values) => Some(&values[column]),
            Values::Changed(changes, places) => {
                (self.mask & 1 << column != 0).then(|| &changes[places[column] as usize].1)
            }
        }
    }

    /// What a column will hold: what it is given, as `of` takes it, or what `now` reads of the row.
    fn get<T>(
        &self,
        column: usize,
        of: impl FnOnce(&Value<'a>) -> Option<T>,
        now: impl FnOnce(&Row<'a>) -> Option<T>,
    ) -> Option<T> {
        match self.given(column) {
            Some(Value::Null) => None,
            Some(value) => {
                let taken = of(value);
                assert!(taken.is_some(), "column {column} is given a value of another type");
                taken
            }
            None => self.before.as_ref().and_then(now),
        }
    }

    /// A bigint.
    pub fn int(&self, column: usize) -> Option<i64> {
        let of = |value: &Value<'_>| if let Value::Int(n) = value { Some(*n) } else { None };
        self.get(column, of, |row| row.some_int(column))
    }

    /// An integer, which the engine does not write.
    pub fn int4(&self, column: usize) -> Option<i64> {
        let of = |value: &Value<'_>| if let Value::Int(n) = value { Some(*n) } else { None };
        self.get(column, of, |row| row.some_int4(column).map(i64::from))
    }

    /// A NUMERIC(20,8) or NUMERIC(9,8).
    pub fn money(&self, column: usize) -> Option<Money> {
        let of = |value: &Value<'_>| if let Value::Money(money) = value { Some(*money) } else { None };
        self.get(column, of, |row| row.some_money(column))
    }

    /// A NUMERIC of any size.
    pub fn numeric(&self, column: usize) -> Option<Numeric> {
        let of = |value: &Value<'_>| if let Value::Numeric(number) = value { Some(*number) } else { None };
        self.get(column, of, |row| row.some_numeric(column))
    }

    /// A timestamptz.
    pub fn time(&self, column: usize) -> Option<Timestamp> {
        let of = |value: &Value<'_>| if let Value::Time(time) = value { Some(*time) } else { None };
        self.get(column, of, |row| row.some_time(column))
    }

    /// Whether a column will hold NULL.
    pub fn is_null(&self, column: usize) -> bool {
        match self.given(column) {
            Some(value) => matches!(value, Value::Null),
            None => self.before.as_ref().is_none_or(|row| row.is_null(column)),
        }
    }

    /// Whether a text is there and fulfils a condition; none: it is NULL.
    pub fn text(&self, column: usize, condition: impl Fn(&str) -> bool) -> Option<bool> {
        let of = |value: &Value<'_>| if let Value::Text(text) = value { Some(condition(text)) } else { None };
        self.get(column, of, |row| row.some_text(column).map(&condition))
    }

    /// Whether a text is there and is this word; none: it is NULL.
    pub fn is(&self, column: usize, word: &str) -> Option<bool> {
        self.text(column, |text| text == word)
    }

    /// Whether this row holds a check, as far as it has changed what the check looks at.
    fn holds(&self, check: &Check) -> bool {
        check.mask & self.mask == 0 || (check.holds)(self)
    }
}

/// Refuses a row that does not hold the checks of its table (XX001): nothing of it is written.
pub(super) fn require(checks: &[Check], layout: &Layout, proposed: &Proposed<'_>) {
    if let Some(check) = checks.iter().find(|check| !proposed.holds(check)) {
        raise_violated(layout, proposed, check);
    }
}

#[cold]
fn raise_violated(layout: &Layout, proposed: &Proposed<'_>, check: &Check) -> ! {
    let spell =
        |at: usize| proposed.given(at).map(|value| format!("{} {}", layout.columns[at].0, clip(&spelled(value))));
    let row = proposed.before.as_ref().map(Row::identity).or_else(|| spell(0)).unwrap_or_default();
    let given: Vec<String> = check.columns.iter().filter_map(|at| spell(*at)).collect();
    session::raise_unfit(
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        &format!("row of {} with {row} would violate {}: {}", layout.table(), check.name, given.join(", ")),
        "The exchange has come to a value that cannot be, and has written nothing. Report this message; exchange.verify() tells whether a row was wrong before.",
    );
}

fn spelled(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(n) | Value::Time(Timestamp(n)) => n.to_string(),
        Value::Interval(length) => value::spelled(*length),
        Value::Int4(n) | Value::Date(n) => n.to_string(),
        Value::Times(_) => "a tstzmultirange".to_owned(),
        Value::Int2(n) => n.to_string(),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::Json(_) => "a jsonb".to_owned(),
        Value::Money(money) => money.to_string(),
        Value::Numeric(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::Real(number) => number.to_string(),
        Value::Bool(b) => b.to_string(),
    }
}
