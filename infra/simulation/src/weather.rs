//! What surrounds the stores: time, chance, faults, and the record of what was accepted.

use crate::{dice::Dice, doors::Direct, past::Past, post::Post, rates::Rates, story::Story};
use rapport_core::{profile::Subject, time::Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// What becomes of one store call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done and answered.
    Fine,
    /// It is not done.
    Refused,
    /// It is done, and the answer says that it is not.
    LostAnswer,
    /// It is done, and the answer says that somebody else was first.
    OwnConflict,
}

/// The two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Inbox,
    Folds,
}

/// Everything that a run changes outside the stores themselves. One thread, so the lock is never waited for.
#[derive(Debug)]
pub(crate) struct Weather(Mutex<State>);

/// The state under the lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) dice: Dice,
    pub(crate) rates: Rates,
    pub(crate) story: Story,
    /// Who makes the calls just now; 0 for nobody in particular.
    pub(crate) actor: u64,
    /// Whether every call lets others go first, once; else chance says.
    pub(crate) in_step: bool,
    /// Whose reads that need not be the newest show every row as it was earliest.
    pub(crate) behind: BTreeSet<u64>,
    pub(crate) inbox: Post,
    pub(crate) folds: Post,
    /// Bodies that the inbox has taken, whatever their senders were told, with how often.
    pub(crate) accepted: BTreeMap<String, u64>,
    /// Who sent something that the inbox took.
    pub(crate) heard: BTreeSet<u64>,
    /// What was to be written to the log without a queue.
    pub(crate) direct: Vec<Direct>,
    /// The log objects that were ever written, whatever their writers were told.
    pub(crate) logged: BTreeSet<String>,
    /// Whose contacts were erased, up to when.
    pub(crate) forgotten: BTreeSet<(Subject, Timestamp)>,
    pub(crate) faults: u64,
    /// What rows were before.
    pub(crate) past: Past,
}

impl Weather {
    pub(crate) fn new(now: Timestamp, dice: Dice, rates: Rates, told: bool) -> Self {
        Self(Mutex::new(State {
            now,
            dice,
            rates,
            story: Story::new(told),
            actor: 0,
            in_step: false,
            behind: BTreeSet::new(),
            inbox: Post::default(),
            folds: Post::default(),
            accepted: BTreeMap::new(),
            heard: BTreeSet::new(),
            direct: Vec::new(),
            logged: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            faults: 0,
            past: Past::default(),
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others go first, some of the time, then says what becomes of the call.
    pub(crate) async fn call(&self, writes: bool, conditional: bool) -> Fate {
        let turns = {
            let mut state = self.state();
            match () {
                () if state.in_step => 1,
                () if state.rates == Rates::CALM => 0,
                () => state.dice.below(3),
            }
        };
        self.turns(turns).await;
        let mut state = self.state();
        let State { dice, rates, .. } = &mut *state;
        let fate = if dice.happens(rates.refused) {
            Fate::Refused
        } else if writes && dice.happens(rates.lost_answer) {
            Fate::LostAnswer
        } else if conditional && dice.happens(rates.own_conflict) {
            Fate::OwnConflict
        } else {
            Fate::Fine
        };
        state.faults += u64::from(fate != Fate::Fine);
        fate
    }

    /// Lets others run between a write and its answer.
    pub(crate) async fn answered(&self) {
        let turn = {
            let mut state = self.state();
            state.rates != Rates::CALM && state.dice.happens(400)
        };
        self.turns(usize::from(turn)).await;
    }

    async fn turns(&self, count: usize) {
        for _ in 0..count {
            Turn(false).await;
        }
    }

    pub(crate) fn tell(&self, line: &str) {
        let mut state = self.state();
        let (now, actor) = (state.now, state.actor);
        state.story.add(now, actor, line);
    }
}

impl State {
    /// Sends `body` to `line`, to be seen now, later, or once an operator has looked.
    pub(crate) fn send(&mut self, line: Line, body: String) {
        let (is_lost, visible) = (self.dice.happens(self.rates.dead), self.arrival());
        let post = match line {
            Line::Inbox => &mut self.inbox,
            Line::Folds => &mut self.folds,
        };
        if is_lost { post.lose(body, self.now) } else { post.send(body, visible) }
    }

    /// When something that is sent now can be seen.
    fn arrival(&mut self) -> Timestamp {
        let late = self.dice.happens(self.rates.delay);
        self.now.plus_ms(if late { self.dice.between(1_000, 3_600_000) } else { 0 })
    }
}

/// Pending once.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
