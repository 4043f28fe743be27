//! What a profile says at a moment, as single named numbers and labels: the words that rules of segments are made of.
//!
//! A feature that cannot be told of a profile is `None`, never a made-up zero: who never ordered has no `days_since_order`. Whole
//! days have passed completely. Shares are 0 to 1. Money is in minor units of the shop's currency; what was paid in others is left
//! out. `views` are looks, cart additions, saved items and clicked recommendations, as [`crate::profile::ItemTotals`] counts them.
//!
//! Sums over items rest on the [`crate::profile::ITEMS_KEPT`] items that a profile keeps, those last bought most often; only somebody
//! with more than a hundred different items has seen more than these say. Brand and category are the catalog's of today.
//!
//! What is absent, because a profile does not keep it: mails whose sender tells of no delivery, the size of the largest order, local time (hours are UTC), and anything counted further back than the open window of 14 days that is no total.

mod cutoffs;
mod facts;
mod habit;
mod said;
#[cfg(test)]
mod tests;

pub use cutoffs::{Buyer, CutOffs, ENOUGH_BUYERS, Tier};
pub(crate) use facts::Concentration;
pub use facts::{Basis, Facts};

use crate::time::Timestamp;

/// How a feature moves while nothing happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// Not at all.
    Still,
    /// It never falls.
    Grows,
    /// It never rises.
    Falls,
}

/// Declares the features once: variant, name, motion and what it means, from which [`Feature::ALL`] and the docs are made.
macro_rules! features {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $motion:ident;)+) => {
        /// A number that can be told of a profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Feature {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Feature {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What rules call it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How it moves while nothing happens.
            #[must_use]
            pub const fn motion(self) -> Motion {
                match self { $(Self::$variant => Motion::$motion),+ }
            }

            /// What it means: unit, range, and when there is none.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

features! {
    /// Whole days since the newest event, 0 and up; always there.
    DaysSinceSeen = "days_since_seen", Grows;
    /// Whole days since the first event, 0 and up; always there.
    TenureDays = "tenure_days", Grows;
    /// Whole days since the newest order that holds, 0 and up; none without an order.
    DaysSinceOrder = "days_since_order", Grows;
    /// Whole days since the first order that holds, 0 and up; none without an order.
    DaysSinceFirstOrder = "days_since_first_order", Grows;
    /// Events of any kind but mails delivered, 0 and up.
    Events = "events", Still;
    /// Orders that hold: trusted, not cancelled; 0 and up.
    Orders = "orders", Still;
    /// Days (UTC) on which something was ordered, 0 and up.
    OrderDays = "order_days", Still;
    /// Paid less paid back, in minor units of the shop's currency; below 0 where more was paid back.
    RevenueMinor = "revenue_minor", Still;
    /// Revenue per order, in minor units; none without an order.
    OrderValueMinor = "order_value_minor", Still;
    /// Mean days from one day with an order to the next, above 0; none before the second such day.
    DaysBetweenOrders = "days_between_orders", Still;
    /// Time since the last order as a multiple of `days_between_orders`, 0 and up: 2 is twice the usual wait; none where that is none.
    Overdue = "overdue", Grows;
    /// Taken off list prices, in minor units, 0 and up.
    DiscountMinor = "discount_minor", Still;
    /// Discount as a share of what list prices would have brought, 0 to 1; none where nothing was paid or taken off.
    DiscountShare = "discount_share", Still;
    /// Refunds, 0 and up.
    Refunds = "refunds", Still;
    /// Refunds per order, 0 and up; none without an order.
    RefundShare = "refund_share", Still;
    /// Pieces bought less pieces returned, 0 and up.
    PiecesBought = "pieces_bought", Still;
    /// Pieces per order, 0 and up: the size of the basket; none without an order.
    PiecesPerOrder = "pieces_per_order", Still;
    /// Different items bought, 0 and up: the variety.
    ItemsBought = "items_bought", Still;
    /// Of the items bought, the share that was bought more than once, 0 to 1; none where nothing was.
    RepeatShare = "repeat_share", Still;
    /// Looks at items, 0 and up.
    Views = "views", Still;
    /// Different items looked at, 0 and up.
    ItemsViewed = "items_viewed", Still;
    /// Looks per order line, 0 and up: how long somebody ponders; none where nothing was bought.
    ViewsPerPurchase = "views_per_purchase", Still;
    /// Of the items looked at, the share that was bought, 0 to 1; none where nothing was looked at.
    ViewToBuy = "view_to_buy", Still;
    /// Of order lines whose brand is known, the share of the brand bought most, above 0 to 1; none where no brand is known.
    BrandShare = "brand_share", Still;
    /// Of order lines whose category is known, the share of the top-level category bought most, above 0 to 1; none where none is known.
    CategoryShare = "category_share", Still;
    /// Different brands bought, 1 and up; none where no brand is known.
    Brands = "brands", Still;
    /// Different top-level categories bought, 1 and up; none where none is known.
    Categories = "categories", Still;
    /// Of looks at items whose brand is known, the share of the brand looked at most, above 0 to 1; none where no brand is known.
    BrandViewShare = "brand_view_share", Still;
    /// Of order lines, the share of items made with care (tagged organic, fair trade, sustainable, recycled, plastic-free …), 0 to 1; none
    /// where nothing was bought.
    ValuesShare = "values_share", Still;
    /// Of looks at items, the share of items made with care, 0 to 1; none where nothing was looked at.
    ValuesViewShare = "values_view_share", Still;
    /// Of the items bought whose publication is known, the share last bought within 60 days of it, 0 to 1; none where none is known.
    NewShare = "new_share", Still;
    /// Mean days from an item's publication to buying it last, 0 and up: how fast somebody takes to what is new; none where none is known.
    DaysToNew = "days_to_new", Still;
    /// Of order lines of items, the share paid below the list price, 0 to 1; none where nothing was bought.
    ReducedShare = "reduced_share", Still;
    /// Of order lines of items, the share paid in full, 0 to 1; none where nothing was bought.
    FullPriceShare = "full_price_share", Still;
    /// How much was off the list price of reduced lines, on average, 0 to 1; none where none was reduced.
    DiscountDepth = "discount_depth", Still;
    /// Coupons entered, granted or not, 0 and up.
    Coupons = "coupons", Still;
    /// Coupons entered per order, 0 and up; none without an order.
    CouponsPerOrder = "coupons_per_order", Still;
    /// Visits: runs of steps through the shop with no gap of half an hour, 0 and up.
    Visits = "visits", Still;
    /// Looks at items per visit, 0 and up; none without a visit.
    ViewsPerVisit = "views_per_visit", Still;
    /// Mean seconds from one step to the next of a visit, 0 to 1800; none before a second step.
    SecondsPerStep = "seconds_per_step", Still;
    /// Pages of what is reduced, per visit, 0 and up; none without a visit.
    SalePages = "sale_pages", Still;
    /// Pages of one maker's products, per visit, 0 and up; none without a visit.
    BrandPages = "brand_pages", Still;
    /// Help, questions, delivery, returns: pages per visit, 0 and up; none without a visit.
    HelpPages = "help_pages", Still;
    /// Guides, comparisons, articles: pages per visit, 0 and up; none without a visit.
    GuidePages = "guide_pages", Still;
    /// Pages about the shop and its makers, sustainability, ethics: per visit, 0 and up; none without a visit.
    ValuesPages = "values_pages", Still;
    /// Pages of reviews per look at an item, 0 and up; none where nothing was looked at.
    ReviewPages = "review_pages", Still;
    /// Reviews written, 0 and up.
    Reviews = "reviews", Still;
    /// Standard deviation of the waits between days with orders over their mean (coefficient of variation), 0 and up: 0 is clockwork, 1 is
    /// chance, more comes in bursts; none before the third such day.
    GapVariation = "gap_variation", Still;
    /// Mails delivered, as far as their sender tells, 0 and up.
    MailsDelivered = "mails_delivered", Still;
    /// Mails opened, 0 and up.
    MailsOpened = "mails_opened", Still;
    /// Mails opened per mail delivered, 0 to 1, a mail opened twice counting twice; none where no sender tells of a delivery.
    MailOpenShare = "mail_open_share", Still;
    /// Links in mails followed per mail opened, 0 and up; none where none was opened.
    MailClickShare = "mail_click_share", Still;
    /// Paid back as a share of what was paid, 0 and up; none where nothing was paid.
    RefundedShare = "refunded_share", Still;
    /// Mean hours from the first look at an item to buying it, 0 and up; none where nothing was looked at before it was bought.
    HoursToBuy = "hours_to_buy", Still;
    /// Of purchases of what was looked at before, the share within a quarter of an hour of the first look, 0 to 1; none as above.
    QuickShare = "quick_share", Still;
    /// Of the same, the share more than a day after it, 0 to 1; none as above.
    PonderedShare = "pondered_share", Still;
    /// The hour of the day (UTC, 0 to 23) with most steps, orders and mails, the earlier of two; none without any.
    UsualHour = "usual_hour", Still;
    /// Share of steps, orders and mails between 22:00 and 3:00 (UTC), 0 to 1; none without any.
    NightShare = "night_share", Still;
    /// Share of steps, orders and mails on Saturdays and Sundays (UTC), 0 to 1; none without any.
    WeekendShare = "weekend_share", Still;
    /// Share of orders in November and December (UTC), 0 to 1; none without an order.
    ChristmasShare = "christmas_share", Still;
    /// Share of events that came from the shop's pages, 0 to 1; none without an event.
    WebShare = "web_share", Still;
    /// Share of events that came from mail, 0 to 1; none without an event.
    MailShare = "mail_share", Still;
    /// Share of events that came from another sender's webhook, such as the till's, 0 to 1; none without an event.
    OtherShare = "other_share", Still;
    /// RFM recency, 1 (long ago) to 5 (lately), by the shop's quintiles; none without an order.
    RecencyScore = "recency_score", Falls;
    /// RFM frequency, 1 (few orders) to 5 (many), by the shop's quintiles; none without an order.
    FrequencyScore = "frequency_score", Still;
    /// RFM monetary value, 1 (little) to 5 (much), by the shop's quintiles; none without an order.
    MonetaryScore = "monetary_score", Still;
}

/// A word that can be told of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// The value tier: see [`Tier`]; none without an order.
    Tier,
    /// The brand bought most, the first by name of two; none where no brand is known.
    TopBrand,
    /// The top-level category bought most, the first by name of two; none where none is known.
    TopCategory,
}

impl Label {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tier, Self::TopBrand, Self::TopCategory];

    /// What rules call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tier => "tier",
            Self::TopBrand => "top_brand",
            Self::TopCategory => "top_category",
        }
    }
}

impl Feature {
    /// The feature that rules call `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|feature| feature.name() == name)
    }

    /// Whether it asks the catalog.
    #[must_use]
    pub const fn needs_catalog(self) -> bool {
        matches!(
            self,
            Self::BrandShare
                | Self::BrandViewShare
                | Self::CategoryShare
                | Self::Brands
                | Self::Categories
                | Self::ValuesShare
                | Self::ValuesViewShare
                | Self::NewShare
                | Self::DaysToNew
        )
    }

    /// Whether it rests on cut-offs that training learns.
    #[must_use]
    pub const fn needs_cut_offs(self) -> bool {
        matches!(self, Self::RecencyScore | Self::FrequencyScore | Self::MonetaryScore)
    }

    /// Its value at `now`, finite; `None` where it cannot be told.
    #[must_use]
    pub fn value(self, facts: &Facts<'_>, now: Timestamp) -> Option<f64> {
        let totals = facts.totals();
        let per_order = |sum: f64| (totals.orders > 0).then(|| sum / f64::from(totals.orders));
        let count = |number: usize| Some(number as f64);
        match self {
            Self::DaysSinceSeen => Some(whole_days(facts.profile().last_seen, now)),
            Self::TenureDays => Some(whole_days(facts.profile().first_seen, now)),
            Self::DaysSinceOrder => totals.last_order.map(|at| whole_days(at, now)),
            Self::DaysSinceFirstOrder => totals.first_order.map(|at| whole_days(at, now)),
            Self::Events => Some(totals.acts() as f64),
            Self::Orders => Some(f64::from(totals.orders)),
            Self::OrderDays => Some(f64::from(totals.order_days)),
            Self::RevenueMinor => Some(facts.revenue_minor() as f64),
            Self::OrderValueMinor => per_order(facts.revenue_minor() as f64),
            Self::DaysBetweenOrders => facts.days_between_orders(),
            Self::GapVariation => facts.gap_variation(),
            Self::Overdue => {
                let waited = totals.last_order.map(|at| now.days_since(at).max(0.0));
                Some(waited? / facts.days_between_orders()?)
            }
            Self::DiscountMinor => Some(facts.discount_minor() as f64),
            Self::DiscountShare => {
                share(facts.discount_minor() as f64, facts.discount_minor() as f64 + facts.revenue_minor().max(0) as f64)
            }
            Self::Refunds => Some(f64::from(totals.refunds)),
            Self::RefundShare => per_order(f64::from(totals.refunds)),
            Self::PiecesBought => Some(facts.pieces()),
            Self::PiecesPerOrder => per_order(facts.pieces()),
            Self::ItemsBought => count(facts.bought().count()),
            Self::RepeatShare => share(facts.bought().filter(|item| item.purchases > 1).count() as f64, facts.bought().count() as f64),
            Self::Views => Some(facts.views()),
            Self::ItemsViewed => count(facts.viewed().count()),
            Self::ViewsPerPurchase => share(facts.views(), facts.purchases()),
            Self::ViewToBuy => share(facts.viewed().filter(|item| item.purchases > 0).count() as f64, facts.viewed().count() as f64),
            Self::BrandShare => facts.brands().share(),
            Self::CategoryShare => facts.categories().share(),
            Self::Brands => facts.brands().distinct(),
            Self::Categories => facts.categories().distinct(),
            Self::BrandViewShare => facts.viewed_brands().share(),
            Self::ValuesShare => share(facts.careful_of(|item| item.purchases).0, facts.purchases()),
            Self::ValuesViewShare => share(facts.careful_of(|item| item.views).0, facts.views()),
            Self::NewShare => share(facts.novelty(&|_| true).new, facts.novelty(&|_| true).known),
            Self::DaysToNew => share(facts.novelty(&|_| true).days, facts.novelty(&|_| true).known),
            Self::RecencyScore => Some(facts.cut_offs().recency_score(Self::DaysSinceOrder.value(facts, now)?)),
            Self::FrequencyScore => (totals.orders > 0).then(|| facts.cut_offs().frequency_score(totals.orders)),
            Self::MonetaryScore => (totals.orders > 0).then(|| facts.cut_offs().monetary_score(facts.revenue_minor())),
            _ => habit::told(self, facts),
        }
    }
}

/// Days that have passed completely; 0 where the clock of who sent it runs ahead.
fn whole_days(since: Timestamp, now: Timestamp) -> f64 {
    now.since_ms(since).max(0).div_euclid(crate::time::DAY_MS) as f64
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
