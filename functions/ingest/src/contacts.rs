//! Contact data on its way into its table, a few writes at a time.

use rapport_core::{profile::Subject, source::ContactField};
use rapport_io::{StoreError, contacts::Contacts};
use std::collections::BTreeMap;
use tokio::task::JoinSet;

/// Writes under way at once.
const AT_ONCE: usize = 16;

/// Writes what was told. Of several tellings of one field in a batch only the newest is worth a write.
pub(crate) async fn store(contacts: &Contacts, told: Vec<ContactField>) -> Result<(), StoreError> {
    let mut writes = JoinSet::new();
    for field in newest(told) {
        if writes.len() >= AT_ONCE {
            finish_one(&mut writes).await?;
        }
        let contacts = contacts.clone();
        writes.spawn(async move { contacts.put(&Subject::Customer(field.customer), &field.field, &field.value, field.at).await });
    }
    while !writes.is_empty() {
        finish_one(&mut writes).await?;
    }
    Ok(())
}

async fn finish_one(writes: &mut JoinSet<Result<bool, StoreError>>) -> Result<(), StoreError> {
    match writes.join_next().await {
        Some(Ok(written)) => written.map(|_| ()),
        Some(Err(broken)) => Err(StoreError::Unavailable { what: "a contact write".to_owned(), source: broken.into() }),
        None => Ok(()),
    }
}

fn newest(told: Vec<ContactField>) -> impl Iterator<Item = ContactField> {
    let mut newest: BTreeMap<_, ContactField> = BTreeMap::new();
    for field in told {
        let key = (field.customer.clone(), field.field.clone());
        if newest.get(&key).is_none_or(|known| known.at < field.at) {
            newest.insert(key, field);
        }
    }
    newest.into_values()
}
