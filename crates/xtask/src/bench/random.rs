//! Numbers that are the same in every run on every machine.

/// xorshift64*.
pub struct Random(u64);

impl Random {
    /// The seed must not be 0.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to one less than the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }

    /// Between 0 and 1, neither of them.
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// From a normal distribution of mean 0 and this deviation, cut at a limit (Box and Muller's method).
    pub fn gaussian(&mut self, deviation: f64, limit: f64) -> f64 {
        loop {
            let radius = (-2.0 * self.unit().ln()).sqrt();
            let value = radius * (std::f64::consts::TAU * self.unit()).cos() * deviation;
            if value.abs() <= limit {
                return value;
            }
        }
    }
}

/// Scatters consecutive numbers, so that neighbours in a flow are not neighbours as users.
pub fn spread(number: u32) -> usize {
    (number.wrapping_mul(2_654_435_761) >> 8) as usize
}

#[test]
fn a_seed_always_gives_the_same_numbers() {
    let draw = |seed| -> Vec<u64> {
        let mut random = Random::new(seed);
        (0..50).map(|_| random.below(10)).collect()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!(draw(1).iter().all(|n| *n < 10));
    let mut random = Random::new(1);
    assert!((0..1000).all(|_| random.gaussian(25.0, 100.0).abs() <= 100.0));
}
