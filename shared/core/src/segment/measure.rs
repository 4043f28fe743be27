//! The words of rules: what can be asked of a person, each with the values it may be compared with.

use super::{
    counted::Counted,
    foreseen::{self, Foreseen, midnight_after},
};
use crate::{
    event::Purpose,
    features::{Facts, Feature, Label, Motion, Tier},
    filter::{Argument, Operand, Operator, Value},
    persona::Portrait,
    time::Timestamp,
};
use std::fmt;

/// Nothing is looked ahead further than this, in days: a rule may ask for a million days.
const FURTHEST_DAYS: i64 = 100 * 366;
/// What asks for the kind of shopper.
const PERSONA: &str = "persona";
/// How alike a word must be to one we know to be offered instead of it, 0 to 1.
const ALIKE: f64 = 0.8;

/// What a test asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measure {
    Feature(Feature),
    Label(Label),
    /// What the person told, by name.
    Trait(String),
    Consent(Purpose),
    /// Which kind of shopper they are.
    Persona,
    /// A number that the model says.
    Foreseen(Foreseen),
    /// How many events.
    Count(Counted),
    /// Of how many different items.
    Items(Counted),
}

impl Operand for Measure {
    const LANGUAGE: &'static str = "rule";

    fn named(name: &str) -> Result<Self, String> {
        if let Some(feature) = Feature::named(name) {
            return Ok(Self::Feature(feature));
        }
        if let Some(label) = Label::ALL.into_iter().find(|label| label.name() == name) {
            return Ok(Self::Label(label));
        }
        if name == PERSONA {
            return Ok(Self::Persona);
        }
        if let Some(foreseen) = Foreseen::named(name)? {
            return Ok(Self::Foreseen(foreseen));
        }
        match name.split_once('.') {
            Some(("trait", name)) if is_protected(name) => {
                Err(format!("nobody is sorted by `{name}`: what the law protects is kept to look for bias, and is no word of a rule"))
            }
            Some(("trait", name)) if !name.is_empty() => Ok(Self::Trait(name.to_owned())),
            Some(("consent", "analytics")) => Ok(Self::Consent(Purpose::Analytics)),
            Some(("consent", "personalization")) => Ok(Self::Consent(Purpose::Personalization)),
            Some(("consent", "marketing")) => Ok(Self::Consent(Purpose::Marketing)),
            _ => Err(unknown(name)),
        }
    }

    fn takes_arguments(name: &str) -> bool {
        matches!(name, "count" | "items")
    }

    fn called(name: &str, arguments: &[Vec<Argument>]) -> Result<Self, String> {
        let counted = Counted::read(arguments)?;
        match name {
            "items" if !counted.has_items() => Err(format!("`{}` is about no item; use `count`", counted.kind().name())),
            "items" => Ok(Self::Items(counted)),
            _ => Ok(Self::Count(counted)),
        }
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Feature(_) | Self::Count(_) | Self::Items(_), Value::Number(_)) | (Self::Consent(_), Value::Truth(_)) => Ok(()),
            (Self::Label(Label::Tier), Value::Text(text)) if Tier::ALL.iter().any(|tier| tier.name().eq_ignore_ascii_case(text)) => Ok(()),
            (Self::Label(Label::Tier), _) => {
                Err(format!("`tier` is one of {}", Tier::ALL.map(|tier| format!("\"{}\"", tier.name())).join(", ")))
            }
            (Self::Persona, value) => foreseen::check_persona(value),
            (Self::Foreseen(foreseen), value) => foreseen.check(value),
            (Self::Label(_) | Self::Trait(_), Value::Text(_) | Value::Number(_)) => Ok(()),
            (Self::Label(_) | Self::Trait(_), Value::Truth(_)) => Err(format!("`{self}` is a text; compare it with one in quotes")),
            (Self::Consent(_), _) => Err(format!("`{self}` is true or false")),
            (_, _) => Err(format!("`{self}` is a number; compare it with one")),
        }
    }
}

impl Measure {
    /// What a comparison with it gives at `now`. What cannot be told passes no test.
    pub(super) fn test(&self, facts: &Facts<'_>, now: Timestamp, operator: Operator, value: &Value) -> bool {
        match self {
            Self::Label(label) => operator.on_text(facts.label(*label, now), value),
            Self::Trait(name) => operator.on_text(told(facts, name), value),
            Self::Consent(purpose) => facts.profile().consent_for(*purpose).is_some_and(|told| operator.on_truth(told.value, value)),
            Self::Persona => foreseen::test_persona(facts, operator, value),
            Self::Feature(_) | Self::Foreseen(_) | Self::Count(_) | Self::Items(_) => operator.on_number(self.number(facts, now), value),
        }
    }

    /// Instants after `now` at which time alone may change how it compares with `values`, in no order: at least all at which it does.
    pub(super) fn moves(&self, facts: &Facts<'_>, values: &[Value], now: Timestamp) -> Vec<Timestamp> {
        match self {
            Self::Feature(feature) => match feature.motion() {
                Motion::Still => Vec::new(),
                Motion::Grows => crossings(values, now, |at| feature.value(facts, at)),
                Motion::Falls => crossings(values, now, |at| feature.value(facts, at).map(|value| -value)),
            },
            Self::Label(Label::Tier) => facts.tier_moves(now).collect(),
            Self::Count(counted) | Self::Items(counted) => counted.leavings(facts, now),
            // Nothing of it changes within a day; and who may change at the next is looked at anew when that has come.
            Self::Foreseen(foreseen) if foreseen.moves() => vec![midnight_after(now)],
            Self::Label(_) | Self::Trait(_) | Self::Consent(_) | Self::Persona | Self::Foreseen(_) => Vec::new(),
        }
    }

    /// The value at `now`, as evidence shows it.
    pub(super) fn shown(&self, facts: &Facts<'_>, now: Timestamp) -> Option<String> {
        match self {
            Self::Label(label) => facts.label(*label, now).map(str::to_owned),
            Self::Trait(name) => told(facts, name).map(str::to_owned),
            Self::Consent(purpose) => facts.profile().consent_for(*purpose).map(|told| told.value.to_string()),
            Self::Persona => match facts.portrait() {
                Portrait::Known(persona, _) => Some(format!("{} {}", persona.id, persona.name)),
                Portrait::Unknown(_) => None,
            },
            Self::Feature(_) | Self::Foreseen(_) | Self::Count(_) | Self::Items(_) => {
                self.number(facts, now).map(|number| ((number * 100.0).round() / 100.0).to_string())
            }
        }
    }

    /// Whether it asks the catalog.
    pub(super) const fn needs_catalog(&self) -> bool {
        match self {
            Self::Feature(feature) => feature.needs_catalog(),
            Self::Label(label) => matches!(label, Label::TopBrand | Label::TopCategory),
            Self::Count(counted) | Self::Items(counted) => counted.needs_catalog(),
            Self::Persona | Self::Foreseen(_) => true,
            Self::Trait(_) | Self::Consent(_) => false,
        }
    }

    /// Whether it is what the model says, so that training may change it.
    pub(super) const fn is_said(&self) -> bool {
        matches!(self, Self::Persona | Self::Foreseen(_))
    }

    /// Whether it is what the model says, and changes with the day.
    pub(super) fn is_of_the_day(&self) -> bool {
        matches!(self, Self::Foreseen(foreseen) if foreseen.moves())
    }

    fn number(&self, facts: &Facts<'_>, now: Timestamp) -> Option<f64> {
        match self {
            Self::Feature(feature) => feature.value(facts, now),
            Self::Count(counted) => Some(counted.count(facts, now) as f64),
            Self::Items(counted) => Some(counted.items(facts, now) as f64),
            Self::Foreseen(foreseen) => foreseen.value(facts, now),
            Self::Label(_) | Self::Trait(_) | Self::Consent(_) | Self::Persona => None,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(feature) => f.write_str(feature.name()),
            Self::Label(label) => f.write_str(label.name()),
            Self::Trait(name) => write!(f, "trait.{name}"),
            Self::Consent(Purpose::Analytics) => f.write_str("consent.analytics"),
            Self::Consent(Purpose::Personalization) => f.write_str("consent.personalization"),
            Self::Consent(Purpose::Marketing) => f.write_str("consent.marketing"),
            Self::Persona => f.write_str(PERSONA),
            Self::Foreseen(foreseen) => foreseen.fmt(f),
            Self::Count(counted) => write!(f, "count({counted})"),
            Self::Items(counted) => write!(f, "items({counted})"),
        }
    }
}

fn is_protected(name: &str) -> bool {
    let plain: String = name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    crate::source::is_protected(&plain)
}

fn told<'a>(facts: &Facts<'a>, name: &str) -> Option<&'a str> {
    facts.profile().traits.iter().find(|told| told.name == name).map(|told| told.value.as_str())
}

/// For each number among `values`: when a value that never falls reaches it, and when it passes it. A comparison with a number turns
/// on nothing else.
fn crossings(values: &[Value], now: Timestamp, value: impl Fn(Timestamp) -> Option<f64>) -> Vec<Timestamp> {
    let numbers = values.iter().filter_map(|value| if let Value::Number(number) = value { Some(*number) } else { None });
    // A falling value comes in negated, and then its numbers count from the other side.
    let bounds = numbers.flat_map(|number| [number, -number]);
    let firsts = bounds.flat_map(|bound| {
        [
            first_after(now, |at| value(at).is_some_and(|value| value >= bound)),
            first_after(now, |at| value(at).is_some_and(|value| value > bound)),
        ]
    });
    firsts.flatten().collect()
}

/// The first millisecond after `now` at which `has_come` holds, given that it then holds for good; `None` where it holds already, or
/// not within [`FURTHEST_DAYS`].
fn first_after(now: Timestamp, has_come: impl Fn(Timestamp) -> bool) -> Option<Timestamp> {
    let (mut before, mut after) = (now, now.plus_days(FURTHEST_DAYS));
    if has_come(before) || !has_come(after) {
        return None;
    }
    while after.since_ms(before) > 1 {
        let middle = before.plus_ms(after.since_ms(before) / 2);
        if has_come(middle) { after = middle } else { before = middle }
    }
    Some(after)
}

fn unknown(name: &str) -> String {
    let counted = Feature::ALL.iter().map(|feature| feature.name()).chain(Label::ALL.iter().map(|label| label.name()));
    let told = ["consent.analytics", "consent.personalization", "consent.marketing", "trait.country", PERSONA];
    let known = counted.chain(told).map(str::to_owned).chain(Foreseen::all().map(|foreseen| foreseen.to_string()));
    let alike = known.map(|known| (strsim::jaro_winkler(name, &known), known)).max_by(|one, other| one.0.total_cmp(&other.0));
    match alike {
        Some((likeness, known)) if likeness >= ALIKE => format!("nothing is called `{name}`; did you mean `{known}`?"),
        _ => format!(
            "nothing is called `{name}`; docs/segments.md lists the words, what people told is `trait.NAME`, events are `count(viewed, 7d)`"
        ),
    }
}
