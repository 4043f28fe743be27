//! Records out of a stream of text, one at a time, such that a damaged one costs nothing but itself.
//!
//! The trap is the quote that is never closed: a naive reader swallows the rest of the file. Here a record that spans lines must
//! close its quotes and have the header's number of fields, or only its *first line* is damaged and reading goes on with the second.

use super::{Mend, Reason};
use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

/// The longest record taken.
const LONGEST_BYTES: usize = 1024 * 1024;
/// How many lines one record may span: product descriptions are long, a lost quote must not cost a look at the whole file.
const LONGEST_LINES: usize = 1000;

/// A reader of records.
pub(super) struct Records<R> {
    input: BufReader<R>,
    delimiter: u8,
    line_end: u8,
    /// How many fields a record that spans lines must have; 0 when any number will do.
    pub(super) width: usize,
    /// Lines that were looked at too early.
    ahead: VecDeque<Line>,
    next_line: u64,
    in_long_line: bool,
}

/// A line of the file, without its end.
#[derive(Default)]
struct Line {
    number: u64,
    bytes: Vec<u8>,
    too_long: bool,
}

/// A record as it was last read; its memory is used again for the next one.
#[derive(Default)]
pub(super) struct Record {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// As it stands in the file.
    pub(super) raw: Vec<u8>,
    /// What was mended while reading.
    pub(super) mends: Vec<Mend>,
    fields: Fields,
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A record.
    Record,
    /// A damaged one, only its raw bytes are good.
    Broken(Reason),
    /// The file's end.
    End,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, delimiter: u8, line_end: u8) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 18, input),
            delimiter,
            line_end,
            width: 0,
            ahead: VecDeque::new(),
            next_line: 1,
            in_long_line: false,
        }
    }

    /// Reads the next record into `record`.
    pub(super) fn read(&mut self, record: &mut Record) -> io::Result<Step> {
        let mut line = Line { bytes: std::mem::take(&mut record.raw), ..Line::default() };
        line.bytes.clear();
        match self.ahead.pop_front() {
            Some(known) => line = known,
            None => {
                if !self.read_line(&mut line)? {
                    return Ok(Step::End);
                }
            }
        }
        record.line = line.number;
        record.raw = line.bytes;
        record.mends.clear();
        record.fields.clear();
        if line.too_long {
            return Ok(Step::Broken(Reason::TooLong));
        }
        let text = decoded(&record.raw, &mut record.mends);
        match record.fields.feed(&text, self.delimiter) {
            Fed::Complete => Ok(Step::Record),
            Fed::Damaged => Ok(Step::Broken(Reason::Quote)),
            Fed::Open => self.read_on(record),
        }
    }

    /// Goes on with a record whose first line left a quote open.
    fn read_on(&mut self, record: &mut Record) -> io::Result<Step> {
        let mut bytes = record.raw.len();
        for index in 0..LONGEST_LINES {
            if index == self.ahead.len() {
                let mut line = Line::default();
                if !self.read_line(&mut line)? {
                    break;
                }
                self.ahead.push_back(line);
            }
            let Some(line) = self.ahead.get(index) else { break };
            bytes += line.bytes.len() + 1;
            if line.too_long || bytes > LONGEST_BYTES {
                break;
            }
            record.fields.text.push('\n');
            let text = decoded(&line.bytes, &mut record.mends);
            match record.fields.feed(&text, self.delimiter) {
                Fed::Open => {}
                Fed::Complete if self.width == 0 || record.len() == self.width => {
                    for line in self.ahead.drain(..=index) {
                        record.raw.push(b'\n');
                        record.raw.extend_from_slice(&line.bytes);
                    }
                    return Ok(Step::Record);
                }
                Fed::Complete | Fed::Damaged => break,
            }
        }
        record.mends.clear();
        Ok(Step::Broken(Reason::Quote))
    }

    /// Reads a line; `false` at the end of the file. A line beyond [`LONGEST_BYTES`] comes in pieces, each marked.
    fn read_line(&mut self, line: &mut Line) -> io::Result<bool> {
        let limit = LONGEST_BYTES as u64 + 1;
        if (&mut self.input).take(limit).read_until(self.line_end, &mut line.bytes)? == 0 {
            return Ok(false);
        }
        line.number = self.next_line;
        let ended = line.bytes.last() == Some(&self.line_end);
        if ended {
            line.bytes.pop();
            self.next_line += 1;
        }
        let cut = !ended && line.bytes.len() > LONGEST_BYTES;
        line.too_long = cut || self.in_long_line;
        self.in_long_line = cut;
        if !line.too_long && line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        Ok(true)
    }
}

impl Record {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.fields.ends.len()
    }

    /// The field at `index`, trimmed; empty where there is none.
    pub(super) fn field(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(Some(0), |before| self.fields.ends.get(before).copied());
        let range = start.zip(self.fields.ends.get(index).copied());
        range.and_then(|(start, end)| self.fields.text.get(start..end)).unwrap_or_default().trim()
    }

    /// All fields, trimmed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.field(index))
    }

    /// Whether nothing is in it.
    pub(super) fn is_blank(&self) -> bool {
        self.fields.text.trim().is_empty()
    }
}

/// Fields without their quotes, one after the other.
#[derive(Default)]
struct Fields {
    text: String,
    ends: Vec<usize>,
    in_quotes: bool,
}

enum Fed {
    Complete,
    Open,
    Damaged,
}

impl Fields {
    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.in_quotes = false;
    }

    /// Takes a line in, at the start of a record or inside of a quoted field.
    fn feed(&mut self, line: &str, delimiter: u8) -> Fed {
        let mut rest = line;
        loop {
            if !self.in_quotes {
                match rest.strip_prefix('"') {
                    Some(quoted) => {
                        self.in_quotes = true;
                        rest = quoted;
                    }
                    None => match rest.split_once(char::from(delimiter)) {
                        Some((field, after)) => {
                            self.end_field(field);
                            rest = after;
                            continue;
                        }
                        None => {
                            self.end_field(rest);
                            return Fed::Complete;
                        }
                    },
                }
            }
            let Some((inside, after)) = rest.split_once('"') else {
                self.text.push_str(rest);
                return Fed::Open;
            };
            self.text.push_str(inside);
            if let Some(after) = after.strip_prefix('"') {
                self.text.push('"');
                rest = after;
                continue;
            }
            self.in_quotes = false;
            self.end_field("");
            let after = after.trim_start_matches(' ');
            match after.strip_prefix(char::from(delimiter)) {
                Some(next) => rest = next,
                None if after.is_empty() => return Fed::Complete,
                None => return Fed::Damaged,
            }
        }
    }

    fn end_field(&mut self, tail: &str) {
        self.text.push_str(tail);
        self.ends.push(self.text.len());
    }
}

/// `bytes` as text, whatever they are.
fn decoded<'a>(bytes: &'a [u8], mends: &mut Vec<Mend>) -> Cow<'a, str> {
    let text = std::str::from_utf8(bytes).map_or_else(
        |_| {
            mends.push(Mend::Encoding);
            encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0
        },
        Cow::Borrowed,
    );
    if text.contains('\0') {
        mends.push(Mend::ZeroBytes);
        return Cow::Owned(text.replace('\0', ""));
    }
    text
}
