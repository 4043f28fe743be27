//! Everybody, from log and archive, with all that the live model says of each: for lists and exports of a whole shop.
//!
//! No table of it is kept: who is asked about alone is answered from their profile when somebody looks. A whole shop is folded in parts, each
//! of some people with their whole histories. A part's lines are picked by whom they name before any is read, and folded on all cores; so
//! memory follows the size of a part and not that of the shop.

use crate::{App, TrainError};
use bytes::Bytes;
use foldhash::fast::FixedState;
use rapport_archive::{ArchiveError, Named, count, lines_of};
use rapport_core::{
    assignment::Assignment,
    event::{Event, decode_line, encode_line},
    features::{Basis, CutOffs, Facts},
    id::{ContactHash, CustomerId, DeviceId},
    identity::{Owners, Ties},
    model::Model,
    profile::{Subject, refold, subjects},
    segment::{Segments, Standing},
    time::Timestamp,
};
use std::{
    collections::{HashMap, VecDeque},
    hash::BuildHasher,
    sync::Arc,
    thread,
};
use tokio::task::JoinHandle;

/// So many events make a part: some 0.7 GB with all that belongs to it.
const EVENTS_A_PART: u64 = 3_000_000;

/// Somebody, and what is said of them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// What a customer, or a guest known by the keyed hash of an address or a phone number, did and told; nobody's whom another id owns.
    pub facts: &'a Facts<'a>,
    /// What follows from it; nothing of who keeps to themselves.
    pub said: Option<&'a Assignment<'a>>,
}

/// Tells `row` of everybody in log and archive, on as many threads as there are cores, and hands on what it makes of them: a part of the
/// people at a time, in an order that means nothing but is always the same.
///
/// # Errors
/// [`TrainError`] when a store does not answer, or a file cannot be read.
pub async fn people<T: Send + 'static>(
    app: &App,
    now: Timestamp,
    row: impl Fn(&Person<'_>) -> T + Clone + Send + Sync + 'static,
    mut take: impl FnMut(Vec<T>),
) -> Result<(), TrainError> {
    let shop = Arc::new(Shop::open(app).await?);
    let events = shop.count(app).await?;
    let parts = events.div_ceil(EVENTS_A_PART).max(1);
    for part in 0..parts {
        let histories = shop.histories(app, Part { number: part, of: parts }).await?;
        for told in shop.fold(histories, now, &row).await? {
            take(told);
        }
    }
    Ok(())
}

/// What is the same for everybody.
struct Shop {
    owners: Owners,
    model: Option<Model>,
    cut_offs: CutOffs,
    segments: Segments,
    config: crate::Config,
}

/// A part of all people, by a hash of whose they are.
#[derive(Clone, Copy)]
struct Part {
    number: u64,
    of: u64,
}

type Lines = Vec<Bytes>;

impl Shop {
    async fn open(app: &App) -> Result<Self, TrainError> {
        let mut ties = Ties::default();
        for tie in app.identities.everything().await? {
            ties.join(tie.alias, &tie.claims);
        }
        let model = match app.models.current().await? {
            Some(pointer) => app.models.load(&pointer).await.ok().and_then(|live| Model::parse(live.artifact).ok()),
            None => None,
        };
        let (definitions, cut_offs) = (app.segments.definitions().await?, app.segments.cut_offs().await?);
        Ok(Self {
            owners: ties.owners(),
            model,
            cut_offs: cut_offs.unwrap_or_else(|| CutOffs::prior(app.config.currency)),
            segments: Segments::with(definitions.own),
            config: app.config,
        })
    }

    /// How many events there are, as far as the archive tells: the log holds a day or two.
    async fn count(self: &Arc<Self>, app: &App) -> Result<u64, TrainError> {
        let mut events = 0;
        each_file(app, count, |of_file| events += of_file).await?;
        Ok(events)
    }

    /// The lines of everybody in `part`, and at times some that only seem to be theirs. The log comes first: what leaves it meanwhile is in
    /// the archive that is listed afterwards.
    async fn histories(self: &Arc<Self>, app: &App, part: Part) -> Result<HashMap<Subject, Lines>, TrainError> {
        let mut histories: HashMap<Subject, Lines> = HashMap::new();
        for key in app.log.keys(None).await? {
            for event in app.log.read(&key).await?.unwrap_or_default().events {
                let mut line = Vec::new();
                encode_line(&event, &mut line);
                let line = Bytes::from(line);
                for person in self.people_of(&event).filter(|person| part.has(person)) {
                    histories.entry(person).or_default().push(line.clone());
                }
            }
        }
        let shop = Arc::clone(self);
        let read = move |file| lines_of(file, |named| shop.perhaps_of(named, part));
        each_file(app, read, |lines| {
            for (people, line) in lines {
                match people {
                    [Some(one), None] | [None, Some(one)] => histories.entry(one).or_default().push(line),
                    [one, other] => {
                        for person in one.into_iter().chain(other) {
                            histories.entry(person).or_default().push(line.clone());
                        }
                    }
                }
            }
        })
        .await?;
        Ok(histories)
    }

    /// Whom of `part` a row may be about, as far as its columns tell: at most the owners of an address or a phone number and of a device.
    /// None where nobody.
    fn perhaps_of(&self, named: &Named<'_>, part: Part) -> Option<[Option<Subject>; 2]> {
        let person = |subject: Option<Subject>| {
            subject.map(|subject| self.owners.person(&subject)).filter(|person| is_person(person) && part.has(person))
        };
        let hash = |hash: Option<&str>| hash.and_then(|hash| ContactHash::new(hash).ok());
        let contact = || hash(named.email).map(Subject::Email).or_else(|| hash(named.phone).map(Subject::Phone));
        let people = match named.customer {
            Some(customer) => [person(CustomerId::new(customer).ok().map(Subject::Customer)), None],
            None => [person(contact()), person(named.device.and_then(|device| DeviceId::new(device).ok()).map(Subject::Device))],
        };
        people.iter().any(Option::is_some).then_some(people)
    }

    /// Whom an event is about: those it names, or whoever owns them. A device that nobody owns is nobody.
    fn people_of(&self, event: &Event) -> impl Iterator<Item = Subject> {
        subjects(event).into_iter().map(|subject| self.owners.person(&subject)).filter(is_person)
    }

    /// Folds the histories on all cores.
    async fn fold<T: Send + 'static>(
        self: &Arc<Self>,
        histories: HashMap<Subject, Lines>,
        now: Timestamp,
        row: &(impl Fn(&Person<'_>) -> T + Clone + Send + Sync + 'static),
    ) -> Result<Vec<Vec<T>>, TrainError> {
        let mut histories: Vec<(Subject, Lines)> = histories.into_iter().collect();
        histories.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let share = histories.len().div_ceil(cores()).max(1);
        let mut shares: Vec<JoinHandle<Result<Vec<T>, ArchiveError>>> = Vec::new();
        while !histories.is_empty() {
            let own = histories.split_off(histories.len().saturating_sub(share));
            let (shop, row) = (Arc::clone(self), row.clone());
            shares.push(tokio::task::spawn_blocking(move || {
                let told = own.into_iter().map(|(subject, lines)| shop.tell(subject, lines, now, &row));
                told.filter_map(Result::transpose).collect()
            }));
        }
        let mut told = Vec::with_capacity(shares.len());
        // The last share was cut off first.
        for share in shares.into_iter().rev() {
            told.push(share.await??);
        }
        Ok(told)
    }

    /// What is said of one; `None` where nothing is theirs in the end, or was left by an erasure.
    fn tell<T>(&self, subject: Subject, lines: Lines, now: Timestamp, row: &impl Fn(&Person<'_>) -> T) -> Result<Option<T>, ArchiveError> {
        let mut events = Vec::with_capacity(lines.len());
        for line in lines {
            let event = decode_line(1, &line)?;
            if self.people_of(&event).any(|person| person == subject) {
                events.push(event);
            }
        }
        let profile = refold(subject, &events);
        if profile.is_empty() {
            return Ok(None);
        }
        let basis = Basis { currency: self.config.currency, cut_offs: &self.cut_offs, catalog: self.model.as_ref() };
        let facts = Facts::of(&profile, basis);
        let said = profile.may_personalize(self.config.consent).then(|| Assignment::of(&facts, &self.segments, &Standing::default(), now));
        Ok(Some(row(&Person { facts: &facts, said: said.as_ref() })))
    }
}

impl Part {
    fn has(self, person: &Subject) -> bool {
        // Every row of every file is asked, once a part; so not by a hash that withstands attacks.
        self.of == 1 || FixedState::with_seed(0).hash_one(person) % self.of == self.number
    }
}

const fn is_person(subject: &Subject) -> bool {
    !matches!(subject, Subject::Device(_))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Reads every file of the archive, as many at once as there are cores, and takes what was read of them in their order.
async fn each_file<T: Send + 'static>(
    app: &App,
    read: impl Fn(Bytes) -> Result<T, ArchiveError> + Clone + Send + 'static,
    mut take: impl FnMut(T),
) -> Result<(), TrainError> {
    let open = |key: String| {
        let (archive, read) = (app.archive.clone(), read.clone());
        tokio::spawn(async move {
            let file = archive.file(&key).await?;
            // Unpacking must not hold up the runtime's I/O.
            tokio::task::spawn_blocking(move || read(file)).await.map_err(TrainError::from)?.map_err(TrainError::from)
        })
    };
    let mut rest = app.archive.keys().await?.into_iter();
    let mut ahead: VecDeque<JoinHandle<Result<T, TrainError>>> = rest.by_ref().take(cores() + 1).map(open).collect();
    while let Some(next) = ahead.pop_front() {
        let told = next.await??;
        ahead.extend(rest.next().map(open));
        take(told);
    }
    Ok(())
}
