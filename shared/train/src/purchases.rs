//! What else people buy who bought an item: for every item, a small ridge regression on its strongest companions.
//!
//! With `X` people by items, 1 where bought, the dense form is EASE (Steck 2019): each column `j` of the weights minimises
//! `|x_j - X w|^2 + ridge |w|^2` with `w_j = 0`. Here `w` may only speak from a *support*: the items that share the most buyers with
//! `j` by cosine, as SLIM with neighbours does (Ning and Karypis 2011). No matrix of the whole catalog is ever made or inverted, the
//! work grows with the items and not with their cube, and where the support is everybody the result is EASE, exactly.
//!
//! The artifact has room for so many entries in all. Where that is less than the supports hold, the weakest weights of each column go
//! and the rest are fitted again: cutting without that costs much more.

use crate::{history::History, pairs::Groups};
use rayon::prelude::*;

/// What may be turned.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// Added to every item's own count, in buyers; in a shop of few people a fifth of them, where that is less.
    pub ridge: f32,
    /// The most companions that an item is regressed on.
    pub support: usize,
    /// Entries of the whole table, at most; 4 bytes each. A run of `train` says how many there is room for.
    pub entries: usize,
    /// Entries that speak of one item, at most: every one of a history's rows is walked in a lookup.
    pub kept: usize,
    /// A pair that fewer people stand behind is not shown to strangers, so it is not stored.
    pub least_supporters: u32,
    /// Of a person, at most so many newest purchases.
    pub longest: usize,
}

/// What serves every shop: picked by hand on the public data of docs/models.md.
pub const DEFAULT: Params = Params { ridge: 500.0, support: 128, entries: 240_000, kept: 64, least_supporters: 2, longest: 2_000 };

/// A ridge that is large beside the number of people leaves little but what is popular and bought together.
const RIDGE_SHARE: f32 = 0.2;

/// What was learned of purchases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fitted {
    /// By item, what buying it says of others.
    pub rows: Rows,
    /// By item, the share of people who buy it whatever else they bought: with these, predictions are right on average.
    pub intercepts: Vec<f32>,
}

/// By item: what buying it says of others.
pub type Rows = Vec<Weights>;
/// Of one item, or on one: (item, weight).
pub type Weights = Vec<(u32, f32)>;

/// The table that there is room for.
#[must_use]
pub fn fit(history: &History, params: &Params) -> Fitted {
    let (counts, kept) = counted(history, params);
    let columns: Rows = (0..counts.rows.len() as u32).into_par_iter().map(|item| counts.column(item, kept, params).0).collect();
    counts.fitted(columns)
}

/// The same, and the whole supports beside it: what there would be if size did not matter.
pub(crate) fn fit_whole(history: &History, params: &Params) -> (Fitted, Fitted) {
    let (counts, kept) = counted(history, params);
    let (columns, whole) = (0..counts.rows.len() as u32).into_par_iter().map(|item| counts.column(item, kept, params)).unzip();
    (counts.fitted(columns), counts.fitted(whole))
}

/// What is counted, and how many entries may speak of an item.
fn counted(history: &History, params: &Params) -> (Counts, usize) {
    let counts = Counts::of(history, params);
    let items = counts.rows.iter().filter(|row| !row.is_empty()).count().max(1);
    (counts, (params.entries / items).clamp(1, params.kept))
}

/// How many people bought each item, and each two of them.
struct Counts {
    people: f32,
    buyers: Vec<f32>,
    /// By item, sorted: (other item, people with both).
    rows: Vec<Vec<(u32, f32)>>,
}

impl Counts {
    fn of(history: &History, params: &Params) -> Self {
        let count = history.items.len();
        let people = Groups::of_purchases(history, history.shoppers().filter(|buys| history.is_known(buys[0].person)), params.longest);
        let rows = people.rows(count, usize::MAX, |_, pair| Some(pair.groups as f32));
        let sorted = |row: Vec<rapport_core::model::Neighbour>| {
            let mut row: Vec<(u32, f32)> = row.into_iter().map(|near| (near.item, near.weight)).collect();
            row.sort_unstable_by_key(|(item, _)| *item);
            row
        };
        let buyers = people.occurrences(count).into_iter().map(|buyers| buyers as f32).collect();
        Self { people: people.len() as f32, buyers, rows: rows.into_par_iter().map(sorted).collect() }
    }

    /// The regressions, given by target, as lookups read them: by source.
    fn fitted(&self, columns: Rows) -> Fitted {
        let share = |item: u32| self.buyers[item as usize] / self.people.max(1.0);
        let expected = |column: &Weights| column.iter().map(|(source, weight)| share(*source) * weight).sum::<f32>();
        let intercepts = (0u32..).zip(&columns).map(|(target, column)| share(target) - expected(column)).collect();
        let mut rows = vec![Vec::new(); columns.len()];
        for (target, column) in columns.into_iter().enumerate() {
            for (source, weight) in column {
                rows[source as usize].push((target as u32, weight));
            }
        }
        Fitted { rows, intercepts }
    }

    /// Writes how many people bought `item` and each of `others`, which are sorted and not `item`. Both lists are walked side by side in
    /// leaps that double (Bentley and Yao 1976): on a gift shop's rows that takes two thirds of the time of searching anew for each.
    fn fill(&self, item: u32, others: &[u32], counts: &mut [f32]) {
        let mut rest: &[(u32, f32)] = &self.rows[item as usize];
        for (other, count) in others.iter().zip(counts) {
            let mut leap = 1;
            while leap < rest.len() && rest[leap].0 < *other {
                leap *= 2;
            }
            let (from, to) = (leap / 2, rest.len().min(leap + 1));
            rest = &rest[from + rest[from..to].partition_point(|(known, _)| known < other)..];
            *count = rest.first().filter(|(known, _)| known == other).map_or(0.0, |(_, count)| *count);
        }
    }

    /// What the purchases of others say of item `target`: from at most `kept` of them, and from its whole support.
    fn column(&self, target: u32, kept: usize, params: &Params) -> (Weights, Weights) {
        let support = self.companions(target, params);
        let equations = self.equations(target, &support, self.ridge(params));
        let whole: Vec<(u32, f32)> = support.into_iter().zip(equations.clone().solve()).collect();
        if whole.len() <= kept {
            return (whole.clone(), whole);
        }
        let mut order: Vec<usize> = (0..whole.len()).collect();
        order.sort_unstable_by(|a, b| whole[*b].1.abs().total_cmp(&whole[*a].1.abs()).then(a.cmp(b)));
        order.truncate(kept);
        order.sort_unstable();
        let weights = equations.part(&order).solve();
        (order.into_iter().map(|place| whole[place].0).zip(weights).collect(), whole)
    }

    /// The items that share the most buyers with `target`, by cosine; sorted by number.
    fn companions(&self, target: u32, params: &Params) -> Vec<u32> {
        let enough = |both: &&(u32, f32)| both.1 >= params.least_supporters as f32;
        let mut near: Vec<(f32, u32)> = self.rows[target as usize]
            .iter()
            .filter(enough)
            .map(|(item, both)| (both / self.buyers[*item as usize].sqrt(), *item))
            .collect();
        let stronger = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if near.len() > params.support {
            near.select_nth_unstable_by(params.support - 1, stronger);
            near.truncate(params.support);
        }
        let mut items: Vec<u32> = near.into_iter().map(|(_, item)| item).collect();
        items.sort_unstable();
        items
    }

    fn ridge(&self, params: &Params) -> f32 {
        params.ridge.min(RIDGE_SHARE * self.people)
    }

    /// The ridge regression of `target` on its support.
    fn equations(&self, target: u32, support: &[u32], ridge: f32) -> Equations {
        let size = support.len();
        let (mut matrix, mut right) = (vec![0.0; size * size], vec![0.0; size]);
        for (i, item) in support.iter().enumerate() {
            self.fill(*item, &support[i + 1..], &mut matrix[i * size + i + 1..(i + 1) * size]);
            matrix[i * size + i] = self.buyers[*item as usize] + ridge;
        }
        self.fill(target, support, &mut right);
        Equations { matrix, right }
    }
}

/// `matrix x = right` for a symmetric positive definite matrix (n, n), given by its upper triangle, row by row.
#[derive(Clone)]
struct Equations {
    matrix: Vec<f32>,
    right: Vec<f32>,
}

impl Equations {
    /// The equations of some unknowns alone, which are sorted.
    fn part(&self, unknowns: &[usize]) -> Self {
        let rows = unknowns.iter().map(|i| &self.matrix[i * self.right.len()..]);
        Self {
            matrix: rows.flat_map(|row| unknowns.iter().map(|j| row[*j])).collect(),
            right: unknowns.iter().map(|i| self.right[*i]).collect(),
        }
    }

    /// `x`, by Cholesky's factorisation, by rows, so that the inner loop runs along memory.
    fn solve(self) -> Vec<f32> {
        let Self { mut matrix, mut right } = self;
        let size = right.len();
        for k in 0..size {
            let (above, below) = matrix.split_at_mut((k + 1) * size);
            let row = &mut above[k * size..];
            // Rounding cannot make it negative while there is a ridge; a damaged one must not make it no number.
            let pivot = row[k].max(f32::MIN_POSITIVE).sqrt();
            for value in &mut row[k..] {
                *value /= pivot;
            }
            for (i, other) in below.chunks_exact_mut(size).zip(k + 1..).map(|(other, i)| (i, other)) {
                let factor = row[i];
                for (value, above) in other[i..].iter_mut().zip(&row[i..]) {
                    *value -= factor * above;
                }
            }
        }
        for k in 0..size {
            right[k] /= matrix[k * size + k];
            let known = right[k];
            for i in k + 1..size {
                right[i] -= matrix[k * size + i] * known;
            }
        }
        for k in (0..size).rev() {
            let known: f32 = (k + 1..size).map(|i| matrix[k * size + i] * right[i]).sum();
            right[k] = (right[k] - known) / matrix[k * size + k];
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Buy;
    use proptest::prelude::*;
    use rapport_core::{catalog::Item, id::ItemId, time::Timestamp};

    const ITEMS: usize = 9;

    fn history(people: &[Vec<u32>]) -> History {
        let buy = |person: usize, item: u32| Buy { person: person as u32, at: Timestamp(0), order: person as u32, item, quantity: 1 };
        History {
            items: (0..ITEMS).map(|item| Item::bare(ItemId::new(&format!("i{item}")).expect("an id"))).collect(),
            known: vec![true; people.len()],
            buys: people.iter().enumerate().flat_map(|(person, items)| items.iter().map(move |item| buy(person, *item))).collect(),
            ..History::default()
        }
    }

    fn both(counts: &Counts, a: u32, b: u32) -> f32 {
        if a == b {
            return counts.buyers[a as usize];
        }
        counts.rows[a as usize].iter().find(|(item, _)| *item == b).map_or(0.0, |(_, both)| *both)
    }

    /// EASE as the paper has it: invert the ridged Gram matrix by Gauss and Jordan, divide by the diagonal.
    fn ease(people: &[Vec<u32>], ridge: f64) -> Vec<Vec<f64>> {
        let has = |items: &Vec<u32>, item: usize| items.contains(&(item as u32));
        let both = |a: usize, b: usize| people.iter().filter(|items| has(items, a) && has(items, b)).count() as f64;
        let mut m: Vec<Vec<f64>> = (0..ITEMS)
            .map(|a| {
                (0..2 * ITEMS)
                    .map(|b| if b < ITEMS { both(a, b) + f64::from(u8::from(a == b)) * ridge } else { f64::from(u8::from(a + ITEMS == b)) })
                    .collect()
            })
            .collect();
        for k in 0..ITEMS {
            let pivot = m[k][k];
            m[k].iter_mut().for_each(|value| *value /= pivot);
            let row = m[k].clone();
            for (i, other) in m.iter_mut().enumerate().filter(|(i, _)| *i != k) {
                let factor = other[k];
                let _ = i;
                other.iter_mut().zip(&row).for_each(|(value, above)| *value -= factor * above);
            }
        }
        (0..ITEMS).map(|i| (0..ITEMS).map(|j| if i == j { 0.0 } else { -m[i][ITEMS + j] / m[j][ITEMS + j] }).collect()).collect()
    }

    /// The support must not matter here: where everybody may speak, pairs of one buyer or none, too.
    fn dense(people: &[Vec<u32>], params: &Params) -> Vec<Vec<f32>> {
        let counts = Counts::of(&history(people), params);
        let column = |target: u32| {
            let support: Vec<u32> = (0..ITEMS as u32).filter(|item| *item != target).collect();
            let mut column = vec![0.0; ITEMS];
            for (item, weight) in support.iter().zip(counts.equations(target, &support, params.ridge).solve()) {
                column[*item as usize] = weight;
            }
            column
        };
        (0..ITEMS as u32).map(column).collect()
    }

    fn people() -> impl Strategy<Value = Vec<Vec<u32>>> {
        let basket = prop::collection::btree_set(0..ITEMS as u32, 1..ITEMS).prop_map(|items| items.into_iter().collect());
        prop::collection::vec(basket, 1..40)
    }

    proptest! {
        #[test]
        fn with_everybody_in_the_support_it_is_ease(people in people(), ridge in 1.0f32..50.0) {
            let weights = dense(&people, &Params { ridge, ..DEFAULT });
            for (i, row) in ease(&people, f64::from(ridge)).into_iter().enumerate() {
                for (j, expected) in row.into_iter().enumerate() {
                    prop_assert!((f64::from(weights[j][i]) - expected).abs() < 1e-3, "{i} → {j}: {} or {expected}", weights[j][i]);
                }
            }
        }

        /// At the ridge minimum of the kept support the gradient is nothing: `sum_b (G_ab + ridge [a = b]) w_b = G_aj`.
        #[test]
        fn what_is_kept_is_fitted_again(people in people(), kept in 1usize..5) {
            let params = Params { ridge: 3.0, entries: kept * ITEMS, ..DEFAULT };
            let counts = Counts::of(&history(&people), &params);
            for target in 0..ITEMS as u32 {
                let (column, _) = counts.column(target, kept, &params);
                prop_assert!(column.len() <= kept);
                for (a, own) in &column {
                    let sum: f32 = column.iter().map(|(b, weight)| both(&counts, *a, *b) * weight).sum();
                    prop_assert!((sum + counts.ridge(&params) * own - both(&counts, *a, target)).abs() < 1e-2);
                }
            }
        }

        /// What is predicted of an item is, over all people, the share of them who bought it: whatever of its table was cut.
        #[test]
        fn predictions_are_right_on_average(people in people(), kept in 1usize..5, ridge in 1.0f32..50.0) {
            let fitted = fit(&history(&people), &Params { ridge, entries: kept * ITEMS, ..DEFAULT });
            let share = |item: u32| people.iter().filter(|bought| bought.contains(&item)).count() as f32 / people.len() as f32;
            for item in 0..ITEMS as u32 {
                let said = |source: &u32| fitted.rows[*source as usize].iter().find(|(target, _)| *target == item).map_or(0.0, |word| word.1);
                let words: f32 = people.iter().flatten().map(said).sum();
                let average = fitted.intercepts[item as usize] + words / people.len() as f32;
                prop_assert!((average - share(item)).abs() < 1e-4, "{item}: {average} or {}", share(item));
            }
        }

        #[test]
        fn one_persons_pair_is_not_stored_and_threads_do_not_matter(people in people()) {
            let history = history(&people);
            let table = fit(&history, &DEFAULT);
            for (source, row) in table.rows.iter().enumerate() {
                for (target, _) in row {
                    let behind = people.iter().filter(|items| items.contains(&(source as u32)) && items.contains(target)).count();
                    prop_assert!(behind >= 2);
                }
            }
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
            prop_assert_eq!(alone.install(|| fit(&history, &DEFAULT)), table);
        }
    }

    #[test]
    fn a_small_shop_has_a_small_ridge() {
        let (people, ridge) = (vec![vec![0, 1, 2], vec![0, 1], vec![1, 2], vec![0, 2], vec![3]], |ridge| Params { ridge, ..DEFAULT });
        let fitted = |ridge: Params| fit(&history(&people), &ridge).rows;
        assert_eq!(fitted(ridge(500.0)), fitted(ridge(1.0)), "a fifth of five people");
        assert_ne!(fitted(ridge(1.0)), fitted(ridge(0.5)), "what is less stays");
    }

    #[test]
    fn a_shop_of_nobody_knows_nothing() {
        assert_eq!(fit(&History::default(), &DEFAULT), Fitted::default());
        let one = fit(&history(&[vec![3]]), &DEFAULT);
        assert!(one.rows.iter().all(Vec::is_empty));
        assert_eq!((one.intercepts.iter().sum::<f32>(), one.intercepts[3]), (1.0, 1.0));
    }
}
