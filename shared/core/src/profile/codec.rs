//! Profiles as they stand in the table: one schema byte, then postcard.

use super::{Profile, schema_1, schema_2};

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
