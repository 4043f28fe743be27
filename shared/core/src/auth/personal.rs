//! Personal ids, hidden: an e-mail address or phone number never enters the log, only its keyed hash.
//!
//! A plain hash of an address can be undone by hashing all addresses of a leaked list; under the shop's `hash_key` it cannot, and
//! two shops' hashes of one address differ. The form is `h1_` and 64 hex digits of HMAC-SHA256.
//!
//! `h1` names how it is made: key, spelling and function. Log, archive and tables hold hashes and no addresses, so nobody can make them anew
//! under another key: one that changes makes strangers of everybody who is known by a hash, which is why it is never rotated, and why another
//! way of hashing would be `h2_` beside these and not in their place.

use crate::{
    digest::{hex, hmac_sha256},
    event::Who,
    id::{ContactHash, CustomerId, DeviceId, IdError, is_blocked},
};

/// Whom a sender who is believed names, in plain.
#[derive(Debug, Default)]
pub struct Named {
    /// The shop's own id.
    pub customer: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A phone number.
    pub phone: Option<String>,
}

impl Named {
    /// The same as it may stand in an event. What names nobody is left out.
    #[must_use]
    pub fn hidden(self, hash_key: &str) -> Who {
        Who {
            customer: self.customer.and_then(|id| customer(hash_key, &id).ok()),
            device: None,
            email: self.email.and_then(|address| email(hash_key, &address)),
            phone: self.phone.and_then(|number| phone(hash_key, &number)),
        }
    }
}

/// The countries of numbers that keep their zero wherever they are dialled from, Italy and San Marino: without it they are somebody else's.
const KEEP_ZERO: [&str; 2] = ["39", "378"];

/// The keyed hash of an e-mail address, whatever its case and the white space around it; `None` for what is no address.
#[must_use]
pub fn email(hash_key: &str, address: &str) -> Option<ContactHash> {
    is_email(address).then(|| ContactHash::new(&hash(hash_key, address)).ok()).flatten()
}

/// The keyed hash of a phone number with its country, however it is written; `None` for any other, and for one that is made up.
///
/// A number without its country may be many people's, and cannot be told from a customer number.
#[must_use]
pub fn phone(hash_key: &str, number: &str) -> Option<ContactHash> {
    let number = international(number).filter(|number| !is_made_up(number))?;
    ContactHash::new(&hash(hash_key, &number)).ok()
}

/// A shop's customer id as it is stored: as it is, or hashed where it is an e-mail address or a phone number.
///
/// # Errors
/// [`IdError`] when it cannot name somebody.
pub fn customer(hash_key: &str, id: &str) -> Result<CustomerId, IdError> {
    if is_personal(id) { CustomerId::new(&hash(hash_key, id)) } else { CustomerId::of_somebody(id) }
}

/// A device id likewise.
///
/// # Errors
/// [`IdError`] when it cannot name some device.
pub fn device(hash_key: &str, id: &str) -> Result<DeviceId, IdError> {
    if is_personal(id) { DeviceId::new(&hash(hash_key, id)) } else { DeviceId::of_somebody(id) }
}

/// Whether `text` is an e-mail address or a phone number.
#[must_use]
pub fn is_personal(text: &str) -> bool {
    is_email(text) || is_phone(text)
}

/// Whether `text` has the form of an e-mail address.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    !name.is_empty()
        && text.len() <= 254
        && domain.split('.').count() >= 2
        && domain.split('.').all(|label| !label.is_empty())
        && !text.contains(char::is_whitespace)
}

/// Whether `text` has the form of an international phone number. Without the `+` it could be any shop's customer number.
#[must_use]
pub fn is_phone(text: &str) -> bool {
    let Some(number) = text.trim().strip_prefix('+') else { return false };
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (7..=15).contains(&digits) && number.chars().all(|c| c.is_ascii_digit() || " -().".contains(c))
}

/// `+4915123456789` for `+49 (0)151 2345-6789` and `0049 151/23456789`: E.164, 7 to 15 digits of which the first is a country's.
fn international(text: &str) -> Option<String> {
    // What people and their programs put between digits: hyphens and dashes of all kinds among it.
    let is_separator = |c: char| c.is_whitespace() || "-./\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}".contains(c);
    let text: String = text.chars().filter(|c| !is_separator(*c)).collect();
    let number = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
    // The zero in brackets is dialled at home and left out abroad.
    let number = match number.split_once("(0)") {
        Some((country, rest)) if country.len() == country_digits(country) && !KEEP_ZERO.contains(&country) => format!("{country}{rest}"),
        _ => number.to_owned(),
    };
    let digits: String = number.chars().filter(|c| !"()".contains(*c)).collect();
    let is_one = (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| format!("+{digits}"))
}

/// How many of a number's digits are its country's: <https://www.itu.int/pub/T-SP-E.164D>.
fn country_digits(number: &str) -> usize {
    match number.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    }
}

/// Whether `number`, or all of it but its country, is one digit over and over, or counts up: what people type who have no number, or will
/// not tell it.
fn is_made_up(number: &str) -> bool {
    let counts = |from: u8, digits: &[u8]| digits.iter().zip(from..).all(|(digit, next)| *digit == b'0' + next % 10);
    let is_filler = |digits: &[u8]| digits.windows(2).all(|two| two[0] == two[1]) || counts(0, digits) || counts(1, digits);
    let digits = number.trim_start_matches('+');
    let at_home = digits.get(country_digits(digits)..).unwrap_or_default();
    // Small islands have numbers of four digits, and no other to give.
    is_filler(digits.as_bytes()) || at_home.len() >= 6 && is_filler(at_home.as_bytes())
}

/// An id as it may stand in an event: hashed where personal, `None` where it stands for nobody.
#[must_use]
pub fn hidden(hash_key: &str, id: &str) -> Option<String> {
    match id.trim() {
        id if is_blocked(id) => None,
        id if is_personal(id) => Some(hash(hash_key, id)),
        id => Some(id.to_owned()),
    }
}

fn hash(hash_key: &str, personal: &str) -> String {
    let personal = personal.trim();
    let plain: String =
        if is_phone(personal) { personal.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect() } else { personal.to_lowercase() };
    format!("h1_{}", hex(&hmac_sha256(hash_key.as_bytes(), plain.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn number(text: &str) -> Option<String> {
        international(text).filter(|number| !is_made_up(number))
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for (one, ways) in [
            (
                "+4915123456789",
                &[
                    "+4915123456789",
                    "+49 151 2345 6789",
                    " +49-151-23456789 ",
                    "+49 (151) 2345.6789",
                    "+49 151/23456789",
                    "+49\u{a0}151\u{202f}23456789",
                    "+49\u{2011}151\u{2013}23456789",
                    "0049 151 23456789",
                    "00 49 (0) 151 23456789",
                    "+49(0)15123456789",
                    "+49 ( 0 ) 151 23456789",
                ][..],
            ),
            ("+442079460958", &["+44 20 7946 0958", "+44 (0)20 7946 0958", "0044-20-7946-0958"]),
            ("+15550100000", &["+1 555 0100 000", "+1 (555) 010-0000", "001 555 010 0000"]),
            // Rome keeps its zero: without, this would be another's.
            ("+390612345670", &["+39 06 1234 5670", "+39 (0)6 1234 5670"]),
            ("+6834002", &["+683 4002"]),
            ("+882123456780124", &["+882 123 456 780 124"]),
        ] {
            for way in ways {
                assert_eq!(number(way).as_deref(), Some(one), "{way:?}");
                assert_eq!(phone(KEY, way).map(|hash| hash.as_str().to_owned()), Some(hash(KEY, one)), "{way:?}");
            }
            let id = customer(KEY, one).expect("an id");
            assert_eq!(
                phone(KEY, one).map(|hash| hash.as_str().to_owned()),
                Some(id.as_str().to_owned()),
                "as an id of that form is hidden"
            );
        }
    }

    #[test]
    fn what_is_no_number_with_its_country_is_nobodys() {
        for text in [
            "",
            "+",
            "00",
            "0151 23456789",
            "15123456789",
            "555-625-1199",
            "+49 151",
            "+1234567890123456",
            "+0151 23456789",
            "000 151 23456789",
            "+49 151 2345 6789 ext. 7",
            "+49 151 CALLME",
            "+49+15123456789",
            "4.9151E+12",
            "+٤٩١٥١٢٣٤٥٦٧٨٩",
            "ada@example.org",
            "null",
        ] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_people_type_who_have_no_number_is_nobodys() {
        for text in [
            "+0000000000",
            "0000000000",
            "+49 000000",
            "+49 0000 000000",
            "+1 111 111 1111",
            "+99 9999 9999",
            "+353 777 777 777",
            "+1234567890",
            "+49 123456789",
            "+49 0123456789",
            "+1 (234) 567-8901",
            "0049 1234567",
        ] {
            assert_eq!(number(text), None, "{text:?}");
        }
        // A pattern in it makes no number up.
        for text in ["+49 151 111111", "+49 30 1234567", "+49 89 000001", "+1 212 345 6789"] {
            assert!(number(text).is_some(), "{text:?}");
        }
    }

    #[test]
    fn a_number_without_its_key_is_another() {
        let [one, other] = ["one", "other"].map(|key| phone(key, "+49 151 2345 6789"));
        assert!(one.is_some() && one != other);
    }
}
