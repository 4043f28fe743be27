//! Pasts of which something can be learned, and pasts of which nothing can.

use super::*;
use rapport_core::{
    catalog::Item,
    model::{Placement, Placements},
};

const ITEMS: u32 = 40;
const PEOPLE: u32 = 600;

/// Everybody looks at three items in a row and buys the last of them week after week; `noise` is what judging people do at the end.
fn history(noise: impl Fn(u32) -> u32) -> History {
    let is_late = |week: u32| week == 9;
    let item = |person: u32, week: u32, step: u32| {
        let usual = (person * 7 + week % 2 + step) % ITEMS;
        if is_late(week) && person % 2 == 1 { noise(usual) } else { usual }
    };
    let at =
        |person: u32, week: u32, step: u32| Timestamp(i64::from(week) * 7 * DAY_MS + i64::from(person) * 60_000 + i64::from(step) * 1_000);
    let weeks = |person: u32| (0..10u32).map(move |week| (person, week));
    let visits: Vec<(u32, u32)> = (0..PEOPLE).flat_map(weeks).collect();
    let look = |(person, week): &(u32, u32)| {
        let (person, week) = (*person, *week);
        (0..3).map(|step| Look { person, at: at(person, week, step), item: item(person, week, step) }).collect::<Vec<Look>>()
    };
    let buy = |(person, week): &(u32, u32)| Buy {
        person: *person,
        at: at(*person, *week, 5),
        order: person * 10 + week,
        item: item(*person, *week, 2),
        quantity: 1,
    };
    History {
        items: (0..ITEMS).map(|number| Item::bare(ItemId::new(&format!("i{number:02}")).expect("an id"))).collect(),
        known: vec![true; PEOPLE as usize],
        looks: visits.iter().flat_map(look).collect(),
        buys: visits.iter().map(buy).collect(),
        events: 1,
        ..History::default()
    }
}

#[test]
fn what_can_be_learned_is_ahead_of_bestsellers_and_the_parts_that_matter_show() {
    let report = measure(&history(|usual| usual), Currency::EUR).expect("measures");
    let row = |question: &str, answerer: &str| {
        report.rows.iter().find(|row| (row.question, row.answerer) == (question, answerer)).expect("a row")
    };
    for question in ["next_look", "next_purchase"] {
        let (model, lead) = (row(question, "model"), row(question, "bestsellers").lead.expect("a lead"));
        assert!(model.asked >= 100 && model.ndcg > 0.6 && lead.low > 0.3, "{question}: {model:?}, {lead:?}");
        assert_eq!(model.lead, None);
    }
    assert!(row("next_purchase", "without habits").lead.is_some_and(|lead| lead.low > 0.0), "{:?}", report.rows);
    assert!(report.is_enough);
}

#[test]
fn whom_lists_serve_stands_beside_how_right_they_are() {
    let mut history = history(|usual| usual);
    // Of the judging people one ordered once and comes back, and one alone looks at a thing that nobody else does.
    history.buys.retain(|buy| buy.person != 1 || [10, 19].contains(&buy.order));
    history.items.push(Item::bare(ItemId::new("odd").expect("an id")));
    history.looks.iter_mut().filter(|look| look.person == 3 && look.item % 2 == 0).for_each(|look| look.item = ITEMS);
    let report = measure(&history, Currency::EUR).expect("measures");
    let of = |question: &str, answerer: &str| {
        report.breadth.iter().find(|breadth| (breadth.question, breadth.answerer) == (question, answerer)).expect("a row")
    };
    assert!(of("next_look", "model").coverage > 0.95 && of("next_look", "bestsellers").coverage < 0.6, "{:?}", report.breadth);
    assert_eq!(of("next_look", "model").one_order_customers, None, "a visit has no orders");
    let rare = of("next_look", "model").rare_items.expect("one was wanted");
    assert!((1..=3).contains(&rare.asked) && of("next_purchase", "model").rare_items.is_none(), "{:?}", report.breadth);
    assert_eq!(of("next_purchase", "model").one_order_customers.map(|part| part.asked), Some(1));
}

#[test]
fn who_judges_does_not_choose() {
    let clean = measure(&history(|usual| usual), Currency::EUR).expect("measures");
    let noisy = measure(&history(|usual| (usual * 17 + 5) % ITEMS), Currency::EUR).expect("measures");
    assert_eq!(clean.cut, noisy.cut);
    assert_eq!(clean.weights, noisy.weights, "the judging half taught the weights");
    assert_ne!(clean.rows, noisy.rows, "the judging half is not looked at");
    assert_ne!(clean.weights, Weights::DEFAULT, "nothing was learned");
}

#[test]
fn a_placement_that_is_weighed_wrongly_is_mended_by_many_and_not_by_few() {
    let history = history(|usual| usual);
    let cut = cut(&history).expect("a cut");
    let past = history.before(cut).all_in_stock();
    let model = read(&Models::of(&past, cut), &Weights::DEFAULT, Currency::EUR).expect("reads");
    let places = Places::of_model(&past, &model);
    let steps = steps(&history, cut).0;
    let mut wrong = Placements::DEFAULT;
    for source in [Placement::Product, Placement::Visitor] {
        let blend = &mut wrong.get_mut(source).blend;
        (blend.next_look, blend.after, blend.together, blend.content) = (0.0, 0.0, 0.0, 1.0);
    }
    let fitted = |steps: &[Step<'_>]| {
        let asked = questions(&history, &model, &places, (steps, &[], &[]));
        blend::placements::fit(&model.clone().placing(wrong), &asked)
    };
    let (many, few) = (fitted(&steps), fitted(&steps[..ENOUGH - 1]));
    assert!(many.product.blend.next_look > 0.0 && many.visitor.blend.next_look > 0.0, "{many:?}");
    assert_ne!(many.product.calibration, wrong.product.calibration);
    assert_eq!(few, wrong);
}

#[test]
fn sources_that_have_nothing_to_say_are_neither_tried_nor_missed() {
    // The made-up shop tells no category, and likeness needs words.
    let report = measure(&history(|usual| usual), Currency::EUR).expect("measures");
    let asked: BTreeSet<&str> = report.rows.iter().filter(|row| row.question == "product").map(|row| row.answerer).collect();
    assert!(asked.contains("without sessions") && asked.contains("without also bought"), "{asked:?}");
    assert!(!asked.contains("without likeness"), "{asked:?}");
    let (learned, default) = (report.weights.placements.product.blend, Placements::DEFAULT.product.blend);
    assert_eq!((learned.content, learned.category), (default.content, default.category));
}

#[test]
fn what_came_later_was_not_there_before() {
    let mut history = history(|usual| usual);
    history.items.push(Item { in_stock: true, ..Item::bare(ItemId::new("later").expect("an id")) });
    history.items[0].in_stock = false;
    let at = history.newest().expect("a newest");
    history.looks.push(Look { person: PEOPLE - 1, at: at.plus_ms(1), item: ITEMS });
    let past = history.before(at).all_in_stock();
    assert!(past.items[0].in_stock, "sold out today, not then");
    assert!(!past.items[ITEMS as usize].in_stock && past.items.len() == history.items.len());
}

#[test]
fn a_shop_with_hardly_a_past_keeps_the_defaults() {
    for history in [History::default(), History { looks: history(|usual| usual).looks[..3].to_vec(), ..History::default() }] {
        let report = measure(&History { items: super::tests::history(|usual| usual).items, ..history }, Currency::EUR).expect("measures");
        assert_eq!((report.weights, report.is_enough), (Weights::DEFAULT, false));
    }
}

#[test]
fn every_part_and_every_cut_has_its_row() {
    let mut history = history(|usual| usual);
    // Some are never seen to look and buy one of their two items alone; the other, which others buy with it, is new to them in the last week.
    let is_late = |person: u32| person / ITEMS % 4 == 1;
    history.buys.retain(|buy| !is_late(buy.person) || buy.order % 2 == 0 || buy.order % 10 == 9);
    history.looks.retain(|look| !is_late(look.person));
    let report = measure(&history, Currency::EUR).expect("measures");
    let lead = |question: &str, answerer: &str| {
        let row = report.rows.iter().find(|row| (row.question, row.answerer) == (question, answerer));
        row.unwrap_or_else(|| panic!("{question} {answerer} in {:?}", report.rows)).lead.expect("a lead")
    };
    for answerer in ["without also bought", "without habits", "without repeat rates", "without bestsellers", "all weights", "exact weights"]
    {
        assert!(lead("next_purchase", answerer).ndcg.is_finite());
    }
    let (learned, has_row) = (report.weights.next_purchase, report.rows.iter().any(|row| row.answerer == "without the trend"));
    assert_eq!(has_row, (learned.trend, learned.own_trend) != (0.0, 0.0), "what training switched off is not missed");
    assert!(lead("new_items", "without also bought").low > 0.1, "who buys one thing buys the other: {:?}", report.rows);
    // Forty items leave nothing to cut, and half precision is precise enough for them.
    for (question, answerer) in [("next_look", "longer rows"), ("next_purchase", "all weights"), ("next_purchase", "exact weights")] {
        assert!(lead(question, answerer).ndcg.abs() < 0.01, "{question} {answerer}: {:?}", lead(question, answerer));
    }
}

#[test]
fn an_entry_in_two_parts_is_what_it_was() {
    let row = [(3, 0.123_456_79), (5, -0.000_123_4), (9, 7.0)];
    let parts = twice_the_digits(&row);
    for (item, weight) in row {
        let sum: f32 = parts.iter().filter(|part| part.0 == item).map(|part| rounded(part.1)).sum();
        assert!((sum - weight).abs() < 2e-7, "{sum} is not {weight}");
        assert!(weight == 7.0 || (rounded(weight) - weight).abs() > 1e-8, "nothing was lost to begin with");
    }
}
