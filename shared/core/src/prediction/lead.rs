//! Who never bought: the chance of a first order, from how they look around.

use super::{
    Features, Ranged, Regression,
    features::FEATURES,
    special::{logistic, logit},
};
use crate::{
    profile::{Act, Profile, Totals},
    time::{DAY_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How far ahead a lead is scored, in days.
pub const LEAD_DAYS: u32 = 30;
/// What was done within so many days is done lately.
pub const LATELY_DAYS: i64 = 7;
/// Half the width of a 95 % interval, in standard deviations.
const NINETY_FIVE: f64 = 1.96;

/// What is known of somebody who looks around. Counts and days, at least 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Interest {
    /// Looks at items, and other attention to one.
    pub looks: f64,
    /// Different items.
    pub items: f64,
    /// Looks of the last seven days.
    pub looks_lately: f64,
    /// Items put into the cart in the last seven days.
    pub carts_lately: f64,
    /// Days since the newest look.
    pub silent_days: f64,
    /// Days since the first trace.
    pub known_days: f64,
}

/// What a shop's past tells of first orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leads {
    /// Over [`Interest::features`]; absent where too few first orders came.
    pub regression: Option<Regression>,
    /// What the regression counts beside the base rate, 0 to 1.
    pub trust: f64,
    /// The share of those who look around that orders within [`LEAD_DAYS`], above 0, below 1.
    pub base_rate: f64,
    /// How far the sum of all answers was off at earlier days, as a standard deviation of the log odds.
    pub spread: f64,
    /// How many times somebody who looked around was asked about.
    pub learned_from: u64,
    /// How far what was said and what came were apart on the newest past, in ten groups of like chances, on average; absent where too few
    /// could be asked.
    pub calibration_error: Option<f64>,
}

impl Interest {
    /// What `profile` tells at `now`; `None` for who bought or never looked at anything.
    #[must_use]
    pub fn of(profile: &Profile, now: Timestamp) -> Option<Self> {
        Self::of_totals(profile, &profile.whole(), now)
    }

    /// The same, where the profile was added up already.
    #[must_use]
    pub fn of_totals(profile: &Profile, totals: &Totals, now: Timestamp) -> Option<Self> {
        if totals.first_order.is_some() {
            return None;
        }
        let newest = totals.items.iter().filter(|item| item.views > 0).map(|item| item.last_at).max()?;
        let since = now.plus_ms(-LATELY_DAYS * DAY_MS);
        let (mut looks_lately, mut carts_lately) = (0.0, 0.0);
        for event in profile.open.iter().filter(|event| (since..=now).contains(&event.position.at)) {
            match &event.act {
                Act::CartAdded(..) => (looks_lately, carts_lately) = (looks_lately + 1.0, carts_lately + 1.0),
                Act::Viewed(_) | Act::Wishlisted(_) | Act::Clicked(_) => looks_lately += 1.0,
                _ => {}
            }
        }
        let days = |at: Timestamp| now.days_since(at).max(0.0);
        Some(Self {
            looks: totals.items.iter().map(|item| f64::from(item.views)).sum(),
            items: totals.items.len() as f64,
            looks_lately,
            carts_lately,
            silent_days: days(newest),
            known_days: days(profile.first_seen),
        })
    }

    /// As logarithms, in the first places of what a regression sees.
    #[must_use]
    pub fn features(&self) -> Features {
        let told = [self.looks, self.items, self.looks_lately, self.carts_lately, self.silent_days, self.known_days];
        let mut features = [0.0; FEATURES];
        features.iter_mut().zip(told).for_each(|(feature, told)| *feature = told.max(0.0).ln_1p());
        Features(features)
    }
}

/// A fact about somebody who looks around, in the order of [`Interest::features`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// How much they looked.
    Looks,
    /// At how many items.
    Items,
    /// How much lately.
    LooksLately,
    /// What they put into the cart lately.
    CartsLately,
    /// How long ago they looked.
    Silence,
    /// How long they have been known.
    Known,
}

impl Sign {
    const ALL: [Self; 6] = [Self::Looks, Self::Items, Self::LooksLately, Self::CartsLately, Self::Silence, Self::Known];
}

impl Leads {
    /// Whether every number is one that chances can be made of.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        is_share(self.trust)
            && is_share(self.base_rate)
            && (0.0..=10.0).contains(&self.spread)
            && self.regression.as_ref().is_none_or(Regression::is_sound)
    }

    /// The chance of a first order within [`LEAD_DAYS`].
    #[must_use]
    pub fn chance(&self, interest: &Interest) -> Ranged {
        let (height, margin) = (self.height(interest), NINETY_FIVE * self.spread);
        Ranged { value: logistic(height), low: logistic(height - margin), high: logistic(height + margin) }
    }

    /// By how much each fact moves the chance from what it were if that one were as usual, greatest first; nothing where nothing was learned.
    #[must_use]
    pub fn drivers(&self, interest: &Interest) -> Vec<(Sign, f64)> {
        let Some(regression) = &self.regression else { return Vec::new() };
        let (height, parts) = (self.height(interest), regression.standardised(&interest.features()));
        let of = |(place, sign): (usize, Sign)| {
            (sign, logistic(height) - logistic(height - self.trust * parts[place] * regression.slopes[place]))
        };
        let mut drivers: Vec<(Sign, f64)> = Sign::ALL.into_iter().enumerate().map(of).collect();
        drivers.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        drivers
    }

    /// Its log odds.
    #[must_use]
    pub fn height(&self, interest: &Interest) -> f64 {
        let usual = logit(self.base_rate);
        let taught = self.regression.as_ref().map_or(usual, |regression| regression.height(&interest.features()));
        (self.trust * taught + (1.0 - self.trust) * usual).clamp(-40.0, 40.0)
    }
}
