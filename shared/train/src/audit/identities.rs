//! How many ids there are of each kind, and of how many words contradict each other.

use rapport_core::{
    id::CustomerId,
    identity::{Claims, Verdict, most_claimants},
    profile::{Alias, Subject},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Ids of one kind that words tie to customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IdentityCount {
    /// `customer`, `device`, `email` or `phone`.
    pub kind: &'static str,
    /// So many customers may claim one.
    pub most: usize,
    /// How many there are.
    pub ids: u64,
    /// Of these, somebody's.
    pub owned: u64,
    /// Of those, claimed by others, too, who are refused.
    pub contested: u64,
    /// Claimed by more customers than may, and so nobody's.
    pub shared: u64,
    /// On which the shop ruled.
    pub ruled: u64,
}

/// By kind, by name.
pub(super) fn counted(ties: &[(Alias, Claims)]) -> Vec<IdentityCount> {
    let mut kinds: BTreeMap<&str, IdentityCount> = BTreeMap::new();
    for (alias, claims) in ties {
        let kind = kind(alias);
        let count = kinds.entry(kind).or_insert_with(|| IdentityCount { kind, most: most_claimants(alias), ..IdentityCount::default() });
        count.ids += 1;
        count.ruled += u64::from(claims.named().any(|customer| claims.ruling(customer).is_some()));
        match claims.verdict(alias) {
            Verdict::Nobodys => {}
            Verdict::Shared { .. } => count.shared += 1,
            Verdict::Of(owner) => {
                let is_refused =
                    |customer: &CustomerId| *customer != owner.customer && claims.ruling(customer).is_none_or(|ruling| !ruling.is_parted);
                count.owned += 1;
                count.contested += u64::from(claims.claimants().any(|(customer, _)| is_refused(customer)));
            }
        }
    }
    kinds.into_values().collect()
}

const fn kind(alias: &Alias) -> &'static str {
    match alias {
        Subject::Customer(_) => "customer",
        Subject::Device(_) => "device",
        Subject::Email(_) => "email",
        Subject::Phone(_) => "phone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::{
        identity::{Says, Word},
        profile::Position,
        time::Timestamp,
    };

    #[test]
    fn what_contradicts_is_counted_by_kind() {
        let claimed = |id: &str, customers: std::ops::Range<i64>, parted: Option<i64>| {
            let alias = Subject::parse(id).expect("a subject");
            let mut claims = Claims::default();
            let word = |customer: i64, says: Says| {
                let at = Position { at: Timestamp(customer), id: 1 };
                Word { alias: alias.clone(), customer: CustomerId::new(&format!("c{customer}")).expect("an id"), at, says }
            };
            customers.for_each(|customer| _ = claims.hear(&word(customer, Says::Claimed)));
            parted.into_iter().for_each(|customer| _ = claims.hear(&word(customer, Says::Parted)));
            (alias, claims)
        };
        let ties = [
            claimed("d#phone", 0..1, None),
            claimed("d#tablet", 0..2, None),
            claimed("d#till", 0..9, None),
            claimed("d#lent", 0..2, Some(1)),
            claimed("e#h1_0", 0..1, Some(0)),
            claimed("p#h1_0", 0..2, None),
            claimed("p#h1_1", 0..3, None),
        ];
        let of = |kind, most, [ids, owned, contested, shared, ruled]: [u64; 5]| IdentityCount {
            kind,
            most,
            ids,
            owned,
            contested,
            shared,
            ruled,
        };
        let expected = [of("device", 3, [4, 3, 1, 1, 1]), of("email", 3, [1, 0, 0, 0, 1]), of("phone", 2, [2, 1, 1, 1, 0])];
        assert_eq!(counted(&ties), expected);
    }
}
