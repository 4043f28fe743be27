//! One run: senders send, queues deliver, handlers work and die, until all is quiet.

use crate::{
    apps::{Apps, Ground},
    dice::Dice,
    doors,
    rates::Rates,
    sends::{Door, Plan, START, Send},
    stage::{Act, Stage},
    stores::{Exposed, InboxEnd, KeyStore},
    weather::{Line, State, Weather},
};
use rapport_core::{
    source::ConsentMode,
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use rapport_io::memory::{MemoryObjects, MemoryRecords};
use rapport_lambda::{Job, Message};
use std::{collections::BTreeMap, sync::Arc};

/// How often a sender tries before it gives up.
const TRIES: u32 = 4;
/// How long a handler may take.
const TIMEOUT_MS: i64 = 2 * MINUTE_MS;
/// Handlers of one queue at a time: a stack has two, and one or two more while a release takes over.
const HANDLERS: usize = 3;
const HANDLERS_IN_A_CROWD: usize = 4;
/// Messages handed to one handler at most.
const MOST_MESSAGES: usize = 8;
const MOST_MESSAGES_IN_A_CROWD: usize = 2;
/// Nothing takes so many steps; a run that does is stuck.
const MOST_STEPS: u64 = 3_000_000;

/// What an act came to.
#[derive(Debug)]
enum End {
    Sent(bool),
    Handled(Vec<String>),
    Job(Result<(), String>),
}

/// What an act does.
#[derive(Clone, Debug)]
enum Doing {
    Sending(usize),
    Batch(Line, Vec<String>),
    Chore(Chore),
}

/// What happens by the clock.
#[derive(Clone, Copy, Debug)]
enum Chore {
    Refold,
    Segments,
    Archive,
    /// An operator sends the dead letters again.
    Redrive,
}

/// How far a send is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fortune {
    tries: u32,
    pub(crate) acknowledged: bool,
    resent: bool,
}

/// A run.
pub(crate) struct World {
    pub(crate) weather: Arc<Weather>,
    pub(crate) objects: Arc<MemoryObjects>,
    pub(crate) records: Arc<MemoryRecords>,
    pub(crate) fortunes: Vec<Fortune>,
    ground: Ground,
    apps: Arc<Apps>,
    stage: Stage<End>,
    doing: BTreeMap<u64, Doing>,
    plan: Vec<Send>,
    /// When which send is tried next.
    agenda: BTreeMap<(Timestamp, usize), ()>,
    /// What is done by the clock: when next, and how often, in milliseconds.
    chores: [(Chore, Timestamp, i64); 4],
    /// Whether the newest archiving came to its end.
    is_archived: bool,
    /// Handlers of one queue, and messages for one of them, at most.
    at_once: (usize, usize),
    pub(crate) steps: u64,
}

impl World {
    pub(crate) fn new(mut dice: Dice, rates: Rates, Plan { sends: plan, is_crowd }: Plan, consent: ConsentMode, told: bool) -> Self {
        let hours = |dice: &mut Dice, low, high| dice.between(low, high) * 60 * MINUTE_MS;
        let (refold, redrive) = (hours(&mut dice, 1, 24), hours(&mut dice, 12, 150));
        // In a crowd everything happens at once, also what is done by the clock.
        let archive = if is_crowd { refold * (24 * 60 * MINUTE_MS / refold).max(1) } else { hours(&mut dice, 20, 90) };
        // Every minute on AWS; here so that a month stays short.
        let segments = hours(&mut dice, 1, 12);
        let weather = Arc::new(Weather::new(START, dice, rates, told));
        let (objects, records) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryRecords::default()));
        let ground = Ground {
            objects: Arc::new(Exposed::new(Arc::clone(&objects), Arc::clone(&weather))),
            records: Arc::new(Exposed::new(Arc::clone(&records), Arc::clone(&weather))),
            inbox: Arc::new(InboxEnd(Arc::clone(&weather))),
            secrets: Arc::new(KeyStore { document: crate::apps::KEYS.to_owned(), weather: Arc::clone(&weather) }),
            consent,
        };
        Self {
            apps: Arc::new(Apps::over(&ground)),
            ground,
            weather,
            objects,
            records,
            fortunes: vec![Fortune::default(); plan.len()],
            stage: Stage::default(),
            doing: BTreeMap::new(),
            agenda: plan.iter().enumerate().map(|(place, send)| ((send.at, place), ())).collect(),
            plan,
            chores: [(Chore::Refold, refold), (Chore::Segments, segments), (Chore::Archive, archive), (Chore::Redrive, redrive)]
                .map(|(chore, every)| (chore, START.plus_ms(every), every)),
            is_archived: true,
            at_once: if is_crowd { (HANDLERS_IN_A_CROWD, MOST_MESSAGES_IN_A_CROWD) } else { (HANDLERS, MOST_MESSAGES) },
            steps: 0,
        }
    }

    /// Everything is sent and, bad weather past, everything delivered.
    ///
    /// # Errors
    /// What is still not quiet, when it should be.
    pub(crate) async fn run(&mut self) -> Result<(), String> {
        while !self.agenda.is_empty() || self.stage.len() > 0 {
            self.step()?;
            tokio::task::yield_now().await;
        }
        self.weather.state().rates = Rates::CALM;
        self.weather.tell("the weather clears");
        self.ask_again();
        loop {
            let quiet = {
                let mut state = self.weather.state();
                let now = state.now;
                state.inbox.redrive(now);
                state.folds.redrive(now);
                state.inbox.is_empty() && state.folds.is_empty()
            };
            if quiet && self.agenda.is_empty() && self.stage.len() == 0 {
                break;
            }
            self.step()?;
            tokio::task::yield_now().await;
        }
        let now = self.weather.state().now;
        // What a night left half done the next one does: it may have recorded whose an alias is, and not have asked for the refold yet.
        if !self.is_archived {
            train::archive(&self.apps.train, now).await.map_err(|error| format!("the last archiving failed: {error}"))?;
        }
        profile::run(&self.apps.profile, Job::Refold, now).await.map_err(|error| format!("the last refold failed: {error}"))?;
        Ok(())
    }

    /// Whoever asked to be forgotten asks until somebody says yes.
    fn ask_again(&mut self) {
        let now = self.weather.state().now;
        let unheard =
            (0..self.plan.len()).filter(|place| !self.fortunes[*place].acknowledged && matches!(self.plan[*place].door, Door::Erase(_)));
        self.agenda.extend(unheard.map(|place| ((now, place), ())));
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Err("the run does not come to rest".to_owned());
        }
        self.pass_time();
        let (now, begins, dies, choice) = {
            let mut state = self.weather.state();
            let crash = state.rates.crash;
            (state.now, state.dice.happens(250), state.dice.happens(crash), state.dice.below(usize::MAX))
        };
        let ready = self.stage.ready();
        if (begins || ready.is_empty()) && self.begin(now) {
            return Ok(());
        }
        if let Some(place) = ready.get(choice % ready.len().max(1)) {
            if dies {
                let number = self.stage.kill(*place);
                self.died(number, "dies");
            } else {
                self.play(*place)?;
            }
        } else if self.stage.len() == 0 {
            self.wait(now);
        }
        Ok(())
    }

    fn pass_time(&mut self) {
        let now = {
            let mut state = self.weather.state();
            let slow = state.rates.slow;
            if self.stage.len() > 0 && state.dice.happens(slow) {
                let ms = state.dice.between(1, 20_000);
                state.now = state.now.plus_ms(ms);
            }
            state.now
        };
        for number in self.stage.time_out(now.0) {
            self.died(number, "takes too long");
        }
    }

    /// Nothing can be done at `now`: on to when something can.
    fn wait(&mut self, now: Timestamp) {
        let mut state = self.weather.state();
        let next_send = self.agenda.keys().next().map(|(at, _)| *at);
        let next = [next_send, state.inbox.next(), state.folds.next()].into_iter().flatten().min();
        let chores = self.chores.iter().map(|(_, at, _)| *at).min();
        state.now = next.into_iter().chain(chores).min().unwrap_or(now).max(now.plus_ms(1));
    }

    /// Begins something that is due; false when nothing is.
    fn begin(&mut self, now: Timestamp) -> bool {
        if let Some((chore, at, every)) = self.chores.iter_mut().find(|(_, at, _)| *at <= now) {
            *at = now.plus_ms(*every);
            let chore = *chore;
            self.begin_chore(chore, now);
            return true;
        }
        let turn = self.weather.state().dice.below(3);
        (0..3).any(|offset| match (turn + offset) % 3 {
            0 => self.begin_send(now),
            1 => self.begin_batch(Line::Inbox, now),
            _ => self.begin_batch(Line::Folds, now),
        })
    }

    fn begin_send(&mut self, now: Timestamp) -> bool {
        let Some((at, place)) = self.agenda.keys().next().copied().filter(|(at, _)| *at <= now) else { return false };
        self.agenda.remove(&(at, place));
        self.fortunes[place].tries += 1;
        let attempt = self.stage.next_number();
        let told = format!("sends {place} by {}: {}", self.plan[place].door, self.plan[place].body_at(now));
        self.weather.state().story.add(now, attempt, &told);
        let (apps, weather, send) = (Arc::clone(&self.apps), Arc::clone(&self.weather), self.plan[place].clone());
        self.start(Doing::Sending(place), Box::pin(async move { End::Sent(doors::attempt(apps, weather, send, attempt, now).await) }));
        true
    }

    fn begin_batch(&mut self, line: Line, now: Timestamp) -> bool {
        let working = self.doing.values().filter(|doing| matches!(doing, Doing::Batch(at, _) if *at == line)).count();
        let (handlers, messages) = self.at_once;
        if working >= handlers {
            return false;
        }
        let batch: Vec<Message> = {
            let mut state = self.weather.state();
            let most = 1 + state.dice.below(messages);
            let State { dice, rates, inbox, folds, .. } = &mut *state;
            let post = if line == Line::Inbox { inbox } else { folds };
            post.receive(most, rates.twice, now, dice)
        };
        if batch.is_empty() {
            return false;
        }
        let apps = Arc::clone(&self.apps);
        let ids = batch.iter().map(|message| message.id.clone()).collect();
        let act: Act<End> = match line {
            Line::Inbox => Box::pin(async move { End::Handled(ingest::handle(&apps.ingest, batch, now).await) }),
            Line::Folds => Box::pin(async move { End::Handled(profile::handle(&apps.profile, batch, now).await) }),
        };
        self.start(Doing::Batch(line, ids), act);
        true
    }

    fn begin_chore(&mut self, chore: Chore, now: Timestamp) {
        let apps = Arc::clone(&self.apps);
        let act: Act<End> = match chore {
            Chore::Refold => Box::pin(async move {
                End::Job(profile::run(&apps.profile, Job::Refold, now).await.map(drop).map_err(|error| error.to_string()))
            }),
            Chore::Segments => Box::pin(async move {
                End::Job(profile::run(&apps.profile, Job::Segments, now).await.map(drop).map_err(|error| error.to_string()))
            }),
            Chore::Archive => {
                self.is_archived = false;
                Box::pin(async move { End::Job(train::archive(&apps.train, now).await.map(drop).map_err(|error| error.to_string())) })
            }
            Chore::Redrive => {
                let mut state = self.weather.state();
                let count = state.inbox.redrive(now) + state.folds.redrive(now);
                state.story.add(now, 0, &format!("{count} dead letters are sent again"));
                return;
            }
        };
        self.start(Doing::Chore(chore), act);
    }

    fn start(&mut self, doing: Doing, act: Act<End>) {
        let (number, now) = (self.stage.next_number(), self.weather.state().now);
        match &doing {
            Doing::Sending(_) => {}
            Doing::Batch(line, ids) => self.weather.state().story.add(now, number, &format!("handles {} of {line:?}", ids.join(" "))),
            Doing::Chore(chore) => self.weather.state().story.add(now, number, &format!("does {chore:?}")),
        }
        self.doing.insert(number, doing);
        self.stage.begin(act, now.0 + TIMEOUT_MS);
    }

    fn play(&mut self, place: usize) -> Result<(), String> {
        self.weather.state().actor = self.stage.number(place);
        let ended = self.stage.poll(place);
        self.weather.state().actor = 0;
        let Some((number, end)) = ended else { return Ok(()) };
        let Some(doing) = self.doing.remove(&number) else { return Ok(()) };
        let now = self.weather.state().now;
        let told = match &end {
            End::Sent(acknowledged) => format!("is told {}", if *acknowledged { "yes" } else { "no" }),
            End::Handled(failed) => format!("is through; failed: {failed:?}"),
            End::Job(done) => format!("is through: {done:?}"),
        };
        self.weather.state().story.add(now, number, &told);
        match (doing, end) {
            (Doing::Sending(send), End::Sent(true)) => self.acknowledged(send, number, now)?,
            (Doing::Sending(send), _) => self.unsure(send, now),
            (Doing::Batch(line, ids), End::Handled(failed)) => self.settle(line, &ids, &failed, now),
            (Doing::Chore(Chore::Archive), End::Job(done)) => self.is_archived = done.is_ok(),
            _ => {}
        }
        Ok(())
    }

    /// A sender was told yes.
    ///
    /// # Errors
    /// When it was not true.
    fn acknowledged(&mut self, place: usize, number: u64, now: Timestamp) -> Result<(), String> {
        let queued = !matches!(self.plan[place].door, Door::File(_) | Door::Erase(_) | Door::Rule(..));
        if queued && !self.weather.state().heard.contains(&number) {
            return Err(format!("send {place} was acknowledged and is in no queue"));
        }
        let fortune = &mut self.fortunes[place];
        fortune.acknowledged = true;
        let mut state = self.weather.state();
        let resend = state.rates.resend;
        if !fortune.resent && state.dice.happens(resend) {
            fortune.resent = true;
            let later = now.plus_ms(state.dice.between(0, DAY_MS));
            self.agenda.insert((later, place), ());
        }
        Ok(())
    }

    /// A sender was told no, or nothing.
    fn unsure(&mut self, place: usize, now: Timestamp) {
        let fortune = self.fortunes[place];
        if fortune.tries < TRIES && !fortune.acknowledged {
            let later = now.plus_ms(self.weather.state().dice.between(500, 12 * 60 * MINUTE_MS));
            self.agenda.insert((later, place), ());
        }
    }

    fn settle(&self, line: Line, ids: &[String], failed: &[String], now: Timestamp) {
        let mut state = self.weather.state();
        let State { dice, rates, inbox, folds, .. } = &mut *state;
        let post = if line == Line::Inbox { inbox } else { folds };
        for id in ids {
            if failed.contains(id) {
                post.show(id, now.plus_ms(dice.between(0, 5 * MINUTE_MS)));
            } else if dice.happens(rates.undeleted) {
                post.show(id, now.plus_ms(dice.between(0, 2 * DAY_MS)));
            } else {
                post.delete(id);
            }
        }
    }

    /// The process is gone; the next one starts cold.
    fn died(&mut self, number: u64, how: &str) {
        let (now, doing) = (self.weather.state().now, self.doing.remove(&number));
        {
            let mut state = self.weather.state();
            state.faults += 1;
            state.story.add(now, number, &format!("{how}: {doing:?}"));
        }
        self.apps = Arc::new(Apps::over(&self.ground));
        if let Some(Doing::Sending(place)) = doing {
            self.unsure(place, now);
        }
    }
}
