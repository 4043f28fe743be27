use super::*;
use crate::catalog::Item;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn id(text: &str) -> ItemId {
    ItemId::new(text).expect("an id")
}

fn neighbour(item: u32, weight: f32) -> Neighbour {
    Neighbour { item, weight, supporters: 3 }
}

/// Three items, handed over out of order, with one attribute of every kind.
fn draft() -> Draft {
    let mug = Item {
        title: Some("Mug, large ☕".into()),
        category: Some("kitchen/mugs".into()),
        price_minor: Some(295),
        currency: Some(Currency::GBP),
        in_stock: false,
        tags: vec!["staff_pick".into()],
        published: Some(Timestamp(1_000)),
        attributes: BTreeMap::from([("colour".into(), "red".into())]),
        ..Item::bare(id("mug"))
    };
    let cake = Item { category: Some("bakery".into()), brand: Some("Ours".into()), ..Item::bare(id("cake")) };
    let rows = vec![vec![neighbour(1, 0.25), neighbour(2, 0.5)], vec![], vec![neighbour(0, 0.125)]];
    Draft {
        items: vec![mug, cake, Item::bare(id("zest"))],
        statistics: [1.0, 3.0, 2.0]
            .map(|trending| ItemStatistics { trending, popularity: 1.0, repeat: Repeat { share: 0.5, median_days: 9.0 } })
            .to_vec(),
        tables: BTreeMap::from([(Table::Session, rows)]),
        purchases: vec![vec![(1, 0.25), (2, -0.5)], vec![], vec![(0, 0.125)]],
        intercepts: vec![0.5, -0.25],
        next_purchase: NextPurchase { own: 3.0, ..NextPurchase::default() },
        seasonal: vec![2, 0],
        learned_from: [4, 9, 2, 3],
        ..Draft::empty(Timestamp(1_795_300_000_000), Currency::GBP)
    }
}

fn model() -> Model {
    Model::parse(draft().to_bytes().expect("writes").0.into()).expect("reads")
}

#[test]
fn what_is_written_is_read() {
    let model = model();
    assert_eq!(model.len(), 3);
    let mug = model.index_of(&id("mug")).expect("the mug");
    assert_eq!(model.item(mug).and_then(|item| item.to_item()).as_ref(), Some(&draft().items[0]));
    assert_eq!(model.index_of(&id("mugs")), None);
    let names =
        |items: Vec<u32>| items.into_iter().filter_map(|item| model.item(item)).map(|item| item.id().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(model.popular().to_vec()), ["cake", "zest", "mug"]);
    assert_eq!(names(model.seasonal().to_vec()), ["zest", "mug"], "in the order given");
    let related: Vec<(&str, f32)> =
        model.neighbours(Table::Session, mug).filter_map(|near| Some((model.item(near.item)?.id(), near.weight))).collect();
    assert_eq!(related, [("zest", 0.5), ("cake", 0.25)], "strongest first, by the places of sorted ids");
    assert_eq!(model.together(mug).len(), 0);
    assert_eq!(model.repeat(mug), Repeat { share: 0.5, median_days: 9.0 });
    assert_eq!(model.meta().events, 9);
    assert!(model.id().starts_with("m_2026-11-2"), "{}", model.id());
}

#[test]
fn what_is_bought_after_an_item_may_speak_for_or_against() {
    let model = model();
    let mug = model.index_of(&id("mug")).expect("the mug");
    let said: Vec<(&str, f32)> = model.bought_after(mug).filter_map(|(item, weight)| Some((model.item(item)?.id(), weight))).collect();
    assert_eq!(said, [("cake", 0.25), ("zest", -0.5)], "by the places of sorted ids");
    assert_eq!(["cake", "mug", "zest"].map(|name| model.bought_anyway(model.index_of(&id(name)).expect("it"))), [-0.25, 0.5, 0.0]);
    assert_eq!(model.meta().next_purchase.own, 3.0);
}

#[test]
fn artifacts_of_older_schemas_are_read() {
    let fixtures: [(u32, &[u8]); 2] =
        [(1, include_bytes!("fixtures/schema-1.safetensors")), (2, include_bytes!("fixtures/schema-2.safetensors"))];
    for (schema, artifact) in fixtures {
        let model = Model::parse(Bytes::from_static(artifact)).expect("reads");
        assert_eq!((model.meta().schema, model.len()), (schema, 3));
        let mug = model.index_of(&id("mug")).expect("the mug");
        assert_eq!(model.item(mug).and_then(|item| item.to_item()).as_ref(), Some(&draft().items[0]));
        let related: Vec<(u32, f32, bool)> =
            model.neighbours(Table::Session, mug).map(|near| (near.item, near.weight, near.is_shared)).collect();
        // Three people stand behind each pair of the draft.
        assert_eq!(related, [(2, 0.5, true), (0, 0.25, true)]);
        assert_eq!(model.bought_after(mug).collect::<Vec<_>>(), [(0, 0.25), (2, -0.5)]);
        walk(&model);
    }
}

#[test]
fn addresses_share_their_start() {
    let with = |urls: [Option<&str>; 3]| {
        let items = draft().items.into_iter().zip(urls).map(|(item, url)| Item { url: url.map(str::to_owned), ..item });
        let draft = Draft { items: items.collect(), ..draft() };
        let bytes = draft.to_bytes().expect("writes").0;
        let model = Model::parse(bytes.clone().into()).expect("reads");
        let read = draft.items.iter().map(|item| model.index_of(&item.id).and_then(|index| model.item(index)?.to_item()?.url));
        assert_eq!(read.collect::<Vec<_>>(), urls.map(|url| url.map(str::to_owned)), "{urls:?}");
        bytes.len()
    };
    let long = "https://shop.example/products/".repeat(50);
    let (one, other) = (format!("{long}a"), format!("{long}b"));
    let shared = with([Some(&one), Some(&other), None]) - with([None; 3]);
    assert!(shared < long.len() + 300, "once, not twice: {shared} bytes");
    for urls in [
        [Some("https://x/a"), Some("https://x/"), Some("https://x/ab")],
        [Some("https://x/ü"), Some("https://x/ú"), None],
        [Some("ü"), Some("ü"), Some("ü")],
        [Some("a"), Some("b"), None],
    ] {
        with(urls);
    }
}

#[test]
fn a_price_beyond_four_bytes_is_kept() {
    for price in [0, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::MAX] {
        let [mug, cake, zest] = draft().items.try_into().expect("three");
        let draft = Draft { items: vec![Item { price_minor: Some(price), ..mug }, cake, zest], ..draft() };
        let model = Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
        let read = |name: &str| model.index_of(&id(name)).and_then(|index| model.item(index)?.price_minor());
        assert_eq!((read("mug"), read("cake")), (Some(price), None));
    }
}

#[test]
fn an_artifact_of_a_newer_release_says_so() {
    let (bytes, _) = draft().to_bytes().expect("writes");
    let text = format!("\\\"schema\\\":{SCHEMA}");
    let newer = format!("\\\"schema\\\":{}", SCHEMA + 1);
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("it says its schema");
    let mut bytes = bytes;
    bytes[at..at + text.len()].copy_from_slice(newer.as_bytes());
    assert!(matches!(Model::parse(bytes.into()), Err(ModelError::Schema(newer)) if newer == SCHEMA + 1));
}

#[test]
fn a_pair_says_whether_more_than_one_person_stands_behind_it() {
    let pair = |item, supporters| Neighbour { item, weight: 0.5, supporters };
    let tables = BTreeMap::from([(Table::Session, vec![vec![], vec![pair(0, 1), pair(2, 2)], vec![pair(0, 0)]])]);
    let model = Model::parse(Draft { tables, ..draft() }.to_bytes().expect("writes").0.into()).expect("reads");
    let told = |name: &str| -> Vec<(f32, bool)> {
        let index = model.index_of(&id(name)).expect("an item");
        model.neighbours(Table::Session, index).map(|near| (near.weight, near.is_shared)).collect()
    };
    // Of equal weights the smaller id first: mug, of one person; zest, of two.
    assert_eq!(told("cake"), [(0.5, false), (0.5, true)]);
    assert_eq!(told("zest"), [(0.5, false)]);
}

#[test]
fn beyond_two_bytes_items_are_named_by_four() {
    const ITEMS: u32 = 70_000;
    let last = ITEMS - 1;
    let mut rows = vec![Vec::new(); ITEMS as usize];
    rows[0] = vec![neighbour(last, 0.5)];
    let draft = Draft {
        items: (0..ITEMS).map(|number| Item::bare(id(&format!("i{number:05}")))).collect(),
        purchases: rows.iter().map(|row| row.iter().map(|near: &Neighbour| (near.item, 0.25)).collect()).collect(),
        tables: BTreeMap::from([(Table::Session, rows)]),
        ..Draft::empty(Timestamp(0), Currency::EUR)
    };
    let model = Model::parse(draft.to_bytes().expect("writes").0.into()).expect("reads");
    assert_eq!(model.neighbours(Table::Session, 0).map(|near| near.item).collect::<Vec<u32>>(), [last]);
    assert_eq!(model.bought_after(0).collect::<Vec<_>>(), [(last, 0.25)]);
}

#[test]
fn parameters_that_no_score_can_be_made_of_are_refused() {
    for own in [-1.0, 1e9] {
        let draft = Draft { next_purchase: NextPurchase { own, ..NextPurchase::default() }, ..draft() };
        assert!(Model::parse(draft.to_bytes().expect("writes").0.into()).is_err(), "{own}");
    }
    for intercept in [-1.0, 1e9] {
        let draft = Draft { next_purchase: NextPurchase { intercept, ..NextPurchase::default() }, ..draft() };
        assert!(Model::parse(draft.to_bytes().expect("writes").0.into()).is_err(), "{intercept}");
    }
    let draft = Draft { intercepts: vec![f32::NAN], ..draft() };
    assert!(Model::parse(draft.to_bytes().expect("writes").0.into()).is_err());
}

#[test]
fn an_index_out_of_range_is_nothing() {
    let model = model();
    assert!(model.item(3).is_none());
    assert_eq!(model.neighbours(Table::Session, u32::MAX).len(), 0);
    assert_eq!((model.popularity(7), model.trending(u32::MAX)), (0.0, 0.0));
}

#[test]
fn an_empty_model_is_a_model() {
    let (bytes, _) = Draft::empty(Timestamp(0), Currency::EUR).to_bytes().expect("writes");
    let model = Model::parse(bytes.into()).expect("reads");
    assert!(model.is_empty() && model.popular().is_empty() && model.index_of(&id("x")).is_none());
}

#[test]
fn bytes_that_lie_badly_are_read_all_the_same() {
    let (bytes, name) = draft().to_bytes().expect("writes");
    for shift in 0..8 {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(&bytes);
        let model = Model::parse(Bytes::from(padded).slice(shift..)).expect("reads");
        assert_eq!(model.id(), name);
    }
}

#[test]
fn an_artifact_that_is_cut_short_is_refused() {
    let (bytes, _) = draft().to_bytes().expect("writes");
    for length in 0..bytes.len() {
        assert!(Model::parse(Bytes::copy_from_slice(&bytes[..length])).is_err(), "{length} of {} bytes", bytes.len());
    }
}

/// Touches everything a lookup can touch.
fn walk(model: &Model) -> usize {
    let items = (0..model.len() as u32 + 1).filter_map(|index| model.item(index)).filter_map(|item| item.to_item()).count();
    let related = |index| {
        Table::ALL.into_iter().flat_map(move |table| model.neighbours(table, index)).filter(|near| model.item(near.item).is_some()).count()
    };
    let after = |index| model.bought_after(index).filter(|(item, _)| model.item(*item).is_some()).count();
    items + (0..model.len() as u32 + 1).map(after).sum::<usize>() + (0..model.len() as u32 + 1).map(related).sum::<usize>()
}

proptest! {
    #[test]
    fn damage_is_refused_or_harmless(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let (mut bytes, _) = draft().to_bytes().expect("writes");
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(model) = Model::parse(bytes.into()) {
            walk(&model);
        }
    }
}

#[test]
fn half_precision_is_read_as_its_library_reads_it() {
    for bits in 0..=u16::MAX {
        let number = half::f16::from_bits(bits);
        if number.is_finite() {
            assert_eq!(widened(number).to_bits(), number.to_f32().to_bits(), "{bits:#06x}");
            assert_eq!(magnitude(number).to_bits(), number.to_f32().abs().to_bits(), "{bits:#06x}");
        }
    }
}
