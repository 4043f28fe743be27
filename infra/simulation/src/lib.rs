//! A simulated month in the life of a shop whose cloud misbehaves: proof of the promise that nothing is lost and nothing counts twice.
//!
//! [`run`] takes a seed. From it follow the shop, its senders and the faults of its stores: throttling, answers that are lost although
//! the write happened, handlers that die at any await, messages that come twice, late, in any order or end among the dead letters,
//! clocks that are wrong, devices that change hands, people who ask to be forgotten. The handlers are the deployed ones, on one
//! thread, with neither a wall clock nor any chance but the seed's: the same seed gives the same run, call by call.
//!
//! ```text
//! sends ─► doors ─► webhooks, collect ─► inbox ─► ingest ─► log ─► folds ─► profile     every arrow may fail, repeat, come late
//! world    senders, queues, crashes, jobs, until all is quiet
//! laws     custody · live = replay · who stands in which segment · = a run without faults in another order · = after archiving · the same model
//! ```
//!
//! [`explore`] plays small scenes in every schedule instead of by chance.
//!
//! What is absent: time spent (latency, cost), and AWS's own behaviour, which `tests/suite` sees through real SDK calls.
#![warn(missing_docs)]

mod apps;
mod dice;
mod doors;
mod laws;
mod past;
mod post;
mod rates;
mod reference;
mod scenes;
mod schedules;
mod sends;
mod stage;
mod stores;
mod story;
mod weather;
mod world;

pub use laws::Broken;
pub use rates::Rates;
pub use scenes::{Scene, scenes};
pub use schedules::{Cut, Schedule, Survey, explore};

use dice::Dice;
use rapport_core::source::ConsentMode;
use reference::{Given, House, fair_weather};
use world::World;

/// Of so many runs one is trained on.
const TRAINED: u64 = 5;

/// So many of a thousand seeds are a crowd about one or two people, whom all handlers meet.
const CROWDS: u32 = 400;

/// What a run may be told besides its seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only the first so many sends.
    pub first: Option<usize>,
    /// Other faults than the seed draws.
    pub rates: Option<Rates>,
    /// Keep the story's lines.
    pub told: bool,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The first law that was broken.
    pub broken: Option<Broken>,
    /// How many sends there were.
    pub sends: usize,
    /// The faults that were drawn.
    pub rates: Rates,
    /// Messages handed to handlers.
    pub deliveries: u64,
    /// Calls that went wrong and handlers that died.
    pub faults: u64,
    /// One number for everything that happened.
    pub trace: u64,
    /// The lines about what broke the law; none unless they were asked for.
    pub story: Vec<String>,
}

/// Runs `seed`, and holds what comes of it to the laws.
#[must_use]
pub fn run(seed: u64, options: Options) -> Outcome {
    let mut dice = Dice::new(seed, 1);
    let rates = options.rates.unwrap_or(Rates::draw(&mut Dice::new(seed, 2)));
    let is_crowd = dice.happens(CROWDS);
    let count = if is_crowd { *dice.pick(&[40, 80, 120]) } else { *dice.pick(&[40, 80, 150, 300]) };
    let consent = if dice.happens(150) { ConsentMode::OptIn } else { ConsentMode::OptOut };
    let mut plan = sends::plan(&mut dice, count, is_crowd);
    plan.sends.truncate(options.first.unwrap_or(count));
    let sends = plan.sends.len();
    let mut world = World::new(Dice::new(seed, 3), rates, plan, consent, options.told);
    let broken = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime.block_on(judge(&mut world, seed, consent)).err(),
        Err(error) => Some(Broken { law: "there is a runtime", by: vec![error.to_string()] }),
    };
    let state = world.weather.state();
    let about: Vec<String> =
        broken.iter().flat_map(|broken| broken.by.iter()).map(|by| by.split(' ').next().unwrap_or(by).to_owned()).collect();
    let story = if options.told { state.story.about(&about) } else { Vec::new() };
    let deliveries = state.inbox.delivered() + state.folds.delivered();
    Outcome { broken, sends, rates, deliveries, faults: state.faults, trace: state.story.hash(), story }
}

async fn judge(world: &mut World, seed: u64, consent: ConsentMode) -> Result<(), Broken> {
    world.run().await.map_err(|by| Broken { law: "the run comes to rest", by: vec![by] })?;
    let mut given = {
        let state = world.weather.state();
        let inbox = state.accepted.keys().cloned().collect();
        Given {
            inbox,
            direct: state.direct.clone(),
            logged: state.logged.clone(),
            forgotten: state.forgotten.clone(),
            now: state.now,
            consent,
        }
    };
    let house = House::over(world.objects.clone(), world.records.clone(), consent);
    laws::custody(&house, &mut given).await?;
    laws::fold(&house).await?;
    laws::standings(&house, &given).await?;
    let fair = fair_weather(&given, &world.objects, Dice::new(seed, 4))
        .await
        .map_err(|by| Broken { law: "nothing fails in fair weather", by: vec![by] })?;
    laws::fold(&fair).await?;
    laws::standings(&fair, &given).await?;
    laws::same(&house, &fair).await?;
    // When no message can come back from the dead letters any more.
    let later = given.now.plus_days(20);
    laws::archive(&house, later).await?;
    laws::fold(&house).await?;
    // Learning takes longer than everything else together.
    if seed.is_multiple_of(TRAINED) {
        laws::archive(&fair, later).await?;
        laws::training(&house, &fair, later).await?;
    }
    Ok(())
}

/// The fewest faults and sends that still break a law with `seed`, found by leaving out what is not needed.
#[must_use]
pub fn shrink(seed: u64) -> (Options, Outcome) {
    let mut options = Options::default();
    let mut outcome = run(seed, options);
    if outcome.broken.is_none() {
        return (options, outcome);
    }
    let attempt = |options: Options| Some(run(seed, options)).filter(|outcome| outcome.broken.is_some());
    for kind in Rates::KINDS {
        let fewer = Options { rates: Some(outcome.rates.without(kind)), ..options };
        if let Some(still) = attempt(fewer) {
            (options, outcome) = (fewer, still);
        }
    }
    let mut step = outcome.sends / 2;
    while step > 0 {
        let fewer = Options { first: Some(outcome.sends - step), ..options };
        match attempt(fewer) {
            Some(still) => (options, outcome) = (fewer, still),
            None => step /= 2,
        }
        step = step.min(outcome.sends.saturating_sub(1));
    }
    let options = Options { told: true, ..options };
    let told = run(seed, options);
    (options, told)
}
