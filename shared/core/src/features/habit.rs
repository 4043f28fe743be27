//! The features that rest on [`Habits`]: reading, speed, hours, doors, reductions.

use super::{Facts, Feature, share};
use crate::profile::{Channel, Habits, PageKind};

/// The value of a feature that rests on habits; `None` for any other, and where it cannot be told.
pub(super) fn told(feature: Feature, facts: &Facts<'_>) -> Option<f64> {
    let totals = facts.totals();
    let (habits, tally) = (&totals.habits, &totals.habits.tally);
    let (visits, bought) = (f64::from(tally.visits), f64::from(tally.reduced_lines) + f64::from(tally.full_lines));
    let pages = |kind: PageKind| f64::from(tally.pages[kind.place()]);
    let door = |channel: Channel| share(f64::from(habits.channels[channel as usize]), totals.acts() as f64);
    match feature {
        Feature::ReducedShare => share(f64::from(tally.reduced_lines), bought),
        Feature::FullPriceShare => share(f64::from(tally.full_lines), bought),
        Feature::DiscountDepth => share(tally.reductions_permille as f64 / 1000.0, f64::from(tally.reduced_lines)),
        Feature::Coupons => Some(f64::from(tally.coupons)),
        Feature::CouponsPerOrder => share(f64::from(tally.coupons), f64::from(totals.orders)),
        Feature::Visits => Some(visits),
        Feature::ViewsPerVisit => share(f64::from(tally.looks), visits),
        Feature::SecondsPerStep => share(tally.pause_secs as f64, f64::from(tally.steps) - visits),
        Feature::SalePages => share(pages(PageKind::Sale), visits),
        Feature::BrandPages => share(pages(PageKind::Brand), visits),
        Feature::HelpPages => share(pages(PageKind::Help), visits),
        Feature::GuidePages => share(pages(PageKind::Guide), visits),
        Feature::ValuesPages => share(pages(PageKind::Values), visits),
        Feature::ReviewPages => share(pages(PageKind::Reviews), f64::from(tally.looks)),
        Feature::Reviews => Some(f64::from(habits.reviews)),
        Feature::MailsDelivered => Some(f64::from(habits.mails_delivered)),
        Feature::MailsOpened => Some(f64::from(habits.mails_opened)),
        Feature::MailOpenShare => share(f64::from(habits.mails_opened), f64::from(habits.mails_delivered)).map(|share| share.min(1.0)),
        Feature::MailClickShare => share(f64::from(habits.mails_clicked), f64::from(habits.mails_opened)),
        Feature::RefundedShare => {
            let refunded = facts.refunded_minor() as f64;
            share(refunded, facts.revenue_minor() as f64 + refunded)
        }
        Feature::HoursToBuy => share(habits.wait_secs as f64 / 3600.0, waits(habits, 0, 6)),
        Feature::QuickShare => share(waits(habits, 0, 2), waits(habits, 0, 6)),
        Feature::PonderedShare => share(waits(habits, 4, 6), waits(habits, 0, 6)),
        Feature::UsualHour => usual(&habits.hours),
        Feature::NightShare => share(f64::from(tally.acts_at_night), f64::from(tally.acts)),
        Feature::WeekendShare => share(sum(&habits.weekdays[5..]), sum(&habits.weekdays)),
        Feature::ChristmasShare => share(sum(&habits.months[10..]), sum(&habits.months)),
        Feature::WebShare => door(Channel::Web),
        Feature::MailShare => door(Channel::Mail),
        Feature::OtherShare => door(Channel::Other),
        _ => None,
    }
}

/// Purchases whose wait falls into the classes from `from` up to `to`.
fn waits(habits: &Habits, from: usize, to: usize) -> f64 {
    habits.tally.waits[from..to].iter().map(|count| f64::from(*count)).sum()
}

fn sum(counters: &[u16]) -> f64 {
    counters.iter().map(|count| f64::from(*count)).sum()
}

/// The place of the greatest; of two the earlier; `None` where all are 0.
fn usual(counters: &[u16]) -> Option<f64> {
    let most = counters.iter().copied().max().filter(|most| *most > 0)?;
    counters.iter().position(|count| *count == most).map(|place| place as f64)
}
