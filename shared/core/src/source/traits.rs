//! What somebody is told to be: a few allow-listed traits go into the log, contact data into the contacts table, and what the law
//! protects nowhere. The one exception is `age` in a file of customers that the shopkeeper imports: without it nobody can tell whether
//! personas and answers treat ages alike. It is a trait for such audits alone: rules do not know it, and no model sees traits.

use super::fields::{Object, cut, object, scalar, text};
use crate::auth::personal;
use compact_str::CompactString;

/// Longest trait in the log, in characters.
const LONGEST_TRAIT: usize = 64;
/// Longest contact field, in characters.
const LONGEST_CONTACT: usize = 500;
/// Most free-text traits kept of one message.
const MOST_FREE_TRAITS: usize = 40;

/// Never taken from a sender, and no word of any rule: nobody is to be targeted by these (lower case, without `_`).
const PROTECTED: [&str; 16] = [
    "gender",
    "sex",
    "age",
    "race",
    "ethnicity",
    "religion",
    "health",
    "disability",
    "pregnant",
    "sexualorientation",
    "politics",
    "politicalviews",
    "union",
    "nationality",
    "password",
    "ssn",
];

/// What [`allowed`] takes into the log; the contacts need no copy (lower case, without `_`).
const LOGGED: [&str; 16] = [
    "acquisitioncost",
    "referredby",
    "referred",
    "country",
    "countrycode",
    "region",
    "state",
    "language",
    "locale",
    "currency",
    "createdat",
    "customersince",
    "birthmonth",
    "plan",
    "tier",
    "loyaltytier",
];

/// Contact fields, and the names they come under (lower case, without `_`).
const CONTACTS: [(&str, &[&str]); 11] = [
    ("email", &["email", "emailaddress"]),
    ("phone", &["phone", "phonenumber", "mobile"]),
    ("name", &["name", "fullname", "displayname"]),
    ("first_name", &["firstname", "givenname"]),
    ("last_name", &["lastname", "familyname"]),
    ("company", &["companyname"]),
    ("street", &["street", "address1", "addressline1", "line1"]),
    ("city", &["city"]),
    ("postal_code", &["postalcode", "postcode", "zip"]),
    ("birthday", &["birthday", "dateofbirth", "dob"]),
    ("username", &["username", "login"]),
];

/// Traits, parted by where they may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// For the log, by name.
    pub(super) traits: Vec<(CompactString, CompactString)>,
    /// For the contacts table.
    pub(super) contacts: Vec<(CompactString, String)>,
}

/// Whether nobody may be sorted by what is called so (lower case, letters and digits alone).
pub(crate) fn is_protected(plain: &str) -> bool {
    PROTECTED.contains(&plain)
}

/// Parts `traits`.
pub(super) fn read(traits: Object<'_>) -> Told {
    Told { traits: allowed(traits), contacts: contacts(traits) }
}

/// The traits that may stand in the log: coarse enough to be nobody in particular.
fn allowed(traits: Object<'_>) -> Vec<(CompactString, CompactString)> {
    let address = object(traits, "address");
    let found = [
        // What the shop spent to win them, in its currency.
        ("acquisition_cost", text(traits, &["acquisition_cost", "acquisitionCost"])),
        (
            "birth_month",
            text(traits, &["birth_month", "birthMonth"])
                .or_else(|| text(traits, &["birthday", "date_of_birth"]).and_then(|date| month_of(&date))),
        ),
        (
            "country",
            text(traits, &["country", "countryCode", "country_code"])
                .or_else(|| text(address?, &["country", "countryCode", "country_code"])),
        ),
        ("currency", text(traits, &["currency"])),
        ("customer_since", text(traits, &["createdAt", "created_at", "customer_since"]).map(|date| date.chars().take(7).collect())),
        (
            "language",
            text(traits, &["language", "locale"])
                .map(|locale| locale.chars().take_while(|c| c.is_ascii_alphabetic()).collect::<String>().to_lowercase()),
        ),
        ("loyalty_tier", text(traits, &["loyalty_tier", "loyaltyTier", "tier"])),
        ("plan", text(traits, &["plan"])),
        // That somebody brought them; who, is nobody's business here.
        ("referred", text(traits, &["referred_by", "referredBy", "referred"]).map(|by| told_by(&by))),
        ("region", text(traits, &["region", "state"]).or_else(|| text(address?, &["region", "state"]))),
    ];
    found
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty() && !personal::is_personal(value))?)))
        .map(|(name, value)| (name.into(), cut(&value, LONGEST_TRAIT)))
        .collect()
}

/// Whether somebody is named, or the answer is yes.
fn told_by(said: &str) -> String {
    let is_no = ["false", "no", "0", "none", "null"].contains(&said.trim().to_lowercase().as_str());
    if is_no { "no" } else { "yes" }.to_owned()
}

/// `07` of `1984-07-15`: enough for a birthday card, not for an identity.
fn month_of(date: &str) -> Option<String> {
    let month = date.split(['-', 'T']).nth(1)?;
    month.parse::<u8>().ok().filter(|month| (1..=12).contains(month)).map(|month| format!("{month:02}"))
}

fn contacts(traits: Object<'_>) -> Vec<(CompactString, String)> {
    let address = object(traits, "address").unwrap_or_default();
    let mut free = 0;
    let mut contacts: Vec<(CompactString, String)> = Vec::new();
    for (name, value) in traits.entries().chain(address.entries()) {
        let Some(value) = scalar(value) else { continue };
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        if is_protected(&plain) || LOGGED.contains(&plain.as_str()) {
            continue;
        }
        let known = CONTACTS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(field, _)| CompactString::from(*field));
        free += usize::from(known.is_none());
        let field = match known {
            Some(field) => field,
            None if free <= MOST_FREE_TRAITS => compact_str::format_compact!("trait:{}", cut(name, 60)),
            None => continue,
        };
        if !contacts.iter().any(|(taken, _)| *taken == field) {
            contacts.push((field, cut(&value, LONGEST_CONTACT).into_string()));
        }
    }
    // The order of a JSON object's names is nobody's promise.
    contacts.sort_unstable();
    contacts
}

/// The e-mail address among `traits`.
pub(super) fn email(traits: Object<'_>) -> Option<String> {
    text(traits, &["email", "emailAddress", "email_address"])
}

/// The phone number among `traits`.
pub(super) fn phone(traits: Object<'_>) -> Option<String> {
    text(traits, &["phone", "phoneNumber", "phone_number", "mobile"])
}

/// The message's traits, wherever the library put them.
pub(super) fn of_message(message: Object<'_>) -> Option<Object<'_>> {
    object(message, "traits")
        .or_else(|| object(object(message, "context")?, "traits"))
        .filter(|traits| traits.entries().any(|(_, value)| !value.is_null()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::json;

    #[test]
    fn what_winning_somebody_cost_is_told_and_who_brought_them_is_not() {
        let told = |traits: serde_json::Value| {
            let traits = json(traits.to_string().as_bytes()).expect("JSON");
            read(traits.value().as_object().expect("an object"))
        };
        let found = told(serde_json::json!({ "acquisition_cost": 12.5, "referredBy": "customer-77" }));
        assert_eq!(found.traits, [("acquisition_cost".into(), "12.5".into()), ("referred".into(), "yes".into())]);
        assert!(found.contacts.is_empty(), "{found:?}");
        assert_eq!(told(serde_json::json!({ "referred_by": "none" })).traits, [("referred".into(), "no".into())]);
    }
}
