//! What moves a chance, in a shopkeeper's words.

use rapport_core::{
    money::Currency,
    prediction::{Fact, Interest, Purchases, Sign, Usual},
};

/// A fact about somebody who bought, beside what is usual.
pub(super) fn fact(fact: Fact, known: &Purchases, usual: Option<&Usual>, currency: Currency) -> String {
    let beside = |told: String, usual: Option<String>| usual.map_or(told.clone(), |usual| format!("{told} (usual here: {usual})"));
    let of = |read: fn(&Usual) -> f64, tell: &dyn Fn(f64) -> String| usual.map(|usual| tell(read(usual)));
    match fact {
        Fact::Frequency => {
            let days = known.repeats() + 1.0;
            beside(if days > 1.0 { format!("bought on {days:.0} days") } else { "bought once".to_owned() }, of(|usual| usual.days, &whole))
        }
        Fact::Recency => beside(ago("bought", known.silent_days()), of(|usual| usual.silent_days, &whole)),
        Fact::Tenure => beside(format!("a customer for {} days", whole(known.age_days())), of(|usual| usual.age_days, &whole)),
        Fact::Value => {
            let money = |minor: f64| currency.in_words(minor);
            beside(format!("spends {} on a day with a purchase", money(known.mean_minor())), of(|usual| usual.mean_minor, &money))
        }
        Fact::Season => "the time of the year".to_owned(),
    }
}

/// A fact about somebody who looks around.
pub(super) fn sign(sign: Sign, interest: &Interest) -> String {
    match sign {
        Sign::Looks => format!("{} looks so far", whole(interest.looks)),
        Sign::Items => format!("looked at {}", counted(interest.items, "item", "items")),
        Sign::LooksLately => format!("{} in the last seven days", counted(interest.looks_lately, "look", "looks")),
        Sign::CartsLately if interest.carts_lately == 0.0 => "nothing put into the cart in the last seven days".to_owned(),
        Sign::CartsLately => format!("{} put into the cart in the last seven days", counted(interest.carts_lately, "item", "items")),
        Sign::Silence => ago("looked", interest.silent_days),
        Sign::Known => format!("known for {}", counted(interest.known_days.floor(), "day", "days")),
    }
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

fn counted(number: f64, one: &str, many: &str) -> String {
    if number == 1.0 { format!("1 {one}") } else { format!("{number:.0} {many}") }
}

fn ago(did: &str, days: f64) -> String {
    match days.floor() {
        0.0 => format!("{did} today"),
        1.0 => format!("{did} a day ago"),
        days => format!("last {did} {days:.0} days ago"),
    }
}
