//! A JSON value as a tape: its parts one after another in words of eight bytes, its texts one after another beside them. A tree of nodes
//! takes 20 to 300 times its text; a tape at most five times, whatever somebody wrote, and it is read where it lies.

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// The longest text that a tape is made of: where a text lies and how long it is share a word.
const LONGEST_BYTES: usize = (1 << LENGTH_BITS) - 1;
const LENGTH_BITS: u32 = 29;

/// What a word is, in its lowest bits; the rest of it is what it says.
const KIND_BITS: u32 = 3;
const LITERAL: u64 = 0;
/// A whole number that the rest of the word has room for.
const SMALL: u64 = 1;
/// Numbers that the next word holds.
const UNSIGNED: u64 = 2;
const SIGNED: u64 = 3;
const FLOAT: u64 = 4;
/// Where a text begins, and its length.
const TEXT: u64 = 5;
/// Where what is in it ends.
const LIST: u64 = 6;
const OBJECT: u64 = 7;

const NULL: u64 = 0;
const FALSE: u64 = 1;
const TRUE: u64 = 2;

/// A JSON value that was read.
#[derive(Debug, Default)]
pub struct Json {
    words: Vec<u64>,
    texts: String,
}

static NOTHING: Json = Json { words: Vec::new(), texts: String::new() };

impl Json {
    /// Reads `body`, half a surrogate pair being an error.
    ///
    /// # Errors
    /// serde's, with line and column.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        if body.len() > LONGEST_BYTES {
            return Err(serde_json::Error::custom(format!("it is longer than {LONGEST_BYTES} bytes")));
        }
        let mut json = Self::with_room_for(body);
        let mut from = serde_json::Deserializer::from_slice(body);
        Part(&mut json).deserialize(&mut from)?;
        from.end()?;
        Ok(json)
    }

    /// An object of these entries.
    pub(in crate::source) fn object<'v>(entries: impl Iterator<Item = (&'v str, Value<'v>)> + Clone) -> Self {
        let (words, texts) = entries.clone().fold((1, 0), |(words, texts), (name, value)| {
            let (more_words, more_texts) = value.takes();
            (words + 1 + more_words, texts + name.len() + more_texts)
        });
        let mut json = Self { words: Vec::with_capacity(words), texts: String::with_capacity(texts) };
        json.nested(OBJECT, |json| {
            for (name, value) in entries {
                json.put(Value::Text(name));
                json.put(value);
            }
        });
        json
    }

    /// The whole of it.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        self.at(0).0
    }

    /// The object that it is, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<Object<'_>> {
        self.value().as_object()
    }

    #[cfg(test)]
    pub(super) fn has_kept_to_its_room(&self, body: &[u8]) -> bool {
        let room = Self::with_room_for(body);
        self.words.len() <= room.words.capacity() && self.texts.len() <= room.texts.capacity()
    }

    /// Room for the tape of `body` and hardly more: what grows by doubling is held twice while it moves.
    fn with_room_for(body: &[u8]) -> Self {
        let (mut words, mut texts) = (0, 0);
        let (mut in_text, mut escaped, mut scalar) = (false, false, 0_usize);
        for byte in body {
            if in_text {
                texts += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => (in_text, words, scalar) = (true, words + 1, 0),
                b'{' | b'[' => (words, scalar) = (words + 1, 0),
                b'}' | b']' | b':' | b',' | b' ' | b'\t' | b'\n' | b'\r' => scalar = 0,
                _ => {
                    scalar += 1;
                    // A fraction, an exponent or a number of many digits takes a second word.
                    let is_long = scalar == 18 || matches!(byte, b'.' | b'e' | b'E');
                    words += usize::from(scalar == 1) + usize::from(is_long);
                }
            }
        }
        Self { words: Vec::with_capacity(words), texts: String::with_capacity(texts) }
    }

    fn push(&mut self, kind: u64, says: u64) {
        self.words.push(says << KIND_BITS | kind);
    }

    fn text(&mut self, text: &str) {
        let from = self.texts.len() as u64;
        self.push(TEXT, from << LENGTH_BITS | text.len() as u64);
        self.texts.push_str(text);
    }

    fn number(&mut self, number: Number) {
        let (kind, bits) = match number {
            Number::Unsigned(number) => (UNSIGNED, number),
            Number::Signed(number) => (SIGNED, number.cast_unsigned()),
            Number::Float(number) => (FLOAT, number.to_bits()),
        };
        let signed = bits.cast_signed();
        let fits = kind != FLOAT && (kind == SIGNED || signed >= 0) && (signed << KIND_BITS) >> KIND_BITS == signed;
        if fits {
            self.push(SMALL, bits);
        } else {
            self.push(kind, 0);
            self.words.push(bits);
        }
    }

    fn literal(&mut self, which: u64) {
        self.push(LITERAL, which);
    }

    /// A list or an object with what `inside` puts into it.
    fn nested<T>(&mut self, kind: u64, inside: impl FnOnce(&mut Self) -> T) -> T {
        let opened = self.words.len();
        self.push(kind, 0);
        let inside = inside(self);
        let closed = self.words.len() as u64;
        if let Some(word) = self.words.get_mut(opened) {
            *word = closed << KIND_BITS | kind;
        }
        inside
    }

    fn put(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.literal(NULL),
            Value::Bool(yes) => self.literal(if yes { TRUE } else { FALSE }),
            Value::Number(number) => self.number(number),
            Value::Text(text) => self.text(text),
            Value::List(List(parts)) => self.nested(LIST, |json| parts.for_each(|part| json.put(part))),
            Value::Object(Object(parts)) => self.nested(OBJECT, |json| parts.for_each(|part| json.put(part))),
        }
    }

    /// The value at `place`, and the place behind it. Null where there is none.
    fn at(&self, place: usize) -> (Value<'_>, usize) {
        let Some(word) = self.words.get(place) else { return (Value::Null, place + 1) };
        let says = word >> KIND_BITS;
        let next = || self.words.get(place + 1).copied().unwrap_or_default();
        let inside = || Parts { json: self, from: place + 1, to: says as usize };
        match word & ((1 << KIND_BITS) - 1) {
            LITERAL => (if says == NULL { Value::Null } else { Value::Bool(says == TRUE) }, place + 1),
            SMALL => (Value::Number(Number::whole(word.cast_signed() >> KIND_BITS)), place + 1),
            UNSIGNED => (Value::Number(Number::Unsigned(next())), place + 2),
            SIGNED => (Value::Number(Number::Signed(next().cast_signed())), place + 2),
            FLOAT => (Value::Number(Number::Float(f64::from_bits(next()))), place + 2),
            TEXT => {
                let (from, length) = ((says >> LENGTH_BITS) as usize, says as usize & LONGEST_BYTES);
                (Value::Text(self.texts.get(from..from + length).unwrap_or_default()), place + 1)
            }
            LIST => (Value::List(List(inside())), says as usize),
            _ => (Value::Object(Object(inside())), says as usize),
        }
    }
}

/// Writes what is read next.
struct Part<'a>(&'a mut Json);

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.literal(NULL);
        Ok(())
    }

    fn visit_bool<E>(self, yes: bool) -> Result<(), E> {
        self.0.literal(if yes { TRUE } else { FALSE });
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.number(Number::Unsigned(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.number(Number::Signed(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.number(Number::Float(number));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.nested(LIST, |json| {
            while list.next_element_seed(Part(json))?.is_some() {}
            Ok(())
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.0.nested(OBJECT, |json| {
            while object.next_key_seed(Part(json))?.is_some() {
                object.next_value_seed(Part(json))?;
            }
            Ok(())
        })
    }
}

/// A value on a tape.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(&'a str),
    /// An array.
    List(List<'a>),
    /// An object.
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    /// The object, if it is one.
    #[must_use]
    pub const fn as_object(self) -> Option<Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The list, if it is one.
    #[must_use]
    pub const fn as_list(self) -> Option<List<'a>> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_str(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a whole one that fits.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Self::Number(Number::Unsigned(number)) => number.try_into().ok(),
            Self::Number(Number::Signed(number)) => Some(number),
            _ => None,
        }
    }

    /// Whether it is `true`.
    #[must_use]
    pub const fn is_true(self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Whether it is `null`.
    #[must_use]
    pub const fn is_null(self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether nothing is inside it.
    #[must_use]
    pub const fn is_scalar(self) -> bool {
        !matches!(self, Self::List(_) | Self::Object(_))
    }

    /// The words it takes on a tape, and the bytes of its texts.
    fn takes(self) -> (usize, usize) {
        let inside = |parts: Parts<'_>| (1 + parts.to - parts.from, parts.map(|part| part.takes().1).sum());
        match self {
            Value::Null | Value::Bool(_) => (1, 0),
            Value::Number(_) => (2, 0),
            Value::Text(text) => (1, text.len()),
            Value::List(List(parts)) | Value::Object(Object(parts)) => inside(parts),
        }
    }
}

/// A number as JSON's readers part them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number from 0 on.
    Unsigned(u64),
    /// A whole number below 0.
    Signed(i64),
    /// Any other.
    Float(f64),
}

impl Number {
    const fn whole(number: i64) -> Self {
        if number < 0 { Self::Signed(number) } else { Self::Unsigned(number.cast_unsigned()) }
    }

    /// The nearest double.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float(number) => serde_json::Number::from_f64(*number).map_or(Ok(()), |number| number.fmt(f)),
        }
    }
}

/// What is inside a list or an object, one after another.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    json: &'a Json,
    from: usize,
    to: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, next) = (self.from < self.to).then(|| self.json.at(self.from))?;
        self.from = next;
        Some(value)
    }
}

/// A JSON array.
#[derive(Clone, Copy, Debug)]
pub struct List<'a>(Parts<'a>);

impl<'a> List<'a> {
    /// Its values.
    pub fn iter(self) -> impl Iterator<Item = Value<'a>> {
        self.0
    }
}

/// A JSON object. Of two entries with one name the later holds.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a>(Parts<'a>);

impl Default for Object<'_> {
    fn default() -> Self {
        Self(Parts { json: &NOTHING, from: 0, to: 0 })
    }
}

impl<'a> Object<'a> {
    /// The value under `name`.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        self.places().filter(|at| self.name(*at) == name).last().map(|at| self.told(at))
    }

    /// Whether something is under `name`.
    #[must_use]
    pub fn contains_key(self, name: &str) -> bool {
        self.places().any(|at| self.name(at) == name)
    }

    /// Whether there are no entries.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.from >= self.0.to
    }

    /// Its entries, in the order of their names.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> + Clone {
        let mut places = Vec::with_capacity(self.places().count());
        // A tape has fewer words than 2^32.
        places.extend(self.places().map(|at| at as u32));
        let name = |at: &u32| self.name(*at as usize);
        places.sort_unstable_by(|at, other| name(at).cmp(name(other)).then(other.cmp(at)));
        places.dedup_by(|at, kept| name(at) == name(kept));
        places.into_iter().map(move |at| (self.name(at as usize), self.told(at as usize)))
    }

    /// Where each entry begins.
    fn places(self) -> impl Iterator<Item = usize> {
        let Parts { json, mut from, to } = self.0;
        std::iter::from_fn(move || {
            let at = (from < to).then_some(from)?;
            from = json.at(at + 1).1;
            Some(at)
        })
    }

    fn name(self, at: usize) -> &'a str {
        self.0.json.at(at).0.as_str().unwrap_or_default()
    }

    fn told(self, at: usize) -> Value<'a> {
        self.0.json.at(at + 1).0
    }
}

impl fmt::Display for Value<'_> {
    /// As JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(yes) => to.serialize_bool(*yes),
            Self::Number(Number::Unsigned(number)) => to.serialize_u64(*number),
            Self::Number(Number::Signed(number)) => to.serialize_i64(*number),
            Self::Number(Number::Float(number)) => to.serialize_f64(*number),
            Self::Text(text) => to.serialize_str(text),
            Self::List(list) => to.collect_seq(list.iter()),
            Self::Object(object) => object.serialize(to),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.entries())
    }
}

/// An object without the entry of one name.
pub(in crate::source) struct Without<'a>(pub(in crate::source) Object<'a>, pub(in crate::source) &'static str);

impl Serialize for Without<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.entries().filter(|(name, _)| *name != self.1))
    }
}
