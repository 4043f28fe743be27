//! Who belongs to the shop: its own people and machines, whose looks and orders say nothing about customers.
//!
//! What they do is marked as internal where it comes in, and the mark is stored with the event: an address on the net decides at the
//! door and goes no further, an e-mail address or a phone number while the body is read. So profiles and training follow from the log
//! alone, and a list that changes changes what comes after it.
//!
//! What is absent: what staff does in a browser elsewhere without saying who they are. Nobody can tell; a page that knows sends
//! `context.internal`.

use super::personal;
use crate::{
    event::Who,
    id::{ContactHash, CustomerId},
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, net::IpAddr};

/// The shop's own, as its keys document lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insiders {
    /// Networks their browsers are in: `203.0.113.0/24`, `2001:db8::/32`, or one address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// Customers who are staff, by the shop's id, their e-mail address or their phone number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<String>,
    /// Domains of the shop's own e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

/// The shop's own people, by the names that events have for them.
#[derive(Clone, Debug, Default)]
pub struct Staff {
    customers: HashSet<CustomerId>,
    contacts: HashSet<ContactHash>,
}

impl Staff {
    fn add(&mut self, hash_key: &str, name: &str) {
        self.customers.extend(personal::customer(hash_key, name));
        self.contacts.extend(personal::email(hash_key, name));
        self.contacts.extend(personal::phone(hash_key, name));
    }

    /// Whether `who` is one of them.
    #[must_use]
    pub fn is_named_by(&self, who: &Who) -> bool {
        who.customer.as_ref().is_some_and(|id| self.customers.contains(id))
            || [&who.email, &who.phone].into_iter().flatten().any(|hash| self.contacts.contains(hash))
    }
}

/// A text that names nobody of the shop's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInsider {
    /// Not a network.
    #[error("`{0}` is no network; write it as 203.0.113.0/24, 2001:db8::/32 or one address")]
    Network(String),
    /// Not a customer.
    #[error("`{0}` names no customer; use the shop's own id, an e-mail address or a phone number")]
    Customer(String),
    /// Not a domain.
    #[error("`{0}` is no domain of e-mail addresses; write it as example.com")]
    Domain(String),
}

impl Insiders {
    /// Whether nobody is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Checks what was typed.
    ///
    /// # Errors
    /// [`NoInsider`] for the first entry that would never match.
    pub fn check(&self) -> Result<(), NoInsider> {
        for network in &self.networks {
            parts(network).ok_or_else(|| NoInsider::Network(network.clone()))?;
        }
        for customer in &self.customers {
            personal::customer("", customer).map_err(|_| NoInsider::Customer(customer.clone()))?;
        }
        let is_domain = |domain: &str| personal::is_email(&format!("a@{domain}")) && !domain.contains('@');
        match self.domains.iter().find(|domain| !is_domain(domain)) {
            Some(domain) => Err(NoInsider::Domain(domain.clone())),
            None => Ok(()),
        }
    }

    /// Whether `address` lies in one of the networks.
    #[must_use]
    pub fn hold(&self, address: IpAddr) -> bool {
        self.networks.iter().filter_map(|network| parts(network)).any(|(first, bits)| shares(first, address.to_canonical(), bits))
    }

    /// Who is staff in a delivery of `body`: who is listed by name, and whose address in it is one of the shop's own.
    #[must_use]
    pub fn staff_in(&self, body: &[u8], hash_key: &str) -> Staff {
        let mut staff = self.staff(hash_key);
        self.addresses(body).for_each(|address| staff.add(hash_key, address));
        staff
    }

    /// Who is listed by name, as events name them.
    #[must_use]
    pub fn staff(&self, hash_key: &str) -> Staff {
        let mut staff = Staff::default();
        self.customers.iter().for_each(|name| staff.add(hash_key, name));
        staff
    }

    /// Whether `address` is one of the shop's own.
    #[must_use]
    pub fn is_own_address(&self, address: &str) -> bool {
        address.trim().rsplit_once('@').is_some_and(|(_, domain)| self.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
    }

    /// The shop's own addresses in `body`, whatever form it has.
    fn addresses<'a>(&'a self, body: &'a [u8]) -> impl Iterator<Item = &'a str> {
        // Without domains of one's own no body is searched.
        let text = std::str::from_utf8(body).ok().filter(|_| !self.domains.is_empty()).unwrap_or_default();
        text.split(|c: char| c.is_whitespace() || "\"'<>(),;:\\".contains(c)).filter(|word| self.is_own_address(word))
    }
}

/// A network's address and how many bits of it count.
fn parts(network: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = network.trim().split_once('/').map_or((network.trim(), None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
    Some((address, bits))
}

/// Whether the first `bits` bits of two addresses of one family are alike.
fn shares(network: IpAddr, address: IpAddr, bits: u32) -> bool {
    let differ = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => u128::from(network.to_bits() ^ address.to_bits()) << 96,
        (IpAddr::V6(network), IpAddr::V6(address)) => network.to_bits() ^ address.to_bits(),
        _ => return false,
    };
    differ.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;

    const KEY: &str = "0123456789abcdef";

    fn insiders(networks: &[&str], customers: &[&str], domains: &[&str]) -> Insiders {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Insiders { networks: owned(networks), customers: owned(customers), domains: owned(domains) }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let shop = insiders(&["203.0.113.64/26", "198.51.100.7", "2001:db8:1::/48", "nonsense/99"], &[], &[]);
        for (address, inside) in [
            ("203.0.113.64", true),
            ("203.0.113.127", true),
            ("203.0.113.128", false),
            ("203.0.113.63", false),
            ("::ffff:203.0.113.100", true),
            ("198.51.100.7", true),
            ("198.51.100.8", false),
            ("2001:db8:1:ffff::1", true),
            ("2001:db8:2::1", false),
        ] {
            assert_eq!(shop.hold(address.parse().expect("an address")), inside, "{address}");
        }
        assert!(insiders(&["0.0.0.0/0"], &[], &[]).hold("8.8.8.8".parse().expect("an address")));
        assert!(!Insiders::default().hold("10.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn what_would_never_match_is_refused() {
        assert_eq!(insiders(&["10.0.0.0/8"], &["7", "boss@shop.example"], &["shop.example"]).check(), Ok(()));
        for wrong in [
            insiders(&["10.0.0.0/33"], &[], &[]),
            insiders(&["shop"], &[], &[]),
            insiders(&[], &["guest"], &[]),
            insiders(&[], &[], &["@shop.example"]),
            insiders(&[], &[], &["shop"]),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn staff_is_told_by_id_by_address_by_number_and_by_domain() {
        let shop = insiders(&[], &["7", "helper@home.example", "+49 151 2345 6789"], &["Shop.example"]);
        let who = |customer: Option<&str>, contact: Option<&str>| Who {
            customer: customer.and_then(|id| personal::customer(KEY, id).ok()),
            device: DeviceId::new("d").ok(),
            email: contact.and_then(|address| personal::email(KEY, address)),
            phone: contact.and_then(|number| personal::phone(KEY, number)),
        };
        let body =
            br#"{"email":"Ada@shop.EXAMPLE","contact":"Bob <bob@shop.example>","note":"eve@notshop.example, mallory@shop.example.org"}"#;
        for (customer, contact, internal) in [
            (Some("7"), None, true),
            (Some("8"), None, false),
            (None, Some("helper@home.example"), true),
            (Some("helper@home.example"), None, true),
            (Some("8"), Some("ada@shop.example"), true),
            (Some("bob@shop.example"), None, true),
            (Some("8"), Some("0049 151 23456789"), true),
            (None, Some("+49 (0)151 23456789"), true),
            (None, Some("+49 151 2345 6780"), false),
            (None, Some("eve@notshop.example"), false),
            (None, Some("mallory@shop.example.org"), false),
            (None, None, false),
        ] {
            let staff = shop.staff_in(body, KEY);
            assert_eq!(staff.is_named_by(&who(customer, contact)), internal, "{customer:?} {contact:?}");
        }
    }
}
