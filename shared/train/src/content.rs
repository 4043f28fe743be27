//! Which items are alike by what is written about them: all there is for an item that nobody dealt with yet.
//!
//! Cosine over the words of the title, category, brand, tags, attributes and the price's tier, each weighed by how rare it is (inverse
//! document frequency, Spärck Jones 1972). A word that very many items share tells nothing and is passed over.

use crate::{intern::Interner, pairs::best};
use rapport_core::{catalog::Item, model::Neighbour};
use rayon::prelude::*;

/// Entries kept for an item.
pub(crate) const KEPT: usize = 10;
/// New items that are added to an item's row.
const NEW_KEPT: usize = 5;
/// Each tier of prices ends at so many times where it begins.
const TIER: f64 = 1.5;
/// Words of more items than this are passed over.
const COMMON: usize = 500;

/// How many entries stand behind rows at most, of a catalog with so many new items.
pub(crate) fn entries_back(items: usize, new: usize) -> usize {
    (NEW_KEPT * items).min(KEPT * new)
}

/// The table; rows only where `wanted`, since an item that people dealt with has better neighbours, and behind them, also of such items,
/// what is `new` and like them.
pub(crate) fn fit(items: &[Item], wanted: impl Fn(usize) -> bool + Sync, new: impl Fn(usize) -> bool) -> Vec<Vec<Neighbour>> {
    let mut words = Interner::default();
    let described: Vec<Vec<u32>> = items.iter().map(|item| words_of(item).map(|word| words.number(word)).collect()).map(sorted).collect();
    let mut items_with: Vec<Vec<u32>> = vec![Vec::new(); words.len()];
    for (item, words) in described.iter().enumerate() {
        for word in words {
            items_with[*word as usize].push(item as u32);
        }
    }
    let weights: Vec<f32> = items_with.iter().map(|with| (items.len() as f32 / with.len() as f32).ln().max(0.01).powi(2)).collect();
    let norm = |words: &[u32]| words.iter().map(|word| weights[*word as usize]).sum::<f32>().sqrt();
    let norms: Vec<f32> = described.iter().map(|words| norm(words)).collect();
    let row = |item: usize| {
        if !wanted(item) {
            return Vec::new();
        }
        let telling = described[item].iter().filter(|word| items_with[**word as usize].len() <= COMMON);
        let mut shared: Vec<(u32, f32)> = telling
            .flat_map(|word| items_with[*word as usize].iter().map(|other| (*other, weights[*word as usize])))
            .filter(|(other, _)| *other as usize != item)
            .collect();
        shared.sort_by_key(|(other, _)| *other);
        let alike = shared.chunk_by(|a, b| a.0 == b.0).map(|words| {
            let other = words[0].0;
            let weight = words.iter().map(|(_, weight)| weight).sum::<f32>() / (norms[item] * norms[other as usize]);
            Neighbour { item: other, weight, supporters: 0 }
        });
        best(alike.collect(), KEPT)
    };
    let mut rows: Vec<Vec<Neighbour>> = (0..items.len()).into_par_iter().map(row).collect();
    let mut back: Vec<Vec<Neighbour>> = vec![Vec::new(); items.len()];
    for item in (0..items.len()).filter(|item| new(*item)) {
        for near in &rows[item] {
            back[near.item as usize].push(Neighbour { item: item as u32, ..*near });
        }
    }
    for (row, mut back) in rows.iter_mut().zip(back) {
        back.retain(|new| row.iter().all(|known| known.item != new.item));
        row.extend(best(back, NEW_KEPT));
    }
    rows
}

fn words_of(item: &Item) -> impl Iterator<Item = String> + '_ {
    let title = item.title.iter().flat_map(|title| title.split(|c: char| !c.is_alphanumeric())).filter(|word| word.chars().count() > 1);
    let category = item.category.iter().map(|category| format!("category {category}"));
    let brand = item.brand.iter().map(|brand| format!("brand {brand}"));
    let tags = item.tags.iter().map(|tag| format!("tag {}", tag.to_lowercase()));
    // What is nested says nothing that another item would say in the same words.
    let plain = item.attributes.iter().filter(|(_, value)| value.is_string() || value.is_boolean() || value.is_number());
    let attributes = plain.map(|(name, value)| format!("{name} = {value}"));
    let price = item.price_minor.filter(|price| *price > 0).map(|price| format!("price {}", (price as f64).log(TIER).floor()));
    title.map(str::to_lowercase).chain(category).chain(brand).chain(tags).chain(attributes).chain(price)
}

fn sorted(mut words: Vec<u32>) -> Vec<u32> {
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rapport_core::id::ItemId;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn rows_are_the_cosines_of_all_pairs(told in prop::collection::vec((prop::collection::vec(0usize..8, 0..5), 0usize..3), 1..14)) {
            const WORDS: [&str; 8] = ["tea", "Green", "cup", "pot", "oak", "tin", "big", "red"];
            let item = |(place, (title, category)): (usize, &(Vec<usize>, usize))| Item {
                title: Some(title.iter().map(|word| WORDS[*word]).collect::<Vec<&str>>().join(" - ")),
                category: (*category > 0).then(|| format!("c{category}")),
                ..Item::bare(ItemId::new(&format!("i{place}")).expect("an id"))
            };
            let items: Vec<Item> = told.iter().enumerate().map(item).collect();
            let words: Vec<BTreeSet<usize>> = told
                .iter()
                .map(|(title, category)| title.iter().copied().chain((*category > 0).then_some(100 + category)).collect())
                .collect();
            let rarity = |word: &usize| {
                let with = words.iter().filter(|words| words.contains(word)).count();
                (items.len() as f32 / with as f32).ln().max(0.01).powi(2)
            };
            let sum = |words: &BTreeSet<usize>| words.iter().map(rarity).sum::<f32>();
            for (a, row) in fit(&items, |item| item % 4 != 3, |_| false).into_iter().enumerate() {
                let cosine = |b: usize| {
                    let shared: BTreeSet<usize> = words[a].intersection(&words[b]).copied().collect();
                    (sum(&shared) > 0.0).then(|| (b, sum(&shared) / (sum(&words[a]) * sum(&words[b])).sqrt()))
                };
                let mut expected: Vec<(usize, f32)> = (0..items.len()).filter(|b| *b != a && a % 4 != 3).filter_map(cosine).collect();
                expected.sort_by(|a, b| b.1.total_cmp(&a.1));
                expected.truncate(KEPT);
                prop_assert_eq!(row.len(), expected.len());
                for (near, (_, weight)) in row.iter().zip(&expected) {
                    prop_assert!((near.weight - weight).abs() < 1e-4);
                    prop_assert!(cosine(near.item as usize).is_some_and(|(_, own)| (own - near.weight).abs() < 1e-4));
                }
            }
        }
    }

    #[test]
    fn attributes_tags_and_price_tell_where_titles_do_not() {
        let bare = |id: &str| Item::bare(ItemId::new(id).expect("an id"));
        let of_oak = || [("wood".to_owned(), "oak".into())].into();
        let items = [
            Item { attributes: of_oak(), ..bare("a") },
            Item { tags: vec!["Gift".into()], ..bare("b") },
            Item { price_minor: Some(1_000), ..bare("c") },
            Item { attributes: of_oak(), ..bare("d") },
            Item { tags: vec!["gift".into()], ..bare("e") },
            Item { price_minor: Some(1_100), ..bare("f") },
            Item { price_minor: Some(9_000), ..bare("g") },
        ];
        let rows = fit(&items, |_| true, |_| false);
        let named: Vec<Vec<u32>> = rows.iter().map(|row| row.iter().map(|near| near.item).collect()).collect();
        assert_eq!(named, [vec![3], vec![4], vec![5], vec![0], vec![1], vec![2], vec![]]);
    }

    #[test]
    fn a_new_item_stands_in_the_rows_of_what_it_is_like() {
        let titled = |id: &str, title: &str| Item { title: Some(title.to_owned()), ..Item::bare(ItemId::new(id).expect("an id")) };
        let items =
            [titled("old", "Rolling pin"), titled("new", "Rolling pin, beech"), titled("tea", "Green tea"), titled("rare", "Black tea")];
        // Everybody deals with the first; nobody with the second; the last two have too few neighbours of their own.
        let rows = fit(&items, |item| item != 0, |item| item == 1);
        let named = |item: usize| rows[item].iter().map(|near| near.item).collect::<Vec<u32>>();
        assert_eq!([named(0), named(1), named(2), named(3)], [vec![1], vec![0], vec![3], vec![2]]);
        assert_eq!(rows[0][0].weight, rows[1][0].weight);
    }
}
