//! What happened in a run, line by line: to replay it, to compare two runs of one seed, to tell a failure.

use rapport_core::{digest::short_hash, time::Timestamp};

/// A story of so many lines is told whole.
const SHORT: usize = 150;

/// The lines, or only their hash: most runs are never read.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    hash: u64,
    count: u64,
    lines: Option<Vec<String>>,
}

impl Story {
    /// Keeps the lines where `told`.
    pub(crate) fn new(told: bool) -> Self {
        Self { hash: 0, count: 0, lines: told.then(Vec::new) }
    }

    /// Adds a line; `actor` is the task that did it, 0 for the world.
    pub(crate) fn add(&mut self, at: Timestamp, actor: u64, line: &str) {
        self.count += 1;
        self.hash = short_hash(format!("{}{}{actor}{line}", self.hash, at.0).as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{at} #{actor} {line}"));
        }
    }

    /// One number for all of it.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines that say one of `words`, and what was sent and who died; all of a story that is short.
    pub(crate) fn about(&self, words: &[String]) -> Vec<String> {
        let lines = self.lines.iter().flatten();
        let is_short = lines.clone().count() <= SHORT;
        let tells = |line: &String| words.iter().map(String::as_str).chain(["sends", "dies"]).any(|word| line.contains(word));
        lines.filter(|line| is_short || tells(line)).cloned().collect()
    }
}
