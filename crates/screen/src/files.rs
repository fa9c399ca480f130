//! How many files the process may have open: each connection takes one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Beside those of streams: to the database, for requests under way, of the page.
const OTHERS: u64 = 256;

/// Takes what so many streams need of what the administrator allows. Too little would be found when it is too late: by
/// the viewers who are not let in.
pub fn make_room(streams: usize) -> Result<(), String> {
    let wanted = streams as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|allowed| allowed >= wanted) {
        return Ok(());
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).map_err(|_| {
        let allowed = maximum.unwrap_or(wanted);
        format!(
            "{streams} streams take {wanted} open files, and {allowed} are allowed: raise `ulimit -Hn` (LimitNOFILE of \
             systemd), or take fewer --streams"
        )
    })
}
