//! A hash map whose hash is one multiplication for each number of the key.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map keyed by ids. Lookups only: its order is never used.
pub type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Multiplies and mixes: ids come from sequences, so nobody can choose them to collide.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::*;
    use crate::{AssetId, OrderId, UserId};

    #[test]
    fn finds_what_was_put_under_an_id_or_a_pair_of_them() {
        let orders: IdMap<OrderId, i64> = (-500..500).map(|n| (OrderId(n), n)).collect();
        assert!((-500..500).all(|n| orders.get(&OrderId(n)) == Some(&n)) && !orders.contains_key(&OrderId(500)));
        let key = |n: i64| (UserId(n / 10), AssetId((n % 10) as u32));
        let balances: IdMap<(UserId, AssetId), i64> = (0..1000).map(|n| (key(n), n)).collect();
        assert!((0..1000).all(|n| balances.get(&key(n)) == Some(&n)));
    }

    #[test]
    fn ids_of_a_sequence_do_not_share_their_low_bits() {
        let hasher = BuildHasherDefault::<IdHasher>::default();
        let low: HashSet<u64> = (1..=1024).map(|n| hasher.hash_one(OrderId(n)) & 0xFFFF).collect();
        assert!(low.len() > 950, "{} of 1024", low.len());
    }
}
