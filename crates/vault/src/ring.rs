//! Several keys: the first one seals, all of them open. A new key goes on top; the old ones stay until no token
//! needs them.

use zeroize::Zeroizing;

use crate::fernet::{Key, NotAToken};

/// More keys than any rotation needs.
pub const MAX_KEYS: usize = 16;

/// Why a text holds no keys. Tells the line, never what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingError {
    /// There is no key at all.
    Empty,
    /// A line that is no key.
    NotAKey {
        /// Its number, from 1.
        line: usize,
    },
    /// The same key twice.
    Repeated {
        /// The line of the second one.
        line: usize,
    },
    /// More than [`MAX_KEYS`].
    TooMany,
}

impl std::fmt::Display for RingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RingError::Empty => f.write_str("holds no key"),
            RingError::NotAKey { line } => write!(f, "holds no Fernet key in line {line}"),
            RingError::Repeated { line } => write!(f, "repeats a key in line {line}"),
            RingError::TooMany => write!(f, "holds more than {MAX_KEYS} keys"),
        }
    }
}

/// At least one key, each with its id.
pub struct KeyRing(Vec<(String, Key)>);

impl KeyRing {
    /// Reads one key a line, the newest first. Empty lines and lines that begin with `#` do not count.
    pub fn parse(text: &str) -> Result<KeyRing, RingError> {
        let mut keys: Vec<(String, Key)> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key = Key::parse(text).map_err(|_| RingError::NotAKey { line })?;
            let id = key.id();
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(RingError::Repeated { line });
            }
            if keys.len() == MAX_KEYS {
                return Err(RingError::TooMany);
            }
            keys.push((id, key));
        }
        if keys.is_empty() { Err(RingError::Empty) } else { Ok(KeyRing(keys)) }
    }

    /// The ids of the keys; the first one seals.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| id.as_str())
    }

    /// The id of the key that seals.
    pub fn primary(&self) -> &str {
        &self.0[0].0
    }

    /// Makes a token with the newest key.
    pub fn seal(&self, plaintext: &[u8], now: u64, iv: [u8; 16]) -> String {
        self.0[0].1.seal(plaintext, now, iv)
    }

    /// The plaintext of a token that one of the keys has made.
    pub fn open(&self, token: &str) -> Result<Zeroizing<Vec<u8>>, NotAToken> {
        self.0.iter().find_map(|(_, key)| key.open(token).ok()).ok_or(NotAToken)
    }
}
