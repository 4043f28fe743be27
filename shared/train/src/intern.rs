//! Texts and order numbers as small integers, so that a million events fit in memory.

use foldhash::fast::FixedState;
use std::{collections::HashMap, hash::Hash};

/// Keys numbered from 0 in order of first mention. The hash state is fixed, and no map is ever walked: nothing here depends on chance.
#[derive(Debug)]
pub(crate) struct Interner<K> {
    numbers: HashMap<K, u32, FixedState>,
}

impl<K> Default for Interner<K> {
    fn default() -> Self {
        Self { numbers: HashMap::with_hasher(FixedState::default()) }
    }
}

impl<K: Hash + Eq> Interner<K> {
    /// The key's number, a new one where it was never mentioned.
    pub(crate) fn number(&mut self, key: K) -> u32 {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(key).or_insert(next)
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}
