//! What a shop's senders send: phones, backends, platforms, files, and people who ask to be forgotten.
//!
//! A shop is a handful of people, so that everything meets: devices that change hands, orders told by four senders, ids that come
//! back, clocks that are wrong.

use crate::{apps::KEYS, dice::Dice};
use rapport_core::{
    auth::{Keyring, personal},
    event::{Action, Authority, Event, OrderLine, Product, Traffic},
    id::{EventId, ItemId, OrderId},
    money::Currency,
    profile::Subject,
    time::{DAY_MS, MINUTE_MS, Timestamp},
};
use serde_json::{Value as Json, json};
use std::fmt;

/// When all of it begins.
pub(crate) const START: Timestamp = Timestamp(1_788_220_800_000);

/// Something that will be sent, perhaps several times.
#[derive(Clone, Debug)]
pub(crate) struct Send {
    /// First attempt.
    pub(crate) at: Timestamp,
    /// How it comes in.
    pub(crate) door: Door,
    /// What it says.
    pub(crate) body: Json,
    /// How far the sender's clock is ahead, for those who say when they sent; `None` for those who do not.
    pub(crate) clock_ahead_ms: Option<i64>,
}

/// The ways in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `collect` with the write key, and the browser's name for itself.
    Browser(&'static str, &'static str),
    /// `collect` with the secret key.
    Backend(&'static str),
    /// Shopify's webhooks.
    Shopify,
    /// A Standard Webhook.
    Till,
    /// An import, straight into the log.
    File(Vec<Event>),
    /// Somebody asks to be forgotten: a customer, or a guest by number.
    Erase(Subject),
    /// The shop rules whether an id and a customer are one.
    Rule(Subject, String, bool),
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser(path, _) => write!(f, "a browser to {path}"),
            Self::Backend(path) => write!(f, "the backend to {path}"),
            Self::Shopify => f.write_str("Shopify"),
            Self::Till => f.write_str("the till"),
            Self::File(events) => write!(f, "a file of {} orders", events.len()),
            Self::Erase(subject) => write!(f, "{subject}, who asks to be forgotten"),
            Self::Rule(alias, customer, is_one) => {
                write!(f, "the shop, which rules that {alias} and {customer} are {}", if *is_one { "one" } else { "two" })
            }
        }
    }
}

/// More events than a profile keeps one by one.
const CROWDED: usize = 260;
/// So many phone numbers are about, so that people share them.
const NUMBERS: usize = 3;
/// So many sends of a crowd come at once.
const BURST: usize = 12;
const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36";
const ROBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// Everything that a run is sent.
pub(crate) struct Plan {
    /// By time.
    pub(crate) sends: Vec<Send>,
    /// Whether they come in bursts, about one or two people.
    pub(crate) is_crowd: bool,
}

struct Shop<'a> {
    dice: &'a mut Dice,
    customers: usize,
    devices: usize,
    orders: usize,
    /// For how long they send.
    days: i64,
    /// Message ids handed out.
    messages: usize,
    /// What customers did: by which id, who, and when.
    done: Vec<(String, String, Timestamp)>,
}

/// What a crowd is about.
#[derive(Clone, Copy, Debug)]
enum Theme {
    /// Everything that a shop hears.
    Anything,
    /// Who people are, told by many at once.
    Contacts,
    /// Devices at work while they are tied to customers.
    Links,
    /// What belongs below a horizon.
    Late,
    /// Ids that were used before.
    Echoes,
}

/// `count` sends of a quiet shop, or of a crowd.
pub(crate) fn plan(dice: &mut Dice, count: usize, is_crowd: bool) -> Plan {
    let (customers, devices) = if is_crowd { (1 + dice.below(2), 1 + dice.below(2)) } else { (2 + dice.below(4), 2 + dice.below(5)) };
    let days = *dice.pick(&[1, 3, 8, 20, 40]);
    let mut shop = Shop { dice, customers, devices, orders: 3 + count / 12, days, messages: 0, done: Vec::new() };
    let mut sends: Vec<Send> = if is_crowd {
        let bursts: Vec<(Timestamp, Theme)> = (0..count.div_ceil(BURST)).map(|_| shop.burst()).collect();
        (0..count).map(|place| shop.about(bursts[place / BURST])).collect()
    } else {
        (0..count).map(|_| shop.send()).collect()
    };
    // The sort is stable, so a plan cut short begins as the whole one does.
    sends.sort_by_key(|send| send.at);
    Plan { sends, is_crowd }
}

impl Shop<'_> {
    fn burst(&mut self) -> (Timestamp, Theme) {
        let at = START.plus_ms(self.dice.between(0, self.days * DAY_MS));
        (at, *self.dice.pick(&[Theme::Anything, Theme::Contacts, Theme::Links, Theme::Late, Theme::Echoes]))
    }

    fn about(&mut self, (at, theme): (Timestamp, Theme)) -> Send {
        let chance = self.dice.below(10);
        match theme {
            Theme::Contacts if chance < 8 => self.login(at),
            Theme::Links if chance < 5 => self.browse(at),
            Theme::Links if chance < 8 => self.login(at),
            Theme::Links if chance < 9 && self.dice.happens(500) => self.alias(at),
            Theme::Links if chance < 9 => self.rule(at),
            Theme::Late if chance < 7 => self.late(at),
            Theme::Late if chance < 9 => self.till(at),
            Theme::Late => self.erase(at),
            Theme::Contacts | Theme::Echoes => self.echo(at),
            Theme::Anything | Theme::Links => self.at(at),
        }
    }

    fn send(&mut self) -> Send {
        let at = START.plus_ms(self.dice.between(0, self.days * DAY_MS));
        self.at(at)
    }

    /// Anything, with the odds of a shop.
    fn at(&mut self, at: Timestamp) -> Send {
        match self.dice.below(100) {
            0..30 => self.browse(at),
            30..36 => self.pixel(at),
            36..50 => self.backend(at),
            50..60 => self.login(at),
            60..63 => self.alias(at),
            63..66 => self.rule(at),
            66..80 => self.platform(at),
            80..86 => self.till(at),
            86..90 => self.consent(at),
            90..93 => self.echo(at),
            93..95 => self.poison(at),
            95..98 => self.file(at),
            _ => self.erase(at),
        }
    }

    fn erase(&mut self, at: Timestamp) -> Send {
        let subject = if self.dice.happens(200) { caller(self.dice.below(NUMBERS)) } else { None };
        let subject = subject.or_else(|| Subject::parse(&format!("c#{}", self.customer())));
        // Every id of the shop's is one.
        let Some(subject) = subject else { return self.alias(at) };
        Send { at, door: Door::Erase(subject), body: Json::Null, clock_ahead_ms: None }
    }

    /// Somebody says that they are not one with an id after all, or that they are.
    fn rule(&mut self, at: Timestamp) -> Send {
        let alias = match self.dice.below(10) {
            0..3 => Subject::parse(&format!("c#{}", self.customer())),
            3..6 => caller(self.dice.below(NUMBERS)),
            _ => None,
        };
        let alias = alias.or_else(|| Subject::parse(&format!("d#{}", self.device())));
        let (customer, is_one) = (self.customer(), self.dice.happens(300));
        // Every id of the shop's is one.
        let Some(alias) = alias else { return self.alias(at) };
        Send { at, door: Door::Rule(alias, customer, is_one), body: Json::Null, clock_ahead_ms: None }
    }

    /// What somebody did weeks ago, told only now.
    fn late(&mut self, at: Timestamp) -> Send {
        let happened = at.plus_ms(-self.dice.between(13 * DAY_MS, 25 * DAY_MS));
        self.viewed(at, happened)
    }

    fn viewed(&mut self, at: Timestamp, happened: Timestamp) -> Send {
        let (id, customer) = (self.message_id(), self.customer());
        self.done.push((id.clone(), customer.clone(), happened));
        self.viewed_by(at, (id, customer, happened))
    }

    fn viewed_by(&mut self, at: Timestamp, (id, customer, happened): (String, String, Timestamp)) -> Send {
        let properties = json!({ "product_id": self.item() });
        let body = json!({ "event": "Product Viewed", "userId": customer, "messageId": id, "timestamp": happened.to_string(), "properties": properties });
        Send { at, door: Door::Backend("/v1/track"), body, clock_ahead_ms: None }
    }

    fn message_id(&mut self) -> String {
        self.messages += 1;
        format!("m{}", self.messages)
    }

    fn device(&mut self) -> String {
        format!("d{}", self.dice.below(self.devices))
    }

    fn customer(&mut self) -> String {
        customer(self.dice.below(self.customers))
    }

    fn order(&mut self) -> String {
        format!("{}", 1000 + self.dice.below(self.orders))
    }

    fn item(&mut self) -> String {
        format!("i{}", self.dice.below(40))
    }

    /// A phone number as people write it, and at times without its country, so that it is nobody's.
    fn number(&mut self) -> String {
        let number = self.dice.below(NUMBERS);
        self.written(number)
    }

    fn written(&mut self, number: usize) -> String {
        match self.dice.below(10) {
            0..3 => format!("+49 151 2345-67{number}8"),
            3..6 => format!("0049 (0)151 234567{number}8"),
            6 => format!("0151 234567{number}8"),
            _ => plain(number),
        }
    }

    fn lines(&mut self) -> Vec<Json> {
        let count = 1 + self.dice.below(3);
        (0..count)
            .map(|_| json!({ "product_id": self.item(), "price": self.dice.between(1, 90), "quantity": self.dice.between(1, 3) }))
            .collect()
    }

    /// When it happened: mostly just now, sometimes days ago, on a phone that was offline.
    fn happened(&mut self, at: Timestamp) -> Timestamp {
        match self.dice.below(10) {
            0 => at.plus_ms(-self.dice.between(0, 25 * DAY_MS)),
            1 => at.plus_ms(-self.dice.between(0, 12 * 60 * MINUTE_MS)),
            _ => at,
        }
    }

    /// A phone's clock: mostly right, or minutes to days off.
    fn clock(&mut self) -> Option<i64> {
        match self.dice.below(8) {
            0 => Some(self.dice.between(-3 * DAY_MS, 3 * DAY_MS)),
            1 => Some(self.dice.between(-90_000, 90_000)),
            2..5 => Some(0),
            _ => None,
        }
    }

    fn browse(&mut self, at: Timestamp) -> Send {
        let (device, clock) = (self.device(), self.clock());
        let robot = self.dice.happens(50);
        let count = 1 + self.dice.below(6);
        let batch: Vec<Json> = (0..count)
            .map(|_| {
                let (id, happened, item) = (self.message_id(), self.happened(at).plus_ms(clock.unwrap_or(0)), self.item());
                let event = *self.dice.pick(&["Product Viewed", "Product Added", "Product Removed", "Products Searched", "Checkout Started", "Wheel Spun", "Survey Answered"]);
                let (question, answer) = (format!("Question {}?", self.dice.below(9)), *self.dice.pick(&["yes", "no"]));
                let properties = json!({ "product_id": item, "query": "tea", "question": question, "answer": answer });
                json!({ "type": "track", "event": event, "anonymousId": device, "messageId": id, "timestamp": happened.to_string(), "properties": properties })
            })
            .collect();
        let door = Door::Browser("/v1/beacon", if robot { ROBOT } else { CHROME });
        Send { at, door, body: json!({ "batch": batch }), clock_ahead_ms: clock }
    }

    /// The browser's word for an order that others tell too.
    fn pixel(&mut self, at: Timestamp) -> Send {
        let properties = json!({ "order_id": self.order(), "currency": "EUR", "products": self.lines() });
        let body =
            json!({ "event": "Order Completed", "anonymousId": self.device(), "messageId": self.message_id(), "properties": properties });
        Send { at, door: Door::Browser("/v1/track", CHROME), body, clock_ahead_ms: None }
    }

    fn backend(&mut self, at: Timestamp) -> Send {
        let event =
            *self.dice.pick(&["Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", "Product Viewed", "Email Opened"]);
        let properties = json!({ "order_id": self.order(), "product_id": self.item(), "currency": "EUR", "products": self.lines() });
        let happened = self.happened(at);
        let mut body = json!({ "event": event, "userId": self.customer(), "messageId": self.message_id(), "timestamp": happened.to_string(), "properties": properties });
        if self.dice.happens(300) {
            body["anonymousId"] = self.device().into();
        }
        if self.dice.happens(100) {
            body["properties"]["phone"] = self.number().into();
        }
        Send { at, door: Door::Backend("/v1/track"), body, clock_ahead_ms: None }
    }

    /// A trusted word that ties a device, and often an address or a number, to a customer.
    fn login(&mut self, at: Timestamp) -> Send {
        let (customer, happened) = (self.customer(), self.happened(at));
        let mut traits = json!({ "country": *self.dice.pick(&["de", "fr", "at"]), "first_name": format!("n{}", self.dice.below(9)) });
        if self.dice.happens(400) {
            traits["email"] = format!("{}@example.org", self.dice.below(4)).into();
        }
        if self.dice.happens(400) {
            traits["phone"] = self.number().into();
        }
        // Many fields, so that hardly any is told over by a newer word.
        traits[format!("note {}", self.dice.below(40))] = format!("n{}", self.dice.below(9)).into();
        let mut body = json!({ "userId": customer, "messageId": self.message_id(), "timestamp": happened.to_string(), "traits": traits });
        if self.dice.happens(700) {
            body["anonymousId"] = self.device().into();
        }
        Send { at, door: Door::Backend("/v1/identify"), body, clock_ahead_ms: None }
    }

    fn alias(&mut self, at: Timestamp) -> Send {
        let previous = if self.dice.happens(500) { self.customer() } else { self.device() };
        let body = json!({ "userId": self.customer(), "previousId": previous, "messageId": self.message_id(), "timestamp": self.happened(at).to_string() });
        Send { at, door: Door::Backend("/v1/alias"), body, clock_ahead_ms: None }
    }

    /// An order as Shopify tells it: one of its versions, by whom it was ordered, or by a guest's address, number or both.
    fn platform(&mut self, at: Timestamp) -> Send {
        let order: i64 = 1000 + self.dice.below(self.orders) as i64;
        let created = START.plus_days(order % self.days);
        let updated = created.plus_ms(self.dice.between(0, 3) * 3_600_000);
        let lines: Vec<Json> = (0..1 + order % 4)
            .map(|line| json!({ "id": order * 10 + line, "product_id": format!("i{}", (order + line) % 40), "quantity": 1, "price": "12.50", "title": format!("Thing {}", (order + line) % 40) }))
            .collect();
        let mut body = json!({ "id": order, "order_number": order, "created_at": created.to_string(), "updated_at": updated.to_string(),
            "currency": "EUR", "total_shipping_price_set": { "shop_money": { "amount": "4.90" } }, "line_items": lines });
        let (address, number) = (format!("{}@example.org", order % 4), self.written(order as usize % NUMBERS));
        match self.dice.below(20) {
            0..3 => body["email"] = address.into(),
            3..6 => body["phone"] = number.into(),
            6 => (body["email"], body["phone"]) = (address.into(), number.into()),
            told => {
                body["customer"] = json!({ "id": format!("c{}", order % self.customers as i64), "email": address, "first_name": "Ada" });
                if told < 10 {
                    body["customer"]["phone"] = number.into();
                }
            }
        }
        if self.dice.happens(150) {
            body["refunds"] = json!([{ "id": order * 7, "created_at": updated.to_string(), "refund_line_items": [{ "id": order * 9, "quantity": 1, "subtotal": "12.50", "line_item": lines[0] }] }]);
        }
        if self.dice.happens(80) {
            body["cancelled_at"] = updated.to_string().into();
        }
        if self.dice.happens(40) {
            body["test"] = true.into();
        }
        // Too large for a message, so it travels by way of an object.
        if self.dice.happens(15) {
            body["note"] = "long ".repeat(40_000).into();
        }
        Send { at, door: Door::Shopify, body, clock_ahead_ms: None }
    }

    fn till(&mut self, at: Timestamp) -> Send {
        // Some are so busy that their window is full before it is old.
        let busy = self.dice.happens(30).then(|| self.customer());
        let count = if busy.is_some() { CROWDED } else { 1 + self.dice.below(8) };
        let batch: Vec<Json> = (0..count)
            .map(|_| {
                let (id, customer, happened) = (self.message_id(), busy.clone().unwrap_or_else(|| self.customer()), self.happened(at));
                let properties = json!({ "product_id": self.item() });
                let mut said = json!({ "type": "track", "event": "Product Viewed", "messageId": id, "timestamp": happened.to_string(), "properties": properties });
                // Who has no card tells a number.
                if busy.is_none() && self.dice.happens(200) {
                    said["anonymousId"] = "till".into();
                    said["properties"]["phone"] = self.number().into();
                } else {
                    said["userId"] = customer.clone().into();
                    self.done.push((id, customer, happened));
                }
                said
            })
            .collect();
        Send { at, door: Door::Till, body: json!({ "batch": batch }), clock_ahead_ms: None }
    }

    fn consent(&mut self, at: Timestamp) -> Send {
        let consent = json!({ "personalization": self.dice.happens(500), "marketing": self.dice.happens(500) });
        let mut body = json!({ "event": "Consent Updated", "messageId": self.message_id(), "timestamp": self.happened(at).to_string(), "properties": { "consent": consent } });
        if self.dice.happens(500) {
            body["anonymousId"] = self.device().into();
            return Send { at, door: Door::Browser("/v1/track", CHROME), body, clock_ahead_ms: None };
        }
        body["userId"] = self.customer().into();
        Send { at, door: Door::Backend("/v1/track"), body, clock_ahead_ms: None }
    }

    /// An id that was used before: a retry that says something else, or a counter that started anew.
    fn echo(&mut self, at: Timestamp) -> Send {
        match self.dice.below(4) {
            0 => {
                let traits = json!({ "country": *self.dice.pick(&["de", "fr", "at"]), "first_name": format!("n{}", self.dice.below(9)) });
                // The same instant for many of them, so that only what they say decides.
                let at_noon = START.plus_days(self.dice.between(0, 2));
                let body = json!({ "userId": self.customer(), "messageId": format!("noon{}", self.dice.below(3)), "timestamp": at_noon.to_string(), "traits": traits });
                Send { at, door: Door::Backend("/v1/identify"), body, clock_ahead_ms: None }
            }
            // Up to where a copy ends to be one, and beyond, while the first may be sealed.
            1 | 2 if !self.done.is_empty() => {
                let (id, customer, happened) = self.done[self.dice.below(self.done.len())].clone();
                let later = happened.plus_ms(self.dice.between(0, 18 * DAY_MS));
                self.viewed_by(at, (id, customer, later))
            }
            _ => {
                let id = format!("m{}", 1 + self.dice.below(self.messages.max(1)));
                let (customer, happened) = (self.customer(), self.happened(at));
                self.viewed_by(at, (id, customer, happened))
            }
        }
    }

    /// Bad records among good ones, and what a later release will take.
    fn poison(&mut self, at: Timestamp) -> Send {
        if self.dice.happens(500) {
            return Send { at, door: Door::Shopify, body: json!({ "id": self.dice.below(9), "title": "a product" }), clock_ahead_ms: None };
        }
        let good = json!({ "type": "page", "userId": self.customer(), "messageId": self.message_id(), "timestamp": at.to_string() });
        let bad = json!({ "type": "dance", "userId": "c1", "messageId": self.message_id() });
        Send { at, door: Door::Till, body: json!({ "batch": [bad, 7, good] }), clock_ahead_ms: None }
    }

    /// A file of old orders.
    fn file(&mut self, at: Timestamp) -> Send {
        let name = self.dice.below(3);
        let count = 1 + self.dice.below(60);
        let events = (0..count).filter_map(|line| {
            let day = self.dice.between(1, 400);
            let (order, item, buyer) = (format!("f{name}-{}", line / 3), self.item(), self.dice.below(self.customers));
            let buyer = if self.dice.happens(150) { caller(buyer % NUMBERS) } else { Subject::parse(&format!("c#{}", customer(buyer))) };
            imported(&format!("i:file{name}:{line}:{day}"), START.plus_days(-day), &order, &item, &buyer?)
        });
        Send { at, door: Door::File(events.collect()), body: Json::Null, clock_ahead_ms: None }
    }
}

fn imported(id: &str, at: Timestamp, order: &str, item: &str, buyer: &Subject) -> Option<Event> {
    let line = OrderLine {
        order: OrderId::new(order).ok()?,
        version: Timestamp(0),
        product: Some(Product::bare(ItemId::new(item).ok()?)),
        quantity: 1,
        paid_minor: 250,
        discount_minor: 0,
        currency: Currency::EUR,
        cancelled: false,
    };
    let action = Action::Ordered(line);
    Some(Event {
        id: EventId::new(id).ok()?,
        at,
        authority: Authority::Import,
        source: "import:lines".into(),
        who: buyer.who(),
        traffic: Traffic::Human,
        action,
    })
}

/// The `number`th phone number.
fn plain(number: usize) -> String {
    format!("+49151234567{number}8")
}

/// Whoever is known by it.
fn caller(number: usize) -> Option<Subject> {
    personal::phone(&Keyring::parse(KEYS).ok()?.hash_key, &plain(number)).map(Subject::Phone)
}

/// The `number`th customer's id.
fn customer(number: usize) -> String {
    format!("c{number}")
}

impl Send {
    /// The body as it leaves at `now`, with the sender's idea of the time.
    pub(crate) fn body_at(&self, now: Timestamp) -> String {
        let mut body = self.body.clone();
        if let Some(ahead_ms) = self.clock_ahead_ms {
            body["sentAt"] = now.plus_ms(ahead_ms).to_string().into();
        }
        body.to_string()
    }
}
