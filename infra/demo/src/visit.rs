//! Acts out the planned visits of a customer, step by step, into messages.

use crate::archetypes::Habits;
use crate::calendar::Moment;
use crate::checkout::{self, Cart};
use crate::dice::Dice;
use crate::journal::{Browser, Journal};
use crate::mail;
use crate::messages::{Call, Campaign, Line, Message, PageCall, PageProperties, Track};
use crate::people::Person;
use crate::plan::{Ending, Shop, Visit};
use crate::products::slug;
use crate::store::{Good, SITE, Sku};

/// A customer's messages, in the order in which the visits were acted out.
pub(crate) fn live(person: &Person, visits: &[Visit], shop: &Shop, dice: &mut Dice) -> Vec<Message> {
    let mut shopper = Shopper {
        person,
        shop,
        dice,
        journal: Journal::new(&shop.year, person.id.clone()),
        signed_in: vec![false; person.devices.len()],
        since: None,
        orders: 0,
    };
    for visit in visits {
        shopper.come(visit);
    }
    if let (Some(since), Some(last), true) = (shopper.since, visits.last(), person.takes_newsletter) {
        mail::read_newsletters(person, shop, (since, last.at), &mut shopper.journal, shopper.dice);
    }
    shopper.journal.close()
}

/// A customer between visits.
pub(crate) struct Shopper<'a> {
    pub(crate) person: &'a Person,
    pub(crate) shop: &'a Shop,
    pub(crate) dice: &'a mut Dice,
    pub(crate) journal: Journal<'a>,
    /// For each device.
    signed_in: Vec<bool>,
    /// First identified in this year.
    since: Option<Moment>,
    pub(crate) orders: usize,
}

/// A visit under way.
pub(crate) struct Steps<'v> {
    pub(crate) clock: Moment,
    pub(crate) habits: Habits,
    visit: &'v Visit,
    campaign: Option<Campaign>,
}

/// Of a member who comes on a new device signing in at once.
const SIGN_IN: f64 = 0.6;
/// Of somebody new opening an account without buying.
const SIGN_UP: f64 = 0.12;

impl<'a> Shopper<'a> {
    fn come(&mut self, visit: &Visit) {
        let habits = *self.person.habits(visit.at.day());
        let campaign = self.campaign(visit, &habits);
        let mut steps = Steps { clock: visit.at, habits, visit, campaign };
        self.enter(&mut steps);
        for &sku in &visit.looks {
            self.look(sku, &mut steps);
        }
        self.read_up(&mut steps);
        match visit.ending {
            Ending::Look => {}
            Ending::Abandon => {
                self.fill_cart(&mut steps);
            }
            Ending::Order => {
                let cart = self.fill_cart(&mut steps);
                checkout::order(self, &mut steps, cart);
            }
        }
    }

    /// What brought them: an advertisement, a post, or (with the click in the journal) a newsletter; nothing for most.
    fn campaign(&mut self, visit: &Visit, habits: &Habits) -> Option<Campaign> {
        if self.since.is_some()
            && self.person.takes_newsletter
            && let Some(issue) = mail::latest_issue(&self.shop.year, visit.at.day())
            && self.dice.chance(habits.opens * 0.5)
        {
            mail::click_through(&issue, self.person, visit.at, &mut self.journal);
            return Some(mail::CAMPAIGN);
        }
        match self.dice.unit() {
            u if u < 0.08 => Some(SEARCH_AD),
            u if u < 0.14 => Some(SOCIAL),
            _ => None,
        }
    }

    /// The landing page; then some sign in, some search, some look along a shelf.
    fn enter(&mut self, steps: &mut Steps<'_>) {
        let door = self.door(&steps.habits);
        self.does(steps, Call::Page(door));
        let signs_in = if self.person.member_since.is_some() { SIGN_IN } else { SIGN_UP };
        if self.dice.chance(signs_in) {
            self.sign_in(steps);
        }
        if let Some(&sku) = steps.visit.looks.first() {
            match self.dice.unit() {
                u if u < 0.10 => self.search(sku, steps),
                u if u < 0.20 => self.list(sku, steps),
                _ => {}
            }
        }
    }

    /// Where they come in: the sale, the favourite brand's page, or the front.
    fn door(&mut self, habits: &Habits) -> PageCall {
        if self.dice.chance(habits.sale * 0.7) {
            return page("Sale", "/sale", "Sale");
        }
        if self.dice.chance(habits.brand * 0.4) {
            let brand = self.person.brand;
            return page("Brand", &format!("/brands/{}", slug(brand.name())), brand.name());
        }
        page("Home", "/", "Crumb & Kettle")
    }

    /// From here on the messages of this device carry the customer's id.
    pub(crate) fn sign_in(&mut self, steps: &mut Steps<'_>) {
        let device = steps.visit.device;
        if !self.signed_in[device] {
            self.signed_in[device] = true;
            let first = self.since.is_none();
            let since = *self.since.get_or_insert(steps.clock);
            let created = self.person.member_since.map_or(since, |day| Moment::new(day, 0));
            let traits = Box::new(self.person.traits(&self.shop.year, created));
            self.does(steps, Call::Identify { traits });
            if first && self.person.takes_newsletter {
                self.does(steps, Call::Track(Track::EmailSubscribed { list: mail::LIST }));
            }
        }
    }

    fn search(&mut self, sku: Sku, steps: &mut Steps<'_>) {
        let title = self.good(sku).product.title;
        let query = title.split([' ', ',']).take(2).collect::<Vec<_>>().join(" ").to_lowercase();
        self.does(steps, Call::Track(Track::ProductsSearched { query }));
    }

    /// The shelf of what is wanted: that product first, its neighbours after it.
    fn list(&mut self, sku: Sku, steps: &mut Steps<'_>) {
        let category = self.good(sku).product.category;
        let day = steps.clock.day();
        let store = &self.shop.store;
        let on_shelf = |other: &Sku| {
            let good = store.good(*other);
            *other != sku && good.product.category == category && good.is_launched(day)
        };
        let shown = std::iter::once(sku).chain(store.skus().filter(on_shelf).take(3));
        let products = shown.enumerate().map(|(place, sku)| Line { position: Some(place + 1), ..line(store.good(sku), day) }).collect();
        let category = category.name();
        self.does(steps, Call::Track(Track::ProductListViewed { list_id: slug(category), category, products }));
    }

    fn look(&mut self, sku: Sku, steps: &mut Steps<'_>) {
        let good = self.good(sku);
        let viewed = Line { url: Some(good.url()), ..line(good, steps.clock.day()) };
        self.does(steps, Call::Track(Track::ProductViewed(Box::new(viewed.clone()))));
        if self.dice.chance(steps.habits.reviews) {
            let path = format!("/products/{}/reviews", viewed.product_id);
            let mut reviews = page("Reviews", &path, viewed.name);
            reviews.properties.product_id = Some(viewed.product_id.clone());
            self.does(steps, Call::Page(reviews));
        }
        let wishes = !steps.visit.basket.contains(&sku) && self.dice.chance(0.03);
        if wishes {
            self.does(steps, Call::Track(Track::ProductAddedToWishlist(Box::new(viewed))));
        }
    }

    /// Guides for those who want to know how, makers for those who want to know who.
    fn read_up(&mut self, steps: &mut Steps<'_>) {
        if self.dice.chance(steps.habits.guides) {
            let (path, title) = self.dice.of(&GUIDES);
            self.does(steps, Call::Page(page("Guide", path, title)));
        }
        if self.dice.chance(steps.habits.about) {
            let (path, title) = self.dice.of(&ABOUT);
            self.does(steps, Call::Page(page("About", path, title)));
        }
    }

    fn fill_cart(&mut self, steps: &mut Steps<'_>) -> Cart {
        let mut cart = Cart::default();
        for &sku in &steps.visit.basket {
            let good = self.good(sku);
            let many = if good.product.refill_days > 0 && self.dice.chance(0.25) { self.dice.whole(2, 3) } else { 1 };
            let added = Line { quantity: Some(many), ..line(good, steps.clock.day()) };
            self.does(steps, Call::Track(Track::ProductAdded(Box::new(added.clone()))));
            cart.put(added, good.list_price());
        }
        cart
    }

    /// One step: it is written down, and time passes.
    pub(crate) fn does(&mut self, steps: &mut Steps<'_>, call: Call) {
        let device = steps.visit.device;
        let browser = Browser {
            user_id: self.signed_in[device].then_some(self.person.id.as_str()),
            device: &self.person.devices[device],
            campaign: steps.campaign,
        };
        self.journal.browser_says(steps.clock, browser, call);
        let pause = steps.habits.dwell_secs * self.dice.between(0.4, 1.6);
        steps.clock = steps.clock.later(1 + pause as i64);
    }

    fn good(&self, sku: Sku) -> &'a Good {
        self.shop.store.good(sku)
    }
}

const SEARCH_AD: Campaign = Campaign { source: "google", medium: "cpc", name: "kitchen-brand" };
const SOCIAL: Campaign = Campaign { source: "instagram", medium: "social", name: "sunday-loaf" };

const GUIDES: [(&str, &str); 6] = [
    ("/guides/which-flour-for-which-bread", "Which flour for which bread?"),
    ("/guides/compare-dutch-ovens", "Four Dutch ovens compared"),
    ("/guides/pizza-stone-or-steel", "Pizza stone or steel?"),
    ("/guides/coffee-grind-sizes", "Grind sizes, from moka to pour-over"),
    ("/help/care-for-cast-iron", "How to care for cast iron"),
    ("/help/delivery-and-returns", "Delivery and returns"),
];

const ABOUT: [(&str, &str); 4] = [
    ("/about/our-mills", "The mills we buy from"),
    ("/about/sustainability", "What we do about our footprint"),
    ("/about/fair-trade-cocoa", "Where our cocoa comes from"),
    ("/about/plastic-free", "Sending parcels without plastic"),
];

pub(crate) fn page(name: &'static str, path: &str, title: &str) -> PageCall {
    PageCall {
        name,
        properties: PageProperties { url: format!("{SITE}{path}"), path: path.to_owned(), title: title.to_owned(), product_id: None },
    }
}

/// A product as events of a day describe it.
pub(crate) fn line(good: &Good, day: i64) -> Line {
    let product = good.product;
    Line {
        product_id: good.slug.clone(),
        name: product.title,
        category: product.category.name(),
        brand: product.brand.name(),
        price: good.price(day),
        list_price: good.is_on_sale(day).then(|| good.list_price()),
        currency: "EUR",
        quantity: None,
        position: None,
        url: None,
    }
}
