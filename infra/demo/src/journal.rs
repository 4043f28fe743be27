//! Writes messages down, with an id of their own, as long as they have happened.

use crate::calendar::{Moment, Year};
use crate::messages::{Call, Campaign, Context, Library, Message};
use crate::people::Device;

const BROWSER: Library = Library { name: "analytics.js" };
const SERVER: Library = Library { name: "@segment/analytics-node" };

pub(crate) struct Journal<'a> {
    year: &'a Year,
    /// Whose journal: the first part of every message id.
    owner: String,
    messages: Vec<Message>,
}

/// Who a browser says is there.
#[derive(Clone, Copy)]
pub(crate) struct Browser<'a> {
    pub(crate) user_id: Option<&'a str>,
    pub(crate) device: &'a Device,
    pub(crate) campaign: Option<Campaign>,
}

impl<'a> Journal<'a> {
    pub(crate) fn new(year: &'a Year, owner: impl Into<String>) -> Self {
        Self { year, owner: owner.into(), messages: Vec::new() }
    }

    pub(crate) fn browser_says(&mut self, at: Moment, browser: Browser<'_>, call: Call) {
        let context = Context { library: BROWSER, user_agent: Some(browser.device.user_agent), campaign: browser.campaign };
        self.write(at, browser.user_id, Some(&browser.device.anonymous_id), context, call);
    }

    pub(crate) fn server_says(&mut self, at: Moment, user_id: &str, call: Call) {
        let context = Context { library: SERVER, user_agent: None, campaign: None };
        self.write(at, Some(user_id), None, context, call);
    }

    pub(crate) fn close(self) -> Vec<Message> {
        self.messages
    }

    fn write(&mut self, at: Moment, user: Option<&str>, device: Option<&str>, context: Context, call: Call) {
        if at.has_happened() {
            self.messages.push(Message {
                call,
                message_id: format!("{}-{:04}", self.owner, self.messages.len()),
                timestamp: self.year.timestamp(at),
                user_id: user.map(str::to_owned),
                anonymous_id: device.map(str::to_owned),
                context,
            });
        }
    }
}
