//! A few people, a device, a number, and handlers that meet over them: what [`crate::schedules`] plays in every way there is.

use rapport_core::{
    event::{Action, Authority, Event, Product, Traffic, Who},
    id::{ContactHash, CustomerId, DeviceId, EventId, ItemId},
    time::{MINUTE_MS, Timestamp},
};

/// When the handlers of a scene begin.
pub(crate) const NOW: Timestamp = Timestamp(1_788_220_800_000);
/// When what lies in the archive was received.
pub(crate) const LONG_AGO_DAYS: i64 = -20;

/// What was, and who is at work.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What it is about.
    pub name: &'static str,
    /// Objects that were received and folded before, oldest first.
    pub(crate) past: Vec<Vec<Event>>,
    /// Whether the past was received so long ago that it may be archived.
    pub(crate) is_old: bool,
    /// The handlers.
    pub(crate) acts: Vec<Act>,
    /// So many interruptions it takes for them to meet.
    pub cuts: usize,
}

/// What one handler does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Folds an object with these events.
    Fold(Vec<Event>),
    /// Folds anew whoever waits for it, somebody among them.
    Refold(&'static str),
    /// Moves closed days into the archive.
    Archive,
}

/// All of them.
#[must_use]
pub fn scenes() -> Vec<Scene> {
    let fold = |events: &[Event]| Act::Fold(events.to_vec());
    let scene = |name, past: &[&[Event]], acts: Vec<Act>| Scene {
        name,
        past: past.iter().map(|object| object.to_vec()).collect(),
        is_old: false,
        acts,
        cuts: 1,
    };
    vec![
        scene(
            "a device works while somebody signs in on it",
            &[&[viewed(1, 10)]],
            vec![fold(&[viewed(2, 20)]), fold(&[signed_in(3, "ada", 30)])],
        ),
        scene(
            "a device works while an earlier word gives it to somebody else",
            &[&[viewed(1, 10)], &[signed_in(2, "bob", 30)]],
            vec![fold(&[viewed(3, 40)]), fold(&[signed_in(4, "ada", 20)])],
        ),
        scene(
            "a device and its owner work while an earlier word takes it away",
            &[&[signed_in(1, "bob", 30)]],
            vec![fold(&[viewed(2, 40), told(3, "bob", 41)]), fold(&[signed_in(4, "ada", 20)])],
        ),
        scene(
            "two customers claim a device that works",
            &[],
            vec![fold(&[signed_in(1, "bob", 30)]), fold(&[signed_in(2, "ada", 20)]), fold(&[viewed(3, 10)])],
        ),
        scene(
            "who owns a device turns out to be somebody else",
            &[&[signed_in(1, "ada", 10)]],
            vec![fold(&[viewed(2, 40), told(3, "ada", 41)]), fold(&[same(4, "ada", "eve", 50)])],
        ),
        scene(
            "a device's new owner turns out to be somebody else",
            &[&[viewed(1, 5)]],
            vec![fold(&[signed_in(2, "ada", 10), told(3, "ada", 11)]), fold(&[same(4, "ada", "eve", 50)])],
        ),
        scene(
            "a device is taken away twice",
            &[&[signed_in(1, "bob", 30), viewed(2, 31)]],
            vec![fold(&[signed_in(3, "ada", 20)]), fold(&[signed_in(4, "eve", 10)])],
        ),
        scene(
            "a copy of what a device did comes while it is taken away",
            &[&[viewed(1, 10)], &[signed_in(2, "bob", 30)]],
            vec![fold(&[viewed(1, 10), told(3, "bob", 41)]), fold(&[signed_in(4, "ada", 20)])],
        ),
        scene(
            "a device that was forgotten goes away while something older is told of who had it",
            &[&[device_forgotten(1, 20)], &[signed_in(2, "bob", 30)]],
            vec![fold(&[signed_in(3, "ada", 25)]), fold(&[told(4, "bob", 10)])],
        ),
        scene(
            "a device that was forgotten goes away while something older is told of a number of who had it",
            &[&[device_forgotten(1, 20)], &[signed_in(2, "bob", 30), tells_number(3, "bob", 31)]],
            vec![fold(&[signed_in(4, "ada", 25)]), fold(&[called(5, 10)])],
        ),
        scene(
            "somebody is forgotten while their device works",
            &[&[signed_in(1, "ada", 10), viewed(2, 11)]],
            vec![fold(&[viewed(3, 40)]), fold(&[forgotten(4, "ada", 20)])],
        ),
        Scene {
            cuts: 2,
            ..scene("a customer works while they are merged", &[], vec![fold(&[told(1, "ada", 40)]), fold(&[same(2, "ada", "bob", 50)])])
        },
        scene(
            "a customer is merged into two others",
            &[&[told(1, "ada", 5)]],
            vec![fold(&[same(2, "ada", "bob", 30)]), fold(&[same(3, "ada", "eve", 20)])],
        ),
        scene(
            "a ring of customers closes, and an earlier word of it gives way",
            &[&[same(1, "ada", "bob", 30), told(2, "ada", 31)], &[same(3, "bob", "eve", 50), told(4, "bob", 51)]],
            vec![fold(&[same(5, "eve", "ada", 20)]), fold(&[told(6, "ada", 60)])],
        ),
        scene(
            "two words close a ring of customers",
            &[&[same(1, "ada", "bob", 30), told(2, "ada", 31)]],
            vec![fold(&[same(3, "bob", "eve", 50)]), fold(&[same(4, "eve", "ada", 40)])],
        ),
        scene(
            "two jobs refold whom a third folds",
            &[&[viewed(1, 10)], &[signed_in(2, "bob", 30)]],
            vec![Act::Refold("ada"), Act::Refold("bob"), fold(&[signed_in(4, "ada", 20)])],
        ),
        scene(
            "a guest calls while somebody tells the number",
            &[&[called(1, 10)]],
            vec![fold(&[called(2, 20)]), fold(&[tells_number(3, "ada", 30)])],
        ),
        scene(
            "a number turns out to be a family's",
            &[&[tells_number(1, "ada", 10), called(2, 11)], &[tells_number(3, "bob", 20)]],
            vec![fold(&[tells_number(4, "eve", 30)]), fold(&[called(5, 40), told(6, "ada", 41)])],
        ),
        Scene {
            is_old: true,
            ..scene(
                "a refold reads while days are archived",
                &[&[signed_in(1, "ada", 10), viewed(2, 11)]],
                vec![Act::Refold("ada"), Act::Archive],
            )
        },
        Scene {
            is_old: true,
            ..scene(
                "a device is taken away while days are archived",
                &[&[viewed(1, 10)], &[signed_in(2, "bob", 30)]],
                vec![fold(&[signed_in(4, "ada", 20)]), Act::Archive],
            )
        },
    ]
}

const DEVICE: &str = "phone";

/// What the device did, with nobody signed in.
fn viewed(id: u32, minute: i64) -> Event {
    event(id, minute, (None, true), Action::Viewed(product(id)))
}

/// What somebody did, by no device.
fn told(id: u32, customer: &str, minute: i64) -> Event {
    event(id, minute, (Some(customer), false), Action::Viewed(product(id)))
}

/// The shop says that the device is a customer's.
fn signed_in(id: u32, customer: &str, minute: i64) -> Event {
    event(id, minute, (Some(customer), true), Action::Identified { traits: Vec::new() })
}

/// What a guest did of whom nothing but a number is known.
fn called(id: u32, minute: i64) -> Event {
    Event { authority: Authority::Backend, who: Who { phone: number(), ..Who::default() }, ..told(id, "nobody", minute) }
}

/// The shop says that the number is a customer's.
fn tells_number(id: u32, customer: &str, minute: i64) -> Event {
    let event = event(id, minute, (Some(customer), false), Action::Identified { traits: Vec::new() });
    Event { who: Who { phone: number(), ..event.who.clone() }, ..event }
}

fn number() -> Option<ContactHash> {
    ContactHash::new("h1_number").ok()
}

/// The shop says that two customers are one.
fn same(id: u32, previous: &str, customer: &str, minute: i64) -> Event {
    event(id, minute, (Some(customer), false), Action::Aliased { previous: previous.into() })
}

fn forgotten(id: u32, customer: &str, minute: i64) -> Event {
    event(id, minute, (Some(customer), false), Action::Erased)
}

fn device_forgotten(id: u32, minute: i64) -> Event {
    event(id, minute, (None, true), Action::Erased)
}

fn product(number: u32) -> Product {
    Product::bare(ItemId::new(&format!("item{number}")).unwrap_or_else(|_| unreachable!("an item's name")))
}

fn event(id: u32, minute: i64, (customer, device): (Option<&str>, bool), action: Action) -> Event {
    let who = Who {
        customer: customer.and_then(|id| CustomerId::new(id).ok()),
        device: if device { DeviceId::new(DEVICE).ok() } else { None },
        ..Who::default()
    };
    let (authority, traffic) = (if who.customer.is_some() { Authority::Backend } else { Authority::Browser }, Traffic::Human);
    let id = EventId::new(&format!("e{id}")).unwrap_or_else(|_| unreachable!("an event's name"));
    // All of it on one day, which is long past where days are archived.
    Event { id, at: NOW.plus_days(LONG_AGO_DAYS).plus_ms(minute * MINUTE_MS), authority, source: "scene".into(), who, traffic, action }
}
