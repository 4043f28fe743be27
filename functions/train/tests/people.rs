//! Everybody at once is everybody one by one: whoever their devices were, wherever their events lie, and nobody who is another's.

#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]

use rapport_archive::Archive;
use rapport_core::{
    assignment::Assignment,
    event::{Action, Authority, Consent, Event, OrderLine, Product, Purpose, Traffic, Who},
    features::{Basis, CutOffs, Facts},
    id::{ContactHash, CustomerId, DeviceId, EventId, ItemId, OrderId},
    identity::words,
    model::{Draft, Model},
    money::Currency,
    prediction::{BgNbd, Blend, GammaGamma, Horizon, Outlook, ParetoNbd, Shares},
    profile::refold,
    segment::{Segments, Standing},
    source::ConsentMode,
    time::Timestamp,
};
use rapport_io::{
    identities::Identities,
    log::Log,
    memory::{MemoryObjects, MemoryRecords},
    models::Models,
};
use std::{collections::BTreeMap, sync::Arc};

const NOW: Timestamp = Timestamp(1_795_348_800_000);

fn who(customer: Option<&str>, email: Option<&str>, device: Option<&str>) -> Who {
    Who {
        customer: customer.and_then(|id| CustomerId::new(id).ok()),
        email: email.and_then(|hash| ContactHash::new(hash).ok()),
        device: device.and_then(|id| DeviceId::new(id).ok()),
        ..Who::default()
    }
}

fn called(phone: &str, who: Who) -> Who {
    Who { phone: ContactHash::new(phone).ok(), ..who }
}

fn event(number: i64, authority: Authority, who: Who, action: Action) -> Event {
    let (id, at) = (EventId::new(&format!("e{number}")).expect("an id"), NOW.plus_days(number - 60));
    Event { id, at, authority, source: "test".into(), who, traffic: Traffic::Human, action }
}

fn looked() -> Action {
    Action::Viewed(Product::bare(ItemId::new("tin").expect("an id")))
}

fn ordered(number: i64) -> Action {
    Action::Ordered(OrderLine {
        order: OrderId::new(&format!("o{number}")).expect("an id"),
        version: Timestamp(0),
        product: Some(Product::bare(ItemId::new("tin").expect("an id"))),
        quantity: 1,
        paid_minor: 2_000,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled: false,
    })
}

fn artifact() -> Vec<u8> {
    let blend = || Blend { shares: Shares { bg_nbd: 0.5, pareto_nbd: 0.5, regression: 0.0 }, regression: None, spread: 0.3 };
    let horizon = Horizon { days: 90, season: 0.0, count: blend(), chance: blend(), base: None, calibration: None, unsure: 1.0 };
    let outlook = Outlook {
        bg_nbd: BgNbd { r: 0.243, alpha_days: 30.9, a: 0.793, b: 2.426 },
        pareto_nbd: ParetoNbd { r: 0.553, alpha_days: 74.0, s: 0.606, beta_days: 81.7 },
        spend: GammaGamma { p: 6.25, q: 3.74, v_minor: 1_544.0 },
        learned_from: 9,
        usual: None,
        horizons: vec![horizon],
    };
    Draft { outlook: Some(outlook), ..Draft::empty(NOW, Currency::EUR) }.to_bytes().expect("an artifact").0
}

#[tokio::test]
async fn a_whole_shop_is_told_as_its_people_are() {
    let (objects, records) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryRecords::default()));
    let by = Authority::Backend;
    let refusal = Consent { purpose: Purpose::Personalization, granted: false, basis: "consent".into() };
    // Ada's phone before and after she signed in; Bob; a guest; somebody who keeps to themselves; a device of nobody's; an address that a
    // browser claims, which is not that address' history; a guest by number, who also told an address once; and Bob's number.
    let archived = [
        event(1, Authority::Browser, who(None, None, Some("phone")), looked()),
        event(2, by, who(Some("ada"), None, Some("phone")), ordered(2)),
        event(3, Authority::Browser, who(None, None, Some("phone")), looked()),
        event(4, by, who(Some("bob"), None, None), ordered(4)),
        event(5, by, who(None, Some("h1_guest"), None), ordered(5)),
        event(6, by, who(Some("shy"), None, None), ordered(6)),
        event(7, by, who(Some("shy"), None, None), Action::Consented(refusal)),
        event(8, Authority::Browser, who(None, None, Some("nobody")), looked()),
        event(9, Authority::Browser, who(None, Some("h1_guest"), Some("nobody")), looked()),
        event(10, by, called("h1_caller", who(None, None, Some("till"))), ordered(10)),
        event(11, by, called("h1_caller", who(None, Some("h1_guest"), None)), ordered(11)),
        event(12, by, called("h1_bob", who(None, None, None)), ordered(12)),
        event(13, by, called("h1_bob", who(Some("bob"), None, None)), ordered(13)),
    ];
    let logged = [event(50, by, who(Some("ada"), None, None), ordered(50))];
    let archive = Archive::new(objects.clone());
    archive.write("2026-10-01", archived[..4].to_vec()).await.expect("memory");
    archive.write("2026-10-02", archived[4..].to_vec()).await.expect("memory");
    Log::new(objects.clone()).append(&logged, NOW).await.expect("memory");
    let told: Vec<_> = archived.iter().chain(&logged).flat_map(words).collect();
    Identities::new(records.clone()).hear(&told, None).await.expect("memory");
    Models::new(objects.clone()).publish(artifact().into(), "{}".into(), NOW).await.expect("memory");
    let app = train::App::new(objects, records, train::Config { currency: Currency::EUR, consent: ConsentMode::OptOut });

    let row = |person: &train::Person<'_>| {
        let said = person.said.map(|said| (said.standing.clone(), said.foresights.clone()));
        (person.facts.profile().subject.clone(), (person.facts.totals().events, said))
    };
    let mut people = BTreeMap::new();
    train::people(&app, NOW, row, |part| people.extend(part)).await.expect("told");

    let (model, cut_offs, segments) =
        (Model::parse(artifact().into()).expect("a model"), CutOffs::prior(Currency::EUR), Segments::with(Vec::new()));
    let alone = |key: &str, events: &[&Event], consents: bool| {
        let subject = rapport_core::profile::Subject::parse(key).expect("a subject");
        let profile = refold(subject.clone(), &events.iter().map(|event| (*event).clone()).collect::<Vec<_>>());
        let facts = Facts::of(&profile, Basis { currency: Currency::EUR, cut_offs: &cut_offs, catalog: Some(&model) });
        let said = Assignment::of(&facts, &segments, &Standing::default(), NOW);
        (subject, (events.len() as u64, consents.then(|| (said.standing.clone(), said.foresights.clone()))))
    };
    let expected = BTreeMap::from([
        alone("c#ada", &[&archived[0], &archived[1], &archived[2], &logged[0]], true),
        alone("c#bob", &[&archived[3], &archived[11], &archived[12]], true),
        alone("e#h1_guest", &[&archived[4], &archived[10]], true),
        alone("p#h1_caller", &[&archived[9]], true),
        alone("c#shy", &[&archived[5], &archived[6]], false),
    ]);
    assert_eq!(people, expected);
    let (_, said) = &people[&rapport_core::profile::Subject::parse("c#ada").expect("a subject")];
    let (standing, foresights) = said.as_ref().expect("she said nothing against it");
    assert!(!standing.memberships.is_empty() && foresights.len() == 1 && foresights[0].1.chance.value > 0.2, "{said:?}");
}
