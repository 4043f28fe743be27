//! The topics that every app must answer: a customer asks for their data, a customer is to be forgotten.

use super::{SOURCE, named};
use crate::{
    auth::personal::Named,
    event::{Action, Traffic},
    source::{
        Delivery, Erasure, Shop, Sink, Unreadable,
        fields::{Object, object, text},
        signed::{Signed, body_name},
    },
};

/// `customers/redact`: the erasure that `DELETE /v1/customers/{id}` makes.
pub(super) fn redact(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let customer = object(body, "customer").ok_or(Unreadable::Missing("customer"))?;
    sink.erasure(Erasure::read(delivery, SOURCE, named(customer).hidden(shop.hash_key))?);
    Ok(())
}

/// `customers/delete`: whom the shop has deleted is nobody that Rapport should go on knowing.
pub(super) fn gone(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let deleted = Named { customer: text(body, &["id"]), ..Named::default() };
    sink.erasure(Erasure::read(delivery, SOURCE, deleted.hidden(shop.hash_key))?);
    Ok(())
}

/// `customers/data_request`: it is the shop that answers the customer, with `GET /v1/customers/{id}/export`; here it is noted in the
/// customer's history that they asked.
pub(super) fn data_request(body: Object<'_>, delivery: &Delivery<'_>, shop: &Shop<'_>, sink: &mut dyn Sink) -> Result<(), Unreadable> {
    let customer = object(body, "customer").ok_or(Unreadable::Missing("customer"))?;
    let signed = Signed { source: SOURCE, who: named(customer).hidden(shop.hash_key), traffic: Traffic::Human };
    let id = format!("data_request:{}", body_name(delivery));
    sink.event(signed.event(&id, delivery.received, Action::Custom { name: "data_requested".into() })?);
    Ok(())
}
