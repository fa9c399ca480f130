//! The calendars that this session has compiled. What is kept is right as long as the statement sees the version of the
//! template that it was compiled from: every change of a row below a template makes a new version of the template, and a
//! version is told from all others by where it stands and who has written it.

use std::cell::RefCell;
use std::rc::Rc;

use calendar::Calendar;
use pgrx::PgSqlErrorCode;

use super::source::{Broken, Source};
use super::tables::{TEMPLATES, template};
use crate::bourse::require_tables;
use crate::error::{Answer, Failure, clip};
use crate::pg::scan::Key;
use crate::pg::sight::Sight;
use crate::pg::table::{Table, Tid};

/// The most calendars that a session keeps; the one that was asked longest ago goes first.
const MOST_KEPT: usize = 32;

/// A version of a row: where it stands, and who has written it.
type Version = (u32, u16, u32);

struct Kept {
    name: String,
    id: i64,
    version: Version,
    /// When the version was looked at last.
    seen: Option<Sight>,
    is_active: bool,
    calendar: Rc<Calendar>,
}

thread_local! {
    /// The one that was asked last stands first.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// A calendar that is used, by its name, as the running statement sees it.
pub fn active(name: &str) -> Answer<Rc<Calendar>> {
    let (calendar, is_active) = of(name)?;
    if is_active {
        return Ok(calendar);
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("calendar {} is not active", clip(name)),
        "UPDATE calendar.trading_hours_templates SET is_active = true WHERE name = …;",
    ))
}

/// Refuses rows that are no calendar (23514); a name that is not there passes.
pub fn require_possible(name: &str) -> Answer<()> {
    let code = PgSqlErrorCode::ERRCODE_CHECK_VIOLATION;
    match look(name, Sight::now())? {
        Err(broken) => Err(failure(code, name, &broken)),
        Ok(_) => Ok(()),
    }
}

fn of(name: &str) -> Answer<(Rc<Calendar>, bool)> {
    let sight = Sight::now();
    let known = KEPT.with_borrow(|kept| {
        let first = kept.first().filter(|first| first.name == name && first.seen == sight && sight.is_some());
        first.map(|first| (Rc::clone(&first.calendar), first.is_active))
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let found = look(name, sight)?
        .map_err(|broken| failure(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, name, &broken))?;
    found.ok_or_else(|| {
        let hint = "SELECT name FROM calendar.trading_hours_templates lists them; calendar.load_calendar() makes one.";
        Failure::unknown(format!("calendar {}", clip(name)), hint)
    })
}

fn failure(code: PgSqlErrorCode, name: &str, broken: &Broken) -> Failure {
    let (told, hint) = broken.told();
    Failure::new(code, format!("calendar {}: {told}", clip(name)), hint)
}

type Found = Result<Option<(Rc<Calendar>, bool)>, Broken>;

/// Looks whether what is kept is what the statement sees, and compiles it if not. `None`: there is no such calendar.
fn look(name: &str, sight: Option<Sight>) -> Answer<Found> {
    let known = KEPT.with_borrow_mut(|kept| {
        let at = kept.iter().position(|one| one.name == name)?;
        kept[..=at].rotate_right(1);
        Some((kept[0].id, kept[0].version, kept[0].seen))
    });
    if let Some((id, known, seen)) = known {
        // Of two calendars in one statement the version is looked at once.
        if (seen == sight && sight.is_some()) || version(id) == Some(known) {
            return Ok(Ok(KEPT.with_borrow_mut(|kept| {
                kept[0].seen = sight;
                Some((Rc::clone(&kept[0].calendar), kept[0].is_active))
            })));
        }
        KEPT.with_borrow_mut(|kept| kept.remove(0));
    }
    require_tables()?;
    let Some(source) = Source::of(name) else { return Ok(Ok(None)) };
    let Some(version) = version(source.id) else { return Ok(Ok(None)) };
    let calendar = match source.compile() {
        Ok(calendar) => Rc::new(calendar),
        Err(broken) => return Ok(Err(broken)),
    };
    let (id, is_active) = (source.id, source.is_active);
    let one = Kept { name: name.to_owned(), id, version, seen: sight, is_active, calendar: Rc::clone(&calendar) };
    KEPT.with_borrow_mut(|kept| {
        kept.truncate(MOST_KEPT - 1);
        kept.insert(0, one);
    });
    Ok(Ok(Some((calendar, is_active))))
}

/// The version of a template that the running statement sees.
fn version(id: i64) -> Option<Version> {
    let mut table = Table::open_to_read(&TEMPLATES);
    let index = table.index(c"trading_hours_templates_pkey");
    let found = table.find_in_statement(index, &[Key::Int(id)], |row| {
        let at: Tid = row.tid();
        let block = u32::from(at.ip_blkid.bi_hi) << 16 | u32::from(at.ip_blkid.bi_lo);
        (template::of(row).id(), (block, at.ip_posid, row.writer()))
    });
    table.close();
    found.map(|(_, version)| version)
}
