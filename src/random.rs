//! Numbers that look like chance and are the same everywhere: SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
//! number generators"). Draws of people's samples and resampled intervals must not change with a new version of a crate.

/// The generator; its state is the seed.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0..1, evenly, in steps of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// 0..n, for n below 2³².
    pub fn below(&mut self, n: u64) -> u64 {
        ((self.next_u64() >> 32) * n) >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference() {
        // The first numbers of seed 1234567 in Vigna's splitmix64.c.
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(random.next_u64(), 3_203_168_211_198_807_973);
        assert!((0..1000).all(|_| random.below(7) < 7));
        let even: Vec<f64> = (0..1000).map(|_| random.unit()).collect();
        assert!(even.iter().all(|u| (0.0..1.0).contains(u)));
        assert!((even.iter().sum::<f64>() / 1000.0 - 0.5).abs() < 0.05);
    }
}
