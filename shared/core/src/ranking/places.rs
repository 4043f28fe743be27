//! Where things stand in a list, found by their number.

use fixedbitset::FixedBitSet;

/// For each number below a bound whether it is in a list, and where: the index of a sparse vector. It is emptied in the time of what was
/// in it, and what is asked most, "is it in?", takes a bit a number, so that the answer is in the nearest cache.
#[derive(Debug, Default)]
pub(super) struct Places {
    is_in: FixedBitSet,
    at: Vec<u32>,
}

impl Places {
    /// Makes room for numbers below `bound`; it must be empty.
    pub(super) fn fit(&mut self, bound: usize) {
        if self.at.len() != bound {
            self.at.clear();
            self.at.resize(bound, 0);
            self.is_in = FixedBitSet::with_capacity(bound);
        }
    }

    /// Empties it, given all that were entered.
    pub(super) fn clear(&mut self, entered: impl ExactSizeIterator<Item = u32>) {
        // Whole words are wiped in the time in which single bits would be looked for.
        if entered.len() > self.is_in.len() / usize::BITS as usize {
            self.is_in.clear();
        } else {
            entered.for_each(|number| self.is_in.set(number as usize, false));
        }
    }

    /// Where `number` stands.
    pub(super) fn get(&self, number: u32) -> Option<usize> {
        if self.is_in.contains(number as usize) { self.at.get(number as usize).map(|place| *place as usize) } else { None }
    }

    /// Where `number` stands; when it was not in, `next` from now on, and the caller appends it. `None` for a number beyond the bound.
    pub(super) fn enter(&mut self, number: u32, next: usize) -> Option<Entered> {
        let place = self.at.get_mut(number as usize)?;
        if self.is_in.put(number as usize) {
            return Some(Entered::Known(*place as usize));
        }
        *place = next as u32;
        Some(Entered::New)
    }
}

/// What became of a number.
pub(super) enum Entered {
    /// It stands there.
    Known(usize),
    /// It goes to the end of the list.
    New,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUND: u32 = 200;

    proptest! {
        /// Against a list that is searched.
        #[test]
        fn what_was_entered_is_found(rounds in prop::collection::vec(prop::collection::vec(0..BOUND + 2, 0..40), 1..6)) {
            let mut places = Places::default();
            for round in rounds {
                places.fit(BOUND as usize);
                let mut list: Vec<u32> = Vec::new();
                for number in round {
                    let known = list.iter().position(|listed| *listed == number);
                    prop_assert_eq!(places.get(number), known);
                    match places.enter(number, list.len()) {
                        None => prop_assert!(number >= BOUND),
                        Some(Entered::Known(place)) => prop_assert_eq!(Some(place), known),
                        Some(Entered::New) => {
                            prop_assert!(known.is_none());
                            list.push(number);
                        }
                    }
                }
                places.clear(list.into_iter());
            }
        }
    }
}
