//! Reading JSON that many hands wrote: numbers as text, text as numbers, names in two spellings, values that mean "nothing".

use super::{
    Unreadable,
    json::{List, Number, Value},
};
use crate::{
    money::{Currency, MoneyError},
    time::Timestamp,
};
use compact_str::CompactString;

/// Beyond it doubles are whole numbers because they can be nothing else: 2^53.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

pub(super) use super::json::Object;

/// The first of `names` that says something, as text: strings that are not blank, numbers, booleans.
pub(super) fn text(object: Object<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| scalar(object.get(name)?))
}

/// A scalar as text; `None` for null, blank strings, lists and objects. `12748.0`, as some languages write whole numbers, is `12748`.
pub(super) fn scalar(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(Number::Float(whole)) if whole.fract() == 0.0 && whole.abs() < MOST_WHOLE => Some((whole as i64).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::List(_) | Value::Object(_) => None,
    }
}

/// As [`text`], cut after `longest` characters.
pub(super) fn short(object: Object<'_>, names: &[&str], longest: usize) -> Option<CompactString> {
    text(object, names).map(|text| cut(&text, longest))
}

/// `text` without control characters, at most `longest` characters of it.
pub(super) fn cut(text: &str, longest: usize) -> CompactString {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

/// The object under `name`.
pub(super) fn object<'a>(parent: Object<'a>, name: &str) -> Option<Object<'a>> {
    parent.get(name)?.as_object()
}

/// The objects in the list under the first of `names` that is a list.
pub(super) fn objects<'a>(parent: Object<'a>, names: &[&str]) -> impl Iterator<Item = Object<'a>> + use<'a> {
    let list = names.iter().find_map(|name| parent.get(name)?.as_list());
    list.into_iter().flat_map(List::iter).filter_map(Value::as_object)
}

/// Whether there is a list under `name`.
pub(super) fn has_list(parent: Object<'_>, name: &str) -> bool {
    parent.get(name).is_some_and(|value| value.as_list().is_some())
}

/// Whether the first of `names` that is there says yes.
pub(super) fn flag(object: Object<'_>, names: &[&str]) -> Option<bool> {
    names.iter().find_map(|name| match object.get(name)? {
        Value::Bool(yes) => Some(yes),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "granted" | "1" => Some(true),
            "false" | "no" | "denied" | "0" => Some(false),
            _ => None,
        },
        other => other.as_i64().map(|number| number != 0),
    })
}

/// An amount of money, in minor units of `currency`, as people and their plugins write it: with a decimal comma, thousands parted.
///
/// A field that is absent is `None`; one that is there and no amount is an error, or a shop's revenue would silently be nothing.
pub(super) fn minor(object: Object<'_>, names: &[&'static str], currency: Currency) -> Result<Option<i64>, Unreadable> {
    amount(object, names, currency, |text| currency.parse_minor(text))
}

/// The same as platforms write it: with a decimal point and as many decimals as they like. `8.333` euro is no thousands there.
pub(super) fn exact_minor(object: Object<'_>, names: &[&'static str], currency: Currency) -> Result<Option<i64>, Unreadable> {
    amount(object, names, currency, |text| match text.trim().parse::<f64>() {
        Ok(amount) => currency.minor(amount),
        Err(_) => currency.parse_minor(text),
    })
}

fn amount(
    object: Object<'_>,
    names: &[&'static str],
    currency: Currency,
    read: impl Fn(&str) -> Result<i64, MoneyError>,
) -> Result<Option<i64>, Unreadable> {
    for name in names {
        let amount = match object.get(name) {
            Some(Value::Number(number)) => currency.minor(number.as_f64()),
            Some(Value::Text(text)) if !text.trim().is_empty() => read(text),
            _ => continue,
        };
        return amount.map(Some).map_err(|problem| Unreadable::Field { field: name, problem: problem.to_string() });
    }
    Ok(None)
}

/// A currency; `otherwise` where none is named.
pub(super) fn currency(object: Object<'_>, names: &[&'static str], otherwise: Currency) -> Result<Currency, Unreadable> {
    for name in names {
        if let Some(code) = object.get(name).and_then(scalar) {
            return code.parse().map_err(|problem: MoneyError| Unreadable::Field { field: name, problem: problem.to_string() });
        }
    }
    Ok(otherwise)
}

/// How many, at least 0; `otherwise` where nobody says. Part of a piece, as of cheese by the kilo, is a piece.
pub(super) fn count(object: Object<'_>, names: &[&'static str], otherwise: u32) -> Result<u32, Unreadable> {
    for name in names {
        let Some(text) = object.get(name).and_then(scalar) else { continue };
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=1e9).contains(number));
        return number
            .map(|number| (number.round() as u32).max(u32::from(number > 0.0)))
            .ok_or(Unreadable::Field { field: name, problem: format!("`{}` is no quantity", cut(&text, 20)) });
    }
    Ok(otherwise)
}

/// An instant: RFC 3339, or a number of seconds or milliseconds since 1970.
pub(super) fn instant(object: Object<'_>, names: &[&'static str]) -> Result<Option<Timestamp>, Unreadable> {
    for name in names {
        let at = match object.get(name) {
            Some(Value::Number(number)) => epoch(number.as_f64()).ok_or_else(|| format!("`{number}` is not a time")),
            Some(Value::Text(text)) if !text.trim().is_empty() => Timestamp::parse(text).map_err(|problem| problem.to_string()),
            _ => continue,
        };
        return at.map(Some).map_err(|problem| Unreadable::Field { field: name, problem });
    }
    Ok(None)
}

/// Seconds until the year 5138, milliseconds from 1973 on: nobody's shop is in the gap.
fn epoch(number: f64) -> Option<Timestamp> {
    let at = Timestamp(if number.abs() < 1e11 { (number * 1000.0) as i64 } else { number as i64 });
    (at >= Timestamp::EARLIEST && at.0 < 9_214_646_400_000).then_some(at)
}
