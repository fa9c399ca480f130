//! Wrong passwords: after some for a login, its next ones wait. Only here and while this server runs: whoever has
//! stolen the hashes guesses elsewhere, and a restart gives a guesser ten more.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::problem::Problem;

/// So many come at once: people mistype.
const FREE: u32 = 10;
/// And from then on one in this time.
const PAUSE: Duration = Duration::from_secs(30);
/// Who has not guessed for so long begins anew.
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// Logins that are known at a time, some bytes each.
const LOGINS: usize = 10_000;

/// The tries for each login since the last right one.
#[derive(Default)]
pub struct Guesses {
    hasher: RandomState,
    tries: Mutex<HashMap<u64, Tries>>,
}

struct Tries {
    count: u32,
    last: Instant,
}

impl Guesses {
    /// Counts a try, before the password is looked at: so many at once are no way round. Refuses one too many, whether
    /// there is such a user or not.
    pub fn count(&self, login: &str) -> Result<(), Problem> {
        let now = Instant::now();
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let name = self.name(login);
        if all.len() >= LOGINS && !all.contains_key(&name) {
            let oldest = all.iter().min_by_key(|(_, tries)| tries.last).map(|(name, _)| *name);
            oldest.and_then(|name| all.remove(&name));
        }
        let tries = all.entry(name).or_insert(Tries { count: 0, last: now });
        let since = now - tries.last;
        if since >= FORGOTTEN {
            tries.count = 0;
        }
        if tries.count >= FREE && since < PAUSE {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "54000",
                "too many wrong passwords were sent for this login",
                "Wait for half a minute, or log in with an API key.",
            ));
        }
        *tries = Tries { count: tries.count + 1, last: now };
        Ok(())
    }

    /// The password was right.
    pub fn forget(&self, login: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name(login));
    }

    /// Large and small letters are the same to the database.
    fn name(&self, login: &str) -> u64 {
        self.hasher.hash_one(login.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_guess_waits_and_other_logins_do_not() {
        let guesses = Guesses::default();
        assert!((0..FREE).all(|_| guesses.count("ann").is_ok()));
        assert!(guesses.count("ANN").is_err() && guesses.count("bob").is_ok());
        guesses.forget("Ann");
        assert!(guesses.count("ann").is_ok());
    }

    #[test]
    fn many_logins_push_out_the_oldest() {
        let guesses = Guesses::default();
        assert!((0..LOGINS + 10).all(|n| guesses.count(&n.to_string()).is_ok()));
        assert_eq!(guesses.tries.lock().map(|all| all.len()).ok(), Some(LOGINS));
    }
}
