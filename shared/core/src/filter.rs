//! The small language in which a request or a rule says which items it means: `price_minor < 3000 and in_stock`.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { "and" one }
//! one     = "not" one | "(" any ")" | field [ test ]
//! test    = ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value | [ "not" ] "in" "(" value { "," value } ")"
//! value   = "text" | 'text' | number | true | false
//! ```
//!
//! A field is one of an item's own (`id title category brand price_minor list_price_minor currency in_stock tags published`) or any
//! other name, looked up in its `attributes`. Three choices that shops rely on:
//! - `category = "Baking"` also holds for `Baking/Tins`, and `tags = "organic"` for every item with that tag among others.
//! - An item that lacks the field passes no test on it, whatever the operator; only `not` turns that round.
//! - Texts compare without regard to case; numbers as numbers; `published` with a date in quotes.
//!
//! The grammar knows nothing of items: the rules of segments ([`crate::segment`]) are written in it too, about people.
//!
//! Text from strangers is parsed here, so length and nesting are bounded and nothing recurses deeper than [`DEEPEST`].

mod expression;
mod parse;

pub use parse::{DEEPEST, LONGEST_BYTES, SyntaxError};
pub(crate) use {
    expression::{Expression, Operator, Value},
    parse::{Argument, Operand, expression},
};

use crate::catalog::Listing;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;

/// Why a text is no filter.
pub type FilterError = SyntaxError;

/// Which items are meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Filter {
    text: String,
    root: Expression<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Title,
    Category,
    Brand,
    Price,
    ListPrice,
    Currency,
    InStock,
    Tags,
    Published,
    Attribute(String),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError`] says what was expected, and at which character.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { root: expression(text)?, text: text.to_owned() })
    }

    /// Whether `item` is meant.
    #[must_use]
    pub fn matches(&self, item: &dyn Listing) -> bool {
        self.root.holds(&mut |field: &Field, operator, value| field.test(item, operator, value))
    }
}

impl TryFrom<String> for Filter {
    type Error = FilterError;

    fn try_from(text: String) -> Result<Self, FilterError> {
        Self::parse(&text)
    }
}

impl From<Filter> for String {
    fn from(filter: Filter) -> Self {
        filter.text
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Operand for Field {
    const LANGUAGE: &'static str = "filter";

    fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "id" => Self::Id,
            "title" => Self::Title,
            "category" => Self::Category,
            "brand" => Self::Brand,
            "price_minor" => Self::Price,
            "list_price_minor" => Self::ListPrice,
            "currency" => Self::Currency,
            "in_stock" => Self::InStock,
            "tags" => Self::Tags,
            "published" => Self::Published,
            name => Self::Attribute(name.to_owned()),
        })
    }
}

impl Field {
    fn test(&self, item: &dyn Listing, operator: Operator, value: &Value) -> bool {
        match self {
            Self::Id => operator.on_text(Some(item.id()), value),
            Self::Title => operator.on_text(item.title(), value),
            Self::Category => on_category(operator, item, value),
            Self::Brand => operator.on_text(item.brand(), value),
            Self::Price => operator.on_number(item.price_minor().map(|minor| minor as f64), value),
            Self::ListPrice => operator.on_number(item.list_price_minor().map(|minor| minor as f64), value),
            Self::Currency => operator.on_text(item.currency(), value),
            Self::InStock => operator.on_truth(item.in_stock(), value),
            Self::Tags => operator.on_list(item.tags().iter().map(String::as_str), value),
            Self::Published => operator.on_time(item.published(), value),
            Self::Attribute(name) => item.attribute(name).is_some_and(|own| on_json(operator, own, value)),
        }
    }
}

/// In `category`, or in a level below it.
fn on_category(operator: Operator, item: &dyn Listing, value: &Value) -> bool {
    match (operator, value, item.category()) {
        (Operator::Equal, Value::Text(category), Some(_)) => item.is_in(category),
        (Operator::Unequal, Value::Text(category), Some(_)) => !item.is_in(category),
        (operator, value, own) => operator.on_text(own, value),
    }
}

fn on_json(operator: Operator, own: &Json, value: &Value) -> bool {
    match own {
        Json::String(text) => operator.on_text(Some(text), value),
        Json::Number(number) => operator.on_number(number.as_f64(), value),
        Json::Bool(truth) => operator.on_truth(*truth, value),
        Json::Array(list) => operator.on_list(list.iter().filter_map(Json::as_str), value),
        Json::Null | Json::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Item;
    use proptest::prelude::*;

    fn tin() -> Item {
        Item::read(
            r#"{"id":"tin-9","title":"Round tin","category":"Baking/Tins","brand":"Kornhaus","price_minor":1450,"currency":"EUR",
                "in_stock":true,"tags":["gift","steel"],"published":"2026-01-03","attributes":{"margin_percent":41,"theme":"Cakes","oven":true}}"#,
        )
        .expect("an item")
    }

    #[test]
    fn filters_mean_what_they_say() {
        for (text, expected) in [
            ("in_stock", true),
            ("not in_stock", false),
            ("price_minor < 3000 and in_stock", true),
            ("price_minor >= 1450 and price_minor <= 1450", true),
            ("price_minor > 1450 or brand = 'KORNHAUS'", true),
            ("category = \"Baking\"", true),
            ("category != \"Baking\"", false),
            ("category = \"Bak\"", false),
            ("tags = 'gift'", true),
            ("tags in ('wood', 'steel')", true),
            ("tags not in ('wood', 'steel')", false),
            ("published >= '2026-01-01'", true),
            ("margin_percent >= 40 and theme = 'cakes'", true),
            ("oven", true),
            ("colour = 'red'", false),
            ("colour != 'red'", false),
            ("not colour = 'red'", true),
            ("id in ('tin-8', 'tin-9')", true),
            ("(price_minor < 10 or in_stock) and not (brand = 'x' or tags = 'wood')", true),
            ("price_minor < 10 or in_stock and brand = 'Kornhaus'", true),
            ("title = \"Round \\\"tin\"", false),
            ("in_stock = false", false),
        ] {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.matches(&tin()), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_located() {
        for (text, says) in [
            ("", "expected a field at character 1 of the filter, found the end"),
            ("price_minor <", "expected a value at character 14 of the filter, found the end"),
            ("price_minor < 3000 in_stock", "expected `and`, `or` or the end at character 20 of the filter, found `in_stock`"),
            ("(in_stock", "expected `)` at character 10 of the filter, found the end"),
            ("brand = 'x", "expected a closing quote at character 11 of the filter, found the end"),
            ("brand = x", "expected a value at character 9 of the filter, found `x`"),
            ("brand in 'x'", "expected `(` at character 10 of the filter, found `'x'`"),
            ("price ~ 3", "expected an operator at character 7 of the filter, found `~`"),
            ("price_minor < 3.2.1", "expected a number at character 15 of the filter, found `3.2.1`"),
        ] {
            assert_eq!(Filter::parse(text).map_err(|error| error.to_string()), Err(says.to_owned()), "{text}");
        }
        assert!(matches!(Filter::parse(&"(".repeat(900)), Err(SyntaxError::Deep { of: "filter", at: 17 })));
        assert_eq!(Filter::parse(&"a".repeat(2_001)), Err(SyntaxError::Long("filter")));
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter_or_an_error(text in "\\PC{0,80}|[a-z()<>=!'\" ]{0,120}") {
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter.clone()));
                prop_assert!(filter.matches(&tin()) || !filter.matches(&tin()));
                prop_assert_eq!(filter.to_string(), text);
            }
        }
    }
}
