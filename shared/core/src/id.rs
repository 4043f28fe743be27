//! Names of things, each a type of its own, checked once where it enters.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest id taken, in bytes. Segment's own limit is 255; nothing sensible is longer.
pub const LONGEST_ID_BYTES: usize = 255;

/// Why a text cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Empty, or only white space.
    #[error("the id is empty")]
    Empty,
    /// Longer than [`LONGEST_ID_BYTES`].
    #[error("the id is longer than 255 bytes")]
    TooLong,
    /// Has control characters: somebody is pasting binary.
    #[error("the id has control characters")]
    Control,
    /// One of the values that stand for nobody: see [`is_blocked`].
    #[error("`{0}` stands for nobody, so it cannot name somebody")]
    Blocked(String),
}

/// Whether `text` is a value that systems send when they mean nobody. Such ids never identify anyone, or half the shop would merge
/// into one customer.
#[must_use]
pub fn is_blocked(text: &str) -> bool {
    const NOBODY: [&str; 9] = ["-1", "null", "undefined", "nil", "none", "unknown", "anonymous", "test", "guest"];
    let text = text.trim();
    text.chars().all(|c| c == '0' || c == '-') || NOBODY.iter().any(|nobody| text.eq_ignore_ascii_case(nobody))
}

fn checked(text: &str) -> Result<CompactString, IdError> {
    let text = text.trim();
    match text {
        "" => Err(IdError::Empty),
        _ if text.len() > LONGEST_ID_BYTES => Err(IdError::TooLong),
        _ if text.chars().any(char::is_control) => Err(IdError::Control),
        _ => Ok(CompactString::new(text)),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// Takes `text` without the white space around it.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: &str) -> Result<Self, IdError> {
                checked(text).map(Self)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0.as_str())
            }
        }
    };
}

id!(/** Names one event for ever; two deliveries with one id are one event. */ EventId);
id!(/** A product as the shop sells it: SKU, product id or stock code. */ ItemId);
id!(/** An order, in the shop's own numbering. */ OrderId);
id!(/** The shop's own id of a customer, or a keyed hash of it where it is personal. */ CustomerId);
id!(/** A browser or an app installation: Segment's `anonymousId`. */ DeviceId);
id!(/** A keyed hash of an e-mail address or a phone number; never the address itself. */ ContactHash);

impl CustomerId {
    /// Takes an id that names somebody.
    ///
    /// # Errors
    /// As [`CustomerId::new`], and [`IdError::Blocked`] for values that stand for nobody.
    pub fn of_somebody(text: &str) -> Result<Self, IdError> {
        somebody(text).and_then(Self::new)
    }
}

impl DeviceId {
    /// Takes an id that names some device.
    ///
    /// # Errors
    /// As [`DeviceId::new`], and [`IdError::Blocked`] for values that stand for nobody.
    pub fn of_somebody(text: &str) -> Result<Self, IdError> {
        somebody(text).and_then(Self::new)
    }
}

fn somebody(text: &str) -> Result<&str, IdError> {
    match text.trim() {
        "" => Err(IdError::Empty),
        text if is_blocked(text) => Err(IdError::Blocked(text.chars().take(20).collect())),
        text => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_nobody() {
        for text in ["", "0", "000", "-", "00000000-0000-0000-0000-000000000000", "-1", "NULL", " guest ", "Undefined"] {
            assert!(CustomerId::of_somebody(text).is_err(), "{text:?} must not name a customer");
        }
        assert_eq!(CustomerId::of_somebody(" 12748 ").map(|id| id.to_string()), Ok("12748".into()));
    }
}
