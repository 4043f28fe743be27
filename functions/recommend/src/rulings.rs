//! The shop's own word on who is who: customers are merged and unmerged, and what contradicts each other is shown.

use crate::{
    App,
    answer::{self, Failure},
    caller,
    lookup::read_json,
    people::random_name,
    wire::{Flaw, OtherId},
};
use http::StatusCode;
use rapport_core::{
    auth::{Keyring, Scope, personal},
    event::{Action, Authority, Event, Traffic},
    id::{CustomerId, EventId},
    identity::{Conflict, OwnedBy, Why},
    profile::{Alias, Subject},
    time::Timestamp,
};
use rapport_io::StoreError;
use rapport_lambda::{Request, Response};
use serde_json::{Value as Json, json};

const LARGEST_BODY: usize = 16 * 1024;

/// `POST /v1/customers/{id}/merge` and `/unmerge`: one log event, which outweighs whatever senders say; profiles follow within seconds, or
/// within the hour where many are to be folded anew. The shop alone may: a customer's own token does not do.
pub(crate) async fn rule(app: &App, request: &Request, id: &str, is_one: bool, now: Timestamp) -> Result<Response, Failure> {
    let keyring = app.keyring(now).await?;
    caller::require(&keyring, request.headers(), (Scope::Admin, "admin"), now)?;
    let unusable = |field: &'static str, error: &dyn std::fmt::Display| Flaw { field, message: format!("cannot name somebody: {error}") };
    let customer = personal::customer(&keyring.hash_key, id).map_err(|error| unusable("id", &error))?;
    let alias = other(&read_json(request.body(), LARGEST_BODY)?, &keyring)?;
    let own = Subject::Customer(customer.clone());
    if alias == own {
        return Err(Flaw { field: "customer", message: "is the customer in the path; name another id".to_owned() }.into());
    }
    if !is_one {
        refuse_roundabout(app, &customer, &alias).await?;
    }
    let event = Event {
        id: EventId::new(&format!("ruling-{}", random_name()?)).map_err(|error| Failure::Internal(error.into()))?,
        at: now,
        authority: Authority::Backend,
        source: "api".into(),
        who: own.who(),
        // The shop does this, not the customer.
        traffic: Traffic::Internal,
        action: Action::Ruled { alias: alias.clone(), is_one },
    };
    let answer = json!({ "id": id, "other": alias.to_string(), "is_one": is_one, "at": now.to_string(), "event": event.id.as_str() });
    app.log.append(&[event], now).await?;
    Ok(answer::private(StatusCode::ACCEPTED, &answer))
}

/// The one id that `told` names.
fn other(told: &OtherId, keyring: &Keyring) -> Result<Alias, Failure> {
    let flaw = |field: &'static str, message: String| Failure::from(Flaw { field, message });
    match told {
        OtherId { customer: Some(id), device: None, email: None, phone: None } => personal::customer(&keyring.hash_key, id)
            .map(Subject::Customer)
            .map_err(|error| flaw("customer", format!("cannot name a customer: {error}"))),
        OtherId { customer: None, device: Some(id), email: None, phone: None } => personal::device(&keyring.hash_key, id)
            .map(Subject::Device)
            .map_err(|error| flaw("device", format!("cannot name a device: {error}"))),
        OtherId { customer: None, device: None, email: Some(address), phone: None } => {
            personal::email(&keyring.hash_key, address).map(Subject::Email).ok_or_else(|| flaw("email", "is no e-mail address".to_owned()))
        }
        OtherId { customer: None, device: None, email: None, phone: Some(number) } => personal::phone(&keyring.hash_key, number)
            .map(Subject::Phone)
            .ok_or_else(|| flaw("phone", "is no phone number with its country: write it as +49 151 2345 6789".to_owned())),
        _ => Err(flaw("customer", "name exactly one of `customer`, `device`, `email` and `phone`".to_owned())),
    }
}

/// An unmerge of two that nothing ties directly would change nothing, and whoever asked would wait for it: they are told what does tie them.
async fn refuse_roundabout(app: &App, customer: &CustomerId, alias: &Alias) -> Result<(), Failure> {
    let own = Subject::Customer(customer.clone());
    let (from, to) = (app.identities.trail(alias).await?, app.identities.trail(&own).await?);
    let above = |trail: &[(Alias, OwnedBy)]| trail.iter().map(|(_, owner)| Subject::Customer(owner.customer.clone())).collect::<Vec<_>>();
    let (above_it, above_them) = (above(&from), above(&to));
    let is_direct = above_it.first() == Some(&own) || above_them.first() == Some(alias);
    let is_tied = above_it.iter().any(|up| *up == own || above_them.contains(up)) || above_them.contains(alias);
    if is_direct || !is_tied {
        return Ok(());
    }
    let steps = from.iter().chain(&to).map(|(alias, owner)| format!("{alias} belongs to c#{}", owner.customer));
    let steps = steps.collect::<Vec<_>>().join(", ");
    Err(Flaw { field: "id", message: format!("is not tied to that id directly: {steps}; unmerge one of these pairs") }.into())
}

/// What stands against the words that tie ids to `customer`. Other customers are named to the shop alone.
pub(crate) async fn conflicts(app: &App, customer: &CustomerId, to_the_shop: bool) -> Result<Vec<Json>, StoreError> {
    let ties = app.identities.about(customer).await?;
    let seen = ties.iter().filter_map(|tie| Some((&tie.alias, Conflict::of(customer, &tie.alias, &tie.claims)?)));
    Ok(seen.map(|(alias, conflict)| shown(alias, &conflict, to_the_shop)).collect())
}

fn shown(alias: &Alias, Conflict { at, why }: &Conflict, to_the_shop: bool) -> Json {
    let mut shown = json!({ "id": alias.to_string(), "claimed_at": at.at.to_string() });
    match why {
        Why::Contested(others) => {
            shown["why"] = "claimed_by_others_too".into();
            shown["others"] = others.len().into();
            if to_the_shop {
                shown["customers"] = others.iter().map(CustomerId::as_str).collect();
            }
        }
        Why::Refused { owner, since, is_ruled } => {
            shown["why"] = if *is_ruled { "given_to_another" } else { "claimed_earlier_by_another" }.into();
            shown["since"] = since.at.to_string().into();
            if to_the_shop {
                shown["customers"] = json!([owner.as_str()]);
            }
        }
        Why::Shared { claimants, most } => {
            shown["why"] = "claimed_by_too_many".into();
            (shown["claimants"], shown["most"]) = ((*claimants).into(), (*most).into());
        }
        Why::Unmerged { at } => {
            shown["why"] = "unmerged".into();
            shown["since"] = at.at.to_string().into();
        }
    }
    shown
}
