//! How people shop: the planted archetypes as one table, and the blend that makes a person of them.
//!
//! Nobody is an archetype. A customer's [`Habits`] lie on the line from ordinary to one archetype, `strength` of the way along, and
//! every habit is then jittered. Ordinary people lean towards an archetype too, only less. How much less is the one knob
//! of difficulty, [`OVERLAP`].

use serde::{Deserialize, Serialize};

use crate::dice::Dice;

/// How far the archetypes' ranges of strength reach towards each other, 0 to 0.5: strengths of archetypal customers lie in
/// `[1 - OVERLAP, 1]`, those of ordinary ones in `[0, OVERLAP]`, both denser towards the outer end. At 0 everybody is a caricature;
/// at 0.5 the two ranges touch and the border cases cannot be told apart even in principle. The value keeps a supervised
/// classifier on behavioural features between 90 and 95 % right (`tests/overlap.rs`).
pub const OVERLAP: f64 = 0.3;

/// Each habit is multiplied by something between `1 - JITTER` and `1 + JITTER`.
const JITTER: f64 = 0.25;

/// Who somebody was planted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archetype {
    /// Shops like most people.
    Ordinary,
    /// Waits for the sale and brings a coupon.
    DiscountSeeker,
    /// Comes back for one maker.
    BrandLoyalist,
    /// Buys organic and fair, and reads who made it.
    ConsciousConsumer,
    /// Sees it at midnight and has bought it a minute later; sends more of it back.
    ImpulseBuyer,
    /// Reads every review, compares, and comes back days later to buy.
    Researcher,
}

impl Archetype {
    /// The five that are not ordinary.
    pub const MARKED: [Self; 5] =
        [Self::DiscountSeeker, Self::BrandLoyalist, Self::ConsciousConsumer, Self::ImpulseBuyer, Self::Researcher];

    /// Ten percent of each marked archetype, the rest ordinary.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        Self::MARKED.get(dice.below(10)).copied().unwrap_or(Self::Ordinary)
    }

    /// How far along the line from ordinary to `lean` somebody of this archetype is.
    pub(crate) fn draw_strength(self, dice: &mut Dice) -> f64 {
        let (a, b) = (dice.unit(), dice.unit());
        match self {
            Self::Ordinary => OVERLAP * a.min(b),
            _ => 1.0 - OVERLAP * a.min(b),
        }
    }

    fn habits(self) -> &'static Habits {
        match self {
            Self::Ordinary => &ORDINARY,
            Self::DiscountSeeker => &DISCOUNT_SEEKER,
            Self::BrandLoyalist => &BRAND_LOYALIST,
            Self::ConsciousConsumer => &CONSCIOUS_CONSUMER,
            Self::ImpulseBuyer => &IMPULSE_BUYER,
            Self::Researcher => &RESEARCHER,
        }
    }
}

/// What somebody tends to do. Fields are chances in `[0, 1]` unless they say otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Reasons to visit the shop a month, apart from running out of flour; above 0.
    pub(crate) missions_per_month: f64,
    /// That a mission is to buy, not to look around.
    pub(crate) buy: f64,
    /// Mean number of products in a basket beyond the first.
    pub(crate) extra_items: f64,
    /// Mean number of products looked at on a visit without being wanted.
    pub(crate) browse: f64,
    /// That a purchase takes several visits over days.
    pub(crate) ponder: f64,
    /// Mean seconds from one step to the next; above 0.
    pub(crate) dwell_secs: f64,
    /// Of choosing among reduced products only.
    pub(crate) sale: f64,
    /// Of trying a coupon on an order.
    pub(crate) coupon: f64,
    /// Of choosing among the favourite brand's products only.
    pub(crate) brand: f64,
    /// Of choosing among sustainable products only.
    pub(crate) values: f64,
    /// Of choosing among new products only.
    pub(crate) novelty: f64,
    /// Of reading the reviews of a product looked at.
    pub(crate) reviews: f64,
    /// Of reading a guide or a comparison on a visit.
    pub(crate) guides: f64,
    /// Of reading about the makers or the shop's footprint on a visit.
    pub(crate) about: f64,
    /// Of coming at night instead of at one's hours.
    pub(crate) night: f64,
    /// Of opening a newsletter.
    pub(crate) opens: f64,
    /// Of sending back an order, or a part of it.
    pub(crate) refund: f64,
    /// Of writing a review of a product bought.
    pub(crate) writes: f64,
}

impl Habits {
    /// The habits of somebody `strength` of the way from ordinary to `lean`, with their own quirks.
    pub(crate) fn draw(lean: Archetype, strength: f64, dice: &mut Dice) -> Self {
        let blend = ORDINARY.zip(lean.habits(), |from, to| from + (to - from) * strength);
        blend.zip(&blend, |habit, _| habit * dice.between(1.0 - JITTER, 1.0 + JITTER))
    }

    fn zip(&self, other: &Self, mut f: impl FnMut(f64, f64) -> f64) -> Self {
        Self {
            missions_per_month: f(self.missions_per_month, other.missions_per_month),
            buy: f(self.buy, other.buy),
            extra_items: f(self.extra_items, other.extra_items),
            browse: f(self.browse, other.browse),
            ponder: f(self.ponder, other.ponder),
            dwell_secs: f(self.dwell_secs, other.dwell_secs),
            sale: f(self.sale, other.sale),
            coupon: f(self.coupon, other.coupon),
            brand: f(self.brand, other.brand),
            values: f(self.values, other.values),
            novelty: f(self.novelty, other.novelty),
            reviews: f(self.reviews, other.reviews),
            guides: f(self.guides, other.guides),
            about: f(self.about, other.about),
            night: f(self.night, other.night),
            opens: f(self.opens, other.opens),
            refund: f(self.refund, other.refund),
            writes: f(self.writes, other.writes),
        }
    }
}

const ORDINARY: Habits = Habits {
    missions_per_month: 0.37,
    buy: 0.55,
    extra_items: 1.0,
    browse: 1.6,
    ponder: 0.12,
    dwell_secs: 55.0,
    sale: 0.05,
    coupon: 0.06,
    brand: 0.05,
    values: 0.05,
    novelty: 0.05,
    reviews: 0.06,
    guides: 0.03,
    about: 0.02,
    night: 0.06,
    opens: 0.12,
    refund: 0.04,
    writes: 0.05,
};

const DISCOUNT_SEEKER: Habits =
    Habits { missions_per_month: 0.48, extra_items: 1.3, browse: 2.0, sale: 0.9, coupon: 0.7, opens: 0.3, novelty: 0.02, ..ORDINARY };

const BRAND_LOYALIST: Habits = Habits {
    missions_per_month: 0.53,
    buy: 0.65,
    extra_items: 1.4,
    browse: 1.4,
    brand: 0.97,
    opens: 0.25,
    refund: 0.02,
    writes: 0.12,
    ..ORDINARY
};

const CONSCIOUS_CONSUMER: Habits =
    Habits { missions_per_month: 0.48, values: 0.9, about: 0.6, reviews: 0.1, sale: 0.02, opens: 0.18, ..ORDINARY };

const IMPULSE_BUYER: Habits = Habits {
    missions_per_month: 0.72,
    buy: 0.8,
    extra_items: 0.8,
    browse: 0.2,
    ponder: 0.0,
    dwell_secs: 17.0,
    novelty: 0.4,
    reviews: 0.01,
    guides: 0.0,
    about: 0.0,
    night: 0.5,
    refund: 0.14,
    writes: 0.02,
    ..ORDINARY
};

const RESEARCHER: Habits = Habits {
    missions_per_month: 0.28,
    extra_items: 0.5,
    browse: 3.2,
    ponder: 0.9,
    dwell_secs: 110.0,
    reviews: 0.5,
    guides: 0.55,
    about: 0.05,
    refund: 0.02,
    writes: 0.1,
    ..ORDINARY
};
