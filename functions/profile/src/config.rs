//! The environment, read once.

/// Settings of the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the stack; tables are named after it.
    pub stack: String,
    /// The bucket.
    pub bucket: String,
}

/// A variable that is missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set; infra/template.yaml sets it")]
pub struct ConfigError(&'static str);

impl Config {
    /// Reads the environment through `variable`.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable that is missing.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required = |name| variable(name).filter(|value| !value.is_empty()).ok_or(ConfigError(name));
        Ok(Self { stack: required("RAPPORT_STACK")?, bucket: required("RAPPORT_BUCKET")? })
    }
}
