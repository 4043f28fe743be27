//! Whom a profile is about, which profiles an event belongs to, and which ids it ties together.

use super::Position;
use crate::{
    event::{Action, Event, Who},
    id::{ContactHash, CustomerId, DeviceId},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whom a profile is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// Somebody the shop knows by its own id.
    Customer(CustomerId),
    /// A browser. It only ever holds its own events, so claiming a device's id shows nobody else's history.
    Device(DeviceId),
    /// Somebody known only by a hashed e-mail address, as guest orders are.
    Email(ContactHash),
}

impl Subject {
    /// The inverse of `Display`: `c#12748`, `d#9b1f…`, `e#h1_…`.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (kind, id) = key.split_once('#')?;
        match kind {
            "c" => CustomerId::new(id).ok().map(Self::Customer),
            "d" => DeviceId::new(id).ok().map(Self::Device),
            "e" => ContactHash::new(id).ok().map(Self::Email),
            _ => None,
        }
    }

    /// As an event names it that is about nobody else.
    #[must_use]
    pub fn who(&self) -> Who {
        let mut who = Who::default();
        match self.clone() {
            Self::Customer(customer) => who.customer = Some(customer),
            Self::Device(device) => who.device = Some(device),
            Self::Email(email) => who.email = Some(email),
        }
        who
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "c#{id}"),
            Self::Device(id) => write!(f, "d#{id}"),
            Self::Email(id) => write!(f, "e#{id}"),
        }
    }
}

/// An id that may belong to a customer: everything but the customer's own id.
pub type Alias = Subject;

/// A trusted statement that `alias` is `customer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other id.
    pub alias: Alias,
    /// The customer it belongs to.
    pub customer: CustomerId,
    /// When, and by which event, it was said. Of two statements about one alias the *earlier* holds: who came second borrowed it.
    pub at: Position,
}

/// The subjects that `event` names itself. Its device and its e-mail may also belong to a customer; the identity table knows.
///
/// An event in which a trusted sender names the customer is not part of the device's own history: whoever claims the device id must
/// not see it.
#[must_use]
pub fn subjects(event: &Event) -> Vec<Subject> {
    let who = &event.who;
    match (&who.customer, &who.email, &who.device) {
        (Some(customer), _, _) => vec![Subject::Customer(customer.clone())],
        (None, Some(email), _) if event.authority.is_trusted() => vec![Subject::Email(email.clone())],
        (None, _, Some(device)) => vec![Subject::Device(device.clone())],
        (None, _, None) => Vec::new(),
    }
}

/// The ids that `event` ties to a customer. A browser's claim ties nothing.
#[must_use]
pub fn links(event: &Event) -> Vec<Link> {
    let (true, Some(customer)) = (event.authority.is_trusted(), &event.who.customer) else { return Vec::new() };
    let mut aliases: Vec<Alias> = Vec::new();
    aliases.extend(event.who.device.clone().map(Subject::Device));
    aliases.extend(event.who.email.clone().map(Subject::Email));
    if let Action::Aliased { previous } = &event.action {
        aliases.extend(DeviceId::of_somebody(previous).ok().map(Subject::Device));
        aliases.extend(CustomerId::of_somebody(previous).ok().filter(|id| id != customer).map(Subject::Customer));
    }
    let at = Position::of(event);
    aliases.into_iter().map(|alias| Link { alias, customer: customer.clone(), at }).collect()
}
