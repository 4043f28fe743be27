//! Numbers as people read them.

use rapport_core::money::Currency;

/// `1044847` as `1,044,847`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 order`, `2,041 orders`.
#[must_use]
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Minor units as `33,719.00 GBP`; a code that is no currency is taken to have two decimals.
#[must_use]
pub fn money(minor: i64, code: &str) -> String {
    let (sign, whole, rest) = parted(minor, code.parse::<Currency>().map_or(2, |currency| currency.decimals()));
    format!("{sign}{}{rest} {code}", grouped(whole))
}

/// Minor units as `-33719.00`, for machines.
#[must_use]
pub fn decimal(minor: i64, currency: Currency) -> String {
    let (sign, whole, rest) = parted(minor, currency.decimals());
    format!("{sign}{whole}{rest}")
}

/// The sign, what stands before the point, and the point with what stands behind it.
fn parted(minor: i64, decimals: u32) -> (&'static str, u64, String) {
    let (size, scale) = (minor.unsigned_abs(), 10u64.pow(decimals));
    let rest = if decimals == 0 { String::new() } else { format!(".{:01$}", size % scale, decimals as usize) };
    (if minor < 0 { "-" } else { "" }, size / scale, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 1_044_847].map(grouped), ["0", "999", "1,000", "1,044,847"]);
    }

    #[test]
    fn money_has_its_currencys_decimals() {
        let shown = [(3_371_900, "GBP"), (-5, "EUR"), (1_200, "JPY"), (1_234, "KWD")].map(|(minor, code)| money(minor, code));
        assert_eq!(shown, ["33,719.00 GBP", "-0.05 EUR", "1,200 JPY", "1.234 KWD"]);
        let plain = [(3_371_900, "GBP"), (-5, "EUR"), (1_200, "JPY")].map(|(minor, code)| decimal(minor, code.parse().expect("a code")));
        assert_eq!(plain, ["33719.00", "-0.05", "1200"]);
    }
}
