//! What the visitor did, as far as the shop still sells it.

use super::{Ask, Shop, Strategy, next_look::ITEMS_HEARD};
use crate::{
    id::ItemId,
    profile::{Act, Position, Profile, Subject},
    time::Timestamp,
};

/// How many recent items are kept: as many as the session's scorer hears.
const RECENT_KEPT: usize = ITEMS_HEARD;
/// How many of them speak through the other tables: a further one would count a sixth of the newest, and every row costs a walk to memory.
const RECENT_SPEAKING: usize = 8;
/// What each older recent item counts of the next newer one.
const STEP: f32 = 0.8;
/// What an item in the cart counts of a look, where it was not looked at lately.
const IN_CART: f32 = 0.5;
/// Stands for an item that the shop does not know, of which no table has a row.
const UNKNOWN: u32 = u32::MAX;
/// After so many days a recent item counts half.
const HALF_LIFE_DAYS: f64 = 7.0;

/// An item with a weight.
pub(super) type Weighed = (u32, f32);

/// A purchase history of one item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bought {
    pub(super) item: u32,
    pub(super) times: u32,
    pub(super) last_at: Timestamp,
}

/// What speaks, newest or strongest first; places in the shop.
#[derive(Debug, Default)]
pub(super) struct Taste {
    /// The product asked about, where the shop knows it.
    pub(super) item: Option<u32>,
    /// Whether one is asked about, known or not.
    has_item: bool,
    pub(super) cart: Vec<u32>,
    /// Looked at, put into the cart, saved; the request's session before the profiles' events.
    pub(super) recent: Vec<Weighed>,
    /// By item.
    pub(super) bought: Vec<Bought>,
    /// "Not for me".
    pub(super) dismissed: Vec<u32>,
    has_category: bool,
    knows_customer: bool,
}

impl Taste {
    pub(super) fn of(shop: &Shop, ask: &Ask, profiles: &[&Profile], now: Timestamp) -> Self {
        let find = |id: &ItemId| shop.index_of(id);
        let mut taste = Self {
            item: ask.item.as_ref().and_then(find),
            has_item: ask.item.is_some(),
            cart: ask.cart.iter().filter_map(find).collect(),
            has_category: ask.category.as_deref().is_some_and(|category| !shop.favourites_in(category).is_empty()),
            ..Self::default()
        };
        taste.note(shop, ask.session.iter().rev().map(|id| (id, 1.0)));
        taste.read_windows(shop, profiles, now);
        for profile in profiles {
            taste.read_purchases(shop, profile);
        }
        taste
    }

    /// The open events of all profiles, newest first. An event that stands in two profiles speaks once.
    fn read_windows(&mut self, shop: &Shop, profiles: &[&Profile], now: Timestamp) {
        let mut events: Vec<(Position, &Act)> =
            profiles.iter().flat_map(|profile| profile.open()).map(|event| (event.position, &event.act)).collect();
        events.sort_unstable_by_key(|(position, _)| std::cmp::Reverse(*position));
        events.dedup_by_key(|(position, _)| *position);
        let waved_away = |(_, act): &(Position, &Act)| match act {
            Act::Dismissed(id) => shop.index_of(id),
            _ => None,
        };
        self.dismissed = events.iter().filter_map(waved_away).collect();
        let spoken = events.iter().filter_map(|(position, act)| {
            let strength = match act {
                Act::Viewed(_) | Act::Clicked(_) => 1.0,
                Act::CartAdded(..) | Act::Wishlisted(_) => 1.5,
                // A trusted purchase speaks as one, below.
                Act::Ordered(line) if !line.cancelled && !line.statement.trusted => 1.0,
                _ => return None,
            };
            let age = 0.5f64.powf(now.days_since(position.at).max(0.0) / HALF_LIFE_DAYS) as f32;
            Some((act.item()?, strength * age))
        });
        self.note(shop, spoken);
    }

    fn read_purchases(&mut self, shop: &Shop, profile: &Profile) {
        self.knows_customer |= matches!(profile.subject, Subject::Customer(_)) && !profile.is_empty();
        let history = profile.bought();
        let places = shop.indices_of(history.iter().map(|bought| bought.item));
        // One profile names each item once: only what another said can be the same.
        let told = self.bought.len();
        for (bought, place) in history.iter().zip(places) {
            let Some(item) = place else { continue };
            match self.bought[..told].iter_mut().find(|known| known.item == item) {
                Some(known) => {
                    known.times = known.times.max(bought.times);
                    known.last_at = known.last_at.max(bought.last_at);
                }
                None => self.bought.push(Bought { item, times: bought.times, last_at: bought.last_at }),
            }
        }
    }

    /// Notes acts, newest first, while there is room.
    fn note<'a>(&mut self, shop: &Shop, mut acts: impl Iterator<Item = (&'a ItemId, f32)>) {
        while self.recent.len() < RECENT_KEPT {
            // As many as there is room for: together they are found in the time of a few.
            let next: Vec<(&ItemId, f32)> = acts.by_ref().take(RECENT_KEPT - self.recent.len()).collect();
            if next.is_empty() {
                return;
            }
            for ((_, strength), place) in next.iter().zip(shop.indices_of(next.iter().map(|(id, _)| *id))) {
                let Some(item) = place.filter(|item| self.recent.iter().all(|(known, _)| known != item)) else { continue };
                let step = STEP.powi(self.recent.len() as i32);
                self.recent.push((item, strength * step));
            }
        }
    }

    /// What is at hand and what was dealt with lately, each with its weight beside the item asked about, which counts 1.
    pub(super) fn spoken(&self, of_cart: f32, of_recent: f32) -> impl Iterator<Item = Weighed> + '_ {
        // Someone on a product page is asked about that product, whatever came before.
        let of_recent = if self.item.is_some() { of_recent * 0.5 } else { of_recent };
        let at_hand = self.item.iter().map(|item| (*item, 1.0)).chain(self.cart.iter().map(move |item| (*item, of_cart)));
        let recent = self.recent.iter().take(RECENT_SPEAKING).map(move |(item, weight)| (*item, weight * of_recent));
        at_hand.chain(recent).filter(|(_, weight)| *weight > 0.0)
    }

    /// All of it as one session, newest first, each item once: the product at hand, recent items, what else is in the cart. The
    /// scorer fades by distance itself, so strengths here are those of the acts and their age. A product that the shop does not know is at
    /// hand all the same: what was looked at before it is one step away, and may be returned to.
    pub(super) fn session(&self) -> Vec<Weighed> {
        let mut session: Vec<Weighed> = Vec::with_capacity(RECENT_KEPT + 1);
        let recent = self.recent.iter().enumerate().map(|(place, (item, weight))| (*item, weight / STEP.powi(place as i32)));
        let cart = self.cart.iter().map(|item| (*item, IN_CART));
        let at_hand = self.has_item.then(|| (self.item.unwrap_or(UNKNOWN), 1.0));
        for (item, strength) in at_hand.into_iter().chain(recent).chain(cart) {
            if session.iter().all(|(known, _)| *known != item) {
                session.push((item, strength));
            }
        }
        session
    }

    /// What the answer rests on.
    pub(super) fn strategy(&self) -> Strategy {
        match self {
            _ if self.knows_customer && !(self.bought.is_empty() && self.recent.is_empty()) => Strategy::Personal,
            _ if !self.bought.is_empty() => Strategy::Personal,
            _ if !self.recent.is_empty() => Strategy::Session,
            _ if self.item.is_some() || !self.cart.is_empty() || self.has_category => Strategy::Contextual,
            _ => Strategy::Popular,
        }
    }
}
