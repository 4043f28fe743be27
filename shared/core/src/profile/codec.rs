//! Profiles as they stand in the table: one schema byte, then postcard.

use super::{Profile, schema_1, schema_2};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

/// The schema that is written today. Older ones stay readable; each has a fixture under `profile/fixtures`.
///
/// | Schema | Differs from the next in |
/// |---|---|
/// | 1 | no habits, no channel of an event, no first look at an item |
/// | 2 | no mails delivered, no squares of the waits between days with orders; refunds of an order counted one by one, whoever told them |
pub const SCHEMA: u8 = 3;

/// A stored profile that cannot be read. Nothing is lost: a refold from the log writes it anew.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Written by another release.
    #[error("the profile has schema {0}; this release reads up to {SCHEMA}")]
    Schema(u8),
    /// Cut short or overwritten.
    #[error("the profile is damaged: {0}")]
    Damaged(#[from] postcard::Error),
}

/// Reads a list that no profile has more than `MOST` entries in, reserving nothing at the word of a length that may be forged.
///
/// # Errors
/// What is read from says so, or there are more.
pub(super) fn at_most<'de, const MOST: usize, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct Few<T, const MOST: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Few<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{MOST} entries at most")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut read = Vec::with_capacity(list.size_hint().unwrap_or_default().min(MOST));
            while let Some(entry) = list.next_element()? {
                if read.len() == MOST {
                    return Err(A::Error::invalid_length(MOST + 1, &self));
                }
                read.push(entry);
            }
            Ok(read)
        }
    }

    from.deserialize_seq(Few::<T, MOST>(PhantomData))
}

impl Profile {
    /// The bytes that are stored. Equal profiles give equal bytes.
    ///
    /// # Errors
    /// Never in practice: writing to memory cannot fail. The type says so because the serializer's does.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ProfileError> {
        Ok(postcard::to_extend(self, vec![SCHEMA])?)
    }

    /// The inverse of [`Profile::to_bytes`].
    ///
    /// # Errors
    /// [`ProfileError`] when the bytes are not a profile of a known schema.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProfileError> {
        match bytes.split_first() {
            Some((&SCHEMA, body)) => Ok(postcard::from_bytes(body)?),
            Some((&schema_2::SCHEMA, body)) => Ok(postcard::from_bytes::<schema_2::Profile>(body)?.into()),
            Some((&schema_1::SCHEMA, body)) => Ok(postcard::from_bytes::<schema_1::Profile>(body)?.into()),
            Some((&schema, _)) => Err(ProfileError::Schema(schema)),
            None => Err(ProfileError::Damaged(postcard::Error::DeserializeUnexpectedEnd)),
        }
    }
}
