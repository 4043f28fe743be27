//! How many instructions the paths cost that everything waits for. Times on a machine with other guests differ from run to run, counts
//! hardly do: what a change costs shows in them first.
//!
//! ```sh
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench instructions           # all, as a table
//! cargo bench --manifest-path infra/bench/Cargo.toml --bench instructions -- looks  # one of them
//! ```
//!
//! Each path is walked under valgrind's callgrind in a process of its own, once and twice: the second round alone is what is counted, with
//! warm caches and scratch, on whatever thread. Where there is no valgrind it says so and counts nothing.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement")]

#[path = "../lookup/customers.rs"]
mod customers;
#[allow(dead_code, reason = "the tests ask it more than the measurement does")]
#[path = "../lookup/large_shop.rs"]
mod large_shop;
#[path = "../lookup/served.rs"]
mod served;
mod shoppers;

use bytes::Bytes;
use customers::{CUSTOMERS, ITEMS, NOW, profile};
use rapport_core::{
    model::Model,
    ranking::next_look::{Looks, session_of},
};
use rapport_train::purchases;
use served::{app, request};
use std::{
    env, fs,
    hint::black_box,
    path::Path,
    process::{Command, Stdio},
};

/// A path: its name, what one walk of it is, and what walks it so many rounds, given the artifact of a shop of 20,000 items. Gives the
/// walks of a round.
type Walked = (&'static str, &'static str, fn(&Path, usize) -> usize);

const PATHS: [Walked; 4] = [
    ("looks", "`Looks::best`, the next 20 after five looks", looks),
    ("handler", "the whole handler, a customer on a product page", handler),
    ("parse", "`Model::parse`, 20,000 items", parse),
    ("purchases", "`purchases::fit`, 2,000 customers and 1,000 items", fit),
];

fn main() {
    if let (Ok(path), Ok(rounds), Ok(artifact)) = (env::var("RAPPORT_PATH"), env::var("RAPPORT_ROUNDS"), env::var("RAPPORT_ARTIFACT")) {
        let walk = PATHS.iter().find(|(name, ..)| *name == path).expect("a path").2;
        println!("{}", walk(Path::new(&artifact), rounds.parse().expect("a number")));
        return;
    }
    let asked: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("nothing is counted: there is no valgrind here (Debian's and Ubuntu's package is called so)");
        return;
    }
    let artifact = env::temp_dir().join(format!("rapport-instructions-{}", std::process::id()));
    fs::write(&artifact, large_shop::draft(ITEMS, NOW).to_bytes().expect("an artifact").0).expect("writes");
    println!("| What | Instructions |\n|---|---|");
    for (name, what, _) in PATHS.iter().filter(|(name, ..)| asked.is_empty() || asked.iter().any(|word| word == name)) {
        let [(once, walks), (twice, _)] = [1, 2].map(|rounds| counted(name, rounds, &artifact));
        println!("| {what} | {} |", grouped(twice.saturating_sub(once) / walks));
    }
    fs::remove_file(artifact).expect("removes");
}

/// All instructions of a process that walks a path so many rounds, and the walks of a round.
fn counted(path: &str, rounds: usize, artifact: &Path) -> (u64, u64) {
    let told = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("this program"))
        .envs([("RAPPORT_PATH", path), ("RAPPORT_ROUNDS", &rounds.to_string()), ("RAYON_NUM_THREADS", "1")])
        .env("RAPPORT_ARTIFACT", artifact)
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.split_whitespace().next()?.parse().ok());
    let walks = String::from_utf8_lossy(&told.stdout).trim().parse().expect("the walks of a round");
    (collected.expect("callgrind says what it collected"), walks)
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len() % 3);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let all: Vec<String> = (!head.is_empty()).then(|| head.to_owned()).into_iter().chain(groups).collect();
    all.join(",")
}

fn artifact(path: &Path) -> Bytes {
    fs::read(path).expect("the artifact").into()
}

fn looks(shop: &Path, rounds: usize) -> usize {
    const SESSIONS: u32 = 200;
    let model = Model::parse(artifact(shop)).expect("a model");
    let (items, mut scratch) = (ITEMS as u32, Looks::default());
    for _ in 0..rounds {
        for number in 0..SESSIONS {
            let session = session_of(&[0, 3, 17, 1, 40].map(|step| (number * 7_919 + step) % items));
            black_box(scratch.best(&model, &session, 20));
        }
    }
    SESSIONS as usize
}

fn handler(shop: &Path, rounds: usize) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let profiles: Vec<_> = (0..CUSTOMERS).map(profile).collect();
    let app = runtime.block_on(app(artifact(shop), &profiles));
    for _ in 0..rounds {
        for number in 0..CUSTOMERS {
            let answer = runtime.block_on(recommend::handle(&app, request(number), NOW));
            assert!(black_box(answer).status().is_success());
        }
    }
    CUSTOMERS
}

fn parse(shop: &Path, rounds: usize) -> usize {
    let artifact = artifact(shop);
    for _ in 0..rounds {
        black_box(Model::parse(artifact.clone()).expect("a model"));
    }
    1
}

fn fit(_: &Path, rounds: usize) -> usize {
    let history = shoppers::history(2_000, 1_000, NOW);
    for _ in 0..rounds {
        black_box(purchases::fit(&history, &purchases::DEFAULT));
    }
    1
}
