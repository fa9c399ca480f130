//! The vault against the vectors of the Fernet specification, of Python's packages, and against itself.

mod api_key;
mod code;
mod context;
mod fernet;
mod password;
mod ring;

/// A key of Python's `Fernet`: the bytes 0 to 31.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The key of the specification's vectors.
const SPEC_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
