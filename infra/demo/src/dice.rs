//! Chance, the same on every machine.
//!
//! Everything random in the shop comes through [`Dice`]: ChaCha8, one independent stream per customer, and from there on only
//! `+ - × ÷` and comparisons, which IEEE 754 fixes to the last bit. There is no `ln`, `exp` or `sin` here or anywhere in the
//! generator: those differ between platforms, and a last bit that differs decides, a few draws later, who bought what.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// One stream of draws. Who has a stream of their own is undisturbed by whatever changes in the lives of others.
pub(crate) struct Dice(ChaCha8Rng);

/// Whose draws these are; the numbers only have to differ.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// The shop: popularity, launches, sales.
    Store,
    /// Robots.
    Bots,
    /// People who look in once and never say who they are.
    Passers(u64),
    /// Who a customer is.
    Person(u64),
    /// What a customer does.
    Life(u64),
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(match stream {
            Stream::Store => 0,
            Stream::Bots => 1,
            Stream::Passers(n) => 3 * n + 2,
            Stream::Person(n) => 3 * n + 3,
            Stream::Life(n) => 3 * n + 4,
        });
        Self(rng)
    }

    /// Uniform in `[0, 1)`, on a grid of 2⁻⁵³.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability; at 0 and below never, at 1 and above always.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `[low, high]`, for days, seconds and the like.
    pub(crate) fn whole(&mut self, low: i64, high: i64) -> i64 {
        low + (self.unit() * (high - low + 1) as f64) as i64
    }

    /// Uniform below `n`; 0 where `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }

    /// One of a non-empty list.
    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A small count with this mean: eight coins, so at most eight.
    pub(crate) fn count(&mut self, mean: f64) -> usize {
        (0..8).filter(|_| self.chance(mean / 8.0)).count()
    }

    /// An index, in proportion to its weight; `None` where no weight is positive.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> Option<usize> {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        let last = weights.iter().rposition(|weight| *weight > 0.0)?;
        let hit = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        Some(hit.unwrap_or(last))
    }

    /// Mean 1 and a long tail, between 0.52 and 2.3: a few people do most of the shopping.
    pub(crate) fn long_tail(&mut self) -> f64 {
        1.0 / (0.3 + self.unit()) / 1.466
    }

    /// Sixteen random bytes as the browser snippets write them, a version-4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.0.next_u64(), self.0.next_u64());
        format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(draws: usize, mut draw: impl FnMut(&mut Dice) -> f64) -> f64 {
        let mut dice = Dice::new(1, Stream::Store);
        (0..draws).map(|_| draw(&mut dice)).sum::<f64>() / draws as f64
    }

    #[test]
    fn draws_have_the_means_they_say() {
        for (said, seen) in [
            (0.5, mean(20_000, Dice::unit)),
            (1.0, mean(20_000, Dice::long_tail)),
            (1.6, mean(20_000, |dice| dice.count(1.6) as f64)),
            (3.0, mean(20_000, |dice| dice.whole(1, 5) as f64)),
            (0.3, mean(20_000, |dice| f64::from(u8::from(dice.chance(0.3))))),
        ] {
            assert!((said - seen).abs() < 0.03, "{seen} for {said}");
        }
    }

    #[test]
    fn weights_decide() {
        let mut dice = Dice::new(1, Stream::Store);
        assert_eq!(dice.weighted(&[]), None);
        assert_eq!(dice.weighted(&[0.0, 0.0]), None);
        let mut seen = [0; 4];
        for _ in 0..10_000 {
            seen[dice.weighted(&[1.0, 0.0, 3.0, 0.0]).unwrap_or(3)] += 1;
        }
        assert_eq!((seen[1], seen[3]), (0, 0));
        assert!((2_300..2_700).contains(&seen[0]), "{seen:?}");
    }

    #[test]
    fn streams_are_independent() {
        let first = |stream| Dice::new(1, stream).unit();
        let streams = [Stream::Store, Stream::Bots, Stream::Passers(0), Stream::Person(0), Stream::Life(0), Stream::Passers(1)];
        let draws = streams.map(first);
        for (place, draw) in draws.iter().enumerate() {
            assert!(!draws[..place].contains(draw));
        }
    }
}
