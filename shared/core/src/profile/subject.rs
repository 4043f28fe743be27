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
    /// Somebody known only by a hashed phone number, as guests are and whoever tells it at a till.
    Phone(ContactHash),
}

impl Subject {
    /// The inverse of `Display`: `c#12748`, `d#9b1f…`, `e#h1_…`, `p#h1_…`.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (kind, id) = key.split_once('#')?;
        match kind {
            "c" => CustomerId::new(id).ok().map(Self::Customer),
            "d" => DeviceId::new(id).ok().map(Self::Device),
            "e" => ContactHash::new(id).ok().map(Self::Email),
            "p" => ContactHash::new(id).ok().map(Self::Phone),
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
            Self::Phone(phone) => who.phone = Some(phone),
        }
        who
    }

    /// The id without its kind.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Customer(id) => id.as_str(),
            Self::Device(id) => id.as_str(),
            Self::Email(hash) | Self::Phone(hash) => hash.as_str(),
        }
    }

    /// What kind of id it is: the shop's own, a browser's, or the keyed hash of a guest's address or phone number.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Customer(_) => "customer",
            Self::Device(_) => "device",
            Self::Email(_) => "email_hash",
            Self::Phone(_) => "phone_hash",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "c#{id}"),
            Self::Device(id) => write!(f, "d#{id}"),
            Self::Email(id) => write!(f, "e#{id}"),
            Self::Phone(id) => write!(f, "p#{id}"),
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

/// The subjects that `event` names itself. Its device, e-mail and phone may also belong to a customer; the identity table knows.
///
/// An event in which a trusted sender names the customer is not part of the device's own history: whoever claims the device id must
/// not see it.
#[must_use]
pub fn subjects(event: &Event) -> Vec<Subject> {
    let who = &event.who;
    let person = if event.authority.is_trusted() { who.person() } else { who.customer.clone().map(Subject::Customer) };
    person.or_else(|| who.device.clone().map(Subject::Device)).into_iter().collect()
}

impl Who {
    /// The person it names, devices aside: the customer, or else the address, which names one person more often than a number does, or else
    /// the number. Two of them are tied by way of a customer alone.
    #[must_use]
    pub fn person(&self) -> Option<Subject> {
        let Self { customer, email, phone, .. } = self;
        let contact = || email.clone().map(Subject::Email).or_else(|| phone.clone().map(Subject::Phone));
        customer.clone().map(Subject::Customer).or_else(contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Action, Authority, Traffic},
        id::EventId,
        time::Timestamp,
    };

    #[test]
    fn what_is_written_is_read() {
        for key in ["c#12748", "d#9b1f", "e#h1_0", "p#h1_0"] {
            let subject = Subject::parse(key).expect("a subject");
            assert_eq!(subject.to_string(), key);
            assert_eq!(subjects(&of(Authority::Backend, subject.who())), [subject]);
        }
        assert_eq!(Subject::parse("x#1"), None);
    }

    #[test]
    fn an_event_is_one_ids() {
        let who = |named: &str| {
            let hash = |name: char| ContactHash::new("h1_0").ok().filter(|_| named.contains(name));
            Who {
                customer: CustomerId::new("ada").ok().filter(|_| named.contains('c')),
                device: DeviceId::new("d1").ok().filter(|_| named.contains('d')),
                email: hash('e'),
                phone: hash('p'),
            }
        };
        for (named, trusted, claimed) in [
            ("cdep", "c#ada", "c#ada"),
            ("dep", "e#h1_0", "d#d1"),
            ("ep", "e#h1_0", ""),
            ("dp", "p#h1_0", "d#d1"),
            ("p", "p#h1_0", ""),
            ("d", "d#d1", "d#d1"),
            ("", "", ""),
        ] {
            let belongs = |authority| subjects(&of(authority, who(named))).iter().map(ToString::to_string).collect::<String>();
            assert_eq!((belongs(Authority::Webhook).as_str(), belongs(Authority::Browser).as_str()), (trusted, claimed), "{named}");
        }
    }

    fn of(authority: Authority, who: Who) -> Event {
        let (id, source) = (EventId::new("e").expect("an id"), "test".into());
        Event { id, at: Timestamp(1), authority, source, who, traffic: Traffic::Human, action: Action::CheckoutStarted }
    }
}
