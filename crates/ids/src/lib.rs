//! The ids that more than one part of the platform names, and the map that is keyed by them.

#![forbid(unsafe_code)]

mod map;

pub use map::{IdHasher, IdMap};

/// The id of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// The id of an order, unique in the venue. Given by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub i64);

/// Which asset: an index that the caller chooses, the same for every market that trades it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub u32);
