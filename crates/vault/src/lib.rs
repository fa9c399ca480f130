//! Secrets at rest, without PostgreSQL, clock or randomness: whoever calls brings keys, times and random bytes.
//!
//! | module | holds |
//! |---|---|
//! | [`fernet`] | Fernet tokens, version 0x80, the same bytes as Python's `cryptography` makes |
//! | [`ring`] | several keys, the first one seals, all of them open |
//! | [`context`] | whose secret a token holds, bound into its plaintext |
//! | [`password`] | argon2id and bcrypt hashes |
//! | [`api_key`] | API keys: their text, their digest |
//! | [`code`] | verification codes of six digits |
//!
//! No type that holds a secret can be printed, and no error tells one.

#![forbid(unsafe_code)]

pub mod api_key;
pub mod code;
pub mod context;
pub mod fernet;
pub mod password;
pub mod ring;
