//! What is usual in a shop, robustly: medians and quartiles, so that a few extreme people move nothing.

use super::Params;
use rapport_core::persona::{Evidence, MEASURES, Measure, Personas, Scale, THEMES, Theme, ThemeScale};

/// The interquartile range of a normal distribution, in standard deviations.
const QUARTILES_APART: f64 = 1.349;
/// A spread below this is rounding: the measure tells nobody apart.
const LEAST_SPREAD: f64 = 1e-6;
/// With fewer archetypes' themes that speak, the plain ones speak as well.
const ENOUGH_ARCHETYPES: usize = 2;

/// By measure, and by theme, of people who did enough.
pub(super) fn learn(people: &[&Evidence], params: &Params) -> (Vec<Scale>, Vec<ThemeScale>) {
    let scales: Vec<Scale> = Measure::ALL.into_iter().map(|measure| scale(measure, people, params)).collect();
    let bare = Personas { scales, themes: Vec::new(), personas: Vec::new(), fit: Default::default(), history: Vec::new() };
    let scaled: Vec<[f64; MEASURES]> = people.iter().map(|evidence| bare.scaled(evidence)).collect();
    let tells = |measure: Measure| bare.scales[measure as usize].spread > 0.0;
    let mut themes: Vec<ThemeScale> = Theme::ALL.into_iter().map(|theme| theme_scale(theme, &scaled, tells)).collect();
    let archetypes = rapport_core::persona::Archetype::ALL.len();
    if themes.iter().take(archetypes).filter(|theme| theme.speaks).count() >= ENOUGH_ARCHETYPES {
        // How often and how much somebody buys is on the cards; it must not drown how they do it.
        themes.iter_mut().skip(archetypes).for_each(|theme| theme.speaks = false);
    }
    (bare.scales, themes)
}

fn scale(measure: Measure, people: &[&Evidence], params: &Params) -> Scale {
    let told: Vec<(f64, f64)> = people.iter().map(|evidence| evidence.0[measure as usize]).filter(|(_, whole)| *whole > 0.0).collect();
    let (part, whole) = told.iter().fold((0.0, 0.0), |(part, whole), one| (part + one.0.max(0.0), whole + one.1));
    if told.len() < 2 || (told.len() as f64) < params.told_share * people.len() as f64 || part <= 0.0 {
        return Scale::default();
    }
    let usual = rounded(part / whole);
    let mut logarithms: Vec<f64> = people.iter().filter_map(|evidence| measure.told(evidence, usual)).collect();
    let (median, spread) = middle(&mut logarithms);
    Scale { usual, median, spread }
}

fn theme_scale(theme: Theme, scaled: &[[f64; MEASURES]], tells: impl Fn(Measure) -> bool) -> ThemeScale {
    let mut raw: Vec<f64> = scaled.iter().map(|scaled| theme.raw(scaled)).collect();
    let (median, spread) = middle(&mut raw);
    ThemeScale { median, spread, speaks: spread > 0.0 && theme.can_speak(tells) }
}

/// Median, and interquartile range as a normal's standard deviation; 0 where that is nothing.
fn middle(values: &mut [f64]) -> (f64, f64) {
    values.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() as f64 - 1.0) * share).round().max(0.0) as usize).copied().unwrap_or_default();
    let spread = (at(0.75) - at(0.25)) / QUARTILES_APART;
    (rounded(at(0.5)), if spread > LEAST_SPREAD { rounded(spread) } else { 0.0 })
}

/// Six digits: what is stored is what was fitted with, and no more.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10f64.powi(5 - value.abs().log10().floor() as i32);
    (value * scale).round() / scale
}

/// The places of people, by theme.
pub(super) fn places(people: &[&Evidence], scales: &[Scale], themes: &[ThemeScale]) -> Vec<[f64; THEMES]> {
    let bare =
        Personas { scales: scales.to_vec(), themes: themes.to_vec(), personas: Vec::new(), fit: Default::default(), history: Vec::new() };
    people.iter().map(|evidence| bare.place(evidence)).collect()
}
