//! Visitors who are nobody's customer: people who look in once, and robots.

use crate::calendar::{DAYS, Moment};
use crate::dice::{Dice, Stream};
use crate::journal::{Browser, Journal};
use crate::messages::{Call, Line, Message, Track};
use crate::people::{Device, device};
use crate::plan::Shop;
use crate::store::Sku;
use crate::visit::{line, page};

/// Somebody who looks at a thing or three and is never seen again.
pub(crate) fn passer_by(number: u64, seed: u64, shop: &Shop) -> Vec<Message> {
    let mut dice = Dice::new(seed, Stream::Passers(number));
    let mut journal = Journal::new(&shop.year, format!("p{number:05}"));
    let device = device(&mut dice);
    let mut at = Moment::new(dice.whole(0, DAYS - 1), dice.whole(7 * 3_600, 22 * 3_600));
    let browser = Browser { user_id: None, device: &device, campaign: None };
    journal.browser_says(at, browser, Call::Page(page("Home", "/", "Crumb & Kettle")));
    for _ in 0..dice.whole(1, 3) {
        at = at.later(dice.whole(8, 90));
        if let Some(sku) = shop.store.pick(&shop.year, at.day(), &mut dice, |_| 1.0) {
            journal.browser_says(at, browser, view(sku, at, shop));
        }
    }
    journal.close()
}

/// One robot's way through the shop.
struct Bot {
    name: &'static str,
    user_agent: &'static str,
    every_days: i64,
    pages: usize,
    /// Milliseconds would be truer, but whole seconds are inhuman enough: several views fall on each.
    views_per_sec: usize,
}

/// Two say what they are; the third lies, and only its pace gives it away.
const BOTS: [Bot; 3] = [
    Bot {
        name: "bot-google",
        user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        every_days: 28,
        pages: 40,
        views_per_sec: 1,
    },
    Bot { name: "bot-prices", user_agent: "python-requests/2.32.3", every_days: 14, pages: 40, views_per_sec: 4 },
    Bot {
        name: "bot-stealth",
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        every_days: 61,
        pages: 120,
        views_per_sec: 3,
    },
];

/// All robots' messages, and the anonymous ids that betray them to a test.
pub(crate) fn bots(seed: u64, shop: &Shop) -> (Vec<Message>, Vec<String>) {
    let mut dice = Dice::new(seed, Stream::Bots);
    let (mut messages, mut ids) = (Vec::new(), Vec::new());
    for bot in &BOTS {
        let device = Device { anonymous_id: dice.uuid(), user_agent: bot.user_agent };
        messages.extend(crawl(bot, &device, shop, &mut dice));
        ids.push(device.anonymous_id);
    }
    (messages, ids)
}

fn crawl(bot: &Bot, device: &Device, shop: &Shop, dice: &mut Dice) -> Vec<Message> {
    let mut journal = Journal::new(&shop.year, bot.name);
    let browser = Browser { user_id: None, device, campaign: None };
    for day in (dice.whole(0, bot.every_days - 1)..DAYS).step_by(bot.every_days as usize) {
        let start = Moment::new(day, dice.whole(0, 80_000));
        let for_sale = shop.store.skus().filter(|sku| shop.store.good(*sku).is_launched(day));
        for (step, sku) in for_sale.take(bot.pages).enumerate() {
            let at = start.later((step / bot.views_per_sec) as i64);
            journal.browser_says(at, browser, view(sku, at, shop));
        }
    }
    journal.close()
}

fn view(sku: Sku, at: Moment, shop: &Shop) -> Call {
    let good = shop.store.good(sku);
    Call::Track(Track::ProductViewed(Box::new(Line { url: Some(good.url()), ..line(good, at.day()) })))
}
