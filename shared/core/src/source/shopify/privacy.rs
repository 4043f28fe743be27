//! The topics that every app must answer: a customer asks for their data, a customer is to be forgotten.

use super::SOURCE;
use crate::{
    auth::personal::Named,
    event::{Action, Traffic},
    source::{
        Delivery, Erasure, Parsed, Shop, Unreadable,
        fields::{Object, object, text},
        signed::{Signed, body_name},
    },
};

/// `customers/redact`: the erasure that `DELETE /v1/customers/{id}` makes.
pub(super) fn redact(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let customer = object(body, "customer").ok_or(Unreadable::Missing("customer"))?;
    let erasure = Erasure::read(delivery, SOURCE, named(customer).hidden(shop.hash_key))?;
    Ok(Parsed { erasures: vec![erasure], ..Parsed::default() })
}

/// `customers/delete`: whom the shop has deleted is nobody that Rapport should go on knowing.
pub(super) fn gone(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let deleted = Named { customer: text(body, &["id"]), ..Named::default() };
    let erasure = Erasure::read(delivery, SOURCE, deleted.hidden(shop.hash_key))?;
    Ok(Parsed { erasures: vec![erasure], ..Parsed::default() })
}

/// `customers/data_request`: it is the shop that answers the customer, with `GET /v1/customers/{id}/export`; here it is noted in the
/// customer's history that they asked.
pub(super) fn data_request(body: &Object, delivery: &Delivery<'_>, shop: &Shop<'_>) -> Result<Parsed, Unreadable> {
    let customer = object(body, "customer").ok_or(Unreadable::Missing("customer"))?;
    let signed = Signed { source: SOURCE, who: named(customer).hidden(shop.hash_key), traffic: Traffic::Human };
    let id = format!("data_request:{}", body_name(delivery));
    let event = signed.event(&id, delivery.received, Action::Custom { name: "data_requested".into() })?;
    Ok(Parsed { events: vec![event], ..Parsed::default() })
}

fn named(customer: &Object) -> Named {
    let [customer, email, phone] = ["id", "email", "phone"].map(|name| text(customer, &[name]));
    Named { customer, email, phone }
}
