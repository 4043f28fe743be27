//! Aliases put together: who stands above an id.

use super::{
    claims::{Claims, OwnedBy},
    word::words,
};
use crate::{
    event::Event,
    profile::{Alias, Position, Subject},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Everything that was ever said about who is who.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ties(BTreeMap<Alias, Claims>);

/// Who owns whom, rings undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(BTreeMap<Alias, OwnedBy>);

impl Ties {
    /// Takes in what `event` says.
    pub fn hear(&mut self, event: &Event) {
        for word in words(event) {
            self.0.entry(word.alias.clone()).or_default().hear(&word);
        }
    }

    /// Takes in what was heard elsewhere about `alias`.
    pub fn join(&mut self, alias: Alias, claims: &Claims) {
        self.0.entry(alias).or_default().join(claims);
    }

    /// What was said about each alias.
    pub fn iter(&self) -> impl Iterator<Item = (&Alias, &Claims)> {
        self.0.iter()
    }

    /// Who owns whom by all that.
    #[must_use]
    pub fn owners(&self) -> Owners {
        let said = self.0.iter().filter_map(|(alias, claims)| Some((alias.clone(), claims.owner(alias)?)));
        let mut owners = Owners(said.collect());
        let customers = owners.0.keys().filter(|alias| matches!(alias, Subject::Customer(_)));
        let undone: Vec<Alias> = customers.filter(|alias| gives_way(&owners.trail(alias))).cloned().collect();
        for alias in undone {
            owners.0.remove(&alias);
        }
        owners
    }
}

impl Owners {
    /// The owner of `alias`.
    #[must_use]
    pub fn of(&self, alias: &Alias) -> Option<&OwnedBy> {
        self.0.get(alias)
    }

    /// Every alias that has an owner.
    pub fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.0.keys()
    }

    /// Everybody above `subject`, nearest first: whatever it did is part of each of them.
    #[must_use]
    pub fn above(&self, subject: &Subject) -> Vec<Subject> {
        self.trail(subject).into_iter().map(|(_, owner)| Subject::Customer(owner.customer)).collect()
    }

    /// The person that `subject` is: the last above it, or itself.
    #[must_use]
    pub fn person(&self, subject: &Subject) -> Subject {
        // Most ids are nobody's, and whole archives are asked.
        if self.of(subject).is_none() {
            return subject.clone();
        }
        self.above(subject).pop().unwrap_or_else(|| subject.clone())
    }

    /// From `subject` upward, each with its owner, until somebody has none or it comes round.
    fn trail(&self, subject: &Subject) -> Vec<(Subject, OwnedBy)> {
        let (mut trail, mut seen, mut next) = (Vec::new(), BTreeSet::new(), subject.clone());
        while let (true, Some(owner)) = (seen.insert(next.clone()), self.0.get(&next)) {
            let alias = std::mem::replace(&mut next, Subject::Customer(owner.customer.clone()));
            trail.push((alias, owner.clone()));
        }
        trail
    }
}

/// Whether the first of `trail` is in a ring of aliases and its word is the one that gives way: the newest claim or, were all of them
/// ruled, the oldest ruling. `trail` leads from it upward, each with its owner, until somebody has none or it comes round.
#[must_use]
pub fn gives_way(trail: &[(Subject, OwnedBy)]) -> bool {
    let (Some((first, _)), Some((_, last))) = (trail.first(), trail.last()) else { return false };
    let is_ring = Subject::Customer(last.customer.clone()) == *first;
    let weakest = trail.iter().max_by_key(|(alias, owner)| (weakness(owner), alias));
    is_ring && weakest.is_some_and(|(alias, _)| alias == first)
}

fn weakness(owner: &OwnedBy) -> (Option<Position>, Reverse<Position>) {
    ((!owner.is_ruled).then_some(owner.since), Reverse(owner.since))
}
