//! Events counted in a window that ends now: `viewed "85123A", 7d`.
//!
//! A profile keeps its newest [`crate::profile::OPEN_EVENTS`] events of [`OPEN_DAYS`] days one by one, so that is how far a window reaches back. Of
//! somebody with more events than that in the window the newest are counted, and the count is a lower bound.

use crate::{
    event::EmailAct,
    features::Facts,
    filter::Argument,
    id::ItemId,
    profile::{Act, OPEN_DAYS, OpenEvent},
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use std::{collections::BTreeSet, fmt};

/// Which events, about what, how far back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Counted {
    kind: Kind,
    about: Option<About>,
    /// Whole minutes, at most [`OPEN_DAYS`].
    window_ms: i64,
}

/// What narrows events down.
#[derive(Clone, Debug, PartialEq)]
enum About {
    Item(ItemId),
    Category(String),
    Brand(String),
    /// Words searched for, a page, a list, an event of the shop's own.
    Text(String),
}

/// Declares the kinds once: variant, word, and the acts it stands for.
macro_rules! kinds {
    ($($variant:ident = $name:literal, $act:pat,)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind { $($variant),+ }

        impl Kind {
            pub(super) const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            fn is(self, act: &Act) -> bool {
                match self { $(Self::$variant => matches!(act, $act)),+ }
            }
        }
    };
}

kinds! {
    Any = "any", _,
    Viewed = "viewed", Act::Viewed(_),
    Clicked = "clicked", Act::Clicked(_),
    Shown = "shown", Act::Shown(_),
    Dismissed = "dismissed", Act::Dismissed(_),
    CartAdded = "cart_added", Act::CartAdded(..),
    CartRemoved = "cart_removed", Act::CartRemoved(..),
    Wishlisted = "wishlisted", Act::Wishlisted(_),
    Reviewed = "reviewed", Act::Reviewed(..),
    Ordered = "ordered", Act::Ordered(_),
    Refunded = "refunded", Act::Refunded(_),
    Listed = "listed", Act::Listed(_),
    Searched = "searched", Act::Searched(_),
    Page = "page", Act::Page(_),
    CheckoutStarted = "checkout_started", Act::CheckoutStarted,
    EmailDelivered = "email_delivered", Act::Email(EmailAct::Delivered),
    EmailOpened = "email_opened", Act::Email(EmailAct::Opened),
    EmailClicked = "email_clicked", Act::Email(EmailAct::Clicked),
    EmailSubscribed = "email_subscribed", Act::Email(EmailAct::Subscribed),
    EmailUnsubscribed = "email_unsubscribed", Act::Email(EmailAct::Unsubscribed),
    Coupon = "coupon", Act::Coupon(_),
    Custom = "custom", Act::Other(_),
}

impl Kind {
    /// Whether its events are about items.
    const fn has_items(self) -> bool {
        matches!(
            self,
            Self::Viewed
                | Self::Clicked
                | Self::Shown
                | Self::Dismissed
                | Self::CartAdded
                | Self::CartRemoved
                | Self::Wishlisted
                | Self::Reviewed
                | Self::Ordered
                | Self::Refunded
        )
    }

    /// Whether a text narrows its events down.
    const fn has_text(self) -> bool {
        matches!(self, Self::Listed | Self::Searched | Self::Page | Self::Custom)
    }
}

impl Counted {
    /// Reads what stands in the parentheses.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub(super) fn read(arguments: &[Vec<Argument>]) -> Result<Self, String> {
        const SHAPE: &str = "write what happened and how far back, as in `count(viewed \"85123A\", 7d)`";
        let [what, window] = arguments else { return Err(SHAPE.to_owned()) };
        let ([Argument::Word(kind), about @ ..], [Argument::Amount(number, unit)]) = (what.as_slice(), window.as_slice()) else {
            return Err(SHAPE.to_owned());
        };
        let kind = Kind::ALL.iter().copied().find(|known| known.name() == kind).ok_or_else(|| {
            format!("`{kind}` is no event; the events are {}", Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))
        })?;
        Ok(Self { kind, about: About::read(kind, about)?, window_ms: window_ms(*number, unit)? })
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) const fn has_items(&self) -> bool {
        self.kind.has_items()
    }

    pub(super) const fn needs_catalog(&self) -> bool {
        matches!(self.about, Some(About::Category(_) | About::Brand(_)))
    }

    /// How many events the window holds at `now`. Lines of one order or refund are one, and only those that hold count.
    pub(super) fn count(&self, facts: &Facts<'_>, now: Timestamp) -> usize {
        match self.kind {
            Kind::Ordered | Kind::Refunded => self.statements(facts, now).len(),
            _ => self.within(facts, now).count(),
        }
    }

    /// Of how many different items.
    pub(super) fn items(&self, facts: &Facts<'_>, now: Timestamp) -> usize {
        self.within(facts, now).filter_map(|event| event.act.item()).collect::<BTreeSet<_>>().len()
    }

    /// The instants after `now` at which events leave the window.
    pub(super) fn leavings(&self, facts: &Facts<'_>, now: Timestamp) -> Vec<Timestamp> {
        let mut leavings: Vec<Timestamp> = self.within(facts, now).map(|event| event.position.at.plus_ms(self.window_ms)).collect();
        leavings.dedup();
        leavings
    }

    /// The events that count, oldest first. One stamped a few minutes ahead of the clock counts already.
    fn within<'f>(&'f self, facts: &'f Facts<'_>, now: Timestamp) -> impl Iterator<Item = &'f OpenEvent> {
        let from = now.plus_ms(-self.window_ms);
        let (open, stated): (&[OpenEvent], &[&OpenEvent]) = match self.kind {
            Kind::Ordered => (&[], facts.order_lines()),
            Kind::Refunded => (&[], facts.refund_lines()),
            _ => (facts.profile().open(), &[]),
        };
        let events = open.iter().chain(stated.iter().copied());
        events.filter(move |event| event.position.at > from && self.kind.is(&event.act) && self.is_about(facts, &event.act))
    }

    fn statements(&self, facts: &Facts<'_>, now: Timestamp) -> BTreeSet<u64> {
        self.within(facts, now).filter_map(|event| event.act.line()).map(|line| line.group).collect()
    }

    fn is_about(&self, facts: &Facts<'_>, act: &Act) -> bool {
        match &self.about {
            None => true,
            Some(About::Item(id)) => act.item() == Some(id),
            Some(About::Category(category)) => act.item().is_some_and(|item| facts.is_in(item, category)),
            Some(About::Brand(brand)) => act.item().is_some_and(|item| facts.is_by(item, brand)),
            Some(About::Text(text)) => match act {
                Act::Searched(query) => query.to_lowercase().contains(&text.to_lowercase()),
                Act::Listed(name) | Act::Page(name) | Act::Other(name) => name.to_lowercase() == text.to_lowercase(),
                _ => false,
            },
        }
    }
}

impl About {
    fn read(kind: Kind, words: &[Argument]) -> Result<Option<Self>, String> {
        let about = match words {
            [] => return Ok(None),
            [Argument::Text(id)] if kind.has_items() => Self::Item(ItemId::new(id).map_err(|error| error.to_string())?),
            [Argument::Word(word), Argument::Text(name)] if kind.has_items() && word == "category" => Self::Category(name.clone()),
            [Argument::Word(word), Argument::Text(name)] if kind.has_items() && word == "brand" => Self::Brand(name.clone()),
            [Argument::Text(text)] if kind.has_text() => Self::Text(text.clone()),
            _ if kind.has_items() => {
                return Err(format!(
                    "narrow `{0}` down by an item, a category or a brand: `{0} \"85123A\"`, `{0} category \"Baking\"`, `{0} brand \"Kornhaus\"`",
                    kind.name()
                ));
            }
            _ if kind.has_text() => return Err(format!("narrow `{0}` down by a text in quotes: `{0} \"cake\"`", kind.name())),
            _ => return Err(format!("`{}` cannot be narrowed down", kind.name())),
        };
        Ok(Some(about))
    }
}

fn window_ms(number: f64, unit: &str) -> Result<i64, String> {
    let unit_ms = match unit {
        "m" | "minute" | "minutes" => MINUTE_MS,
        "h" | "hour" | "hours" => 60 * MINUTE_MS,
        "d" | "day" | "days" => DAY_MS,
        "w" | "week" | "weeks" => 7 * DAY_MS,
        other => return Err(format!("`{other}` is no unit of time; use m, h, d or w")),
    };
    // Longer than time itself is too far back, not a fault of arithmetic.
    let window_ms = ((number * unit_ms as f64 / MINUTE_MS as f64).round() as i64).saturating_mul(MINUTE_MS);
    if (MINUTE_MS..=OPEN_DAYS * DAY_MS).contains(&window_ms) {
        Ok(window_ms)
    } else {
        Err("events are counted from 1m to 14d back; further back there are totals, such as `days_since_order > 30` or `views >= 20`"
            .to_owned())
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        let quoted = |text: &str| crate::filter::Value::Text(text.to_owned());
        match &self.about {
            None => {}
            Some(About::Item(id)) => write!(f, " {}", quoted(id.as_str()))?,
            Some(About::Category(name)) => write!(f, " category {}", quoted(name))?,
            Some(About::Brand(name)) => write!(f, " brand {}", quoted(name))?,
            Some(About::Text(text)) => write!(f, " {}", quoted(text))?,
        }
        match self.window_ms / MINUTE_MS {
            minutes if minutes % 1440 == 0 => write!(f, ", {}d", minutes / 1440),
            minutes if minutes % 60 == 0 => write!(f, ", {}h", minutes / 60),
            minutes => write!(f, ", {minutes}m"),
        }
    }
}
