//! What `infra/template.yaml` tells every function, read once per cold start.

use rapport_core::{money::Currency, source::ConsentMode};
use rapport_io::aws::{Aws, Endpoints, Options};
use std::fmt;

/// The stack a function belongs to, and what its shop decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The stack's name, of which all resources' names are made.
    pub stack: String,
    /// The bucket.
    pub bucket: String,
    /// The shop's currency.
    pub currency: Currency,
    /// What it means when nobody said anything about a purpose.
    pub consent: ConsentMode,
    /// The inbox; only `webhooks` and `collect` are told.
    pub inbox_url: Option<String>,
    /// A stand-in for S3, if there is one: it is asked with the bucket in the path, which the SDK does not do by itself.
    pub s3_endpoint: Option<String>,
}

/// A variable that is missing or makes no sense.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Not set, or empty.
    #[error("the environment variable {0} is not set; infra/template.yaml sets it")]
    Missing(&'static str),
    /// Set to something else than it may be.
    #[error("the environment variable {name} is `{value}`: {reason}")]
    Malformed {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        reason: String,
    },
}

/// A `main` that ends with an error prints it in this form, and this is the last that the log hears of the function.
impl fmt::Debug for EnvironmentError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Environment {
    /// The process's own.
    ///
    /// # Errors
    /// [`EnvironmentError`] names the variable.
    pub fn of_process() -> Result<Self, EnvironmentError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// From what `variable` gives for a name.
    ///
    /// # Errors
    /// [`EnvironmentError`] names the variable.
    pub fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let required = |name| given(name).ok_or(EnvironmentError::Missing(name));
        Ok(Self {
            stack: required("RAPPORT_STACK")?,
            bucket: required("RAPPORT_BUCKET")?,
            currency: parsed("RAPPORT_CURRENCY", required("RAPPORT_CURRENCY")?)?,
            consent: parsed("RAPPORT_CONSENT", required("RAPPORT_CONSENT")?)?,
            inbox_url: given("RAPPORT_INBOX_URL"),
            s3_endpoint: given("AWS_ENDPOINT_URL_S3").or_else(|| given("AWS_ENDPOINT_URL")),
        })
    }

    /// The stack's ports. Region, credentials and other endpoints are the SDK's to find.
    pub async fn connect(&self) -> Aws {
        Aws::connect(Options {
            stack: self.stack.clone(),
            bucket: self.bucket.clone(),
            inbox_url: self.inbox_url.clone(),
            endpoints: Endpoints { s3: self.s3_endpoint.clone(), ..Endpoints::default() },
            ..Options::default()
        })
        .await
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &'static str, value: String) -> Result<T, EnvironmentError> {
    value.parse().map_err(|error: T::Err| EnvironmentError::Malformed { name, value, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(without: &str, consent: &str) -> Result<Environment, EnvironmentError> {
        let set = [("RAPPORT_STACK", "shop"), ("RAPPORT_BUCKET", "shop-1-eu"), ("RAPPORT_CURRENCY", "EUR"), ("RAPPORT_CONSENT", consent)];
        Environment::read(|name| set.iter().find(|(known, _)| *known == name && name != without).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_the_template_sets_is_enough() {
        let environment = read("", "opt_in").unwrap();
        assert_eq!((environment.stack.as_str(), environment.consent, environment.inbox_url), ("shop", ConsentMode::OptIn, None));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        for name in ["RAPPORT_STACK", "RAPPORT_BUCKET", "RAPPORT_CURRENCY", "RAPPORT_CONSENT"] {
            assert_eq!(read(name, "opt_in"), Err(EnvironmentError::Missing(name)));
        }
        let error = read("", "maybe").unwrap_err().to_string();
        assert!(error.contains("RAPPORT_CONSENT") && error.contains("maybe"), "{error}");
    }
}
