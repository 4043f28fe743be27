//! What refunds take back: pieces from purchases, money from purchase days.

use crate::history::{Buy, Spent};

/// Takes returned pieces from the person's newest purchases of the item before the return; purchases of nothing vanish.
pub(super) fn take_back(buys: &mut Vec<Buy>, refunds: &[Buy]) {
    for refund in refunds {
        let from = buys.partition_point(|buy| buy.person < refund.person);
        let to = buys.partition_point(|buy| (buy.person, buy.at) <= (refund.person, refund.at));
        let mut left = refund.quantity;
        for buy in buys.get_mut(from..to).unwrap_or_default().iter_mut().rev().filter(|buy| buy.item == refund.item) {
            let taken = left.min(buy.quantity);
            buy.quantity -= taken;
            left -= taken;
            if left == 0 {
                break;
            }
        }
    }
    buys.retain(|buy| buy.quantity > 0);
}

/// Takes what was paid back from the person's newest days up to the refund's, in the same currency and down to nothing. A day stays a
/// purchase day whatever is left of it, since profiles count days and not what each of them came to; who was paid back everything bought
/// nothing at all, there ([`rapport_core::prediction::Purchases::of`]) as here. Both are sorted by person, then day.
pub(super) fn pay_back(spent: &mut Vec<Spent>, refunds: &[Spent]) {
    for refund in refunds {
        let from = spent.partition_point(|spent| spent.person < refund.person);
        let to = spent.partition_point(|spent| (spent.person, spent.day) <= (refund.person, refund.day));
        let mut left = refund.minor;
        for spent in spent.get_mut(from..to).unwrap_or_default().iter_mut().rev().filter(|spent| spent.currency == refund.currency) {
            let taken = left.min(spent.minor).max(0);
            spent.minor -= taken;
            left -= taken;
        }
    }
    let is_refunded = |person: u32| refunds.binary_search_by_key(&person, |refund| refund.person).is_ok();
    let nothing_is_left = |days: &&[Spent]| is_refunded(days[0].person) && days.iter().all(|day| day.minor <= 0);
    let returned: Vec<u32> = spent.chunk_by(|a, b| a.person == b.person).filter(nothing_is_left).map(|days| days[0].person).collect();
    spent.retain(|spent| returned.binary_search(&spent.person).is_err());
}
