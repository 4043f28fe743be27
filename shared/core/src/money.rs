//! Money as integer minor units with a currency. Nothing in the house adds floats and calls it revenue.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An ISO 4217 code, three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Why a text is no amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three letters.
    #[error("`{0}` is not a currency; use its ISO 4217 code, for example EUR")]
    Currency(String),
    /// Not a decimal number, or more than nine quadrillion minor units.
    #[error("`{0}` is not an amount; write it as a decimal number, for example 12.50")]
    Amount(String),
}

impl Currency {
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimals the currency's major unit has (ISO 4217): 2 for most, 0 for yen, 3 for Gulf dinars.
    #[must_use]
    pub const fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX" | b"VND" | b"VUV" | b"XAF"
            | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    /// `amount` in major units (`12.5` euro) as minor units (`1250` cent), rounded half away from zero.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] when the result is not finite or would not survive a trip through a double.
    pub fn minor(&self, amount: f64) -> Result<i64, MoneyError> {
        let minor = (amount * 10f64.powi(self.decimals() as i32)).round();
        if minor.abs() < 9.0e15 { Ok(minor as i64) } else { Err(MoneyError::Amount(amount.to_string())) }
    }

    /// A decimal text (`"12.50"`, `"1,234.5"`) as minor units.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] when it is no number.
    pub fn parse_minor(&self, text: &str) -> Result<i64, MoneyError> {
        let plain: String = text.trim().chars().filter(|c| *c != ',' && *c != ' ').collect();
        let amount = plain.parse::<f64>().map_err(|_| MoneyError::Amount(text.chars().take(40).collect()))?;
        self.minor(amount)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let code: Vec<u8> = text.trim().bytes().map(|b| b.to_ascii_uppercase()).collect();
        match <[u8; 3]>::try_from(code) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::Currency(text.chars().take(12).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_follow_the_currency() {
        for (code, text, minor) in
            [("GBP", "2.55", 255), ("JPY", "1200", 1200), ("KWD", "1.234", 1234), ("EUR", "1,234.50", 123_450), ("USD", "-0.005", -1)]
        {
            let currency: Currency = code.parse().expect("a currency");
            assert_eq!(currency.parse_minor(text), Ok(minor), "{code} {text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!("EURO".parse::<Currency>().is_err());
        assert!(Currency::EUR.parse_minor("twelve").is_err());
        assert!(Currency::EUR.minor(f64::NAN).is_err());
        assert!(Currency::EUR.minor(1e30).is_err());
    }
}
