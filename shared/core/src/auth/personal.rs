//! Personal ids, hidden: an e-mail address or phone number never enters the log, only its keyed hash.
//!
//! A plain hash of an address can be undone by hashing all addresses of a leaked list; under the shop's `hash_key` it cannot, and
//! two shops' hashes of one address differ. The form is `h1_` and 64 hex digits of HMAC-SHA256.

use crate::{
    digest::{hex, hmac_sha256},
    id::{ContactHash, CustomerId, DeviceId, IdError, is_blocked},
};

/// The keyed hash of an e-mail address, whatever its case and the white space around it; `None` for what is no address.
#[must_use]
pub fn email(hash_key: &str, address: &str) -> Option<ContactHash> {
    is_email(address).then(|| ContactHash::new(&hash(hash_key, address)).ok()).flatten()
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
