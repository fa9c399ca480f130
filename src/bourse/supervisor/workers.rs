//! `bourse.workers()`: every worker of the server.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::desks::{DESKS_OF_SERVER, Desk};
use super::kind;
use crate::pg::databases;
use crate::pg::value::Timestamp;

type Line = (Option<String>, &'static str, Option<i32>, &'static str, Option<TimestampWithTimeZone>, Option<String>);

#[pg_extern(sql = false)]
#[expect(clippy::type_complexity, reason = "pgrx reads the columns out of the signature")]
fn workers() -> TableIterator<
    'static,
    (
        name!(database, Option<String>),
        name!(kind, &'static str),
        name!(pid, Option<i32>),
        name!(state, &'static str),
        name!(since, Option<TimestampWithTimeZone>),
        name!(setback, Option<String>),
    ),
> {
    let mut desks: Vec<Desk> =
        if super::is_preloaded() { DESKS_OF_SERVER.with(|desks| desks.taken().copied().collect()) } else { Vec::new() };
    desks.sort_unstable_by_key(|desk| (desk.post.database, desk.post.kind));
    TableIterator::new(desks.into_iter().map(line))
}

fn line(desk: Desk) -> Line {
    (
        databases::name(desk.post.database),
        kind::of(desk.post).name,
        (desk.pid != 0).then_some(desk.pid),
        desk.word(),
        // One that is wanted is wanted at once, or from then on.
        Some(desk.since).filter(|since| *since > Timestamp(0)).and_then(|since| since.0.try_into().ok()),
        desk.setback.map(|text| text.read()),
    )
}
