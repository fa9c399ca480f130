//! Commits that wait although the session does not.

use pgrx::prelude::*;

use crate::pg::commit;

#[pg_extern(sql = false)]
fn commit_durably() {
    commit::must_last();
}
