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
    /// The shop's currency.
    pub currency: Currency,
    /// What unset consent means.
    pub consent: ConsentMode,
}
