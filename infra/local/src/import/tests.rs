//! The whole way from a file to the stores, in memory.

use super::*;
use rapport_core::{auth::Insiders, event::Action, id::CustomerId, money::Currency};
use rapport_io::memory::{MemoryObjects, MemoryRecords};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const FILE: &str = "invoice,item,quantity,at,price,customer,email
1,mug,1,2024-01-01,1.00,7,ann@example.com
2,cup,0,2024-01-02,1.00,8,
2,cup,1,2024-01-02,1.00,8,
3,pan,1,2024-01-03,9.00,7,ann@example.com
4,pan,1,2024-01-03,9.00,,
";

fn target() -> Target {
    let objects = Arc::new(MemoryObjects::default());
    let records = Arc::new(MemoryRecords::default());
    Target {
        log: Log::new(objects.clone()),
        rejects: Rejects::new(objects),
        contacts: Contacts::new(records.clone()),
        catalog: Catalog::new(records),
    }
}

async fn imported(target: &Target, basis: Basis) -> Outcome {
    let options = Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now: NOW,
        as_of: NOW,
        hash_key: Some("key".into()),
        insiders: Insiders::default(),
        zone: None,
    };
    let prepared = prepare(Path::new("file.csv"), FILE.as_bytes(), &options).unwrap();
    prepared.write(target, basis, NOW, |_| ()).await.unwrap()
}

#[tokio::test]
async fn a_second_import_writes_the_same_objects() {
    let target = target();
    let first = imported(&target, Basis::LegitimateInterest).await;
    let second = imported(&target, Basis::LegitimateInterest).await;
    assert_eq!(first.objects, second.objects);
    assert_eq!(target.log.keys(None).await.unwrap(), first.objects);
    assert_eq!((first.report.taken, first.subjects, first.events), (4, 2, 4 + 4), "two purposes for each of two customers");
}

#[tokio::test]
async fn a_customers_history_lies_together_under_its_basis() {
    let target = target();
    let outcome = imported(&target, Basis::Consent).await;
    let object = target.log.read(&outcome.objects[0]).await.unwrap().unwrap();
    let of_seven: Vec<&str> = object
        .events
        .iter()
        .filter(|event| event.who.customer.as_ref().is_some_and(|id| id.as_str() == "7"))
        .map(|event| event.action.name())
        .collect();
    assert_eq!(of_seven, ["consent_updated", "consent_updated", "consent_updated", "order_completed", "order_completed"]);
    assert!(!object.events.iter().any(|event| event.who.is_nobody() && matches!(event.action, Action::Consented(_))));
}

#[tokio::test]
async fn nothing_is_lost() {
    let target = target();
    imported(&target, Basis::Contract).await;
    let keys = target.rejects.keys(None).await.unwrap();
    let kept = target.rejects.get(&keys[0]).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(kept.raw).unwrap(), "invoice,item,quantity,at,price,customer,email\n2,cup,0,2024-01-02,1.00,8,\n");
    let ann = target.contacts.get(&Subject::Customer(CustomerId::new("7").unwrap())).await.unwrap();
    assert_eq!(ann.get("email").map(String::as_str), Some("ann@example.com"));
}

/// Many customers, so that every pile is used, against the set that went in.
#[test]
fn piles_give_back_what_they_got() {
    let rows: String = (0..5000).map(|row| format!("{row},i{},1,2024-01-01,1.00,{},\n", row % 17, row % 700 + 1)).collect();
    let file = format!("invoice,item,quantity,at,price,customer,email\n{rows}");
    let options = Options {
        currency: Currency::GBP,
        map: Vec::new(),
        now: NOW,
        as_of: NOW,
        hash_key: None,
        insiders: Insiders::default(),
        zone: None,
    };
    let mut piles = Piles::default();
    let mut put = BTreeSet::new();
    csv::read(file.as_bytes(), &options, |found| {
        if let Found::Event(event) = found {
            piles.add(&event).unwrap();
            put.insert(event.id);
        }
    })
    .unwrap();
    let groups: Vec<_> = piles.finish().unwrap().flat_map(|pile| pile.groups().unwrap()).collect();
    assert_eq!(groups.len(), 700, "one for each customer");
    assert_eq!(groups.iter().flat_map(|group| &group.events).map(|event| event.id.clone()).collect::<BTreeSet<_>>(), put);
}
