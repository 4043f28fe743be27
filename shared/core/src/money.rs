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
    #[error("`{0}` is not an amount, or may be one of two; write it as a decimal number with a point, for example 12.50 or 1234.00")]
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

    /// `minor` units, whole or an average, with the currency's decimals and its code: `123.45 EUR`.
    #[must_use]
    pub fn in_words(&self, minor: f64) -> String {
        let decimals = self.decimals();
        format!("{:.*} {}", decimals as usize, minor / 10f64.powi(decimals as i32), self.code())
    }

    /// `amount` in major units (`12.5` euro) as minor units (`1250` cent), rounded half away from zero.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] when the result is not finite or would not survive a trip through a double.
    pub fn minor(&self, amount: f64) -> Result<i64, MoneyError> {
        let minor = (amount * 10f64.powi(self.decimals() as i32)).round();
        if minor.abs() < 9.0e15 { Ok(minor as i64) } else { Err(MoneyError::Amount(amount.to_string())) }
    }

    /// A decimal text as minor units: `12.50`, `12,50`, `1,234.50`, `1.234,50`, `1 234,50`, `1,234,567`.
    ///
    /// # Errors
    /// [`MoneyError::Amount`] when it is no number, and when it may be either of two: `1.234` euro, `1,234` Kuwaiti dinars.
    pub fn parse_minor(&self, text: &str) -> Result<i64, MoneyError> {
        let amount = number(text.trim(), self.decimals()).ok_or_else(|| MoneyError::Amount(text.chars().take(40).collect()))?;
        self.minor(amount)
    }
}

/// What parts thousands and nothing else.
const SPACES: [char; 5] = [' ', '\u{a0}', '\u{202f}', '\'', '\u{2019}'];

fn number(text: &str, decimals: u32) -> Option<f64> {
    // `1e3` is a machine's, and machines part no thousands.
    if text.contains(|c: char| c.is_alphabetic()) {
        return text.parse().ok();
    }
    let (sign, digits) = text.strip_prefix('-').map_or_else(|| ("", text.strip_prefix('+').unwrap_or(text)), |digits| ("-", digits));
    let (whole, fraction) = match digits.rfind([',', '.']) {
        Some(mark) if is_decimal(digits, mark, decimals)? => (digits.get(..mark)?, digits.get(mark + 1..)?),
        _ => (digits, ""),
    };
    format!("{sign}{}.{fraction}", ungrouped(whole)?).parse().ok()
}

/// Whether the last comma or point, at `mark`, begins the decimals; `None` where nobody can tell.
fn is_decimal(digits: &str, mark: usize, decimals: u32) -> Option<bool> {
    let (before, after) = (digits.get(..mark)?, digits.get(mark + 1..)?);
    let is_comma = digits.as_bytes().get(mark) == Some(&b',');
    if before.contains(if is_comma { ',' } else { '.' }) {
        return Some(false);
    }
    let is_parted = before.contains([',', '.']) || before.contains(SPACES);
    let may_be_thousands = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    if is_parted || !may_be_thousands {
        return Some(true);
    }
    match (is_comma, decimals < 3) {
        (true, true) => Some(false),
        (false, false) => Some(true),
        _ => None,
    }
}

/// `1,234,567` and `12,34,567` as digits alone; `None` where the groups are no thousands.
fn ungrouped(whole: &str) -> Option<String> {
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else { return Some(whole.to_owned()) };
    let groups: Vec<&str> = whole.split(mark).collect();
    let (first, last) = (groups.first()?, groups.last()?);
    let inner = groups.get(1..groups.len() - 1)?;
    let are_thousands = (1..=3).contains(&first.len()) && last.len() == 3 && inner.iter().all(|group| (2..=3).contains(&group.len()));
    let is_mark = matches!(mark, ',' | '.') || SPACES.contains(&mark);
    (is_mark && are_thousands).then(|| groups.concat())
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
    fn money_is_told_with_its_currencys_decimals() {
        let yen: Currency = "JPY".parse().expect("a currency");
        let dinar: Currency = "KWD".parse().expect("a currency");
        let told =
            [(Currency::EUR, 12_345.4), (Currency::GBP, -5.0), (yen, 1_200.0), (dinar, 1_234.0)].map(|(own, minor)| own.in_words(minor));
        assert_eq!(told, ["123.45 EUR", "-0.05 GBP", "1200 JPY", "1.234 KWD"]);
    }

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
    fn decimals_and_thousands_are_told_apart() {
        for (code, text, minor) in [
            ("EUR", "12,50", 1250),
            ("EUR", "12,5", 1250),
            ("EUR", "-12,50", -1250),
            ("EUR", "1.234,56", 123_456),
            ("EUR", "1 234,56", 123_456),
            ("EUR", "1\u{202f}234,56", 123_456),
            ("CHF", "1'234.50", 123_450),
            ("USD", "1,234.56", 123_456),
            ("USD", "1,234", 123_400),
            ("USD", "1,234,567", 123_456_700),
            ("EUR", "1.234.567", 123_456_700),
            ("INR", "12,34,567.00", 123_456_700),
            ("EUR", "0,125", 13),
            ("EUR", "1234.567", 123_457),
            ("EUR", "12.3456", 1235),
            ("JPY", "1,500", 1500),
            ("JPY", "1500.00", 1500),
            ("KWD", "1,5", 1500),
            ("KWD", "10.125", 10_125),
            ("EUR", "1.5e3", 150_000),
            ("EUR", ".5", 50),
        ] {
            let currency: Currency = code.parse().expect("a currency");
            assert_eq!(currency.parse_minor(text), Ok(minor), "{code} {text}");
        }
        for (code, text) in [
            ("EUR", "1.234"),
            ("JPY", "1.234"),
            ("KWD", "1,234"),
            ("EUR", "12 50"),
            ("EUR", "1,23,4"),
            ("EUR", "1,234,56"),
            ("EUR", "12,34.567,8"),
            ("EUR", "1,234.567.8"),
            ("EUR", ","),
            ("EUR", ""),
            ("EUR", "--5"),
        ] {
            let currency: Currency = code.parse().expect("a currency");
            assert!(currency.parse_minor(text).is_err(), "{code} {text}: {:?}", currency.parse_minor(text));
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
