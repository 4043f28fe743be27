//! A home keeps its books in one currency: the rows of one file in two currencies would be two tellings of the same orders, of which
//! one holds here and the other there.

use super::{Failure, Shop};
use crate::{
    demo,
    deployed::Deployed,
    settings::{Settings, Told},
};
use profile::FoldError;
use rapport_core::{
    event::{Action, Event},
    money::Currency,
};
use rapport_io::{aws::Aws, catalog::Catalog};
use std::io;

/// Sees that the home at hand counts in `told`. A home in which nothing has a price yet takes it, whatever it remembered.
///
/// # Errors
/// [`Failure::Usage`] where the home has amounts in another currency.
pub(super) async fn agree(shop: &Shop, aws: &Aws, functions: &Deployed, told: Currency) -> Result<(), Failure> {
    let remembered = remembered(shop)?;
    if remembered.currency == told {
        return Ok(());
    }
    if demo::mark(&shop.home)?.is_some() || has_amounts(aws, &functions.profile).await? {
        return Err(Failure::Usage(format!(
            "the shop in {} counts in {} and has orders or prices, so it takes nothing in {told}; leave --currency out, or give another shop \
             another --home; a file of several currencies names them in a column `currency`",
            shop.home.display(),
            remembered.currency,
        )));
    }
    Settings { currency: told, ..remembered }.keep(&shop.home).map_err(|source| not_kept(shop, source))
}

/// Sees that a home which another process serves counts in `told`: that process goes on in the currency that it was started with.
///
/// # Errors
/// [`Failure::Usage`] where it does not.
pub(super) fn agree_with_server(shop: &Shop, told: Currency) -> Result<(), Failure> {
    let Settings { currency, .. } = remembered(shop)?;
    if currency == told {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "the shop in {} is being served in {currency}; leave --currency out, or stop it and say --currency {told} then",
        shop.home.display(),
    )))
}

fn remembered(shop: &Shop) -> Result<Settings, Failure> {
    Settings::of_home(&shop.home, Told::default()).map_err(|source| not_kept(shop, source))
}

fn not_kept(shop: &Shop, source: io::Error) -> Failure {
    Failure::File { path: shop.home.join("shop.json"), source }
}

/// Whether anything in the shop has a price. A list of customers has none, and says nothing of the currency that orders will come in.
async fn has_amounts(aws: &Aws, folded: &profile::App) -> Result<bool, Failure> {
    if Catalog::new(aws.records.clone()).items().await?.iter().any(|item| item.price_minor.is_some()) {
        return Ok(true);
    }
    if !demo::has_events(aws).await? {
        return Ok(false);
    }
    if !aws.objects.list("inbox/", None).await?.is_empty() {
        return Ok(true);
    }
    for key in folded.log.keys(None).await? {
        if folded.log.read(&key).await?.is_some_and(|object| object.events.iter().any(is_priced)) {
            return Ok(true);
        }
    }
    for key in folded.archive.keys().await.map_err(FoldError::from)? {
        if folded.archive.read(&key).await.map_err(FoldError::from)?.iter().any(is_priced) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an event is in money.
fn is_priced(event: &Event) -> bool {
    matches!(event.action, Action::Ordered(_) | Action::Refunded(_))
        || event.action.product().is_some_and(|product| product.price_minor.is_some())
}
