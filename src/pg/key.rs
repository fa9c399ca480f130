//! What an index scan compares: the keys, and whether an index can be searched by them.

use money::Money;
use pgrx::{IntoDatum, pg_sys};

use super::numeric;
use super::value::{Timestamp, Uuid, Value};

/// The collation of every text column of ours.
const C_COLLATION: u32 = 950;

/// A comparison that an index scan uses.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// bigint = value.
    Int(i64),
    /// bigint > value.
    After(i64),
    /// text = value.
    Text(&'a str),
    /// name = value.
    Name(&'a str),
    /// numeric <= value.
    AtMost(Money),
    /// numeric >= value.
    AtLeast(Money),
    /// numeric = value.
    Exactly(Money),
    /// numeric < value, on the column of the bound before it, if there is one.
    Below(Money),
    /// numeric > value, on the column of the bound before it, if there is one.
    Above(Money),
    /// bigint >= value.
    From(i64),
    /// timestamptz >= value.
    Since(Timestamp),
    /// timestamptz <= value, on the column of the bound before it, if there is one.
    Until(Timestamp),
    /// smallint = value.
    Small(i16),
    /// smallint > value.
    AfterSmall(i16),
    /// uuid = value.
    Uuid(Uuid),
}

impl Key<'_> {
    /// Whether it may be the second bound of a column.
    fn is_second(self) -> bool {
        matches!(self, Key::Below(_) | Key::Above(_) | Key::Until(_))
    }

    /// The type and the collation of the column that it compares.
    fn kind(self) -> (pg_sys::Oid, u32) {
        match self {
            Key::Int(_) | Key::After(_) | Key::From(_) => (pg_sys::INT8OID, 0),
            Key::Text(_) => (pg_sys::TEXTOID, C_COLLATION),
            Key::Name(_) => (pg_sys::NAMEOID, C_COLLATION),
            Key::AtMost(_) | Key::AtLeast(_) | Key::Exactly(_) | Key::Below(_) | Key::Above(_) => {
                (pg_sys::NUMERICOID, 0)
            }
            Key::Since(_) | Key::Until(_) => (pg_sys::TIMESTAMPTZOID, 0),
            Key::Small(_) | Key::AfterSmall(_) => (pg_sys::INT2OID, 0),
            Key::Uuid(_) => (pg_sys::UUIDOID, 0),
        }
    }

    fn is_bound(self) -> bool {
        matches!(self, Key::AtMost(_) | Key::AtLeast(_) | Key::Since(_))
    }
}

/// The column of the index, from 0, that each key compares.
fn columns<'a>(keys: &'a [Key<'_>]) -> impl Iterator<Item = usize> + 'a {
    let mut shared = 0;
    keys.iter().enumerate().map(move |(at, key)| {
        shared += usize::from(at > 0 && key.is_second() && keys[at - 1].is_bound());
        at - shared
    })
}

/// Whether the leading columns of an index can be compared with the keys: another index may have taken its name.
///
/// # Safety
/// The index is open.
pub(super) unsafe fn fits(index: pg_sys::Relation, keys: &[Key<'_>]) -> bool {
    // SAFETY: as the caller promises; both arrays have an element for each key column.
    unsafe {
        let (types, collations) = ((*index).rd_opcintype, (*index).rd_indcollation);
        let most = (*(*index).rd_index).indnkeyatts as usize;
        columns(keys).zip(keys).all(|(at, key)| {
            let (kind, collation) = key.kind();
            at < most && *types.add(at) == kind && (*collations.add(at)).to_u32() == collation
        })
    }
}

/// The keys as the server takes them.
pub(super) fn scan_keys(keys: &[Key<'_>]) -> Vec<pg_sys::ScanKeyData> {
    columns(keys).zip(keys).map(|(at, key)| scan_key(at as i16 + 1, *key)).collect()
}

fn scan_key(column: i16, key: Key<'_>) -> pg_sys::ScanKeyData {
    let (strategy, function, collation, value) = match key {
        Key::Int(n) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_INT8EQ, 0, n.into_datum()),
        Key::After(n) => (pg_sys::BTGreaterStrategyNumber, pg_sys::F_INT8GT, 0, n.into_datum()),
        Key::Text(text) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_TEXTEQ, C_COLLATION, text.into_datum()),
        Key::Name(name) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_NAMEEQ, C_COLLATION, Some(name_datum(name))),
        Key::AtMost(m) => (pg_sys::BTLessEqualStrategyNumber, pg_sys::F_NUMERIC_LE, 0, Some(numeric::encode(m))),
        Key::Exactly(m) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_NUMERIC_EQ, 0, Some(numeric::encode(m))),
        Key::Below(m) => (pg_sys::BTLessStrategyNumber, pg_sys::F_NUMERIC_LT, 0, Some(numeric::encode(m))),
        Key::Above(m) => (pg_sys::BTGreaterStrategyNumber, pg_sys::F_NUMERIC_GT, 0, Some(numeric::encode(m))),
        Key::From(n) => (pg_sys::BTGreaterEqualStrategyNumber, pg_sys::F_INT8GE, 0, n.into_datum()),
        Key::Since(t) => (pg_sys::BTGreaterEqualStrategyNumber, pg_sys::F_TIMESTAMPTZ_GE, 0, t.0.into_datum()),
        Key::Small(n) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_INT2EQ, 0, n.into_datum()),
        Key::AfterSmall(n) => (pg_sys::BTGreaterStrategyNumber, pg_sys::F_INT2GT, 0, n.into_datum()),
        Key::Uuid(u) => (pg_sys::BTEqualStrategyNumber, pg_sys::F_UUID_EQ, 0, Value::Uuid(u).datum()),
        Key::Until(t) => (pg_sys::BTLessEqualStrategyNumber, pg_sys::F_TIMESTAMPTZ_LE, 0, t.0.into_datum()),
        Key::AtLeast(m) => (pg_sys::BTGreaterEqualStrategyNumber, pg_sys::F_NUMERIC_GE, 0, Some(numeric::encode(m))),
    };
    let mut entry = pg_sys::ScanKeyData::default();
    // SAFETY: the entry is ours; function and strategy fit the type of the value and the index column.
    unsafe {
        pg_sys::ScanKeyEntryInitialize(
            &raw mut entry,
            0,
            column,
            strategy as u16,
            pg_sys::InvalidOid,
            collation.into(),
            function.into(),
            value.unwrap_or(pg_sys::Datum::null()),
        );
    }
    entry
}

/// A name is a fixed array of 64 bytes, zero-filled.
fn name_datum(name: &str) -> pg_sys::Datum {
    let length = name.len().min(pg_sys::NAMEDATALEN as usize - 1);
    // SAFETY: palloc0 gives NAMEDATALEN zeroed bytes, of which at most all but the last are written.
    unsafe {
        let data = pg_sys::palloc0(pg_sys::NAMEDATALEN as usize).cast::<u8>();
        std::ptr::copy_nonoverlapping(name.as_ptr(), data, length);
        pg_sys::Datum::from(data)
    }
}
