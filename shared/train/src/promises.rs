//! What a shop may rely on, from its events to what a visitor sees.

use crate::{
    Corpus, Learned,
    history::{Buy, History},
    learn,
};
use rapport_core::{
    catalog::Item,
    event::{Action, Authority, Event, Exposure, OrderLine, Product, Traffic, Who},
    id::{CustomerId, DeviceId, EventId, ItemId, OrderId},
    model::{Model, Table},
    money::Currency,
    ranking::{Ask, Code, Pick, Relation, Scratch, Shop, recommend, related},
    rules::Rules,
    source::ConsentMode,
    time::{DAY_MS, Timestamp},
};

const NOW: Timestamp = Timestamp(1_795_348_800_000);

fn id(name: &str) -> ItemId {
    ItemId::new(name).expect("an id")
}

fn event(number: usize, who: Who, at: Timestamp, action: Action) -> Event {
    let id = EventId::new(&format!("e{number}")).expect("an id");
    Event { id, at, authority: Authority::Backend, source: "test".into(), who, traffic: Traffic::Human, action }
}

fn customer(name: &str) -> Who {
    Who { customer: Some(CustomerId::new(name).expect("an id")), ..Who::default() }
}

fn device(name: &str) -> Who {
    Who { device: Some(DeviceId::new(name).expect("an id")), ..Who::default() }
}

fn order(number: usize, item: &str) -> Action {
    Action::Ordered(OrderLine {
        order: OrderId::new(&format!("o{number}")).expect("an id"),
        version: NOW,
        product: Some(Product::bare(id(item))),
        quantity: 1,
        paid_minor: 100,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled: false,
    })
}

fn history(events: &[Event]) -> History {
    let mut corpus = Corpus::default();
    events.iter().for_each(|event| corpus.add(event));
    corpus.history(ConsentMode::OptOut)
}

fn shop(learned: &Learned) -> Shop {
    let (artifact, _) = learned.draft.to_bytes().expect("writes");
    Shop::new(Some(Model::parse(artifact.into()).expect("reads")), [], Rules::default())
}

/// The visit of one person: looks a minute apart, the last of them by way of the cart; then an order of each of `bought`.
fn visit(events: &mut Vec<Event>, who: &Who, days_ago: i64, looked: &[&str], bought: &[&str]) {
    let begun = NOW.plus_days(-days_ago);
    for (step, item) in looked.iter().enumerate() {
        let product = Product::bare(id(item));
        let is_last = step + 1 == looked.len();
        let action = if is_last { Action::CartAdded { product, quantity: 1 } } else { Action::Viewed(product) };
        events.push(event(events.len(), who.clone(), begun.plus_ms(60_000 * step as i64), action));
    }
    for item in bought {
        let number = events.len();
        events.push(event(number, who.clone(), begun.plus_ms(600_000), order(number, item)));
    }
}

/// Whether somebody whom nobody knows sees `other` because of others' visits when they look at `item`, or could.
fn tells(events: &[Event], item: &str, other: &str) -> bool {
    let shop = shop(&learn(&history(events), Currency::EUR, NOW).expect("learns"));
    let model = shop.model().expect("a model");
    let (item, other) = (id(item), id(other));
    let [from, to] = [&item, &other].map(|id| shop.index_of(id).expect("a known item"));
    let ask = Ask { placement: "product".into(), item: Some(item.clone()), limit: 20, ..Ask::default() };
    let mut scratch = Scratch::default();
    let page = recommend(&shop, &ask, &[], NOW, 1, &mut scratch).picks;
    let because = |pick: &Pick| pick.item == to && pick.why.code == Code::ViewedTogether;
    let is_seen = page.iter().any(because)
        || related(&shop, &item, Relation::Similar, 20, NOW, &mut scratch).iter().any(because)
        || related(&shop, &item, Relation::Together, 20, NOW, &mut scratch).iter().any(|pick| pick.item == to);
    let is_stored = model.neighbours(Table::Session, from).any(|near| near.item == to)
        || (0..model.recent_visits() as u32)
            .map(|visit| model.recent_visit(visit).collect::<Vec<u32>>())
            .any(|visit| visit.contains(&from) && visit.contains(&to));
    assert!(is_stored || !is_seen, "what is seen must come from somewhere");
    is_seen || is_stored
}

#[test]
fn what_one_customer_alone_bought_is_not_told_by_their_looks() {
    let (ada, bea) = (customer("ada"), customer("bea"));
    let mut events = Vec::new();
    visit(&mut events, &ada, 9, &["lamp", "shade", "bulb"], &["lamp", "bulb"]);
    visit(&mut events, &ada, 8, &["bulb", "lamp"], &[]);
    // Enough others for a shop, none of whom looked at both.
    for number in 0..30 {
        let other = if number % 2 == 0 { ["lamp", "rug"] } else { ["bulb", "vase"] };
        visit(&mut events, &device(&format!("visitor-{number}")), 7, &other, &[]);
    }
    for (from, to) in [("lamp", "bulb"), ("bulb", "lamp")] {
        assert!(!tells(&events, from, to), "{from} tells of {to}, and only one customer bought both");
    }
    assert!(tells(&events, "lamp", "shade") && tells(&events, "lamp", "rug"), "a look is no purchase");

    let mut two = events.clone();
    visit(&mut two, &bea, 6, &["lamp", "bulb"], &[]);
    assert!(tells(&two, "lamp", "bulb"), "two people looked at both");
    let mut one_of_them = events.clone();
    one_of_them
        .retain(|event| !matches!(&event.action, Action::Ordered(line) if line.product.as_ref().is_some_and(|of| of.item == id("bulb"))));
    assert!(tells(&one_of_them, "lamp", "bulb"), "one of the two was not bought");
}

/// Unseen is never taken as disliked, nor is what was seen and passed over.
#[test]
fn what_was_shown_changes_nothing_but_what_is_known_of_places() {
    let names: Vec<String> = (0..30).map(|number| format!("i{number:02}")).collect();
    let mut events = Vec::new();
    for person in 0..80usize {
        for week in 0..6usize {
            let item = |step: usize| names[(person * 7 + week + step) % names.len()].as_str();
            visit(&mut events, &device(&format!("visitor-{person}")), 60 - 7 * week as i64, &[item(0), item(1), item(2)], &[item(2)]);
        }
    }
    let plain = learn(&history(&events), Currency::EUR, NOW).expect("learns");
    let mut shown = events.clone();
    for number in 0..1_000usize {
        // A tenth of them name an item that nobody ever dealt with, as a page that lies would.
        let item = if number % 10 == 0 { "unheard-of" } else { names[number % names.len()].as_str() };
        let exposure = Exposure {
            recommendation: format!("r{number}").into(),
            item: id(item),
            position: (number % 10) as u16,
            propensity_ppm: 50_000,
        };
        let (who, at) = (device(&format!("visitor-{}", number % 80)), NOW.plus_ms(-DAY_MS + number as i64));
        shown.push(event(shown.len(), who.clone(), at, Action::Shown(exposure.clone())));
        if number % 25 == 1 {
            // A click is a look; the same look is in both logs.
            events.push(event(shown.len(), who.clone(), at.plus_ms(1), Action::Clicked(exposure.clone())));
            shown.push(event(shown.len(), who, at.plus_ms(1), Action::Clicked(exposure)));
        }
    }
    let clicked = learn(&history(&events), Currency::EUR, NOW).expect("learns");
    let told = learn(&history(&shown), Currency::EUR, NOW).expect("learns");
    assert!(clicked.report.examination.is_empty() && told.report.examination.len() == 10, "{:?}", told.report.examination);
    let bytes = |learned: &Learned| learned.draft.to_bytes().expect("writes").0;
    assert!(bytes(&clicked) != bytes(&plain), "clicks are looks");
    assert!(bytes(&told) == bytes(&clicked), "the artifact");
    assert_eq!(crate::holdout::Report { examination: Vec::new(), ..told.report }, clicked.report);
}

/// With ten orders it is popularity and content, and it grows from there.
#[test]
fn a_young_shop_is_served_by_likeness_and_bestsellers_and_grows_out_of_them() {
    const ITEMS: u32 = 40;
    // Everything has one other thing that it is bought with, of another category.
    let partner = |item: u32| (item + ITEMS / 2) % ITEMS;
    let item = |number: u32| Item {
        title: Some(format!("{} number {}", ["Lamp", "Shade", "Rug", "Vase"][number as usize / 10], number % 10)),
        category: Some(["Lamps", "Shades", "Rugs", "Vases"][number as usize / 10].to_owned()),
        ..Item::bare(id(&format!("i{number:02}")))
    };
    let pages = |orders: u32| {
        let order = |number: u32| {
            // Ten customers, ten pairs; of all others most want the same few.
            let turn = u64::from(number) * 617 % 1_000;
            let one = if number < 10 { number } else { (turn.pow(4) * u64::from(ITEMS / 2) / 1_000u64.pow(4)) as u32 };
            let at = NOW.plus_ms(-DAY_MS * 90 + i64::from(number) * (DAY_MS * 90 / i64::from(orders)));
            [one, partner(one)].map(|item| Buy { person: number, at, order: number, item, quantity: 1 })
        };
        let history = History {
            items: (0..ITEMS).map(item).collect(),
            known: vec![true; orders as usize],
            buys: (0..orders).flat_map(order).collect(),
            events: u64::from(orders) * 2,
            ..History::default()
        };
        let shop = shop(&learn(&history, Currency::EUR, NOW).expect("learns"));
        let page = |placement: &str, item: Option<ItemId>| {
            let ask = Ask { placement: placement.into(), item, limit: 5, ..Ask::default() };
            recommend(&shop, &ask, &[], NOW, 1, &mut Scratch::default()).picks
        };
        let products = (0..ITEMS).map(|number| page("product", Some(id(&format!("i{number:02}"))))).collect::<Vec<Vec<Pick>>>();
        (products, page("home", None))
    };
    let people = [Code::BoughtTogether, Code::AlsoBought, Code::ViewedTogether];
    let share = |pages: &[Vec<Pick>], is_so: &dyn Fn(u32, &Pick) -> bool| {
        let first = pages.iter().zip(0..).filter(|(page, number)| page.first().is_some_and(|pick| is_so(*number, pick)));
        first.count() as f32 / pages.len() as f32
    };
    let ((ten, home), (hundred, _), (thousand, _)) = (pages(10), pages(100), pages(1_000));
    for page in &ten {
        assert_eq!(page.len(), 5);
        assert!(page.iter().all(|pick| !people.contains(&pick.why.code)), "ten customers tell nothing of each other: {page:?}");
    }
    assert!(ten.iter().flatten().filter(|pick| pick.why.code == Code::Similar).count() > 40, "likeness speaks on product pages");
    let is_bestseller = |pick: &Pick| pick.why.code == Code::Popular && pick.item % (ITEMS / 2) < 10;
    assert!(home.len() == 5 && home.iter().all(is_bestseller), "what ten customers bought: {home:?}");
    let found = [&ten, &hundred, &thousand].map(|pages| share(pages, &|number, pick| pick.item == partner(number)));
    assert!(found[0] < 0.05 && found[1] > 0.3 && found[1] < found[2] && found[2] > 0.95, "{found:?}");
    let told = [&ten, &hundred, &thousand].map(|pages| share(pages, &|_, pick| people.contains(&pick.why.code)));
    assert!(told.is_sorted() && told[2] > 0.95, "{told:?}");
}
