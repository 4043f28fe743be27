//! The demo shop as personas are told of it: its messages read as anybody's, folded into profiles, beside who was planted as what.

use super::super::{DEFAULT, Shopper, fit};
use super::{CURRENCY, Kinds, kind};
use rapport_core::{
    catalog::Item,
    event::{Authority, Event},
    features::{Basis, CutOffs, Facts},
    identity::words,
    model::{Draft, ItemStatistics, Model},
    persona::{Archetype, ENOUGH_EVENTS, Personas, Portrait},
    profile::{Profile, Subject, refold, subjects},
    source::{self, Call, ConsentMode, Delivery, Route},
    time::Timestamp,
};
use rapport_demo::{CustomerTruth, Options, generate};
use std::collections::BTreeMap;

/// Messages in one call.
const BATCH: usize = 500;

pub(super) struct Demo {
    pub(super) end: Timestamp,
    truth: BTreeMap<String, CustomerTruth>,
    histories: BTreeMap<String, Vec<Event>>,
    catalog: Model,
}

impl Demo {
    pub(super) fn open(seed: u64, customers: usize, switchers: bool) -> Self {
        let end = "2025-06-30T00:00:00Z";
        let demo = generate(&Options { seed, customers, switchers, ..Options::showcase(end.parse().expect("a time")) });
        let end = Timestamp::parse(end).expect("a time");
        let shop = source::Shop { currency: CURRENCY, consent: ConsentMode::OptOut, hash_key: "0123456789abcdef" };
        let mut events: Vec<Event> = Vec::new();
        for batch in demo.messages.chunks(BATCH) {
            let body = serde_json::json!({ "batch": batch }).to_string();
            let delivery = Delivery {
                route: &Route::Segment(Call::Batch),
                received: end,
                authority: Authority::Backend,
                headers: &[],
                body: body.as_bytes(),
            };
            let parsed = source::parse(&delivery, &shop);
            assert!(parsed.rejects.is_empty(), "{:?}", parsed.rejects.first());
            events.extend(parsed.events);
        }
        Self {
            end,
            truth: demo.truth.into_iter().map(|truth| (truth.id.clone(), truth)).collect(),
            histories: histories(events),
            catalog: catalog(&demo.catalog),
        }
    }

    /// Everybody as they were at `until`, by id.
    pub(super) fn shoppers(&self, until: Timestamp) -> Vec<(String, Shopper)> {
        let cut_offs = CutOffs::prior(CURRENCY);
        let basis = Basis { currency: CURRENCY, cut_offs: &cut_offs, catalog: Some(&self.catalog) };
        let shopper = |(id, events): (&String, &Vec<Event>)| {
            let known = &events[..events.partition_point(|event| event.at <= until)];
            let profile = refold(Subject::parse(&format!("c#{id}"))?, known);
            (!known.is_empty()).then(|| (id.clone(), Shopper::of(&Facts::of(&profile, basis), None, until)))
        };
        self.histories.iter().filter_map(shopper).collect()
    }

    pub(super) fn fit(&self, shoppers: &[(String, Shopper)], last: Option<&Personas>, now: Timestamp) -> Personas {
        let shoppers: Vec<Shopper> = shoppers.iter().map(|(_, shopper)| shopper.clone()).collect();
        fit(&shoppers, 1.0, last, CURRENCY, now, &DEFAULT)
    }

    /// Of those with enough events: (planted, told), told being `None` where nobody can tell.
    pub(super) fn judged(
        &self,
        personas: &Personas,
        shoppers: &[(String, Shopper)],
    ) -> Vec<(Option<Archetype>, Option<Option<Archetype>>)> {
        let enough = shoppers.iter().filter(|(_, shopper)| shopper.sketch.events >= ENOUGH_EVENTS);
        enough
            .map(|(id, shopper)| {
                (planted(self.truth[id].archetype), personas.portrait(&shopper.sketch).id().map(|told| kind(personas, told)))
            })
            .collect()
    }
}

/// By customer: all of theirs, those of their devices before they signed in included, in order of time.
fn histories(mut events: Vec<Event>) -> BTreeMap<String, Vec<Event>> {
    events.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
    let mut owners: BTreeMap<Subject, String> = BTreeMap::new();
    for word in events.iter().flat_map(words) {
        owners.entry(word.alias).or_insert_with(|| word.customer.to_string());
    }
    let mut histories: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events {
        for subject in subjects(&event) {
            let owner = match &subject {
                Subject::Customer(id) => Some(id.to_string()),
                alias => owners.get(alias).cloned(),
            };
            if let Some(owner) = owner {
                histories.entry(owner).or_default().push(event.clone());
            }
        }
    }
    histories
}

fn catalog(items: &[rapport_demo::CatalogItem]) -> Model {
    let items: Vec<Item> = items.iter().map(|item| Item::read(&serde_json::to_string(item).expect("JSON")).expect("an item")).collect();
    let statistics = vec![ItemStatistics::default(); items.len()];
    let draft = Draft { items, statistics, ..Draft::empty(Timestamp(0), CURRENCY) };
    Model::parse(draft.to_bytes().expect("an artifact").0.into()).expect("a model")
}

/// `None` for ordinary people.
fn planted(archetype: rapport_demo::Archetype) -> Option<Archetype> {
    use rapport_demo::Archetype as Planted;
    Some(match archetype {
        Planted::Ordinary => return None,
        Planted::DiscountSeeker => Archetype::DiscountSeeker,
        Planted::BrandLoyalist => Archetype::BrandLoyalist,
        Planted::ConsciousConsumer => Archetype::ConsciousConsumer,
        Planted::ImpulseBuyer => Archetype::ImpulseBuyer,
        Planted::Researcher => Archetype::Researcher,
    })
}

/// F1 by kind; who is unknown is taken for nobody and counts as missed.
pub(super) fn f1(told: &[(Option<Archetype>, Option<Option<Archetype>>)]) -> BTreeMap<&'static str, f64> {
    let kinds = Archetype::ALL.map(Some).into_iter().chain([None]);
    let of = |kind: Option<Archetype>| {
        let count =
            |is: &dyn Fn(bool, bool) -> bool| told.iter().filter(|(truth, told)| is(*truth == kind, *told == Some(kind))).count() as f64;
        let (both, either) = (count(&|truth, told| truth && told), count(&|truth, told| truth != told));
        (kind.map_or("ordinary", Archetype::name), 2.0 * both / (2.0 * both + either).max(1.0))
    };
    kinds.map(of).collect()
}

/// What weekly retrains do to people.
#[derive(Debug)]
pub(super) struct Weeks {
    /// Of those who were not planted to switch and belonged to a persona in the first week, the share that do to the same in the last.
    pub(super) kept: f64,
    /// Of those planted to switch, the share that is told by their new kind at the last retrain within six weeks.
    pub(super) moved_in_six_weeks: f64,
    /// What became of the personas at each retrain.
    #[allow(dead_code, reason = "printed")]
    outcomes: Vec<(rapport_core::persona::Outcome, usize, f64)>,
}

impl Weeks {
    /// Retrains on `count` Mondays, the last at the year's end.
    pub(super) fn live(seed: u64, count: i64) -> Self {
        let demo = Demo::open(seed, 1_950, true);
        let mut last: Option<Personas> = None;
        let mut portraits: Vec<(Timestamp, BTreeMap<String, String>)> = Vec::new();
        let (mut kinds, mut outcomes) = (Vec::new(), Vec::new());
        for week in (0..count).rev() {
            let now = demo.end.plus_days(-7 * week);
            let shoppers = demo.shoppers(now);
            let personas = demo.fit(&shoppers, last.as_ref(), now);
            let told = |(id, shopper): &(String, Shopper)| match personas.portrait(&shopper.sketch) {
                Portrait::Known(persona, _) => Some((id.clone(), persona.id.to_string())),
                Portrait::Unknown(_) => None,
            };
            let told: BTreeMap<String, String> = shoppers.iter().filter_map(told).collect();
            let kinds_now: Kinds = told.iter().map(|(id, persona)| (id.clone(), kind(&personas, persona))).collect();
            portraits.push((now, told));
            kinds.push((now, kinds_now));
            outcomes.push((personas.fit.outcome, personas.personas.len(), personas.fit.drift));
            last = Some(personas);
        }
        Self { kept: demo.kept(&portraits), moved_in_six_weeks: demo.moved(&kinds), outcomes }
    }
}

impl Demo {
    /// How many profiles there are, and how long a portrait takes from its stored bytes on, in microseconds.
    pub(super) fn portraits_timed(&self, personas: &Personas) -> (usize, f64) {
        let cut_offs = CutOffs::prior(CURRENCY);
        let basis = Basis { currency: CURRENCY, cut_offs: &cut_offs, catalog: Some(&self.catalog) };
        let stored = |(id, events): (&String, &Vec<Event>)| refold(Subject::parse(&format!("c#{id}"))?, events).to_bytes().ok();
        let stored: Vec<Vec<u8>> = self.histories.iter().filter_map(stored).collect();
        let longest = stored.iter().map(Vec::len).max().unwrap_or_default();
        println!("{} bytes a profile on average, {longest} at most", stored.iter().map(Vec::len).sum::<usize>() / stored.len().max(1));
        let begun = std::time::Instant::now();
        let known = stored.iter().filter_map(|bytes| Profile::from_bytes(bytes).ok());
        let count = known.filter(|profile| matches!(personas.of(&Facts::of(profile, basis)), Portrait::Known(..))).count();
        println!("{count} known");
        (stored.len(), begun.elapsed().as_secs_f64() * 1e6 / stored.len().max(1) as f64)
    }

    fn kept(&self, portraits: &[(Timestamp, BTreeMap<String, String>)]) -> f64 {
        let (Some((_, first)), Some((_, last))) = (portraits.first(), portraits.last()) else { return 0.0 };
        let same: Vec<bool> =
            first.iter().filter(|(id, _)| self.truth[*id].switch.is_none()).map(|(id, persona)| last.get(id) == Some(persona)).collect();
        same.iter().filter(|same| **same).count() as f64 / same.len() as f64
    }

    fn moved(&self, kinds: &[(Timestamp, Kinds)]) -> f64 {
        let mut moved = Vec::new();
        for (id, truth) in &self.truth {
            let Some(switch) = &truth.switch else { continue };
            let due = Timestamp(switch.at.as_millisecond()).plus_days(42);
            let Some((_, told)) = kinds.iter().rfind(|(at, _)| *at <= due) else { continue };
            moved.push(told.get(id) == Some(&planted(switch.to)));
        }
        moved.iter().filter(|moved| **moved).count() as f64 / moved.len().max(1) as f64
    }
}
