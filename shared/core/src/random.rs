//! Chance from a seed: where something must be drawn, it is drawn the same everywhere.

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. Small, fast, and the same on every machine.
#[derive(Clone, Debug)]
pub struct SplitMix(u64);

impl SplitMix {
    /// What follows from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn next_bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is at least 1; its bias is under `bound / 2^64`.
    pub const fn below(&mut self, bound: usize) -> usize {
        ((self.next_bits() as u128 * bound as u128) >> 64) as usize
    }
}
