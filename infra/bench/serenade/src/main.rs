//! Our session lookups beside Serenade's: the same training sessions, the same questions, turn by turn in one process.
//!
//! ```sh
//! cargo run --release --manifest-path infra/bench/serenade/Cargo.toml                  # RetailRocket and bol.com from RAPPORT_DATA
//! cargo run --release --manifest-path infra/bench/serenade/Cargo.toml -- 2000000       # two million made-up sessions, 200,000 items
//! ```
//!
//! Ours is all that earns the accuracy: ids to places, table, returns, neighbours, the best twenty, places to ids. Serenade is asked for
//! twenty of `m` = 500 recent and `k` = 100 nearest sessions. Who is asked first changes from question to question.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

use flate2::read::MultiGzDecoder;
use rapport_core::{
    catalog::Listing,
    id::ItemId,
    random::SplitMix,
    ranking::{
        Shop,
        next_look::{Looks, session_of},
    },
    rules::Rules,
    time::Timestamp,
};
use rapport_train::protocol::{self, Group};
use serenade::vmisknn::{predict, vmis_index::VMISIndex};
use std::{collections::BTreeMap, env, fs::File, hint::black_box, io::Write, path::PathBuf, time::Instant};

const M: usize = 500;
const K: usize = 100;
const LIST: usize = 20;
/// How often every question is asked.
const PASSES: usize = 3;
/// Questions at most.
const QUESTIONS: usize = 20_000;

/// A visit, its items oldest first, by their numbers.
struct Session {
    at: u32,
    items: Vec<u64>,
}

/// What was looked at, and what came next.
struct Question {
    before: Vec<u64>,
    next: u64,
}

fn main() {
    match env::args().nth(1).map(|sessions| sessions.parse::<usize>().expect("a number of sessions")) {
        Some(sessions) => {
            let all = made_up(sessions + sessions / 50, 200_000);
            let (train, test) = all.split_at(sessions);
            compare(&format!("{sessions} made-up sessions"), train, test, 1);
        }
        None => {
            let data = PathBuf::from(env::var("RAPPORT_DATA").unwrap_or_else(|_| "../shared/data".to_owned()));
            for (name, file, first) in [("RetailRocket", "retailrocket", 2), ("bol.com", "bol", 1)] {
                let read = |part: &str| sessions(&data.join(format!("sessions_{file}_{part}.csv.gz")));
                compare(name, &read("train"), &read("test"), first);
            }
        }
    }
}

fn compare(name: &str, train: &[Session], test: &[Session], first: usize) {
    let started = Instant::now();
    let model = protocol::session_model(&groups(train)).expect("a model");
    let (built, shop) = (started.elapsed().as_secs_f64(), Shop::new(Some(model), [], Rules::default()));
    let serenade = serenade_index(train);
    let questions = questions(test, first);
    let asked: Vec<Vec<ItemId>> = questions.iter().map(|question| question.before.iter().map(|item| id(*item)).collect()).collect();

    let mut looks = Looks::default();
    let mut ours = |number: usize| -> Vec<u64> {
        let Some(model) = shop.model() else { return Vec::new() };
        let seen: Vec<u32> = asked[number].iter().map(|item| shop.index_of(item).unwrap_or(u32::MAX)).collect();
        let found = looks.best(model, &session_of(&seen), LIST);
        found.iter().filter_map(|found| shop.item(found.item)?.id().parse().ok()).collect()
    };
    let theirs = |number: usize| -> Vec<u64> {
        let heap = predict(&serenade, &questions[number].before, K, M, LIST, false);
        heap.into_sorted_vec().into_iter().map(|item| item.id).collect()
    };
    let (mut our_micros, mut their_micros) = (Vec::new(), Vec::new());
    let (mut our_rank, mut their_rank) = (0.0, 0.0);
    for pass in 0..PASSES {
        for (number, question) in questions.iter().enumerate() {
            let mut ask_us = || timed(&mut our_micros, || ours(number));
            let mut ask_them = || timed(&mut their_micros, || theirs(number));
            let (our_list, their_list) = match number % 2 == 0 {
                true => (ask_us(), ask_them()),
                false => {
                    let their_list = ask_them();
                    (ask_us(), their_list)
                }
            };
            if pass == 0 {
                our_rank += reciprocal_rank(&our_list, question.next);
                their_rank += reciprocal_rank(&their_list, question.next);
            }
        }
    }
    let mean = |sum: f64| sum / questions.len() as f64;
    let (ours, theirs) = (percentiles(our_micros), percentiles(their_micros));
    println!("{name}: {} sessions, {} questions, our training {built:.1} s", train.len(), questions.len());
    println!("  Rapport   p50 {:>7.1} µs   p99 {:>7.1} µs   MRR@20 {:.3}", ours.0, ours.1, mean(our_rank));
    println!("  Serenade  p50 {:>7.1} µs   p99 {:>7.1} µs   MRR@20 {:.3}", theirs.0, theirs.1, mean(their_rank));
    println!("  as many times as fast: {:.2} at p50, {:.2} at p99", theirs.0 / ours.0, theirs.1 / ours.1);
}

fn timed(micros: &mut Vec<f64>, ask: impl FnOnce() -> Vec<u64>) -> Vec<u64> {
    let started = Instant::now();
    let list = black_box(ask());
    micros.push(started.elapsed().as_secs_f64() * 1e6);
    list
}

fn percentiles(mut micros: Vec<f64>) -> (f64, f64) {
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[(share * micros.len() as f64) as usize];
    (at(0.5), at(0.99))
}

fn reciprocal_rank(list: &[u64], wanted: u64) -> f64 {
    list.iter().position(|item| *item == wanted).map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
}

/// Serenade reads files of its own.
fn serenade_index(train: &[Session]) -> VMISIndex {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let mut text = "SessionId\tItemId\tTime\n".to_owned();
    for (number, session) in train.iter().enumerate() {
        session.items.iter().for_each(|item| text += &format!("{number}\t{item}\t{}\n", session.at));
    }
    file.write_all(text.as_bytes()).expect("writes");
    VMISIndex::new_from_csv(file.path().to_str().expect("a path"), M, 1.0)
}

fn questions(test: &[Session], first: usize) -> Vec<Question> {
    let of_session = |session: &Session| -> Vec<Question> {
        let moves = (first..session.items.len()).filter(|next| session.items[*next] != session.items[next - 1]);
        moves.map(|next| Question { before: session.items[..next].to_vec(), next: session.items[next] }).collect()
    };
    test.iter().flat_map(of_session).take(QUESTIONS).collect()
}

fn groups(train: &[Session]) -> Vec<Group> {
    let group = |(number, session): (usize, &Session)| Group {
        who: number.to_string(),
        at: Timestamp(i64::from(session.at) * 1_000),
        items: session.items.iter().map(|item| id(*item)).collect(),
    };
    train.iter().enumerate().map(group).collect()
}

fn id(item: u64) -> ItemId {
    ItemId::new(&item.to_string()).expect("a number")
}

/// The rows of a file by session, in the order of time: by the newest `ts`, else by number.
fn sessions(path: &PathBuf) -> Vec<Session> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}; say in RAPPORT_DATA where the data is", path.display()));
    let mut reader = csv::Reader::from_reader(MultiGzDecoder::new(file));
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (session, item) = (column("session_id").expect("session_id"), column("item_id").expect("item_id"));
    let timed = column("ts");
    let when = timed.or_else(|| column("pos")).expect("ts or pos");
    let mut rows: BTreeMap<u64, Vec<(f64, u64)>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let number = |column: usize| row[column].parse::<f64>().expect("a number");
        rows.entry(number(session) as u64).or_default().push((number(when), number(item) as u64));
    }
    let mut sessions: Vec<Session> = rows
        .into_iter()
        .map(|(session, mut rows)| {
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            let newest = rows.last().map_or(0.0, |(when, _)| *when);
            // Session numbers rise with time; a minute apart keeps their order.
            Session {
                at: if timed.is_some() { newest as u32 } else { (session * 60) as u32 },
                items: rows.into_iter().map(|row| row.1).collect(),
            }
        })
        .collect();
    sessions.sort_by_key(|session| session.at);
    sessions
}

/// Visits that wander among the fifty items of a shelf, small numbers more often.
fn made_up(count: usize, items: usize) -> Vec<Session> {
    let mut dice = SplitMix::new(1);
    let mut skewed = |bound: usize| {
        let below = dice.below(bound) + 1;
        dice.below(below)
    };
    let mut session = |number: usize| {
        let shelf = skewed(items / 50) * 50;
        Session { at: number as u32, items: (0..2 + skewed(8)).map(|_| (shelf + skewed(50)) as u64).collect() }
    };
    (0..count).map(|number| session(number)).collect()
}
