//! Events out of a body that a platform signed: what those of all platforms have in common.

use super::{
    ContactField, Delivery, Sink, Unreadable,
    fields::{Object, objects, short},
    traits,
};
use crate::{
    digest::content_hash,
    event::{Action, Authority, Consent, EmailAct, Event, Purpose, Refund, Traffic, Who},
    id::{EventId, IdError, OrderId},
    money::Currency,
    profile::Position,
    time::{MINUTE_MS, Timestamp},
};

/// What all events of one body share.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    /// The platform.
    pub(super) source: &'static str,
    /// Whom it names.
    pub(super) who: Who,
    /// Whether it is the shop's own trial.
    pub(super) traffic: Traffic,
}

impl Signed {
    /// An event called `SOURCE:id`.
    pub(super) fn event(&self, id: &str, at: Timestamp, action: Action) -> Result<Event, Unreadable> {
        let id = EventId::new(&format!("{}:{id}", self.source)).map_err(unusable("id"))?;
        Ok(Event {
            id,
            at,
            authority: Authority::Webhook,
            source: self.source.into(),
            who: self.who.clone(),
            traffic: self.traffic,
            action,
        })
    }

    /// What `told` says of the customer, as it was at `updated`: an event with the traits, and contact data. Free text stays out: what
    /// platforms put into a customer's record is the shop's business. Nothing for guests.
    pub(super) fn person(
        &self,
        id: &str,
        told: Object<'_>,
        (at, updated): (Timestamp, Timestamp),
        sink: &mut dyn Sink,
    ) -> Result<(), Unreadable> {
        let Some(customer) = &self.who.customer else { return Ok(()) };
        let told = traits::read(told);
        let event = self.event(id, at, Action::Identified { traits: told.traits })?;
        let at = Position { at: updated, id: Position::of(&event).id };
        sink.event(event);
        for (field, value) in told.contacts.into_iter().filter(|(field, _)| !field.starts_with("trait:")) {
            sink.contact(ContactField { customer: customer.clone(), field, value, at });
        }
        Ok(())
    }

    /// That whatever was given back for `order`, and whoever told it, was for a sale that is void as of `version`.
    pub(super) fn nothing_back(&self, order: &OrderId, version: Timestamp, at: Timestamp, currency: Currency) -> Result<Event, Unreadable> {
        self.event(&format!("{order}:{}:back", version.0), at, Action::Refunded(Refund::void(order.clone(), version, currency)))
    }

    /// The codes that were taken off `order`, as `list` in `body` has them.
    pub(super) fn coupons(
        &self,
        order: &OrderId,
        body: Object<'_>,
        list: &str,
        at: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), Unreadable> {
        for code in objects(body, &[list]).filter_map(|coupon| short(coupon, &["code"], 60)) {
            sink.event(self.event(&format!("coupon:{order}:{code}"), at, Action::Coupon { code, applied: true })?);
        }
        Ok(())
    }

    /// What somebody did with an e-mail; with their subscription, the consent that it stands for too.
    pub(super) fn email(&self, id: &str, at: Timestamp, act: EmailAct, sink: &mut dyn Sink) -> Result<(), Unreadable> {
        sink.event(self.event(id, at, Action::Email(act))?);
        if let EmailAct::Subscribed | EmailAct::Unsubscribed = act {
            sink.event(self.event(&format!("{id}/1"), at, marketing(act == EmailAct::Subscribed))?);
        }
        Ok(())
    }
}

/// Consent to marketing, given or withdrawn by the person themselves.
pub(super) fn marketing(granted: bool) -> Action {
    Action::Consented(Consent { purpose: Purpose::Marketing, granted, basis: "consent".into() })
}

/// The latest that anything in a delivery may have happened.
pub(super) const fn latest(delivery: &Delivery<'_>) -> Timestamp {
    delivery.received.plus_ms(5 * MINUTE_MS)
}

/// Names a body by what it says: headers and time of arrival are not signed, so they may not make one delivery two.
pub(super) fn body_name(delivery: &Delivery<'_>) -> String {
    content_hash(delivery.body).chars().take(32).collect()
}

/// For `map_err`: an id that cannot be one.
pub(super) fn unusable(field: &'static str) -> impl Fn(IdError) -> Unreadable {
    move |problem| Unreadable::Field { field, problem: problem.to_string() }
}
