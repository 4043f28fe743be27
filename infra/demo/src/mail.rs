//! The newsletter: every second Thursday, opened by some, and now and then the reason for a visit.

use crate::calendar::{DAYS, Moment, Year};
use crate::dice::Dice;
use crate::journal::Journal;
use crate::messages::{Call, Campaign, Email, Track};
use crate::people::Person;
use crate::plan::Shop;
use crate::store::SITE;

/// The list that people are on.
pub(crate) const LIST: &str = "newsletter";

pub(crate) const CAMPAIGN: Campaign = Campaign { source: "newsletter", medium: "email", name: "thursday-crumbs" };

/// Of somebody who no longer comes giving up the newsletter after opening it.
const UNSUBSCRIBES: f64 = 0.04;

/// A customer who has not come for this long opens a quarter as much.
const COOLING_DAYS: i64 = 45;

/// One issue.
pub(crate) struct Issue(Email);

/// The issue that went out on this day or the two before.
pub(crate) fn latest_issue(year: &Year, day: i64) -> Option<Issue> {
    issue_days(year).find(|issue| (0..3).contains(&(day - issue))).map(|day| issue(year, day))
}

/// Opened and clicked, just before the visit begins.
pub(crate) fn click_through(issue: &Issue, person: &Person, visit_at: Moment, journal: &mut Journal<'_>) {
    let clicked = Email { link_url: Some(format!("{SITE}/?utm_source=newsletter")), ..issue.0.clone() };
    journal.server_says(visit_at.later(-25), &person.id, Call::Track(Track::EmailOpened(issue.0.clone())));
    journal.server_says(visit_at.later(-4), &person.id, Call::Track(Track::EmailLinkClicked(clicked)));
}

/// The issues that are opened without coming of it, at the person's own hours.
pub(crate) fn read_newsletters(
    person: &Person,
    shop: &Shop,
    (since, last_visit): (Moment, Moment),
    journal: &mut Journal<'_>,
    dice: &mut Dice,
) {
    for day in issue_days(&shop.year).filter(|day| *day > since.day()) {
        let cool = day > last_visit.day() + COOLING_DAYS;
        let opens = person.habits(day).opens * if cool { 0.25 } else { 1.0 };
        if !dice.chance(opens) {
            continue;
        }
        let at = person.moment(day + dice.whole(0, 1), dice);
        let Issue(email) = issue(&shop.year, day);
        journal.server_says(at, &person.id, Call::Track(Track::EmailOpened(email)));
        if at > last_visit && dice.chance(UNSUBSCRIBES) {
            journal.server_says(at.later(40), &person.id, Call::Track(Track::EmailUnsubscribed { list: LIST }));
            return;
        }
    }
}

fn issue_days(year: &Year) -> impl Iterator<Item = i64> + use<> {
    let first = year.first_thursday();
    (first..DAYS).step_by(14)
}

fn issue(year: &Year, day: i64) -> Issue {
    let date = year.date(day);
    Issue(Email {
        campaign_id: format!("newsletter-{date}"),
        campaign_name: CAMPAIGN.name,
        email_subject: SUBJECTS[date.month() as usize - 1],
        link_url: None,
    })
}

/// January first.
const SUBJECTS: [&str; 12] = [
    "New year, new starter",
    "Marmalade weather",
    "Rye, and how to be patient with it",
    "Hot cross buns by Friday",
    "The first rhubarb",
    "Strawberries do not wait",
    "Ice lollies for grown-ups",
    "Forty jars of summer",
    "Plum cake, and only plum cake",
    "Bread for foggy mornings",
    "Stollen wants four weeks",
    "Biscuits, by the tin",
];
