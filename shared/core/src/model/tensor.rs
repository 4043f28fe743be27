//! Typed views into the artifact's bytes: numbers, lists of indices, texts. All checks happen when a view is made.

use super::ModelError;
use bytemuck::Pod;
use bytes::Bytes;
use half::f16;
use safetensors::{Dtype, SafeTensors};
use std::{marker::PhantomData, ops::Deref, ops::Range};

/// The key under which an artifact describes itself.
pub(super) const META: &str = "rapport";
/// The strictest alignment among our tensors, and what safetensors pads its header to.
const ALIGNMENT: usize = 8;

/// An error unless `holds`.
pub(super) fn check(name: &str, holds: bool, why: &'static str) -> Result<(), ModelError> {
    if holds { Ok(()) } else { Err(ModelError::Damaged { name: name.to_owned(), why }) }
}

/// A number as a tensor stores it.
pub(super) trait Number: Pod {
    const DTYPE: Dtype;
}

macro_rules! number {
    ($($type:ty => $dtype:ident),*) => { $(impl Number for $type { const DTYPE: Dtype = Dtype::$dtype; })* };
}
number!(u8 => U8, u16 => U16, u32 => U32, i32 => I32, i64 => I64, f16 => F16, f32 => F32);

/// An artifact whose header was read.
pub(super) struct Tensors {
    bytes: Bytes,
    header: safetensors::tensor::Metadata,
    start: usize,
}

impl Tensors {
    /// Reads the header; gives the description, too.
    pub(super) fn open(artifact: Bytes) -> Result<(Self, String), ModelError> {
        let bytes = aligned(artifact);
        let (length, header) = SafeTensors::read_metadata(&bytes)?;
        let meta = header.metadata().as_ref().and_then(|meta| meta.get(META)).cloned();
        let meta = meta.ok_or_else(|| ModelError::Damaged { name: META.to_owned(), why: "is missing" })?;
        // The header stands behind its own length, eight bytes.
        Ok((Self { bytes, header, start: length + 8 }, meta))
    }

    /// Whether there is a tensor of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.header.info(name).is_some()
    }

    /// Whether the tensor of that name holds such numbers.
    fn is<T: Number>(&self, name: &str) -> bool {
        self.header.info(name).is_some_and(|info| info.dtype == T::DTYPE)
    }

    /// The tensor `name`, which must be flat, of the right type and, where `count` says so, of that length.
    pub(super) fn numbers<T: Number>(&self, name: &str, count: Option<usize>) -> Result<Tensor<T>, ModelError> {
        let info = self.header.info(name).ok_or_else(|| ModelError::Damaged { name: name.to_owned(), why: "is missing" })?;
        check(name, info.dtype == T::DTYPE && info.shape.len() == 1, "has another type or shape")?;
        let (from, to) = info.data_offsets;
        let range = self.start + from..self.start + to;
        check(name, from <= to && range.end <= self.bytes.len(), "lies outside the artifact")?;
        let bytes = self.bytes.slice(range);
        let numbers = bytemuck::try_cast_slice::<u8, T>(&bytes).map(<[T]>::len);
        let length = numbers.map_err(|_| ModelError::Damaged { name: name.to_owned(), why: "is not aligned" })?;
        check(name, count.is_none_or(|count| count == length), "has another length than it should")?;
        Ok(Tensor { bytes, number: PhantomData })
    }

    /// A tensor of `count` finite numbers.
    pub(super) fn finite(&self, name: &str, count: usize) -> Result<Tensor<f32>, ModelError> {
        let numbers = self.numbers::<f32>(name, Some(count))?;
        check(name, numbers.iter().all(|number| number.is_finite()), "has a value that is no number")?;
        Ok(numbers)
    }

    /// `count + 1` offsets that rise from 0 to `end`.
    pub(super) fn offsets(&self, name: &str, count: usize, end: usize) -> Result<Tensor<u32>, ModelError> {
        let at = self.numbers::<u32>(name, Some(count + 1))?;
        let rises = at.is_sorted() && at.first() == Some(&0) && at.last().is_some_and(|last| *last as usize == end);
        check(name, rises, "has offsets that do not rise from nothing to everything")?;
        Ok(at)
    }
}

/// The bytes where 64-bit numbers can be read from them: as they are, or copied if they lie badly.
fn aligned(bytes: Bytes) -> Bytes {
    struct Words(Vec<u64>, usize);
    impl AsRef<[u8]> for Words {
        fn as_ref(&self) -> &[u8] {
            bytemuck::cast_slice::<u64, u8>(&self.0).get(..self.1).unwrap_or_default()
        }
    }
    if bytes.as_ptr().addr().is_multiple_of(ALIGNMENT) {
        return bytes;
    }
    let mut words = vec![0u64; bytes.len().div_ceil(ALIGNMENT)];
    bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(&bytes);
    Bytes::from_owner(Words(words, bytes.len()))
}

/// Numbers of one type.
#[derive(Clone, Debug)]
pub(super) struct Tensor<T> {
    bytes: Bytes,
    number: PhantomData<T>,
}

impl<T: Number> Tensor<T> {
    /// Of nothing: a column that an artifact has not.
    pub(super) const fn none() -> Self {
        Self { bytes: Bytes::new(), number: PhantomData }
    }

    pub(super) fn at(&self, index: u32) -> Option<T> {
        self.get(index as usize).copied()
    }
}

impl<T: Number> Deref for Tensor<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // Length and alignment were checked when the view was made.
        bytemuck::try_cast_slice(&self.bytes).unwrap_or_default()
    }
}

/// Numbers that name something, two bytes each where two bytes can name everything, four beyond.
#[derive(Clone, Debug)]
pub(super) enum Indices {
    Narrow(Tensor<u16>),
    Wide(Tensor<u32>),
}

impl Indices {
    /// Whether what is numbered below `bound` fits into two bytes.
    pub(super) const fn is_narrow(bound: usize) -> bool {
        bound <= u16::MAX as usize + 1
    }

    /// Numbers below `bound`, as wide as they were written: schema 1 knew four bytes only.
    fn parse(tensors: &Tensors, name: &str, bound: usize) -> Result<Self, ModelError> {
        Self::read(tensors, name, None, |index, _| (index as usize) < bound)
    }

    /// What each of `count` items has in a column of `bound` words; the greatest number of either width stands for none.
    pub(super) fn parse_words(tensors: &Tensors, name: &str, count: usize, bound: usize) -> Result<Self, ModelError> {
        Self::read(tensors, name, Some(count), |word, none| word == none || (word as usize) < bound)
    }

    /// Numbers of either width; `is_known` is told each, and the greatest of its width.
    fn read(tensors: &Tensors, name: &str, count: Option<usize>, is_known: impl Fn(u32, u32) -> bool) -> Result<Self, ModelError> {
        let (indices, all_known) = if tensors.is::<u16>(name) {
            let narrow = tensors.numbers::<u16>(name, count)?;
            let all_known = narrow.iter().all(|index| is_known(u32::from(*index), u32::from(u16::MAX)));
            (Self::Narrow(narrow), all_known)
        } else {
            let wide = tensors.numbers::<u32>(name, count)?;
            let all_known = wide.iter().all(|index| is_known(*index, u32::MAX));
            (Self::Wide(wide), all_known)
        };
        check(name, all_known, "names what does not exist")?;
        Ok(indices)
    }

    fn len(&self) -> usize {
        match self {
            Self::Narrow(narrow) => narrow.len(),
            Self::Wide(wide) => wide.len(),
        }
    }

    /// The word of item `index`; `None` where it has none.
    pub(super) fn word(&self, index: u32) -> Option<u32> {
        match self {
            Self::Narrow(narrow) => narrow.at(index).filter(|word| *word != u16::MAX).map(u32::from),
            Self::Wide(wide) => wide.at(index).filter(|word| *word != u32::MAX),
        }
    }

    fn row(&self, range: Range<usize>) -> Row<'_> {
        match self {
            Self::Narrow(narrow) => Row::Narrow(narrow.get(range).unwrap_or_default().iter()),
            Self::Wide(wide) => Row::Wide(wide.get(range).unwrap_or_default().iter()),
        }
    }
}

/// Indices in a row, read where they lie.
#[derive(Clone, Debug)]
pub enum Row<'a> {
    /// Two bytes each.
    Narrow(std::slice::Iter<'a, u16>),
    /// Four bytes each.
    Wide(std::slice::Iter<'a, u32>),
}

impl Row<'_> {
    pub(super) fn none() -> Self {
        Self::Wide([].iter())
    }
}

impl Iterator for Row<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Narrow(narrow) => narrow.next().map(|index| u32::from(*index)),
            Self::Wide(wide) => wide.next().copied(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Narrow(narrow) => narrow.size_hint(),
            Self::Wide(wide) => wide.size_hint(),
        }
    }

    /// The width is asked once a row, not once an index: `for_each` is the quick way through one.
    fn fold<B, F: FnMut(B, u32) -> B>(self, init: B, mut f: F) -> B {
        match self {
            Self::Narrow(narrow) => narrow.fold(init, |sum, index| f(sum, u32::from(*index))),
            Self::Wide(wide) => wide.fold(init, |sum, index| f(sum, *index)),
        }
    }
}

impl ExactSizeIterator for Row<'_> {}

/// Indices with their weights in a row, read where they lie.
#[derive(Clone, Debug)]
pub(super) struct Weighed<'a>(Row<'a>, std::slice::Iter<'a, f16>);

impl Iterator for Weighed<'_> {
    type Item = (u32, f16);

    fn next(&mut self) -> Option<(u32, f16)> {
        Some((self.0.next()?, *self.1.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.1.size_hint()
    }

    /// See [`Row::fold`].
    fn fold<B, F: FnMut(B, (u32, f16)) -> B>(self, init: B, mut f: F) -> B {
        match self.0 {
            Row::Narrow(narrow) => narrow.zip(self.1).fold(init, |sum, (index, weight)| f(sum, (u32::from(*index), *weight))),
            Row::Wide(wide) => wide.zip(self.1).fold(init, |sum, (index, weight)| f(sum, (*index, *weight))),
        }
    }
}

impl ExactSizeIterator for Weighed<'_> {}

/// Whole numbers, four bytes each where four can hold all of them, eight otherwise; the least of either width stands for none.
#[derive(Clone, Debug)]
pub(super) enum Whole {
    Narrow(Tensor<i32>),
    Wide(Tensor<i64>),
}

impl Whole {
    /// A column that an artifact may lack: then no item has a number.
    pub(super) fn parse(tensors: &Tensors, name: &str, count: usize) -> Result<Self, ModelError> {
        Ok(match tensors.has(name) {
            false => Self::Narrow(Tensor::none()),
            true if tensors.is::<i32>(name) => Self::Narrow(tensors.numbers(name, Some(count))?),
            true => Self::Wide(tensors.numbers(name, Some(count))?),
        })
    }

    pub(super) fn at(&self, index: u32) -> Option<i64> {
        match self {
            Self::Narrow(narrow) => narrow.at(index).filter(|number| *number != i32::MIN).map(i64::from),
            Self::Wide(wide) => wide.at(index).filter(|number| *number != i64::MIN),
        }
    }
}

/// One list of indices for each of `0..len`.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    at: Tensor<u32>,
    entries: Indices,
}

impl Lists {
    /// Nothing for anything.
    pub(super) const fn none() -> Self {
        Self { at: Tensor::none(), entries: Indices::Narrow(Tensor::none()) }
    }

    /// `NAME_at` and `NAME_items`: `count` lists of indices below `bound`.
    pub(super) fn parse(tensors: &Tensors, name: &str, count: usize, bound: usize) -> Result<Self, ModelError> {
        Self::parse_from(tensors, name, &format!("{name}_items"), count, bound)
    }

    /// The same with the indices in a tensor of another name.
    pub(super) fn parse_from(tensors: &Tensors, name: &str, items: &str, count: usize, bound: usize) -> Result<Self, ModelError> {
        let entries = Indices::parse(tensors, items, bound)?;
        Ok(Self { at: tensors.offsets(&format!("{name}_at"), count, entries.len())?, entries })
    }

    /// The same for as many lists as there are.
    pub(super) fn parse_any(tensors: &Tensors, name: &str, bound: usize) -> Result<Self, ModelError> {
        let count = tensors.numbers::<u32>(&format!("{name}_at"), None)?.len().saturating_sub(1);
        Self::parse(tensors, name, count, bound)
    }

    pub(super) fn len(&self) -> usize {
        self.at.len().saturating_sub(1)
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn range(&self, index: u32) -> Range<usize> {
        range(&self.at, index)
    }

    pub(super) fn row(&self, index: u32) -> Row<'_> {
        self.entries.row(self.range(index))
    }

    /// The same with the weights that lie beside it.
    pub(super) fn weighed<'a>(&'a self, index: u32, weights: &'a [f16]) -> Weighed<'a> {
        let range = self.range(index);
        Weighed(self.entries.row(range.clone()), weights.get(range).unwrap_or_default().iter())
    }
}

/// One text for each of `0..len`.
#[derive(Clone, Debug)]
pub(super) struct Texts {
    at: Tensor<u32>,
    bytes: Bytes,
}

impl Texts {
    /// One that an artifact may lack: then every text is empty.
    pub(super) fn parse_column(tensors: &Tensors, name: &str, count: usize) -> Result<Self, ModelError> {
        if tensors.has(&format!("{name}_at")) {
            Self::parse(tensors, name, Some(count))
        } else {
            Ok(Self { at: Tensor::none(), bytes: Bytes::new() })
        }
    }

    /// `NAME_at` and `NAME_text`: `count` texts, or as many as there are.
    pub(super) fn parse(tensors: &Tensors, name: &str, count: Option<usize>) -> Result<Self, ModelError> {
        let (name_of_text, name_of_at) = (format!("{name}_text"), format!("{name}_at"));
        let bytes = tensors.numbers::<u8>(&name_of_text, None)?.bytes;
        let count = match count {
            Some(count) => count,
            None => tensors.numbers::<u32>(&name_of_at, None)?.len().saturating_sub(1),
        };
        let at = tensors.offsets(&name_of_at, count, bytes.len())?;
        let is_text = std::str::from_utf8(&bytes).is_ok_and(|text| at.iter().all(|at| text.is_char_boundary(*at as usize)));
        check(&name_of_text, is_text, "is not UTF-8")?;
        Ok(Self { at, bytes })
    }

    pub(super) fn len(&self) -> usize {
        self.at.len().saturating_sub(1)
    }

    /// The text; empty for an unknown index.
    pub(super) fn get(&self, index: u32) -> &str {
        std::str::from_utf8(self.raw(index)).unwrap_or_default()
    }

    /// Whether it is `text`.
    pub(super) fn is(&self, index: u32, text: &str) -> bool {
        self.raw(index) == text.as_bytes()
    }

    /// Its bytes, whose order is that of the texts.
    fn raw(&self, index: u32) -> &[u8] {
        self.bytes.get(range(&self.at, index)).unwrap_or_default()
    }

    /// The index of `text`, where the texts are sorted.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.raw(middle).cmp(text.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Whether every text is greater than the one before it.
    pub(super) fn is_sorted(&self) -> bool {
        (1..self.len() as u32).all(|index| self.raw(index - 1) < self.raw(index))
    }
}

fn range(at: &[u32], index: u32) -> Range<usize> {
    let index = index as usize;
    match (at.get(index), at.get(index + 1)) {
        (Some(from), Some(to)) => *from as usize..*to as usize,
        _ => 0..0,
    }
}
