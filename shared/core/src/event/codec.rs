//! Events as they stand in the log: one JSON object a line, the schema number first.

use super::Event;
use serde::{Deserialize, Serialize};

/// The schema that is written today. Every older one stays readable; fixtures under `events/log/` prove it.
pub const SCHEMA: u8 = 1;

/// A line of the log that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release than this one.
    #[error("line {line} has schema {schema}; this release reads up to {SCHEMA}, so update it")]
    Newer {
        /// Counted from 1.
        line: usize,
        /// What it says.
        schema: u8,
    },
    /// Not an event at all.
    #[error("line {line} is not an event: {source}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Outgoing<'a> {
    v: u8,
    #[serde(flatten)]
    event: &'a Event,
}

/// Appends `event` to `out` as one line, newline included. The same event always gives the same bytes.
pub fn encode_line(event: &Event, out: &mut Vec<u8>) {
    let start = out.len();
    // The type has no map with non-text keys and no failing serializer, so writing to memory cannot fail; were it ever to,
    // a torn line must not reach the log.
    if serde_json::to_writer(&mut *out, &Outgoing { v: SCHEMA, event }).is_err() {
        out.truncate(start);
        return;
    }
    out.push(b'\n');
}

/// Reads one line. `line` is its number, for the error.
///
/// # Errors
/// [`DecodeError`] when it is not an event this release can read.
pub fn decode_line(line: usize, bytes: &[u8]) -> Result<Event, DecodeError> {
    #[derive(Deserialize)]
    struct Schema {
        v: u8,
    }
    let malformed = |source| DecodeError::Malformed { line, source };
    // The schema stands first in every line we write; only another release's or another hand's needs the slow look. It comes before
    // the event: a newer release's may have a shape that this one takes for damage.
    if !bytes.starts_with(br#"{"v":1,"#) {
        let Schema { v: schema } = serde_json::from_slice(bytes).map_err(malformed)?;
        if schema > SCHEMA {
            return Err(DecodeError::Newer { line, schema });
        }
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Reads every line of a log object; a line that cannot be read is handed out as its error and the rest still comes.
pub fn decode_lines(bytes: &[u8]) -> impl Iterator<Item = Result<Event, DecodeError>> + '_ {
    bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()).map(|(number, line)| decode_line(number + 1, line))
}

#[cfg(test)]
mod tests;
