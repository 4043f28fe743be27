//! Categories by number, so that a lookup compares numbers and not names.

use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Stands for "in no category" and "nothing above".
const NONE: u32 = u32::MAX;
/// So many levels are told apart; what is nested deeper counts as the last of them.
const LEVELS: usize = 16;

/// Which item is in which category, and what sells best there.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    /// By full name, every level of it: `Baking/Tins` and `Baking`.
    numbers: HashMap<String, u32, FixedState>,
    /// By category: the level above.
    above: Vec<u32>,
    /// By category: what is in stock there and below, best sold first.
    favourites: Vec<Vec<u32>>,
    /// By category: what is new there and below, newest first.
    newest: Vec<Vec<u32>>,
    /// By item: its category.
    of_item: Vec<u32>,
}

impl Shelves {
    pub(super) fn with_capacity(items: usize) -> Self {
        Self { of_item: Vec::with_capacity(items), ..Self::default() }
    }

    /// Says the category of the next item.
    pub(super) fn put(&mut self, category: Option<&str>) {
        let number = category.map_or(NONE, |name| self.number(shallow(name)));
        self.of_item.push(number);
    }

    /// The number of a category; a new one, also for every level above, where it has none.
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let above = name.rsplit_once('/').map_or(NONE, |(above, _)| self.number(above));
        let number = self.above.len() as u32;
        self.above.push(above);
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Sorts items into their categories and all above: `favourites`, best sold first, and what is new, newest first.
    pub(super) fn fill(&mut self, favourites: &[u32], newest: &[u32]) {
        (self.favourites, self.newest) = (self.sorted(favourites), self.sorted(newest));
    }

    fn sorted(&self, items: &[u32]) -> Vec<Vec<u32>> {
        let mut sorted = vec![Vec::new(); self.above.len()];
        for item in items {
            let mut next = self.of(*item);
            while let Some(number) = next {
                sorted[number as usize].push(*item);
                next = self.above.get(number as usize).copied().filter(|above| *above != NONE);
            }
        }
        sorted
    }

    /// The category of an item; `None` where it has none.
    pub(super) fn of(&self, item: u32) -> Option<u32> {
        self.of_item.get(item as usize).copied().filter(|number| *number != NONE)
    }

    /// What is in stock in a category and below, best sold first; nothing for an unknown one.
    pub(super) fn favourites(&self, category: &str) -> &[u32] {
        self.numbers.get(shallow(category)).map(|number| self.favourites_at(*number)).unwrap_or_default()
    }

    /// What is new in a category and below, newest first; nothing for an unknown one.
    pub(super) fn newest(&self, category: &str) -> &[u32] {
        self.numbers.get(shallow(category)).map(|number| self.newest_at(*number)).unwrap_or_default()
    }

    /// The same by the category's number.
    pub(super) fn newest_at(&self, number: u32) -> &[u32] {
        self.newest.get(number as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The favourites by the category's number.
    pub(super) fn favourites_at(&self, number: u32) -> &[u32] {
        self.favourites.get(number as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

fn shallow(name: &str) -> &str {
    name.match_indices('/').nth(LEVELS - 1).map_or(name, |(end, _)| &name[..end])
}
