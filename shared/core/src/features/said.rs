//! What the model says of a profile, beside what was counted: the persona, purchases to come, a first order. Each is worked out once,
//! however many rules and readers ask.

use super::Facts;
use crate::{
    persona::{Portrait, Unknown},
    prediction::{Foresight, Interest, Purchases, Ranged},
    time::{DAY_MS, Timestamp},
};
use std::{
    cell::{OnceCell, RefCell},
    sync::Arc,
};

/// By horizon in days, ascending.
type Foresights = Arc<[(u32, Foresight)]>;

/// What was worked out so far.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    portrait: OnceCell<Portrait<'a>>,
    /// By day: nothing of it changes within one.
    foreseen: RefCell<Vec<(i64, Foresights)>>,
}

impl<'a> Facts<'a> {
    /// Which persona they are, as the model has it.
    #[must_use]
    pub fn portrait(&self) -> Portrait<'a> {
        let personas = self.model().and_then(|model| model.meta().personas.as_ref());
        *self.said.portrait.get_or_init(|| personas.map_or(Portrait::Unknown(Unknown::NoPersonas), |personas| personas.of(self)))
    }

    /// What they are expected to buy, by horizon in days, ascending; nothing for who never bought, and before purchases are predicted. It is
    /// the same all day (UTC).
    #[must_use]
    pub fn foreseen(&self, now: Timestamp) -> Foresights {
        let day = now.0.div_euclid(DAY_MS);
        if let Some((_, known)) = self.said.foreseen.borrow().iter().find(|(known, _)| *known == day) {
            return Arc::clone(known);
        }
        let outlook = self.model().and_then(|model| model.meta().outlook.as_ref());
        let foreseen: Foresights = match outlook.zip(Purchases::of_totals(self.totals(), self.currency(), now)) {
            Some((outlook, known)) => outlook.foresee_all(&known).map(|(horizon, told)| (horizon.days, told)).collect(),
            None => Arc::new([]),
        };
        self.said.foreseen.borrow_mut().push((day, Arc::clone(&foreseen)));
        foreseen
    }

    /// The chance of a first order within [`crate::prediction::LEAD_DAYS`]; nothing for who bought or never looked at anything, and before
    /// leads are scored.
    #[must_use]
    pub fn first_order(&self, now: Timestamp) -> Option<Ranged> {
        let leads = self.model()?.meta().leads.as_ref()?;
        Some(leads.chance(&Interest::of_totals(self.profile(), self.totals(), now)?))
    }
}
