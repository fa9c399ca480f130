//! API keys: `brs_` and a prefix by which the key is found, `_`, then 32 random bytes in base64 with the URL
//! alphabet. Only the prefix and a SHA-256 digest are stored: 256 random bits need no slow hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const MARK: &str = "brs_";
/// How many characters of a key find it: the mark and 8 hexadecimal digits.
pub const PREFIX_LENGTH: usize = MARK.len() + 8;

/// Random bytes of a key: 4 for the prefix, 32 for the secret.
pub const RANDOM_BYTES: usize = 4 + 32;

/// Spells a key.
pub fn spell(random: &[u8; RANDOM_BYTES]) -> Zeroizing<String> {
    let (prefix, secret) = random.split_at(RANDOM_BYTES - 32);
    let prefix: String = prefix.iter().map(|byte| format!("{byte:02x}")).collect();
    Zeroizing::new(format!("{MARK}{prefix}_{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// The part that finds a key; `None` for what cannot be a key.
pub fn prefix(key: &str) -> Option<&str> {
    key.get(..PREFIX_LENGTH).filter(|prefix| prefix.starts_with(MARK) && key.len() > PREFIX_LENGTH)
}

/// What is stored of a key.
pub fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Whether a key has this digest; takes the same time wherever they differ.
pub fn matches(key: &str, stored: &[u8]) -> bool {
    digest(key).ct_eq(stored).into()
}
