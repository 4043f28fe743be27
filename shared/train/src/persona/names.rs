//! What personas are called: an archetype's name where its signature is strong and clear, plain words otherwise.

use super::Params;
use rapport_core::persona::{Archetype, Cloud, Persona, Theme};
use std::collections::BTreeSet;

/// Who is like everybody.
const PLAIN: &str = "Everyday shoppers";

/// The archetype that the cloud shows: its theme is far out, and clearly further than the other archetypes'.
pub(super) fn archetype(cloud: &Cloud, params: &Params) -> Option<Archetype> {
    let mut shown: Vec<(f64, Archetype)> = cloud.centre.iter().copied().zip(Archetype::ALL).collect();
    shown.sort_by(|a, b| b.0.total_cmp(&a.0));
    let [(first, archetype), (second, _), ..] = shown[..] else { return None };
    (first >= params.shown && first - second >= params.clear).then_some(archetype)
}

/// A name; [`distinct`] makes equal ones differ.
pub(super) fn name(archetype: Option<Archetype>, cloud: &Cloud, params: &Params) -> String {
    if let Some(archetype) = archetype {
        return archetype.name().to_owned();
    }
    let mut words: Vec<(f64, &str)> =
        Theme::ALL.into_iter().zip(&cloud.centre).filter_map(|(theme, place)| Some((place.abs(), word(theme, *place > 0.0)?))).collect();
    words.retain(|(strength, _)| *strength >= params.worth_a_word);
    words.sort_by(|a, b| b.0.total_cmp(&a.0));
    let words: Vec<&str> = words.into_iter().take(2).map(|(_, word)| word).collect();
    if words.is_empty() { PLAIN.to_owned() } else { capitalised(&words.join(", ")) }
}

/// Of personas that are called by the same words, in whatever order, the largest keeps its name; to the others' comes what tells them from it,
/// or which they are. A shop's only one is told from nobody.
pub(super) fn distinct(personas: &mut [Persona], params: &Params) {
    if let [only] = personas {
        (only.name, only.archetype) = (PLAIN.to_owned(), None);
    }
    for place in 1..personas.len() {
        let (before, rest) = personas.split_at_mut(place);
        let Some(persona) = rest.first_mut() else { return };
        let twin = |name: &str| before.iter().find(|other| words_of(&other.name) == words_of(name));
        if let Some(twin) = twin(&persona.name) {
            persona.name = told_apart(persona, twin, params);
        }
        if twin(&persona.name).is_some() {
            persona.name = format!("{} ({})", persona.name, persona.id);
        }
    }
}

/// The name of `persona` with the word for what lies furthest between it and `twin`, where anything does. The word holds beside the shop's usual,
/// too: who orders often is not called occasional because the twin orders oftener.
fn told_apart(persona: &Persona, twin: &Persona, params: &Params) -> String {
    let said = words_of(&persona.name);
    let apart = Theme::ALL.into_iter().zip(persona.cloud.centre.iter().zip(&twin.cloud.centre));
    let apart = apart.filter(|(_, (own, other))| (*own > *other) == (**own > 0.0) && (*own - *other).abs() >= params.worth_a_word);
    let words = apart.filter_map(|(theme, (own, other))| Some(((own - other).abs(), word(theme, *own > 0.0)?)));
    let news = words.filter(|(_, word)| !said.contains(&word.to_lowercase())).max_by(|a, b| a.0.total_cmp(&b.0));
    news.map_or_else(|| persona.name.clone(), |(_, word)| format!("{}, {word}", persona.name))
}

fn words_of(name: &str) -> BTreeSet<String> {
    name.split(", ").map(str::to_lowercase).collect()
}

/// A theme in a word or two, much of it or little; `None` where that is nothing to be called by.
const fn word(theme: Theme, much: bool) -> Option<&'static str> {
    Some(match (theme, much) {
        (Theme::Discounts, true) => "bargain-minded",
        (Theme::Discounts, false) => "full-price buyers",
        (Theme::Brand, true) => "brand-minded",
        (Theme::Values, true) => "careful choosers",
        (Theme::Impulse, true) => "quick deciders",
        (Theme::Impulse, false) => "slow deciders",
        (Theme::Research, true) => "readers",
        (Theme::Often, true) => "frequent",
        (Theme::Often, false) => "occasional",
        (Theme::Basket, true) => "big baskets",
        (Theme::Basket, false) => "small baskets",
        (Theme::Spend, true) => "high spenders",
        (Theme::Spend, false) => "small orders",
        (Theme::Bulk, true) => "bulk buyers",
        (Theme::Bulk, false) => "single pieces",
        (Theme::Again, true) => "buy the same again",
        (Theme::Again, false) => "always something new",
        (Theme::Christmas, true) => "Christmas shoppers",
        (Theme::Brand | Theme::Values | Theme::Research | Theme::Christmas, false) => return None,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
