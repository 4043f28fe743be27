//! Small scenes in every schedule.
//!
//! A seed meets a race by luck; here nothing is left to it. Two or three handlers work on the same people. Each store call is a place where
//! another may go on or where the one at work may die, and all ways of doing so up to a few times are played, with each choice of
//! handlers whose reads are behind. Few are enough: most races need one interruption or two (Musuvathi and Qadeer, Iterative context bounding
//! for systematic testing of multithreaded programs, PLDI 2007).

use crate::{
    apps::{Apps, Ground},
    dice::Dice,
    doors::Direct,
    laws::{self, Broken},
    past::Past,
    rates::Rates,
    reference::{Given, House, fair_weather},
    scenes::{Act, LONG_AGO_DAYS, NOW, Scene},
    stage::Stage,
    stores::{Exposed, InboxEnd, KeyStore, notification},
    weather::Weather,
};
use rapport_core::{event::Event, id::CustomerId, profile::Subject, source::ConsentMode, time::DAY_MS};
use rapport_io::memory::{MemoryObjects, MemoryRecords};
use rapport_lambda::{Job, Message};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Silence means yes in all scenes.
const CONSENT: ConsentMode = ConsentMode::OptOut;
/// No schedule takes so many steps; one that does is stuck.
const MOST_STEPS: usize = 20_000;
/// How often what failed is delivered again.
const REDELIVERIES: usize = 5;

/// Something that happens to the handler at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before this step another goes on, until it is through.
    Turn(usize, usize),
    /// Before this step it dies.
    Death(usize),
}

/// One way to play a scene. Handlers have numbers from 0, as the scene lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Who goes on when nobody is at work.
    pub order: Vec<usize>,
    /// Who reads rows as they were when the scene began, unless asking for the newest.
    pub behind: Vec<usize>,
    /// What happens, by steps.
    pub cuts: Vec<Cut>,
}

/// What came of all schedules of a scene.
#[derive(Debug, Default)]
pub struct Survey {
    /// How many were played.
    pub schedules: usize,
    /// The first that broke a law, which, and its story.
    pub broken: Option<(Schedule, Broken, Vec<String>)>,
}

/// Plays `scene` in every schedule with at most `cuts` cuts.
///
/// # Errors
/// What is wrong with the scene itself: it has no runtime, or fails in fair weather.
pub fn explore(scene: &Scene, cuts: usize) -> Result<Survey, String> {
    let numbers: Vec<usize> = (0..scene.acts.len()).collect();
    let starts: Vec<Schedule> = orders(&numbers)
        .into_iter()
        .flat_map(|order| behinds(&numbers).into_iter().map(move |behind| Schedule { order: order.clone(), behind, cuts: Vec::new() }))
        .collect();
    let (next, survey, trouble) = (AtomicUsize::new(0), Mutex::new(Survey::default()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(start) = starts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let come = explore_from(scene, start, cuts);
                    let (Ok(mut survey), Ok(mut trouble)) = (survey.lock(), trouble.lock()) else { return };
                    match come {
                        Ok(come) => {
                            survey.schedules += come.schedules;
                            survey.broken = survey.broken.take().or(come.broken);
                        }
                        Err(error) => *trouble = Some(error),
                    }
                    if survey.broken.is_some() || trouble.is_some() {
                        next.store(starts.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (survey, trouble) = (survey.into_inner().unwrap_or_default(), trouble.into_inner().ok().flatten());
    trouble.map_or(Ok(survey), Err)
}

fn orders(numbers: &[usize]) -> Vec<Vec<usize>> {
    if numbers.is_empty() {
        return vec![Vec::new()];
    }
    let begun_by = |first: usize| {
        let rest: Vec<usize> = numbers.iter().copied().filter(|number| *number != first).collect();
        orders(&rest).into_iter().map(move |order| [vec![first], order].concat())
    };
    numbers.iter().copied().flat_map(begun_by).collect()
}

/// Nobody, each one alone, and everybody.
fn behinds(numbers: &[usize]) -> Vec<Vec<usize>> {
    let mut behinds = vec![Vec::new(), numbers.to_vec()];
    behinds.extend(numbers.iter().map(|number| vec![*number]));
    behinds
}

fn explore_from(scene: &Scene, start: &Schedule, cuts: usize) -> Result<Survey, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let fair = fair(scene).await?;
        let (mut survey, mut left) = (Survey::default(), vec![start.clone()]);
        while let Some(schedule) = left.pop() {
            let played = play(scene, &schedule, &fair, false).await?;
            survey.schedules += 1;
            if played.broken.is_some() {
                let Played { broken, story, .. } = play(scene, &schedule, &fair, true).await?;
                survey.broken = broken.map(|broken| (schedule, broken, story));
                return Ok(survey);
            }
            if schedule.cuts.len() < cuts {
                left.extend(played.further(&schedule));
            }
        }
        Ok(survey)
    })
}

struct Played {
    /// Who was at work at each step, and who else could have been.
    steps: Vec<(usize, Vec<usize>)>,
    broken: Option<Broken>,
    story: Vec<String>,
}

impl Played {
    /// `schedule` with each one cut more after its last.
    fn further(&self, schedule: &Schedule) -> Vec<Schedule> {
        let first = schedule.cuts.last().map_or(0, |cut| match cut {
            Cut::Turn(step, _) | Cut::Death(step) => step + 1,
        });
        let with = |cut: Cut| Schedule { cuts: [schedule.cuts.as_slice(), &[cut]].concat(), ..schedule.clone() };
        let at = |step: usize| {
            let turns = self.steps[step].1.iter().map(move |other| Cut::Turn(step, *other));
            turns.chain([Cut::Death(step)]).map(with)
        };
        (first..self.steps.len()).flat_map(at).collect()
    }
}

/// A shop's stores, and who works on them.
struct Theatre {
    weather: Arc<Weather>,
    objects: Arc<MemoryObjects>,
    records: Arc<MemoryRecords>,
    ground: Ground,
}

impl Theatre {
    fn new(told: bool) -> Self {
        let weather = Arc::new(Weather::new(NOW, Dice::new(0, 0), Rates::CALM, told));
        let (objects, records) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryRecords::default()));
        let ground = Ground {
            objects: Arc::new(Exposed::new(Arc::clone(&objects), Arc::clone(&weather))),
            records: Arc::new(Exposed::new(Arc::clone(&records), Arc::clone(&weather))),
            inbox: Arc::new(InboxEnd(Arc::clone(&weather))),
            secrets: Arc::new(KeyStore { document: crate::apps::KEYS.to_owned(), weather: Arc::clone(&weather) }),
            consent: CONSENT,
        };
        Self { weather, objects, records, ground }
    }

    /// Everything up to the scene.
    async fn before(&self, scene: &Scene) -> Result<(), String> {
        let apps = Apps::over(&self.ground);
        let received = if scene.is_old { NOW.plus_days(LONG_AGO_DAYS).plus_ms(DAY_MS) } else { NOW };
        for events in &scene.past {
            let key = apps.log.append(events, received).await.map_err(|error| error.to_string())?;
            let failed = profile::handle(&apps.profile, vec![message(&key)], received).await;
            if !failed.is_empty() {
                return Err(format!("{}: the past could not be folded", scene.name));
            }
        }
        for act in &scene.acts {
            if let Act::Refold(customer) = act {
                let subject = Subject::Customer(CustomerId::new(customer).map_err(|error| error.to_string())?);
                apps.identities.ask_refold(&subject, customer).await.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

/// What a handler does, in a process of its own; whether it is through.
async fn perform(apps: Apps, act: Act) -> bool {
    match act {
        // It lands in the log when its turn comes: others may have read that before.
        Act::Fold(events) => match apps.log.append(&events, NOW).await {
            Ok(key) => profile::handle(&apps.profile, vec![message(&key)], NOW).await.is_empty(),
            Err(_) => false,
        },
        Act::Refold(_) => profile::run(&apps.profile, Job::Refold, NOW).await.is_ok(),
        Act::Archive => train::archive(&apps.train, NOW).await.is_ok(),
    }
}

fn message(key: &str) -> Message {
    Message { id: key.to_owned(), body: notification(key), deliveries: 1 }
}

/// What a scene must come to, in whatever schedule.
async fn fair(scene: &Scene) -> Result<House, String> {
    let folded = scene.acts.iter().filter_map(|act| if let Act::Fold(events) = act { Some(events) } else { None });
    let objects = scene.past.iter().chain(folded);
    let direct = objects.map(|events: &Vec<Event>| Direct { events: events.clone(), key: String::new(), acknowledged: true }).collect();
    let given = Given { inbox: Vec::new(), direct, logged: BTreeSet::new(), forgotten: BTreeSet::new(), now: NOW, consent: CONSENT };
    fair_weather(&given, &MemoryObjects::default(), Dice::new(0, 1)).await
}

async fn play(scene: &Scene, schedule: &Schedule, fair: &House, told: bool) -> Result<Played, String> {
    let theatre = Theatre::new(told);
    theatre.before(scene).await?;
    {
        let mut state = theatre.weather.state();
        state.past = Past::default();
        state.in_step = true;
        // The stage counts from 1.
        state.behind = schedule.behind.iter().map(|act| *act as u64 + 1).collect();
    }
    let mut stage = Stage::default();
    for act in &scene.acts {
        stage.begin(Box::pin(perform(Apps::over(&theatre.ground), act.clone())), i64::MAX);
    }
    let (steps, unfinished) = interleave(&theatre, &mut stage, schedule).await?;
    {
        let mut state = theatre.weather.state();
        (state.in_step, state.actor) = (false, 0);
        state.behind.clear();
    }
    let broken = close(scene, &theatre, unfinished, fair).await.err();
    let story = theatre.weather.state().story.about(&[]);
    Ok(Played { steps, broken, story })
}

/// Steps of `schedule`, and who died or failed.
type Interleaved = (Vec<(usize, Vec<usize>)>, Vec<usize>);

async fn interleave(theatre: &Theatre, stage: &mut Stage<bool>, schedule: &Schedule) -> Result<Interleaved, String> {
    let (mut steps, mut unfinished) = (Vec::new(), Vec::new());
    let mut at_work: Option<usize> = None;
    while stage.len() > 0 {
        let step = steps.len();
        let place = |stage: &Stage<bool>, act: usize| (0..stage.len()).find(|place| stage.number(*place) == act as u64 + 1);
        let mut now = at_work
            .filter(|act| place(stage, *act).is_some())
            .or_else(|| schedule.order.iter().copied().find(|act| place(stage, *act).is_some()));
        for cut in &schedule.cuts {
            match (*cut, now) {
                (Cut::Turn(at, other), _) if at == step => now = Some(other),
                (Cut::Death(at), Some(act)) if at == step => {
                    unfinished.push(act);
                    if let Some(place) = place(stage, act) {
                        stage.kill(place);
                    }
                    theatre.weather.tell(&format!("handler {act} dies"));
                    now = schedule.order.iter().copied().find(|act| place(stage, *act).is_some());
                }
                _ => {}
            }
        }
        let Some(act) = now else { break };
        let Some(at) = place(stage, act) else { return Err(format!("{schedule:?} lets handler {act} go on, which is through")) };
        let others = schedule.order.iter().copied().filter(|other| *other != act && place(stage, *other).is_some()).collect();
        steps.push((act, others));
        if steps.len() > MOST_STEPS {
            return Err(format!("{schedule:?} does not come to rest"));
        }
        // Parquet is written by another thread, which the schedule waits for.
        while !stage.ready().contains(&at) {
            tokio::task::yield_now().await;
        }
        theatre.weather.state().actor = act as u64 + 1;
        match stage.poll(at) {
            Some((_, is_through)) => {
                unfinished.extend((!is_through).then_some(act));
                at_work = None;
            }
            None => at_work = Some(act),
        }
    }
    Ok((steps, unfinished))
}

/// What did not get through is done again; then the laws must hold.
async fn close(scene: &Scene, theatre: &Theatre, unfinished: Vec<usize>, fair: &House) -> Result<(), Broken> {
    for act in unfinished {
        let mut is_through = false;
        for _ in 0..REDELIVERIES {
            is_through = is_through || perform(Apps::over(&theatre.ground), scene.acts[act].clone()).await;
        }
        laws::hold("what failed is done at last", (!is_through).then(|| format!("handler {act}")))?;
    }
    perform(Apps::over(&theatre.ground), Act::Refold("")).await;
    let house = House::over(Arc::clone(&theatre.objects), Arc::clone(&theatre.records), CONSENT);
    laws::fold(&house).await?;
    laws::same(&house, fair).await
}
