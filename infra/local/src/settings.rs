//! What a shop decides once: its currency, and what it means when nobody said anything about consent.
//!
//! A deployed stack is told by its template's parameters. A home remembers in `shop.json` what its first command was told.

use crate::stores::secrets::write_private;
use rapport_core::{money::Currency, source::ConsentMode};
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// A shop's decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The shop's currency.
    pub currency: Currency,
    /// What an unset consent means.
    pub consent: ConsentMode,
}

/// What a home starts with: a currency that a history most likely states anyway, and a shop that may be tried out at once.
pub const DEFAULT: Settings = Settings { currency: Currency::USD, consent: ConsentMode::OptOut };

/// What a command was told, each part only where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The currency.
    pub currency: Option<Currency>,
    /// The rule of consent.
    pub consent: Option<ConsentMode>,
}

/// The document, as it lies in the home.
#[derive(Serialize, Deserialize)]
struct Document {
    currency: Currency,
    consent: String,
}

impl Settings {
    /// The home's settings. What was never decided is what `told` says, or the default, and is remembered; what `told` says later is
    /// for that command alone.
    ///
    /// # Errors
    /// When the document cannot be read or written.
    pub fn of_home(home: &Path, told: Told) -> io::Result<Self> {
        let path = home.join("shop.json");
        let known = match std::fs::read(&path) {
            Ok(document) => read(&document)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let first = DEFAULT.with(told);
                first.keep(home)?;
                first
            }
            Err(error) => return Err(error),
        };
        Ok(known.with(told))
    }

    /// Makes these the home's, whatever was remembered before.
    ///
    /// # Errors
    /// When the document cannot be written.
    pub fn keep(self, home: &Path) -> io::Result<()> {
        std::fs::create_dir_all(home)?;
        write_private(&home.join("shop.json"), &self.document()?)
    }

    /// These, with what was told in their place.
    #[must_use]
    pub fn with(self, told: Told) -> Self {
        Self { currency: told.currency.unwrap_or(self.currency), consent: told.consent.unwrap_or(self.consent) }
    }

    fn document(self) -> io::Result<Vec<u8>> {
        let document = Document { currency: self.currency, consent: self.consent.to_string() };
        serde_json::to_vec_pretty(&document).map_err(io::Error::other)
    }
}

fn read(document: &[u8]) -> io::Result<Settings> {
    let Document { currency, consent } = serde_json::from_slice(document).map_err(io::Error::other)?;
    Ok(Settings { currency, consent: consent.parse().map_err(io::Error::other)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_remembered_and_later_ones_are_for_the_moment() {
        let home = tempfile::tempdir().unwrap();
        let told = |currency: &str| Told { currency: Some(currency.parse().unwrap()), consent: None };
        let currency = |told| Settings::of_home(home.path(), told).unwrap().currency.code().to_owned();
        assert_eq!(currency(told("GBP")), "GBP");
        assert_eq!(currency(told("EUR")), "EUR");
        assert_eq!(currency(Told::default()), "GBP");
    }

    #[test]
    fn a_damaged_document_is_an_error_and_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("shop.json"), "{\"currency\":\"EUR\"").unwrap();
        assert!(Settings::of_home(home.path(), Told::default()).is_err());
        assert_eq!(std::fs::read_to_string(home.path().join("shop.json")).unwrap(), "{\"currency\":\"EUR\"");
    }
}
