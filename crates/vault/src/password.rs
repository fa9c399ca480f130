//! Password hashes: argon2id as a PHC string, bcrypt as `$2b$…`. Both carry their salt and their cost.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// bcrypt reads 72 bytes; what is longer would be cut off without a word.
pub const BCRYPT_MAX_BYTES: usize = 72;
/// Stored hashes that cost more are not computed: nothing interrupts it, and one row must not hold a server for more
/// than seconds.
pub const MAX_BCRYPT_COST: u32 = 15;
/// The most memory of a hash, in KiB.
pub const MAX_ARGON2_KIB: u32 = 256 * 1024;
/// The most KiB times passes of a hash: what its time goes with.
pub const MAX_ARGON2_WORK: u64 = 1024 * 1024;

/// How new hashes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// argon2id.
    Argon2id {
        /// Memory in KiB.
        memory: u32,
        /// Passes over the memory.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// bcrypt.
    Bcrypt {
        /// The logarithm of the number of rounds.
        cost: u32,
    },
}

/// Why there is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashError {
    /// bcrypt would cut the password off.
    TooLong,
    /// The costs do not go together.
    Cost,
}

/// What a password and a stored hash have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or no hash that can be read.
    Wrong,
    /// The password, and the hash is as the scheme would make it.
    Right,
    /// The password, but the hash was made in another way: hash it anew. Never said of a password that the
    /// scheme does not take.
    Outdated,
}

impl Scheme {
    /// Hashes a password. `salt` is random.
    pub fn hash(self, password: &str, salt: [u8; 16]) -> Result<String, HashError> {
        match self {
            Scheme::Argon2id { .. } => {
                let hasher = self.argon2().ok_or(HashError::Cost)?;
                let hash = hasher.hash_password_with_salt(password.as_bytes(), &salt);
                hash.map(|hash| hash.to_string()).map_err(|_| HashError::Cost)
            }
            Scheme::Bcrypt { .. } if !self.takes(password) => Err(HashError::TooLong),
            Scheme::Bcrypt { cost } => {
                bcrypt::hash_with_salt(password, cost, salt).map(|hash| hash.to_string()).map_err(|_| HashError::Cost)
            }
        }
    }

    /// Compares a password with a stored hash of either kind. Of a bcrypt hash nobody can tell how long its password
    /// was: many programs cut at 72 bytes, so here too only these count.
    pub fn verify(self, password: &str, stored: &str) -> Verdict {
        let right = match StoredHash::parse(stored) {
            None => false,
            Some(StoredHash::Bcrypt { .. }) => bcrypt::verify(password, stored).unwrap_or(false),
            Some(StoredHash::Argon2(hash)) => Argon2::default().verify_password(password.as_bytes(), &*hash).is_ok(),
        };
        match right {
            false => Verdict::Wrong,
            true if self.made(stored) || !self.takes(password) => Verdict::Right,
            true => Verdict::Outdated,
        }
    }

    fn takes(self, password: &str) -> bool {
        matches!(self, Scheme::Argon2id { .. }) || password.len() <= BCRYPT_MAX_BYTES
    }

    /// Whether a stored hash has the algorithm and the costs of this scheme.
    fn made(self, stored: &str) -> bool {
        match (self, StoredHash::parse(stored)) {
            (Scheme::Bcrypt { cost }, Some(StoredHash::Bcrypt { cost: stored })) => cost == stored,
            (Scheme::Argon2id { memory, iterations, parallelism }, Some(StoredHash::Argon2(hash))) => {
                let params = Params::try_from(&*hash);
                hash.algorithm == Algorithm::Argon2id.ident()
                    && params.is_ok_and(|p| (p.m_cost(), p.t_cost(), p.p_cost()) == (memory, iterations, parallelism))
            }
            _ => false,
        }
    }

    fn argon2(self) -> Option<Argon2<'static>> {
        let Scheme::Argon2id { memory, iterations, parallelism } = self else { return None };
        let params = Params::new(memory, iterations, parallelism, None).ok()?;
        Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A stored hash that may be computed.
enum StoredHash {
    Bcrypt { cost: u32 },
    Argon2(Box<PasswordHash>),
}

impl StoredHash {
    fn parse(text: &str) -> Option<StoredHash> {
        // $2x$ marks hashes of a broken implementation: no password fits them here.
        if ["$2a$", "$2b$", "$2y$"].iter().any(|mark| text.starts_with(mark)) {
            let cost = text.get(4..6)?.parse().ok()?;
            return (cost <= MAX_BCRYPT_COST).then_some(StoredHash::Bcrypt { cost });
        }
        let hash = PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        let affordable = params.m_cost() <= MAX_ARGON2_KIB && work <= MAX_ARGON2_WORK;
        affordable.then(|| StoredHash::Argon2(Box::new(hash)))
    }
}
