//! The environment, read once.

use rapport_core::money::{Currency, MoneyError};
use rapport_train::Unset;

/// What a run must know about the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The shop's currency.
    pub currency: Currency,
    /// What silence about personalization means.
    pub unset: Unset,
}

/// A variable that is missing or makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Missing.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// No currency.
    #[error("RAPPORT_CURRENCY: {0}")]
    Currency(#[from] MoneyError),
    /// No rule of consent.
    #[error("RAPPORT_CONSENT is `{0}`; it must be opt_in or opt_out")]
    Consent(String),
}

impl Config {
    /// From the environment that `read` reads.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable.
    pub fn from_env(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let need = |name| read(name).ok_or(ConfigError::Missing(name));
        let unset = match need("RAPPORT_CONSENT")?.as_str() {
            "opt_in" => Unset::Denied,
            "opt_out" => Unset::Granted,
            other => return Err(ConfigError::Consent(other.to_owned())),
        };
        Ok(Self { currency: need("RAPPORT_CURRENCY")?.parse()?, unset })
    }
}
