//! Rows that are a customer each.

use super::{
    Reason,
    format::Field,
    intake::{Intake, Row, label},
    lines::part_id,
};
use crate::event::{Action, Consent, Purpose};

/// What may stand in the log about a person. Everything else is dropped or goes to the contacts. The age is there for audits;
/// `traits` says why.
const TRAITS: [(Field, &str); 6] = [
    (Field::Country, "country"),
    (Field::Region, "region"),
    (Field::Language, "language"),
    (Field::Age, "age"),
    (Field::Income, "income"),
    (Field::HouseholdSize, "household_size"),
];

/// Takes a customer: traits into the log, contact details to the contacts, consent to marketing as given.
pub(super) fn take(row: Row<'_>, intake: &mut Intake<'_>) -> Result<(), Reason> {
    let at = intake.options.as_of.min(intake.options.now);
    let who = intake.who(row)?;
    if who.is_nobody() {
        return Err(Reason::Empty);
    }
    let id = intake.row_id(row.record)?;
    intake.contacts(row, &who, at);
    intake.card(row, &who, at)?;
    let granted = match row.get(Field::Marketing).to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "subscribed" => Some(true),
        "no" | "false" | "0" | "unsubscribed" => Some(false),
        _ => None,
    };
    if let Some(granted) = granted {
        let consent = Consent { purpose: Purpose::Marketing, granted, basis: "consent".into() };
        intake.event(part_id(&id, "marketing")?, at, who.clone(), Action::Consented(consent));
    }
    let traits = TRAITS.iter().filter_map(|(field, name)| Some(((*name).into(), label(row.get(*field))?))).collect();
    intake.event(id, at, who, Action::Identified { traits });
    Ok(())
}
