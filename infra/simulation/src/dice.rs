//! Chance from the seed: the only source of it in a run.

use rapport_core::random::SplitMix;

/// What one seed throws.
#[derive(Clone, Debug)]
pub(crate) struct Dice(SplitMix);

impl Dice {
    /// Everything that `seed` will ever throw, for one use of it named by `salt`.
    pub(crate) const fn new(seed: u64, salt: u64) -> Self {
        let mut mixed = SplitMix::new(seed ^ salt.rotate_left(32));
        // Neighbouring seeds must not begin alike.
        let start = mixed.next_bits();
        Self(SplitMix::new(start))
    }

    /// Below `bound`; 0 where there is nothing to choose.
    pub(crate) const fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { self.0.below(bound) }
    }

    /// From `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// Whether something of probability `per_mille` thousandths happens.
    pub(crate) const fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille as usize
    }

    /// One of `choices`, which has at least one.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Any order of `all`.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}
