//! What the environment decides, read once per cold start.

use rapport_core::money::Currency;

/// What it means when nobody said anything about a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentMode {
    /// No. The default, and the law in most of Europe.
    OptIn,
    /// Yes, until somebody says no.
    OptOut,
}

impl ConsentMode {
    /// Reads `opt_in` or `opt_out`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "opt_in" => Some(Self::OptIn),
            "opt_out" => Some(Self::OptOut),
            _ => None,
        }
    }

    /// Whether silence means yes.
    #[must_use]
    pub const fn is_opt_out(self) -> bool {
        matches!(self, Self::OptOut)
    }
}

/// The settings of the function.
#[derive(Clone, Debug)]
pub struct Config {
    /// The stack's name, of which all resources' names are made.
    pub stack: String,
    /// The bucket of models and log.
    pub bucket: String,
    /// The shop's currency.
    pub currency: Currency,
    /// What unset consent means.
    pub consent: ConsentMode,
}

/// A variable that is missing or says something else than it should: the function refuses to start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable `{name}` must be {expected}")]
pub struct ConfigError {
    name: &'static str,
    expected: &'static str,
}

impl Config {
    /// Reads the settings from `variable`, the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let told = |name, expected| variable(name).filter(|text| !text.is_empty()).ok_or(ConfigError { name, expected });
        let (currency, consent) = (("RAPPORT_CURRENCY", "an ISO 4217 code, for example EUR"), ("RAPPORT_CONSENT", "opt_in or opt_out"));
        Ok(Self {
            stack: told("RAPPORT_STACK", "the stack's name")?,
            bucket: told("RAPPORT_BUCKET", "the bucket's name")?,
            currency: told(currency.0, currency.1)?.parse().map_err(|_| ConfigError { name: currency.0, expected: currency.1 })?,
            consent: ConsentMode::parse(&told(consent.0, consent.1)?).ok_or(ConfigError { name: consent.0, expected: consent.1 })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_variable_is_named() {
        let right = |name: &str| match name {
            "RAPPORT_CURRENCY" => Some("EUR".to_owned()),
            "RAPPORT_CONSENT" => Some("opt_in".to_owned()),
            _ => Some("x".to_owned()),
        };
        assert_eq!(Config::read(right).map(|config| (config.currency, config.consent)), Ok((Currency::EUR, ConsentMode::OptIn)));
        for wrong in ["RAPPORT_STACK", "RAPPORT_BUCKET", "RAPPORT_CURRENCY", "RAPPORT_CONSENT"] {
            let error = Config::read(|name| if name == wrong { Some(String::new()) } else { right(name) }).expect_err(wrong);
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
