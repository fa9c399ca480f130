//! What modules declare of the workers that they need.

use std::cell::Cell;

use super::desks::Post;
use crate::error::{Answer, Failure};
use crate::pg::worker;

/// A kind of worker: a database has one of it at most. Each is a process of its own, connected to the database with the
/// rights of bourse_owner; it ends while a command needs the database for itself.
pub struct Kind {
    /// Its name: `pg_stat_activity` shows a `pg_bourse <name>`.
    pub name: &'static str,
    /// Whether it is switched on. Asked again after each reload of the configuration.
    pub is_wanted: fn() -> bool,
    /// Refuses a database that has no work for it. Runs in a transaction, and evaluates nothing of the database unless
    /// that is ours.
    pub require_work: fn() -> Answer<()>,
    /// Works until [`super::is_to_go_on`] says no, or the database has no work for it any more.
    pub work: fn(),
    /// The database has no work for it: whoever waits for some is told why.
    pub refuse: fn(&Failure),
    /// The process ends, however it comes short of a crash: whoever waits for an answer is told that there is none.
    pub leave: fn(),
}

thread_local! {
    static KINDS: Cell<&'static [&'static Kind]> = const { Cell::new(&[]) };
}

/// Takes the kinds. Called once, when the library is preloaded: the processes of the server inherit them.
pub fn declare(kinds: &'static [&'static Kind]) {
    KINDS.set(kinds);
}

/// All kinds, in the order in which they are started. None: the library was not preloaded.
pub fn kinds() -> &'static [&'static Kind] {
    KINDS.get()
}

/// The kind of a post.
pub fn of(post: Post) -> &'static Kind {
    kinds()[post.kind as usize]
}

/// The posts of a database, of all kinds.
pub fn posts(database: u32) -> impl Iterator<Item = (Post, &'static Kind)> {
    kinds().iter().enumerate().map(move |(number, kind)| (Post { kind: number as u32, database }, *kind))
}

/// The post of a kind, by its name, in the database of this session; none: the library was not preloaded.
pub fn here(name: &str) -> Option<Post> {
    posts(worker::my_database()).find(|(_, kind)| kind.name == name).map(|(post, _)| post)
}
