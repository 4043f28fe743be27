//! Whether the weeks to come are ones in which more is bought than on average, as last year had it.

use super::{Day, Ledger};

/// Days of a year.
const YEAR: i64 = 365;
/// Days of late, in which a shop that renews itself has newcomers.
const LATELY: i64 = 182;
/// With so large a share of newcomers' first days among the purchase days of late, a shop is taken to renew itself.
const RENEWED: f64 = 0.05;

/// A shop's last year, day by day.
///
/// All purchase days are counted, whoever bought. Where customers come and go, their sum rises and falls with the season. Where nobody new
/// comes, it falls because those who are there grow old, and would be mistaken for a season: so the shift counts as far as the shop
/// renews itself.
pub(super) struct Season {
    today: Day,
    /// By day of the last year, oldest first.
    year: Vec<f64>,
    /// 0 to 1.
    openness: f64,
}

impl Season {
    /// As seen at the end of `today`. A history shorter than a year knows no season.
    pub(super) fn of(ledger: &Ledger, today: Day) -> Self {
        let began = today - YEAR;
        let mut year = Vec::new();
        let (mut newcomers, mut lately) = (0.0, 0.0);
        if ledger.first().is_some_and(|first| first <= began + 1) {
            year = vec![0.0; YEAR as usize];
            for days in ledger.customers() {
                newcomers += f64::from(u8::from(days.first().is_some_and(|(first, _)| *first > today - LATELY && *first <= today)));
                for (day, _) in days.iter().filter(|(day, _)| *day > began && *day <= today) {
                    year[(day - began - 1) as usize] += 1.0;
                    lately += f64::from(u8::from(*day > today - LATELY));
                }
            }
        }
        let openness = (newcomers / f64::max(lately, 1.0) / RENEWED).min(1.0);
        Self { today, year, openness }
    }

    /// ln of how much more is bought on a day after `from`, up to and including `to`, than on the year's average day.
    pub(super) fn shift(&self, from: Day, to: Day) -> f64 {
        if self.year.is_empty() || to <= from {
            return 0.0;
        }
        let of_year = |day: Day| self.year[(day - (self.today - YEAR + 1)).rem_euclid(YEAR) as usize];
        let window = (from + 1..=to).map(of_year).sum::<f64>() / (to - from) as f64;
        let average = self.year.iter().sum::<f64>() / YEAR as f64;
        // A shop that sold nothing for weeks was closed; a tenth of a day's sales keeps the logarithm in bounds.
        self.openness * ((window + 0.1 * average.max(1e-9)) / (1.1 * average.max(1e-9))).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred customers a day in the second half of the year, fifty in the first; `joined` says on which day each came.
    fn shop(joined: impl Fn(Day) -> Day) -> Ledger {
        let days = (0..730i64).flat_map(|day| (0..if day % YEAR < 182 { 5 } else { 10 }).map(move |number| (day, number)));
        Ledger::new(days.map(|(day, _)| vec![(joined(day), 1.0), (day, 1.0)]).collect())
    }

    #[test]
    fn last_years_weeks_tell_of_these() {
        let open = Season::of(&shop(|day| day), 729);
        let (low, high) = (open.shift(729, 729 + 100), open.shift(729 + 200, 729 + 300));
        assert!((low - (5.0f64 / 7.5).ln()).abs() < 0.05 && (high - (10.0f64 / 7.5).ln()).abs() < 0.05, "{low} {high}");
        assert!(open.shift(729, 729 + 365).abs() < 1e-9, "a whole year is average");
    }

    #[test]
    fn a_closed_cohort_and_a_young_shop_have_no_season() {
        assert_eq!(Season::of(&shop(|_| 0), 729).shift(729, 829), 0.0);
        // All came in the year's first months: their coming is no season.
        assert_eq!(Season::of(&shop(|day| 365 + day % 90).until(729), 729).shift(729, 829), 0.0);
        assert_eq!(Season::of(&shop(|day| day).until(300), 300).shift(300, 400), 0.0);
    }
}
