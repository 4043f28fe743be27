//! Where the shop's quintiles and value tiers begin, learned from the profiles as they are stored: orders that hold, refunds taken off.

use crate::App;
use rapport_core::{
    features::{Basis, Buyer, CutOffs, Facts},
    time::Timestamp,
};
use rapport_io::StoreError;

/// Learns them from every customer and every guest's address that no customer owns, and stores them where they differ from the known ones.
///
/// # Errors
/// [`StoreError`] when a store does not answer; the cut-offs of before stay.
pub(crate) async fn learn(app: &App, now: Timestamp) -> Result<CutOffs, StoreError> {
    let prior = CutOffs::prior(app.config.currency);
    let basis = Basis { currency: app.config.currency, cut_offs: &prior, catalog: None };
    let (mut buyers, mut next) = (Vec::new(), None);
    loop {
        let (people, more) = app.profiles.people(next).await?;
        for (_, stored) in people.iter().filter(|(_, stored)| !stored.is_owned()) {
            // One that cannot be read is folded anew by the profile function, and counts the next night.
            if let Ok(profile) = &stored.profile {
                buyers.extend(Buyer::of(&Facts::of(profile, basis), now));
            }
        }
        next = more;
        if next.is_none() {
            break;
        }
    }
    let learned = CutOffs::learn(app.config.currency, &buyers);
    // Other cut-offs let everybody be looked at anew.
    match app.segments.cut_offs().await {
        Ok(Some(known)) if known.is_near(&learned) => Ok(known),
        _ => app.segments.put_cut_offs(&learned).await.map(|()| learned),
    }
}
