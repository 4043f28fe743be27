//! Forgetting somebody at the word of a platform: what `DELETE /v1/customers/{id}` does, but told by a signed body that may come twice.

use crate::App;
use rapport_core::{event::Event, profile::Subject, source::Erasure};
use rapport_io::{StoreError, contacts::Receipt};

/// Erases the contacts of everyone that the erasure is about, writes its receipt, and gives what goes into the log.
///
/// The receipt is named by what the body says, and the first delivery's time is the erasure's: played again a year later it forgets
/// nothing of what happened since.
pub(crate) async fn erase(app: &App, erasure: &Erasure) -> Result<Vec<Event>, StoreError> {
    let known = app.contacts.receipt(&erasure.receipt).await?;
    let at = known.as_ref().map_or(erasure.at, |receipt| receipt.requested);
    if known.is_none() {
        app.contacts.put_receipt(&Receipt::new(erasure.receipt.clone(), at)).await?;
    }
    let mut aliases: Vec<Subject> = Vec::new();
    for subject in &erasure.subjects {
        if let Subject::Customer(customer) = subject {
            aliases.extend(app.identities.below(customer).await?);
        }
    }
    for subject in erasure.subjects.iter().chain(&aliases) {
        app.contacts.erase(subject, at).await?;
    }
    let erasure = Erasure { at, ..erasure.clone() };
    erasure.events(&aliases).map_err(|error| StoreError::refused("erasure", error))
}
