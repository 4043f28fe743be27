//! Through which door an event came in: what is left of an event's source once it is folded.

use crate::event::{Action, Event};
use serde::{Deserialize, Serialize};

/// A kind of source. The numbers are stored: a new kind goes to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Channel {
    /// The shop's pages: the snippet, a pixel, or anything that speaks Segment's API.
    Web,
    /// The shop's platform: Shopify, WooCommerce, Stripe.
    Platform,
    /// Mail: what was done with one, and what the mailing service tells.
    Mail,
    /// A file the shopkeeper imported.
    Import,
    /// Another sender's webhook, such as the till's.
    Other,
}

impl Channel {
    /// All of them, as [`super::Habits::channels`] counts them.
    pub const ALL: [Self; 5] = [Self::Web, Self::Platform, Self::Mail, Self::Import, Self::Other];

    /// What features call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Platform => "platform",
            Self::Mail => "mail",
            Self::Import => "import",
            Self::Other => "other",
        }
    }

    /// The door `event` came through.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event.source.as_str() {
            _ if matches!(event.action, Action::Email(_)) => Self::Mail,
            "segment" | "beacon" => Self::Web,
            "shopify" | "woocommerce" | "stripe" => Self::Platform,
            "klaviyo" | "mailchimp" => Self::Mail,
            source if source.starts_with("import") => Self::Import,
            _ => Self::Other,
        }
    }
}
