//! Whom a profile is about, and which profiles an event belongs to.

use crate::{
    event::{Event, Who},
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

/// A subject as text where JSON has it: `"d#9b1f…"`.
pub(crate) mod key {
    use super::Subject;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(subject)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
        let key = String::deserialize(deserializer)?;
        Subject::parse(&key).ok_or_else(|| D::Error::custom(format!("`{key}` names no subject")))
    }
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
