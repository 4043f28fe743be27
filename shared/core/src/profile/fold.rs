//! The fold: new events on top of a stored profile, or all of them from nothing.

use super::{
    OPEN_DAYS, OPEN_EVENTS, OpenEvent, Position, Profile, Subject, Told,
    order::{Straddling, standings},
};
use crate::event::{Action, Event, Purpose};
use compact_str::CompactString;

/// How many sealed copies are remembered. Who seals more within [`OPEN_DAYS`] is refolded for every event below them.
const SEALED_KEPT: usize = 4096;
/// Beyond so many sealed orders the marks stop growing, and any order that is not open asks for a refold.
const ORDER_MARKS_KEPT: usize = 8192;

/// What the names of survey answers begin with among the traits.
const SURVEY: &str = "survey_";
/// How many questions' answers are kept.
const ANSWERS_KEPT: usize = 12;
/// The longest name of a question, in characters.
const LONGEST_QUESTION: usize = 40;
/// The longest answer, in characters: a choice, not an essay.
const LONGEST_ANSWER: usize = 64;

/// The stored profile is not enough to take these events in exactly; [`refold`] from the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsRefold {
    /// An event belongs below the horizon and is no known duplicate.
    BelowHorizon,
    /// A known id came with another time or other content.
    Conflicting,
    /// A statement about an order or a refund that is sealed.
    SealedOrder,
    /// The subject asked to be forgotten, or has asked and this is older. What they asked by an id that turns out to be somebody else's bars
    /// nothing any longer, and only the log tells.
    Erasure,
    /// An older release sealed what this one counts more of.
    Outdated,
    /// Another profile that is to be absorbed no longer tells all that it was folded from.
    Closed,
}

/// The profile of `subject` from all its events, in any order, with any duplicates: the definition of a profile.
#[must_use]
pub fn refold(subject: Subject, events: &[Event]) -> Profile {
    let mut profile = Profile::new(subject);
    profile.erased_at = events.iter().filter(|event| matches!(event.action, Action::Erased)).map(|event| event.at).max();
    let admissible = events.iter().filter(|event| event.traffic.is_human() && !profile.bars(event));
    let mut copies: Vec<(OpenEvent, &Event)> = admissible.map(|event| (OpenEvent::of(event), event)).collect();
    copies.sort_unstable_by_key(|(open, _)| (open.position.id, open.position.at, open.fingerprint));
    // Of copies the smallest (time, fingerprint) wins; `dedup_by` hands the later one first and keeps the earlier.
    copies.dedup_by(|(copy, _), (kept, _)| copy.copy_mark().is_copy_of(&kept.copy_mark()));
    profile.take(copies);
    profile
}

impl Profile {
    /// Takes `events` in, in any order, with any duplicates. `Ok(false)` when they changed nothing.
    ///
    /// # Errors
    /// [`NeedsRefold`] when only a refold is exact; the profile is then untouched.
    pub fn fold(&mut self, events: &[Event]) -> Result<bool, NeedsRefold> {
        let told: Vec<&Event> = events.iter().filter(|event| event.traffic.is_human()).collect();
        if told.iter().any(|event| matches!(event.action, Action::Erased) || self.bars(event)) {
            return Err(NeedsRefold::Erasure);
        }
        if self.is_outdated && !told.is_empty() {
            return Err(NeedsRefold::Outdated);
        }
        let mut fresh: Vec<(OpenEvent, &Event)> = Vec::with_capacity(told.len());
        for event in told {
            let open = OpenEvent::of(event);
            if !self.knows(&open)? {
                fresh.push((open, event));
            }
        }
        fresh.sort_unstable_by_key(|(open, _)| (open.position.id, open.position.at, open.fingerprint));
        if fresh.windows(2).any(|pair| pair[0].0.position.id == pair[1].0.position.id && pair[0].0 != pair[1].0) {
            return Err(NeedsRefold::Conflicting);
        }
        fresh.dedup_by_key(|(open, _)| open.position.id);
        let changed = !fresh.is_empty();
        self.take(fresh);
        Ok(changed)
    }

    /// Whether an erasure keeps the event out.
    fn bars(&self, event: &Event) -> bool {
        self.erased_at.is_some_and(|erased_at| event.at <= erased_at)
    }

    /// Whether `event` was taken in before.
    pub(super) fn knows(&self, event: &OpenEvent) -> Result<bool, NeedsRefold> {
        let mark = event.copy_mark();
        let open = self.open.iter().filter(|known| known.position.id == mark.position.id).map(OpenEvent::copy_mark);
        let sealed = self.sealed.iter().filter(|known| known.position.id == mark.position.id).copied();
        if let Some(known) = open.chain(sealed).find(|known| known.is_copy_of(&mark)) {
            return if known == mark { Ok(true) } else { Err(NeedsRefold::Conflicting) };
        }
        let forgotten = self.sealed.len() >= SEALED_KEPT
            && self.sealed.first().is_some_and(|first| first.position.at >= event.position.at.plus_days(-OPEN_DAYS));
        if event.position <= self.horizon || forgotten {
            return Err(NeedsRefold::BelowHorizon);
        }
        if event.act.line().is_some_and(|line| self.may_be_sealed(line)) { Err(NeedsRefold::SealedOrder) } else { Ok(false) }
    }

    /// Whether some line of this order or refund may be sealed already.
    fn may_be_sealed(&self, line: &super::Line) -> bool {
        let is_open = || self.open.iter().any(|open| open.act.line().is_some_and(|known| known.group == line.group));
        let straddles = || self.straddling.iter().any(|known| known.group == line.group);
        self.sealed_orders.binary_search(&line.order_mark()).is_ok()
            || self.sealed_orders.len() >= ORDER_MARKS_KEPT && (straddles() || !is_open())
    }

    /// Takes in events that are known to be new, then seals what sank below the horizon.
    fn take(&mut self, fresh: Vec<(OpenEvent, &Event)>) {
        for (open, event) in &fresh {
            self.hear(open.position, event);
        }
        self.admit(fresh.into_iter().map(|(open, _)| open));
    }

    /// Opens the window for events that are known to be new and were heard, then seals what sank below the horizon.
    pub(super) fn admit(&mut self, fresh: impl Iterator<Item = OpenEvent>) {
        let mut last_seen = self.has_acted().then_some(self.last_seen);
        for open in fresh {
            self.first_seen = self.first_seen.min(open.position.at);
            if !open.act.is_delivery() {
                last_seen = last_seen.max(Some(open.position.at));
            }
            self.open.push(open);
        }
        match last_seen {
            Some(last_seen) => self.last_seen = last_seen,
            None if self.open.is_empty() => {}
            None => self.last_seen = self.first_seen,
        }
        self.open.sort_unstable_by_key(|event| event.position);
        self.seal();
    }

    /// Remembers what the event tells about the person, where nothing newer is known.
    fn hear(&mut self, at: Position, event: &Event) {
        match &event.action {
            Action::Identified { traits } => {
                for (name, value) in traits {
                    self.keep_trait(Told { name: name.clone(), value: value.clone(), at });
                }
            }
            Action::Surveyed { question, answer } => {
                if let Some(name) = survey_trait(question) {
                    self.keep_trait(Told { name, value: answer.chars().take(LONGEST_ANSWER).collect(), at });
                }
            }
            // A browser speaks for itself, and may always say no; it cannot say yes for a customer.
            Action::Consented(consent)
                if event.authority.is_trusted() || !consent.granted || matches!(self.subject, Subject::Device(_)) =>
            {
                self.keep_consent(consent.purpose, Told { name: consent.basis.clone(), value: consent.granted, at });
            }
            _ => {}
        }
    }

    pub(super) fn keep_trait(&mut self, told: Told<CompactString>) {
        match self.traits.binary_search_by(|known| known.name.cmp(&told.name)) {
            Ok(index) if self.traits[index].at < told.at => self.traits[index] = told,
            Ok(_) => {}
            Err(index) => self.traits.insert(index, told),
        }
        self.forget_answers();
    }

    /// Keeps the answers to the first [`ANSWERS_KEPT`] questions by name: which they are depends on nothing but the set of questions.
    fn forget_answers(&mut self) {
        let is_answer = |told: &Told<CompactString>| told.name.starts_with(SURVEY);
        if self.traits.iter().filter(|told| is_answer(told)).count() > ANSWERS_KEPT
            && let Some(last) = self.traits.iter().rposition(is_answer)
        {
            self.traits.remove(last);
        }
    }

    pub(super) fn keep_consent(&mut self, purpose: Purpose, told: Told<bool>) {
        match self.consent.binary_search_by_key(&purpose, |(purpose, _)| *purpose) {
            Ok(index) if self.consent[index].1.at < told.at => self.consent[index].1 = told,
            Ok(_) => {}
            Err(index) => self.consent.insert(index, (purpose, told)),
        }
    }

    /// Raises the horizon to where the newest events put it, and adds what sank below to the totals, lowest first.
    fn seal(&mut self) {
        let Some(newest) = self.open.last() else { return };
        let aged = Position { at: newest.position.at.plus_days(-OPEN_DAYS), id: u64::MAX };
        let crowded = self.open.len().checked_sub(OPEN_EVENTS + 1).map_or(Position::LOWEST, |index| self.open[index].position);
        self.horizon = self.horizon.max(aged).max(crowded);

        let mut standings = standings(&self.open, &self.straddling);
        let sinking = self.open.partition_point(|event| event.position <= self.horizon);
        let sunk: Vec<OpenEvent> = self.open.drain(..sinking).collect();
        for event in &sunk {
            self.totals.add(event, &mut standings);
            if let Some(line) = event.act.line() {
                self.mark_sealed(line.order_mark());
            }
        }
        self.sealed.extend(sunk.iter().map(OpenEvent::copy_mark));
        let forgotten = self.horizon.at.plus_days(-OPEN_DAYS);
        let stale = self.sealed.partition_point(|mark| mark.position.at < forgotten).max(self.sealed.len().saturating_sub(SEALED_KEPT));
        self.sealed.drain(..stale);
        self.straddling = self.still_straddling(standings, &sunk);
    }

    fn mark_sealed(&mut self, mark: u32) {
        if let Err(index) = self.sealed_orders.binary_search(&mark)
            && self.sealed_orders.len() < ORDER_MARKS_KEPT
        {
            self.sealed_orders.insert(index, mark);
        }
    }

    /// Of all standings, those with a line on either side of the horizon, by group.
    fn still_straddling(&self, standings: Vec<Straddling>, sunk: &[OpenEvent]) -> Vec<Straddling> {
        let has = |events: &[OpenEvent], group: u64| events.iter().any(|event| event.act.line().is_some_and(|line| line.group == group));
        let mut straddling: Vec<Straddling> = standings
            .into_iter()
            .filter(|standing| has(&self.open, standing.group))
            .filter(|standing| self.straddling.iter().any(|known| known.group == standing.group) || has(sunk, standing.group))
            .collect();
        straddling.sort_unstable_by_key(|standing| standing.group);
        straddling
    }
}

/// The trait that a question's answer becomes: `survey_` and the question in small letters, digits and `_`. `None` where nothing is left of
/// the question, and where it asks for what nobody is to be sorted by.
fn survey_trait(question: &str) -> Option<CompactString> {
    let words = question.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let name: CompactString = words.join("_").chars().take(LONGEST_QUESTION).collect();
    let is_protected = crate::source::is_protected(&words.concat()) || words.iter().any(|word| crate::source::is_protected(word));
    (!name.is_empty() && !is_protected).then(|| compact_str::format_compact!("{SURVEY}{name}"))
}
