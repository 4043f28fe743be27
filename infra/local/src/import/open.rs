//! Files as they lie on disk, gzipped or not.

use super::ImportError;
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// The content of the file at `path`, unpacked where its first bytes say that it is gzipped. `progress` is told how many bytes of
/// the file itself were read.
///
/// # Errors
/// [`ImportError::Open`] when it cannot be opened.
pub fn open(path: &Path, progress: impl Fn(u64) + 'static) -> Result<Box<dyn Read>, ImportError> {
    let failed = |source| ImportError::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut input = BufReader::with_capacity(1 << 18, Counted { file, read: 0, progress });
    let start = input.fill_buf().map_err(failed)?;
    if start.starts_with(b"\x1f\x8b") { Ok(Box::new(MultiGzDecoder::new(input))) } else { Ok(Box::new(input)) }
}

struct Counted<F> {
    file: File,
    read: u64,
    progress: F,
}

impl<F: Fn(u64)> Read for Counted<F> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(out)?;
        self.read += count as u64;
        (self.progress)(self.read);
        Ok(count)
    }
}
