//! Rows are kept as long as there is room for them. A program of its own: these tests take all the room of a process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use analytics::series::{Full, MOST_BYTES, Room, Series};

static ALL_ROOM: Mutex<()> = Mutex::new(());
/// So many bytes are left of it.
const SOME: usize = 1 << 24;

fn alone() -> MutexGuard<'static, ()> {
    ALL_ROOM.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_row_that_does_not_fit_is_refused_and_the_others_stay() {
    let _alone = alone();
    let mut others = Room::default();
    others.resize(MOST_BYTES - SOME).expect("room for it");
    let mut rows = Series::default();
    let full = (0_u64..).find_map(|n| rows.push([n; 512]).err());
    assert_eq!(full, Some(Full::Bound));
    assert!((SOME / 2..=SOME).contains(&(rows.len() * 4096)), "{} rows", rows.len());
    assert!(rows.iter().enumerate().all(|(n, row)| row[0] == n as u64));
    drop(others);
    rows.push([0; 512]).expect("there is room again");
    drop(rows);
    Room::default().resize(MOST_BYTES).expect("nothing is left of what has gone");
}

#[test]
fn more_rows_than_a_process_can_count_are_refused() {
    let _alone = alone();
    let mut rows = Series::<[u8; 1 << 20]>::default();
    assert_eq!(rows.reserve(usize::MAX), Err(Full::Bound));
    assert_eq!(rows.reserve(MOST_BYTES), Err(Full::Bound));
}

#[test]
fn rows_of_one_key_stay_as_they_came() {
    let mut rows = Series::default();
    for row in [(3, 'a'), (1, 'b'), (3, 'c'), (1, 'd'), (2, 'e')] {
        rows.push(row).expect("room for it");
    }
    rows.sort_by_key(|row| row.0).expect("room to sort");
    assert_eq!(rows[..], [(1, 'b'), (1, 'd'), (2, 'e'), (3, 'a'), (3, 'c')]);
}
