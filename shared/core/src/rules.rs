//! What the shopkeeper decides, whatever the model thinks: merchandising rules, the document behind `PUT /v1/rules`.
//!
//! ```json
//! { "discovery": 0.1,
//!   "rules": [
//!     { "name": "hero",    "do": "pin",   "items": ["tin-9"], "position": 1, "placements": ["home"] },
//!     { "name": "margin",  "do": "boost", "by": 1.5, "where": "margin_percent > 40" },
//!     { "name": "dust",    "do": "bury",  "by": 3, "where": "published < '2020-01-01'" },
//!     { "name": "no-gift", "do": "ban",   "where": "category = 'Gift cards'", "until": "2027-01-01" },
//!     { "name": "picks",   "do": "staff_pick", "where": "tags = 'staff_pick'" } ] }
//! ```
//!
//! A rule names its items by `items`, by `where`, or by both (then either suffices). Bans beat pins. What is absent: a rule for stock.
//! Nothing out of stock is ever recommended, so there is nothing to decide.

use crate::{filter::Filter, id::ItemId, time::Timestamp};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The most rules a shop may have. Each takes a bit an item in a lookup's memory, and a look at every item when the shop changes.
pub const MOST_RULES: usize = 200;
/// The most items one rule may name one by one.
pub const MOST_ITEMS: usize = 1_000;
/// The most a boost or a bury may do.
pub const STRONGEST: f32 = 10.0;

/// The whole document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Share of slots outside the customer's habits where a request names none, 0 to 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery: Option<f32>,
    /// Applied together; their order does not matter.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What the shopkeeper calls it; names it in `why.evidence`.
    pub name: CompactString,
    /// What happens to its items.
    #[serde(flatten)]
    pub effect: Effect,
    /// Items named one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemId>,
    /// Items described.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Where it applies; everywhere when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placements: Vec<CompactString>,
    /// Not before.
    #[serde(default, with = "crate::time::written_out", skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Not at or after.
    #[serde(default, with = "crate::time::written_out", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Effect {
    /// The items stand at this place and the next ones, in the rule's order.
    Pin {
        /// From 1.
        position: u16,
    },
    /// Their scores are multiplied.
    Boost {
        /// 1 to [`STRONGEST`].
        by: f32,
    },
    /// Their scores are divided.
    Bury {
        /// 1 to [`STRONGEST`].
        by: f32,
    },
    /// They are never recommended.
    Ban,
    /// They are offered where the customer's own signals leave room, marked as the shop's choice.
    StaffPick,
}

/// Why a document is refused: the rule's name, and what to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// More than [`MOST_RULES`].
    #[error("there are more than 200 rules")]
    TooMany,
    /// Outside 0 to 0.5.
    #[error("`discovery` must be between 0 and 0.5")]
    Discovery,
    /// Two rules with one name, or one without.
    #[error("the name `{0}` is empty or taken twice; names tell rules apart in reasons")]
    Name(CompactString),
    /// Neither `items` nor `where`.
    #[error("rule `{0}` means no item; give `items` or `where`")]
    Nothing(CompactString),
    /// More than [`MOST_ITEMS`].
    #[error("rule `{0}` names more than 1000 items; describe them with `where`")]
    ManyItems(CompactString),
    /// Outside 1 to [`STRONGEST`].
    #[error("rule `{0}`: `by` must be between 1 and 10")]
    Strength(CompactString),
    /// Outside 1 to 100.
    #[error("rule `{0}`: `position` must be between 1 and 100")]
    Position(CompactString),
    /// Ends before it begins.
    #[error("rule `{0}`: `until` is not after `from`")]
    Period(CompactString),
}

impl Rules {
    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// The first [`RulesError`].
    pub fn checked(self) -> Result<Self, RulesError> {
        if self.rules.len() > MOST_RULES {
            return Err(RulesError::TooMany);
        }
        if self.discovery.is_some_and(|share| !(0.0..=0.5).contains(&share)) {
            return Err(RulesError::Discovery);
        }
        for (place, rule) in self.rules.iter().enumerate() {
            if rule.name.trim().is_empty() || self.rules.iter().take(place).any(|other| other.name == rule.name) {
                return Err(RulesError::Name(rule.name.clone()));
            }
            rule.check()?;
        }
        Ok(self)
    }
}

impl Rule {
    /// Whether it applies in `placement` at `now`.
    #[must_use]
    pub fn applies(&self, placement: &str, now: Timestamp) -> bool {
        let is_here = self.placements.is_empty() || self.placements.iter().any(|named| named == placement);
        is_here && self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    fn check(&self) -> Result<(), RulesError> {
        let name = || self.name.clone();
        if self.items.is_empty() && self.filter.is_none() {
            return Err(RulesError::Nothing(name()));
        }
        if self.items.len() > MOST_ITEMS {
            return Err(RulesError::ManyItems(name()));
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until <= from
        {
            return Err(RulesError::Period(name()));
        }
        match self.effect {
            Effect::Boost { by } | Effect::Bury { by } if !(1.0..=STRONGEST).contains(&by) => Err(RulesError::Strength(name())),
            Effect::Pin { position } if !(1..=100).contains(&position) => Err(RulesError::Position(name())),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = r#"{ "discovery": 0.1, "rules": [
        { "name": "hero", "do": "pin", "items": ["tin-9"], "position": 1, "placements": ["home"] },
        { "name": "margin", "do": "boost", "by": 1.5, "where": "margin_percent > 40" },
        { "name": "dust", "do": "bury", "by": 3, "where": "published < '2020-01-01'" },
        { "name": "no-gift", "do": "ban", "where": "category = 'Gift cards'", "until": "2027-01-01" },
        { "name": "picks", "do": "staff_pick", "where": "tags = 'staff_pick'" } ] }"#;

    #[test]
    fn the_documented_rules_are_rules() {
        let rules: Rules = serde_json::from_str(DOCUMENTED).expect("the module's own example");
        let rules = rules.checked().expect("valid rules");
        let again: Rules = serde_json::from_str(&serde_json::to_string(&rules).expect("JSON")).expect("its own JSON");
        assert_eq!(again, rules);
        let until = Timestamp::parse("2027-01-01").expect("a time");
        let [hero, .., gift, _] = rules.rules.as_slice() else { panic!("five rules") };
        assert!(hero.applies("home", until) && !hero.applies("cart", until));
        assert!(gift.applies("cart", until.plus_ms(-1)) && !gift.applies("cart", until));
    }

    #[test]
    fn impossible_rules_are_refused() {
        for (rules, says) in [
            (r#"{"name":"a","do":"ban"}"#, "means no item"),
            (r#"{"name":"a","do":"boost","by":11,"items":["x"]}"#, "between 1 and 10"),
            (r#"{"name":"a","do":"pin","position":0,"items":["x"]}"#, "between 1 and 100"),
            (r#"{"name":" ","do":"ban","items":["x"]}"#, "empty or taken twice"),
            (r#"{"name":"a","do":"ban","items":["x"]},{"name":"a","do":"ban","items":["y"]}"#, "taken twice"),
            (r#"{"name":"a","do":"ban","items":["x"],"from":"2026-01-02","until":"2026-01-02"}"#, "not after"),
        ] {
            let rules: Rules = serde_json::from_str(&format!(r#"{{"rules":[{rules}]}}"#)).expect("the shape of rules");
            let error = rules.clone().checked().expect_err("a refusal").to_string();
            assert!(error.contains(says), "{rules:?} said {error:?}");
        }
        let misspelt = serde_json::from_str::<Rules>(r#"{"rules":[{"name":"a","do":"ban","where":"price <"}]}"#);
        assert!(misspelt.expect_err("no filter").to_string().contains("expected a value at character"));
    }
}
