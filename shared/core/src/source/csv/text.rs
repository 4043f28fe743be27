//! Bytes of unknown origin as a stream in which line ends, delimiters and quotes are single bytes, as in UTF-8.

use super::CsvError;
use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};
use std::io::{self, Read};

/// How much is looked at before anything is decided.
const SAMPLE_BYTES: usize = 256 * 1024;

/// The start of a file, and a reader of the whole, both past any byte order mark and no longer UTF-16.
pub(super) struct Text<R> {
    /// At most [`SAMPLE_BYTES`] from the start.
    pub(super) sample: Vec<u8>,
    /// How the bytes were read.
    pub(super) encoding: &'static str,
    rest: Rest<R>,
    given: usize,
}

enum Rest<R> {
    Plain(R),
    Wide(Box<Wide<R>>),
}

/// A UTF-16 stream on its way to UTF-8.
struct Wide<R> {
    inner: R,
    decoder: Decoder,
    ended: bool,
}

impl<R: Read> Text<R> {
    /// Looks at the start of `input` and decides how to read it.
    ///
    /// # Errors
    /// [`CsvError::Empty`], [`CsvError::Binary`], or what the reader says.
    pub(super) fn open(mut input: R) -> Result<Self, CsvError> {
        let mut sample = Vec::new();
        (&mut input).take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
        if sample.iter().all(u8::is_ascii_whitespace) {
            return Err(CsvError::Empty);
        }
        if let Some(what) = known_binary(&sample) {
            return Err(CsvError::Binary { what });
        }
        let wide = match sample.as_slice() {
            [0xff, 0xfe, ..] => Some(UTF_16LE),
            [0xfe, 0xff, ..] => Some(UTF_16BE),
            _ => unmarked_utf16(&sample),
        };
        let Some(encoding) = wide else {
            let marked = sample.starts_with(b"\xef\xbb\xbf");
            if marked {
                sample.drain(..3);
            }
            if is_noise(&sample) {
                return Err(CsvError::Binary { what: "binary data" });
            }
            let encoding = if marked { "UTF-8 with a byte order mark" } else { "UTF-8" };
            return Ok(Self { sample, encoding, rest: Rest::Plain(input), given: 0 });
        };
        let mut wide = Wide { inner: input, decoder: encoding.new_decoder(), ended: false };
        let sample = wide.decode(&sample);
        if is_noise(&sample) {
            return Err(CsvError::Binary { what: "binary data" });
        }
        Ok(Self { sample, encoding: encoding.name(), rest: Rest::Wide(Box::new(wide)), given: 0 })
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let ahead = self.sample.get(self.given..).unwrap_or_default();
            if !ahead.is_empty() {
                let count = ahead.len().min(out.len());
                out[..count].copy_from_slice(&ahead[..count]);
                self.given += count;
                return Ok(count);
            }
            match &mut self.rest {
                Rest::Plain(input) => return input.read(out),
                Rest::Wide(wide) if wide.ended => return Ok(0),
                Rest::Wide(wide) => {
                    self.sample = wide.next_chunk()?;
                    self.given = 0;
                }
            }
        }
    }
}

impl<R: Read> Wide<R> {
    fn next_chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut self.inner).take(SAMPLE_BYTES as u64).read_to_end(&mut bytes)?;
        self.ended = bytes.is_empty();
        Ok(self.decode(&bytes))
    }

    fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::with_capacity(self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or_default());
        // The capacity covers the worst case, so everything is taken in one call.
        let _ = self.decoder.decode_to_string(bytes, &mut text, self.ended);
        text.into_bytes()
    }
}

/// What a file that is no text says of itself in its first bytes.
fn known_binary(sample: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x1f\x8b", "a gzip archive inside another"),
        (b"%PDF", "a PDF"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"PAR1", "a Parquet file"),
        (b"\x89PNG", "a picture"),
        (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    ];
    KNOWN.iter().find(|(magic, _)| sample.starts_with(magic)).map(|(_, what)| *what)
}

/// UTF-16 without its mark: Western text then has a zero in nearly every other byte.
fn unmarked_utf16(sample: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let zeros = |parity: usize| sample.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let pairs = sample.len() / 2;
    match (zeros(0), zeros(1)) {
        (even, odd) if pairs >= 8 && odd * 10 > pairs * 7 && even * 20 < pairs => Some(UTF_16LE),
        (even, odd) if pairs >= 8 && even * 10 > pairs * 7 && odd * 20 < pairs => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether more than one byte in fifty is a control character: random bytes have one in nine, text nearly none.
fn is_noise(sample: &[u8]) -> bool {
    let controls = sample.iter().filter(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a)).count();
    controls * 50 > sample.len()
}
