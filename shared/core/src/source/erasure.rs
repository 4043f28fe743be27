//! Somebody is to be forgotten at the word of a platform, as `DELETE /v1/customers/{id}` does at the shop's.

use super::{Delivery, Unreadable, signed};
use crate::{
    digest::short_hash,
    event::{Action, Authority, Event, Traffic, Who},
    id::EventId,
    profile::Subject,
    time::Timestamp,
};

/// Whom a signed body asks to forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The receipt's id, out of what the body says: however often it is delivered, it is one erasure, at the time of the first.
    pub receipt: String,
    /// The platform that asks.
    pub source: &'static str,
    /// Whom it names. What else is known to be theirs (devices, other ids) is the identity table's to say.
    pub subjects: Vec<Subject>,
    /// Everything timed at or before this is to go.
    pub at: Timestamp,
}

impl Erasure {
    /// The erasure that a delivery asks for, about every id in `who`.
    pub(super) fn read(delivery: &Delivery<'_>, source: &'static str, who: Who) -> Result<Self, Unreadable> {
        let (customer, device) = (who.customer.map(Subject::Customer), who.device.map(Subject::Device));
        let (email, phone) = (who.email.map(Subject::Email), who.phone.map(Subject::Phone));
        let subjects: Vec<Subject> = [customer, email, phone, device].into_iter().flatten().collect();
        if subjects.is_empty() {
            return Err(Unreadable::Missing("customer.id"));
        }
        Ok(Self { receipt: format!("er_{source}_{}", signed::body_name(delivery)), source, subjects, at: delivery.received })
    }

    /// What goes into the log: one event for each of [`Self::subjects`] and of the `aliases` found for them. An event's id derives
    /// from the receipt and its subject, so doing it again adds nothing.
    ///
    /// # Errors
    /// [`crate::id::IdError`] when the receipt makes no event id.
    pub fn events(&self, aliases: &[Subject]) -> Result<Vec<Event>, crate::id::IdError> {
        let mut subjects: Vec<&Subject> = self.subjects.iter().chain(aliases).collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects.into_iter().map(|subject| self.event(subject)).collect()
    }

    fn event(&self, subject: &Subject) -> Result<Event, crate::id::IdError> {
        let id = EventId::new(&format!("erase-{}-{:016x}", self.receipt, short_hash(subject.to_string().as_bytes())))?;
        Ok(Event {
            id,
            at: self.at,
            authority: Authority::Webhook,
            source: self.source.into(),
            who: subject.who(),
            traffic: Traffic::Human,
            action: Action::Erased,
        })
    }
}
