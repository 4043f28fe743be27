//! What a parsed text means, whatever it is about: tests of an operand `T`, joined by `and`, `or` and `not`.

use crate::time::Timestamp;
use std::{cmp::Ordering, fmt};

/// Tests, joined.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression<T> {
    Any(Vec<Expression<T>>),
    All(Vec<Expression<T>>),
    Not(Box<Expression<T>>),
    /// The operand is true.
    Is(T),
    Compare(T, Operator, Value),
    In(T, Vec<Value>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
}

impl<T> Expression<T> {
    /// Whether it holds, where `test` says what one comparison gives.
    pub(crate) fn holds(&self, test: &mut impl FnMut(&T, Operator, &Value) -> bool) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(test)),
            Self::All(parts) => parts.iter().all(|part| part.holds(test)),
            Self::Not(part) => !part.holds(test),
            Self::Is(operand) => test(operand, Operator::Equal, &Value::Truth(true)),
            Self::Compare(operand, operator, value) => test(operand, *operator, value),
            Self::In(operand, values) => values.iter().any(|value| test(operand, Operator::Equal, value)),
        }
    }

    /// Every test in it, with its operand, in the order of the text.
    pub(crate) fn tests<'a>(&'a self, found: &mut impl FnMut(&'a T, &'a Self)) {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().for_each(|part| part.tests(found)),
            Self::Not(part) => part.tests(found),
            Self::Is(operand) | Self::Compare(operand, ..) | Self::In(operand, _) => found(operand, self),
        }
    }

    /// The values that a test compares with; none for whatever joins tests.
    pub(crate) fn values(&self) -> &[Value] {
        match self {
            Self::Compare(_, _, value) => std::slice::from_ref(value),
            Self::In(_, values) => values,
            Self::Any(_) | Self::All(_) | Self::Not(_) | Self::Is(_) => &[],
        }
    }
}

impl Operator {
    const fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    pub(crate) fn on_text(self, own: Option<&str>, value: &Value) -> bool {
        match (own, value) {
            (Some(own), Value::Text(text)) => self.accepts(compare_texts(own, text)),
            // A size or a code is text in one shop and a number in the next.
            (Some(own), Value::Number(_)) => self.on_number(own.parse().ok(), value),
            _ => false,
        }
    }

    pub(crate) fn on_number(self, own: Option<f64>, value: &Value) -> bool {
        match (own, value) {
            (Some(own), Value::Number(number)) => own.partial_cmp(number).is_some_and(|order| self.accepts(order)),
            _ => false,
        }
    }

    pub(crate) fn on_truth(self, own: bool, value: &Value) -> bool {
        matches!(value, Value::Truth(truth) if self.accepts(own.cmp(truth)))
    }

    pub(crate) fn on_time(self, own: Option<Timestamp>, value: &Value) -> bool {
        match (own, value) {
            (Some(own), Value::Text(text)) => Timestamp::parse(text).is_ok_and(|then| self.accepts(own.cmp(&then))),
            _ => false,
        }
    }

    /// Equality is membership; anything else would ask how many.
    pub(crate) fn on_list<'a>(self, mut own: impl Iterator<Item = &'a str>, value: &Value) -> bool {
        match self {
            Self::Equal => own.any(|one| Self::Equal.on_text(Some(one), value)),
            Self::Unequal => !own.any(|one| Self::Equal.on_text(Some(one), value)),
            _ => false,
        }
    }
}

/// By their lower-case letters, without building new texts where both are ASCII.
fn compare_texts(one: &str, other: &str) -> Ordering {
    let lower = |text: &'_ str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    if one.is_ascii() && other.is_ascii() {
        one.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
    } else {
        lower(one).cmp(&lower(other))
    }
}

/// Text that parses to the same expression.
impl<T: fmt::Display> fmt::Display for Expression<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(parts) => joined(f, parts, " or "),
            Self::All(parts) => joined(f, parts, " and "),
            Self::Not(part) => write!(f, "not ({part})"),
            Self::Is(operand) => operand.fmt(f),
            Self::Compare(operand, operator, value) => write!(f, "{operand} {operator} {value}"),
            Self::In(operand, values) => {
                write!(f, "{operand} in (")?;
                for (place, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[Expression<T>], word: &str) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        let before = if place == 0 { "" } else { word };
        match part {
            Expression::Any(_) | Expression::All(_) => write!(f, "{before}({part})")?,
            part => write!(f, "{before}{part}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Number(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}
