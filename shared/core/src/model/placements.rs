//! How the sources of candidates are weighed against each other at each kind of placement, and what a score means there.

use serde::{Deserialize, Serialize};

/// The kinds of placements that a shop weighs differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// `product`: what goes with the item at hand.
    Product,
    /// `cart`: what goes with what is in it.
    Cart,
    /// `category` and `search`.
    Category,
    /// Anywhere else, for somebody who has bought nothing yet.
    Visitor,
    /// Anywhere else, for a customer.
    Customer,
}

impl Placement {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Product, Self::Cart, Self::Category, Self::Visitor, Self::Customer];

    /// As reports call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Cart => "cart",
            Self::Category => "category",
            Self::Visitor => "visitor",
            Self::Customer => "customer",
        }
    }

    /// The kind of the placement that a storefront calls `name`, for somebody who has bought something or not.
    #[must_use]
    pub fn of(name: &str, has_bought: bool) -> Self {
        match name {
            "product" => Self::Product,
            "cart" => Self::Cart,
            "category" | "search" => Self::Category,
            _ if has_bought => Self::Customer,
            _ => Self::Visitor,
        }
    }
}

/// What each source counts, once it is brought to a maximum of one; 0 leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    /// What goes with all they bought.
    pub history: f32,
    /// What they buy again and again; times [`super::NextPurchase::own`].
    pub habit: f32,
    /// What follows a session of the item, recent items and the cart.
    pub next_look: f32,
    /// What is bought after the item, the cart and recent items.
    pub after: f32,
    /// Complements of the item, the cart and recent items.
    pub together: f32,
    /// What is like them.
    pub content: f32,
    /// The favourites of the category at hand.
    pub category: f32,
    /// The shop's own choice.
    pub staff_picks: f32,
    /// What is in season.
    pub season: f32,
    /// The shop's favourites.
    pub favourites: f32,
}

/// What a score says: the chance that the item is the one that is dealt with next, as `1 / (1 + exp(-(offset + slope · logit(score))))`
/// (Platt 1999). The order of items is the same with it and without.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The log odds of a score of one half.
    pub offset: f32,
    /// What a step of the score's log odds counts; above 0.
    pub slope: f32,
}

impl Calibration {
    /// Scores as the blend makes them.
    pub const NONE: Self = Self { offset: 0.0, slope: 1.0 };

    /// The chance that a score, 0 to 1, stands for.
    #[must_use]
    pub fn of(self, score: f32) -> f32 {
        if self == Self::NONE {
            return score;
        }
        let log_odds = (score / (1.0 - score)).ln();
        1.0 / (1.0 + (-(self.offset + self.slope * log_odds)).exp())
    }
}

/// Both, for one kind of placement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighing {
    /// What each source counts.
    pub blend: Blend,
    /// What the scores that come of it mean.
    pub calibration: Calibration,
}

/// All kinds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placements {
    /// See [`Placement::Product`].
    pub product: Weighing,
    /// See [`Placement::Cart`].
    pub cart: Weighing,
    /// See [`Placement::Category`].
    pub category: Weighing,
    /// See [`Placement::Visitor`].
    pub visitor: Weighing,
    /// See [`Placement::Customer`].
    pub customer: Weighing,
}

impl Placements {
    /// What serves a shop whose past is too short to choose by. Picked by hand.
    pub const DEFAULT: Self = {
        const fn uncalibrated(blend: Blend) -> Weighing {
            Weighing { blend, calibration: Calibration::NONE }
        }
        let product = Blend {
            history: 0.1,
            habit: 0.05,
            next_look: 1.0,
            after: 0.6,
            together: 0.5,
            content: 0.2,
            category: 0.1,
            staff_picks: 0.05,
            season: 0.0,
            favourites: 0.05,
        };
        let cart = Blend {
            history: 0.2,
            habit: 0.2,
            next_look: 0.3,
            after: 0.8,
            together: 1.0,
            content: 0.0,
            category: 0.05,
            staff_picks: 0.1,
            season: 0.0,
            favourites: 0.1,
        };
        let category = Blend {
            history: 0.2,
            habit: 0.2,
            next_look: 0.8,
            after: 0.5,
            together: 0.0,
            content: 0.2,
            category: 0.6,
            staff_picks: 0.2,
            season: 0.0,
            favourites: 0.1,
        };
        let visitor = Blend {
            history: 0.0,
            habit: 0.0,
            next_look: 0.8,
            after: 0.8,
            together: 0.2,
            content: 0.2,
            category: 0.2,
            staff_picks: 0.2,
            season: 0.1,
            favourites: 0.2,
        };
        // A known customer is answered by what they will buy next.
        let customer = Blend {
            history: 1.0,
            habit: 1.0,
            next_look: 0.8,
            after: 0.4,
            together: 0.2,
            content: 0.2,
            category: 0.1,
            staff_picks: 0.2,
            season: 0.0,
            favourites: 0.0,
        };
        Self {
            product: uncalibrated(product),
            cart: uncalibrated(cart),
            category: uncalibrated(category),
            visitor: uncalibrated(visitor),
            customer: uncalibrated(customer),
        }
    };

    /// The one of a kind.
    #[must_use]
    pub const fn get(&self, placement: Placement) -> &Weighing {
        match placement {
            Placement::Product => &self.product,
            Placement::Cart => &self.cart,
            Placement::Category => &self.category,
            Placement::Visitor => &self.visitor,
            Placement::Customer => &self.customer,
        }
    }

    /// The one of a kind, to be changed.
    pub const fn get_mut(&mut self, placement: Placement) -> &mut Weighing {
        match placement {
            Placement::Product => &mut self.product,
            Placement::Cart => &mut self.cart,
            Placement::Category => &mut self.category,
            Placement::Visitor => &mut self.visitor,
            Placement::Customer => &mut self.customer,
        }
    }

    /// Whether every number is one that a score can be made of.
    pub(super) fn is_sound(&self) -> bool {
        Placement::ALL.into_iter().all(|placement| {
            let Weighing { blend, calibration } = self.get(placement);
            let Blend { history, habit, next_look, after, together, content, category, staff_picks, season, favourites } = *blend;
            let weights = [history, habit, next_look, after, together, content, category, staff_picks, season, favourites];
            weights.iter().all(|weight| (0.0..=1e6).contains(weight))
                && calibration.offset.is_finite()
                && (1e-3..=1e3).contains(&calibration.slope)
        })
    }
}

impl Default for Placements {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn calibration_keeps_order_and_bounds(
            scores in prop::collection::vec(0.0f32..=1.0, 2..20), offset in -8.0f32..8.0, slope in 0.01f32..4.0,
        ) {
            let mut scores = scores;
            scores.extend([0.0, 1.0]);
            scores.sort_by(f32::total_cmp);
            let chances: Vec<f32> = scores.iter().map(|score| Calibration { offset, slope }.of(*score)).collect();
            prop_assert!(chances.is_sorted() && chances.iter().all(|chance| (0.0..=1.0).contains(chance)), "{chances:?}");
        }

        #[test]
        fn the_plain_one_is_the_score_itself(score in 0.001f32..0.999) {
            let nearly = Calibration { offset: 0.0, slope: 1.0 + f32::EPSILON };
            prop_assert_eq!(Calibration::NONE.of(score), score);
            prop_assert!((nearly.of(score) - score).abs() < 1e-4);
        }
    }

    #[test]
    fn numbers_that_no_score_can_be_made_of_are_refused() {
        let with = |change: fn(&mut Weighing)| {
            let mut placements = Placements::DEFAULT;
            change(placements.get_mut(Placement::Cart));
            placements.is_sound()
        };
        assert!(Placements::DEFAULT.is_sound() && with(|cart| cart.blend.content = 0.0));
        assert!(!with(|cart| cart.blend.together = f32::NAN) && !with(|cart| cart.blend.after = -0.1));
        assert!(!with(|cart| cart.calibration.slope = 0.0) && !with(|cart| cart.calibration.offset = f32::INFINITY));
    }
}
