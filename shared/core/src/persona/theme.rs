//! Traits of shoppers: means of scaled measures. Five of them are the signatures of archetypes; the others describe whoever shows none.
//!
//! | Theme | Measures, with their weights | Its archetype |
//! |---|---|---|
//! | discounts | reduced 1, coupons 1, depth 1, sale pages 1 | Discount Seeker |
//! | brand | brand bought 1, brand viewed 1, brand pages 1 | Brand Loyalist |
//! | values | careful bought 1, careful viewed 1, values pages 1 | Conscious Consumer |
//! | impulse | quick 1, pause -1, night ½, new ½, pondered -½ | Impulse Buyer |
//! | research | review pages 1, guide pages 1, pondered 1, pause ½, looks ½ | Researcher |
//! | often | orders 1, gap -1 | |
//! | basket · spend · bulk · again · christmas | lines · value · pieces · again · christmas, 1 each | |

use super::{MEASURES, Measure};
use serde::{Deserialize, Serialize};

/// How many themes there are.
pub const THEMES: usize = 11;
/// A theme counts no further than this, in robust standard deviations.
const FURTHEST: f64 = 5.0;
/// A theme speaks where at least this part of its weights does.
const ENOUGH_WEIGHT: f64 = 1.0 / 3.0;

/// A trait. The order is that of [`Personas::themes`](super::Personas::themes), which is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Waits for reductions.
    Discounts,
    /// Keeps to one brand.
    Brand,
    /// Cares how things are made.
    Values,
    /// Buys on the spot.
    Impulse,
    /// Reads and compares first.
    Research,
    /// Orders often.
    Often,
    /// Many different things in an order.
    Basket,
    /// Spends much on an order.
    Spend,
    /// Many pieces of one thing.
    Bulk,
    /// Buys the same again.
    Again,
    /// Orders before Christmas.
    Christmas,
}

/// A kind of shopper that retail knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archetype {
    /// Waits for the sale and brings a coupon.
    DiscountSeeker,
    /// Comes back for one maker.
    BrandLoyalist,
    /// Buys what is made with care, and reads who made it.
    ConsciousConsumer,
    /// Sees it and has bought it.
    ImpulseBuyer,
    /// Reads, compares, and comes back to buy.
    Researcher,
}

/// How a theme spreads in a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThemeScale {
    /// Its median.
    pub median: f64,
    /// Its interquartile range over 1.349; 0 where it tells nobody apart.
    pub spread: f64,
    /// Whether personas are told apart by it.
    pub speaks: bool,
}

impl Archetype {
    /// All of them, in the order of their themes, which are the first.
    pub const ALL: [Self; 5] = [Self::DiscountSeeker, Self::BrandLoyalist, Self::ConsciousConsumer, Self::ImpulseBuyer, Self::Researcher];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiscountSeeker => "Discount Seeker",
            Self::BrandLoyalist => "Brand Loyalist",
            Self::ConsciousConsumer => "Conscious Consumer",
            Self::ImpulseBuyer => "Impulse Buyer",
            Self::Researcher => "Researcher",
        }
    }

    /// What rules and the API call it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::DiscountSeeker => "discount_seeker",
            Self::BrandLoyalist => "brand_loyalist",
            Self::ConsciousConsumer => "conscious_consumer",
            Self::ImpulseBuyer => "impulse_buyer",
            Self::Researcher => "researcher",
        }
    }
}

impl Theme {
    /// All of them; those of archetypes first, in the order of [`Archetype::ALL`].
    pub const ALL: [Self; THEMES] = [
        Self::Discounts,
        Self::Brand,
        Self::Values,
        Self::Impulse,
        Self::Research,
        Self::Often,
        Self::Basket,
        Self::Spend,
        Self::Bulk,
        Self::Again,
        Self::Christmas,
    ];

    /// What it is a mean of: (measure, weight).
    #[must_use]
    pub const fn parts(self) -> &'static [(Measure, f64)] {
        match self {
            Self::Discounts => &[(Measure::Reduced, 1.0), (Measure::Coupons, 1.0), (Measure::Depth, 1.0), (Measure::SalePages, 1.0)],
            Self::Brand => &[(Measure::BrandBought, 1.0), (Measure::BrandViewed, 1.0), (Measure::BrandPages, 1.0)],
            Self::Values => &[(Measure::CarefulBought, 1.0), (Measure::CarefulViewed, 1.0), (Measure::ValuesPages, 1.0)],
            Self::Impulse => {
                &[(Measure::Quick, 1.0), (Measure::Pause, -1.0), (Measure::Night, 0.5), (Measure::New, 0.5), (Measure::Pondered, -0.5)]
            }
            Self::Research => &[
                (Measure::ReviewPages, 1.0),
                (Measure::GuidePages, 1.0),
                (Measure::Pondered, 1.0),
                (Measure::Pause, 0.5),
                (Measure::Looks, 0.5),
            ],
            Self::Often => &[(Measure::Orders, 1.0), (Measure::Gap, -1.0)],
            Self::Basket => &[(Measure::Lines, 1.0)],
            Self::Spend => &[(Measure::Value, 1.0)],
            Self::Bulk => &[(Measure::Pieces, 1.0)],
            Self::Again => &[(Measure::Again, 1.0)],
            Self::Christmas => &[(Measure::Christmas, 1.0)],
        }
    }

    /// Whether enough of it can be told where the measures that `tells` names tell people apart.
    #[must_use]
    pub fn can_speak(self, tells: impl Fn(Measure) -> bool) -> bool {
        let weight = |parts: &mut dyn Iterator<Item = &(Measure, f64)>| parts.map(|(_, weight)| weight.abs()).sum::<f64>();
        weight(&mut self.parts().iter().filter(|(measure, _)| tells(*measure))) >= ENOUGH_WEIGHT * weight(&mut self.parts().iter())
    }

    /// The mean of its measures, before it is scaled.
    #[must_use]
    pub fn raw(self, scaled: &[f64; MEASURES]) -> f64 {
        let weights: f64 = self.parts().iter().map(|(_, weight)| weight.abs()).sum();
        self.parts().iter().map(|(measure, weight)| weight * scaled[*measure as usize]).sum::<f64>() / weights
    }
}

impl ThemeScale {
    pub(super) fn is_sound(&self) -> bool {
        self.median.is_finite() && self.spread.is_finite() && self.spread >= 0.0
    }
}

/// All themes, scaled; 0 where a theme tells nobody apart.
pub(super) fn place(scaled: &[f64; MEASURES], scales: &[ThemeScale]) -> [f64; THEMES] {
    std::array::from_fn(|theme| match scales.get(theme) {
        Some(scale) if scale.spread > 0.0 => ((Theme::ALL[theme].raw(scaled) - scale.median) / scale.spread).clamp(-FURTHEST, FURTHEST),
        _ => 0.0,
    })
}
