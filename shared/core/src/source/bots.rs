//! Who was at the keys, as far as the sender lets on.

use super::fields::{Object, flag, object, text};
use crate::event::Traffic;

/// Parts of the user agents of crawlers, link previews, monitors and scripts. Short on purpose: a false alarm silences a person, and
/// a crawler that hides is found by its behaviour, not here.
const MARKS: [&str; 22] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "facebookexternalhit",
    "whatsapp/",
    "headless",
    "phantomjs",
    "lighthouse",
    "pingdom",
    "uptime",
    "monitor",
    "python-requests",
    "python-urllib",
    "curl/",
    "wget/",
    "go-http-client",
    "okhttp-probe",
    "scrapy",
    "java/",
    "libwww",
];

/// The verdict on an event: whether it came from one of the shop's own networks, what its context says of itself, else what its user agent
/// gives away. `agent` is the request's own user agent. That and the network only count where a browser sent it: the shop's backend
/// speaks through libraries, and for customers who are elsewhere.
pub(super) fn traffic(context: Option<Object<'_>>, is_insider: bool, agent: Option<&str>) -> Traffic {
    if is_insider {
        return Traffic::Internal;
    }
    if let Some(context) = context {
        if flag(context, &["internal", "isInternal"]) == Some(true) {
            return Traffic::Internal;
        }
        if flag(context, &["bot", "isBot"]) == Some(true) {
            return Traffic::Bot;
        }
    }
    let told = context
        .and_then(|context| text(context, &["userAgent", "user_agent"]).or_else(|| text(object(context, "device")?, &["userAgent"])));
    if told.as_deref().or(agent).is_some_and(is_bot) { Traffic::Bot } else { Traffic::Human }
}

fn is_bot(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    MARKS.iter().any(|mark| agent.contains(mark)) && !agent.contains("cubot")
}
