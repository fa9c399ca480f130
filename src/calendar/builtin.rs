//! The calendars that ship with the library: `data/calendars`.

use pgrx::prelude::*;

const SHIPPED: [&str; 7] = [
    include_str!("../../data/calendars/XNYS.json"),
    include_str!("../../data/calendars/XNSE.json"),
    include_str!("../../data/calendars/XBOM.json"),
    include_str!("../../data/calendars/XHKG.json"),
    include_str!("../../data/calendars/XTKS.json"),
    include_str!("../../data/calendars/CMES.json"),
    include_str!("../../data/calendars/24-7.json"),
];

#[pg_extern(sql = false)]
fn calendar_builtin_texts() -> SetOfIterator<'static, &'static str> {
    SetOfIterator::new(SHIPPED)
}
