//! Reads all there is, and moves closed days from the log into the archive.

use crate::{App, Step, TrainError};
use rapport_archive::Archive;
use rapport_core::{
    event::{Action, Event},
    identity::{Word, words},
    profile::{CopyMark, Marked, Subject, subjects},
    time::{DAY_MS, Timestamp},
};
use rapport_io::{
    StoreError,
    identities::Identities,
    log::{Log, LogObject},
};
use rapport_train::{Corpus, audit::Auditor};
use std::collections::{BTreeMap, VecDeque};
use tokio::task::JoinSet;

/// Objects read at a time: enough to hide S3's round trips, few enough to hold in memory.
const READ_AHEAD: usize = 16;
/// Archive files being read and unpacked while another is taken in.
const FILES_AHEAD: usize = 2;
/// Events of one archive file; a run holds a few times as many in memory at most, besides the corpus.
const PART: usize = 100_000;
/// A day is archived when it has been over for so many days: every fold of its objects, retries included, is done by then.
const REST_DAYS: i64 = 1;

/// What was found.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) corpus: Corpus,
    pub(crate) auditor: Auditor,
    pub(crate) archived: usize,
    pub(crate) damaged_lines: usize,
}

/// Reads archive and log, archives closed days, then makes erasures stick in the archive.
pub(crate) async fn gather(app: &App, now: Timestamp, progress: &(impl Fn(Step) + Send)) -> Result<Gathered, TrainError> {
    let files = app.archive.keys().await?;
    let objects = app.log.keys(None).await?;
    let mut run = Run {
        app,
        progress: Progress { done: 0, of: files.len() + objects.len(), tell: progress },
        gathered: Gathered::default(),
        erasures: Erasures::default(),
        replaced: Vec::new(),
    };
    each_file(&app.archive, &files, |file, events| {
        let received = received_on(file);
        for marked in events.iter().map(Marked::from) {
            run.gathered.auditor.hear_archived(marked, received);
            run.take(marked);
        }
        run.progress.step();
    })
    .await?;
    let open_from = now.plus_days(-REST_DAYS).day();
    let (closed, open): (Vec<String>, Vec<String>) = objects.into_iter().partition(|key| day_of(key).is_some_and(|day| *day < *open_from));
    for chunk in open.chunks(READ_AHEAD) {
        for (key, object) in read_all(&app.log, chunk).await? {
            run.gathered.damaged_lines += object.damaged.len();
            run.take_logged(&key, &object.events);
            run.progress.step();
        }
    }
    run.archive(&closed).await?;
    if !run.erasures.0.is_empty() {
        forget(app, &run.erasures).await?;
    }
    // Only now, when everything that replaces them is written, read back and freed of the erased.
    for key in &run.replaced {
        app.log.delete(key).await?;
    }
    Ok(run.gathered)
}

/// Reads archive and log, and leaves both as they are. `take` is told each file's or object's key with what it says.
pub(crate) async fn look(
    app: &App,
    tell: &(impl Fn(Step) + Send),
    mut take: impl FnMut(&str, &mut dyn Iterator<Item = Marked<'_>>),
) -> Result<(), TrainError> {
    let (files, objects) = (app.archive.keys().await?, app.log.keys(None).await?);
    let mut progress = Progress { done: 0, of: files.len() + objects.len(), tell };
    each_file(&app.archive, &files, |file, events| {
        take(file, &mut events.iter().map(Marked::from));
        progress.step();
    })
    .await?;
    for chunk in objects.chunks(READ_AHEAD) {
        for (key, object) in read_all(&app.log, chunk).await? {
            take(&key, &mut object.events.iter().map(Marked::from));
            progress.step();
        }
    }
    Ok(())
}

/// Takes every file's events, in order, while the next ones are read, unpacked and marked on other threads: that is half of the work.
async fn each_file(archive: &Archive, files: &[String], mut take: impl FnMut(&str, &[(Event, CopyMark)])) -> Result<(), TrainError> {
    let marked = |event: Event| {
        let mark = CopyMark::of(&event);
        (event, mark)
    };
    let read = |key: String| {
        let archive = archive.clone();
        tokio::spawn(async move { archive.read(&key).await.map(|events| (key, events.into_iter().map(marked).collect::<Vec<_>>())) })
    };
    let mut rest = files.iter().cloned();
    let mut ahead: VecDeque<_> = rest.by_ref().take(FILES_AHEAD).map(read).collect();
    while let Some(next) = ahead.pop_front() {
        let (key, events) = next.await??;
        ahead.extend(rest.next().map(read));
        take(&key, &events);
    }
    Ok(())
}

struct Run<'a, T> {
    app: &'a App,
    progress: Progress<'a, T>,
    gathered: Gathered,
    erasures: Erasures,
    /// Log objects whose events the archive holds.
    replaced: Vec<String>,
}

impl<T: Fn(Step)> Run<'_, T> {
    fn take(&mut self, marked: Marked<'_>) {
        self.erasures.hear(marked.event);
        self.gathered.corpus.add(marked);
    }

    fn take_logged(&mut self, key: &str, events: &[Event]) {
        let received = received_on(key);
        for marked in events.iter().map(Marked::from) {
            self.gathered.auditor.hear_logged(marked, received);
            self.take(marked);
        }
    }

    /// Puts closed days into the archive, a file at a time.
    async fn archive(&mut self, keys: &[String]) -> Result<(), TrainError> {
        for of_day in keys.chunk_by(|a, b| day_of(a) == day_of(b)) {
            let day = of_day.first().and_then(|key| day_of(key)).unwrap_or_default();
            let (mut part, mut sources) = (Vec::new(), Vec::new());
            for chunk in of_day.chunks(READ_AHEAD) {
                for (key, object) in read_all(&self.app.log, chunk).await? {
                    self.take_logged(&key, &object.events);
                    self.progress.step();
                    part.extend(object.events);
                    // An object with a line that cannot be read stays: the line is in no archive, and a later release may read it.
                    self.gathered.damaged_lines += object.damaged.len();
                    if object.damaged.is_empty() {
                        sources.push(key);
                    }
                    if part.len() >= PART {
                        self.write(day, std::mem::take(&mut part), std::mem::take(&mut sources)).await?;
                    }
                }
            }
            self.write(day, part, sources).await?;
        }
        Ok(())
    }

    async fn write(&mut self, day: &str, part: Vec<Event>, sources: Vec<String>) -> Result<(), TrainError> {
        if !part.is_empty() && !sources.is_empty() {
            self.gathered.archived += write(&self.app.archive, day, part).await?;
            self.replaced.extend(sources);
        }
        Ok(())
    }
}

struct Progress<'a, T> {
    done: usize,
    of: usize,
    tell: &'a T,
}

impl<T: Fn(Step)> Progress<'_, T> {
    fn step(&mut self) {
        self.done += 1;
        (self.tell)(Step::Read { done: self.done, of: self.of });
    }
}

/// Who asked to be forgotten, and until when everything of theirs goes.
#[derive(Default)]
struct Erasures(BTreeMap<Subject, Timestamp>);

impl Erasures {
    fn hear(&mut self, event: &Event) {
        if matches!(event.action, Action::Erased) {
            for subject in subjects(event) {
                let until = self.0.entry(subject).or_insert(event.at);
                *until = (*until).max(event.at);
            }
        }
    }

    /// Whether `event` is to be forgotten. The erasure itself is not: replays and imports must obey it.
    fn covers(&self, event: &Event) -> bool {
        // What a customer does on a device that somebody else had is the customer's, as it is in their profile.
        let named = subjects(event);
        !matches!(event.action, Action::Erased) && named.iter().filter_map(|subject| self.0.get(subject)).any(|until| event.at <= *until)
    }
}

/// Rewrites the files of the archive that still hold something of somebody who asked to be forgotten.
///
/// What it says about who owns an alias is recorded first. A fold of it may still be to come, from the dead letters even weeks later: whoever
/// has an alias first keeps it, and who that is must not hang on whether a fold or an erasure came first.
async fn forget(app: &App, erasures: &Erasures) -> Result<(), TrainError> {
    for file in app.archive.keys().await? {
        let (erased, left): (Vec<Event>, Vec<Event>) = app.archive.read(&file).await?.into_iter().partition(|event| erasures.covers(event));
        if erased.is_empty() {
            continue;
        }
        record(&app.identities, &erased.iter().flat_map(words).collect::<Vec<_>>(), &file).await?;
        if !left.is_empty() {
            write(&app.archive, day_of(&file).unwrap_or_default(), left).await?;
        }
        app.archive.delete(&file).await?;
    }
    Ok(())
}

/// Records `said`, which `file` holds, and asks for refolds of every alias, and so of its owner. Also where all was known: whoever recorded it
/// may have died before the profiles had it, and comes back to an archive that no longer says it.
async fn record(identities: &Identities, said: &[Word], file: &str) -> Result<(), StoreError> {
    let fresh = identities.hear(said, Some(file)).await?;
    let mut refolds = identities.stirred(&fresh).await?;
    refolds.extend(said.iter().map(|word| word.alias.clone()));
    for subject in &refolds {
        identities.ask_refold(subject, file).await?;
    }
    for tie in &fresh {
        identities.settled(tie).await?;
    }
    Ok(())
}

/// Writes `events` and reads them back, because what they replace is about to be deleted; gives how many the file holds.
async fn write(archive: &Archive, day: &str, events: Vec<Event>) -> Result<usize, TrainError> {
    let file = archive.write(day, events).await?;
    Ok(archive.read(&file).await?.len())
}

/// The objects under `keys`, all at once, in their order; those that went meanwhile are left out.
async fn read_all(log: &Log, keys: &[String]) -> Result<Vec<(String, LogObject)>, TrainError> {
    let mut reads = JoinSet::new();
    for (place, key) in keys.iter().cloned().enumerate() {
        let log = log.clone();
        reads.spawn(async move { log.read(&key).await.map(|object| (place, key, object)) });
    }
    let mut objects = Vec::with_capacity(keys.len());
    while let Some(read) = reads.join_next().await {
        let (place, key, object) = read??;
        objects.extend(object.map(|object| (place, key, object)));
    }
    objects.sort_by_key(|(place, _, _)| *place);
    Ok(objects.into_iter().map(|(_, key, object)| (key, object)).collect())
}

/// The day in `log/dt=2026-11-22/…` or `archive/dt=2026-11-22/…`.
fn day_of(key: &str) -> Option<&str> {
    key.split_once("/dt=")?.1.split_once('/').map(|(day, _)| day)
}

/// The day of receipt that `key` names, since the epoch.
pub(crate) fn received_on(key: &str) -> i64 {
    let midnight = day_of(key).and_then(|day| Timestamp::parse(day).ok()).unwrap_or_default();
    midnight.0.div_euclid(DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use rapport_core::{
        event::{Authority, Traffic, Who},
        id::{ContactHash, CustomerId, DeviceId, EventId},
    };
    use rapport_core::{money::Currency, source::ConsentMode};
    use rapport_io::memory::{MemoryObjects, MemoryRecords};
    use std::sync::Arc;

    #[test]
    fn who_is_forgotten_takes_nobody_elses_history_along() {
        let [ada, bob] = ["ada", "bob"].map(|id| CustomerId::new(id).ok());
        let phone = DeviceId::new("phone").ok();
        let number = ContactHash::new("h1_0").ok();
        let event = |who: Who, action: Action| Event {
            id: EventId::new("e").expect("an id"),
            at: Timestamp(5),
            authority: Authority::Backend,
            source: "test".into(),
            who,
            traffic: Traffic::Human,
            action,
        };
        let mut erasures = Erasures::default();
        erasures.hear(&event(Who { customer: ada.clone(), ..Who::default() }, Action::Erased));
        erasures.hear(&event(Who { device: phone.clone(), ..Who::default() }, Action::Erased));
        erasures.hear(&event(Who { phone: number.clone(), ..Who::default() }, Action::Erased));
        for (who, covered) in [
            (Who { customer: ada, ..Who::default() }, true),
            (Who { device: phone.clone(), ..Who::default() }, true),
            (Who { phone: number.clone(), ..Who::default() }, true),
            (Who { customer: bob.clone(), phone: number, ..Who::default() }, false),
            (Who { customer: bob, device: phone, ..Who::default() }, false),
        ] {
            assert_eq!(erasures.covers(&event(who.clone(), Action::CheckoutStarted)), covered, "{who:?}");
        }
    }

    /// Ada's phone was Bob's, as far as anybody had heard.
    #[tokio::test]
    async fn what_is_forgotten_says_whose_an_alias_is_before_it_goes() {
        let (objects, config) = (Arc::new(MemoryObjects::default()), Config { currency: Currency::EUR, consent: ConsentMode::OptOut });
        let app = App::new(objects, Arc::new(MemoryRecords::default()), config);
        let event = |id: &str, customer: &str, device: Option<&str>, at: i64, action: Action| Event {
            id: EventId::new(id).expect("an id"),
            at: Timestamp(at),
            authority: Authority::Backend,
            source: "test".into(),
            who: Who {
                customer: CustomerId::new(customer).ok(),
                device: device.and_then(|device| DeviceId::new(device).ok()),
                ..Who::default()
            },
            traffic: Traffic::Human,
            action,
        };
        let told = || Action::Identified { traits: vec![("country".into(), "NL".into())] };
        let bobs = event("bob's", "bob", Some("phone"), 7, told());
        app.identities.hear(&words(&bobs), None).await.expect("memory");
        let of_ada = [event("link", "ada", Some("phone"), 5, told()), event("alone", "ada", None, 5, Action::CheckoutStarted)];
        app.archive.write("2026-11-22", of_ada.iter().cloned().chain([bobs.clone()]).collect()).await.expect("memory");
        let mut erasures = Erasures::default();
        erasures.hear(&event("gone", "ada", None, 9, Action::Erased));

        forget(&app, &erasures).await.expect("memory");
        let files = app.archive.keys().await.expect("memory");
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(app.archive.read(file).await.expect("a file"), [bobs]);
        let phone = Subject::parse("d#phone").expect("a device");
        let owners = app.identities.owners(std::slice::from_ref(&phone)).await.expect("memory");
        assert_eq!(owners[0].customer, CustomerId::new("ada").ok(), "who had it first keeps it");
        let waiting =
            || async { app.identities.waiting_refolds().await.expect("memory").into_iter().map(|waiting| waiting.subject.to_string()) };
        assert_eq!(waiting().await.collect::<Vec<_>>(), ["c#ada", "c#bob", "d#phone"], "for whom that is news");

        for waiting in app.identities.waiting_refolds().await.expect("memory") {
            app.identities.refolded(&waiting).await.expect("memory");
        }
        app.archive.write("2026-11-23", of_ada.to_vec()).await.expect("memory");
        forget(&app, &erasures).await.expect("memory");
        assert_eq!(app.archive.keys().await.expect("memory").len(), 1);
        assert_eq!(waiting().await.collect::<Vec<_>>(), ["d#phone"], "whoever recorded it may have died before the profiles had it");
    }

    #[tokio::test]
    async fn every_file_is_taken_in_once_and_in_order() {
        let archive = Archive::new(Arc::new(MemoryObjects::default()));
        let event = |number: usize| Event {
            id: EventId::new(&number.to_string()).expect("an id"),
            at: Timestamp(0),
            authority: Authority::Backend,
            source: "test".into(),
            who: Who::default(),
            traffic: Traffic::Human,
            action: Action::CheckoutStarted,
        };
        let mut files = Vec::new();
        for number in 0..7 {
            files.push(archive.write("2026-11-22", vec![event(number)]).await.expect("memory"));
        }
        let mut taken = Vec::new();
        each_file(&archive, &files, |_, events| taken.extend(events.iter().map(|(event, _)| event.id.to_string()))).await.expect("reads");
        assert_eq!(taken, ["0", "1", "2", "3", "4", "5", "6"]);
        files.push("archive/dt=2026-11-22/gone".to_owned());
        assert!(each_file(&archive, &files, |_, _| ()).await.is_err(), "a file that cannot be read stops the run");
    }
}
