//! Texts and order numbers as small integers, so that a million events fit in memory.

use foldhash::fast::FixedState;
use std::{collections::HashMap, hash::Hash};

/// Keys numbered from 0 in order of first mention. The hash state is fixed, and a map is walked only to
/// be sorted: nothing here depends on chance.
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

    /// The key's number, where it was mentioned.
    pub(crate) fn find(&self, key: &K) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// By number: the key's place among all keys in their own order, which does not depend on who mentioned what first.
    pub(crate) fn places(&self) -> Vec<u32>
    where
        K: Ord,
    {
        let mut keys: Vec<(&K, u32)> = self.numbers.iter().map(|(key, number)| (key, *number)).collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        let mut places = vec![0; keys.len()];
        for (place, (_, number)) in keys.into_iter().enumerate() {
            places[number as usize] = place as u32;
        }
        places
    }
}
