//! One profile into another: what was done under an alias becomes its owner's, without a look into the log.

use super::{NeedsRefold, OpenEvent, Profile, Subject};

impl Profile {
    /// Takes in every event that `alias` was folded from, as [`Profile::fold`] would; events that are known already change nothing.
    /// `Ok(false)` when nothing changed.
    ///
    /// It can as long as the window of `alias` holds all of them, which is the rule: most ids are tied to a customer while they are
    /// young.
    ///
    /// # Errors
    /// [`NeedsRefold`] when only a refold is exact; the profile is then untouched.
    pub fn absorb(&mut self, alias: &Self) -> Result<bool, NeedsRefold> {
        if !alias.tells_all() {
            return Err(NeedsRefold::Closed);
        }
        if self.is_outdated {
            return Err(NeedsRefold::Outdated);
        }
        // Of copies the earliest counts, and the alias remembers no other: where that one is erased here, another may count.
        if self.erased_at.is_some_and(|erased_at| alias.open.iter().any(|event| event.position.at <= erased_at)) {
            return Err(NeedsRefold::Erasure);
        }
        let mut fresh: Vec<OpenEvent> = Vec::new();
        for event in &alias.open {
            if !self.knows(event)? {
                fresh.push(event.clone());
            }
        }
        if fresh.is_empty() {
            return Ok(false);
        }
        // Of all tellings under the alias only the newest can matter here, and that is what it keeps.
        for told in &alias.traits {
            self.keep_trait(told.clone());
        }
        for (purpose, told) in &alias.consent {
            self.keep_consent(*purpose, told.clone());
        }
        self.admit(fresh.into_iter());
        Ok(true)
    }

    /// Whether what this profile was folded from, and what another subject would hear in it, can still be told from it.
    fn tells_all(&self) -> bool {
        // A customer holds the events of its own aliases, too, and these are not the next owner's.
        let is_alone = !matches!(self.subject, Subject::Customer(_));
        let is_open = self.totals.events == 0 && self.sealed.is_empty() && self.erased_at.is_none() && !self.is_outdated;
        // A browser may say yes for itself, but not for a customer; who said it the profile no longer tells.
        let may_tell = !matches!(self.subject, Subject::Device(_)) || self.consent.iter().all(|(_, told)| !told.value);
        is_alone && is_open && may_tell
    }
}
