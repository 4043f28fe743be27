//! What the shop sends: messages after Segment's specification, as a server SDK posts them to `/v1/batch`.
//!
//! Amounts are decimals in major units, as Segment has them. A line's `price` is what was paid for one before coupons; where that is
//! a sale price, `list_price` says what it costs otherwise. An order's `discount` is everything off the list prices, sale and coupon
//! alike, and its `revenue` is what remains; `total` adds shipping.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// One message. Serializes to Segment's JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// What is said.
    #[serde(flatten)]
    pub call: Call,
    /// The same for the same options, and different for every message.
    pub message_id: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// The customer, once the shop knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The device; absent in what the shop's server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// Where it came from.
    pub context: Context,
}

/// The three calls of the specification that the shop uses.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Call {
    /// This device is this customer.
    Identify {
        /// What the account says.
        traits: Box<Traits>,
    },
    /// A page that is not a product's.
    Page(PageCall),
    /// Something was done.
    Track(Track),
}

/// A page view.
#[derive(Clone, Debug, Serialize)]
pub struct PageCall {
    /// `Home`, `Sale`, `Brand`, `Reviews`, `Guide`, `About`.
    pub name: &'static str,
    /// Which page.
    pub properties: PageProperties,
}

/// Which page was seen.
#[derive(Clone, Debug, Serialize)]
pub struct PageProperties {
    /// Absolute address.
    pub url: String,
    /// Its path.
    pub path: String,
    /// What the window says.
    pub title: String,
    /// The product that a page of reviews is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

/// Segment's e-commerce and e-mail events, as far as this shop sends them.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", content = "properties")]
#[allow(missing_docs, reason = "the names are Segment's")]
pub enum Track {
    #[serde(rename = "Products Searched")]
    ProductsSearched { query: String },
    #[serde(rename = "Product List Viewed")]
    ProductListViewed { list_id: String, category: &'static str, products: Vec<Line> },
    #[serde(rename = "Product Viewed")]
    ProductViewed(Box<Line>),
    #[serde(rename = "Product Added")]
    ProductAdded(Box<Line>),
    #[serde(rename = "Product Added to Wishlist")]
    ProductAddedToWishlist(Box<Line>),
    #[serde(rename = "Checkout Started")]
    CheckoutStarted(Box<Order>),
    #[serde(rename = "Coupon Applied")]
    CouponApplied { order_id: String, coupon_id: &'static str, discount: Euros },
    #[serde(rename = "Coupon Denied")]
    CouponDenied { order_id: String, coupon: &'static str, reason: &'static str },
    #[serde(rename = "Order Completed")]
    OrderCompleted(Box<Order>),
    #[serde(rename = "Order Refunded")]
    OrderRefunded(Box<Order>),
    #[serde(rename = "Product Reviewed")]
    ProductReviewed { product_id: String, review_id: String, review_body: &'static str, rating: u8 },
    #[serde(rename = "Email Subscribed")]
    EmailSubscribed { list: &'static str },
    #[serde(rename = "Email Unsubscribed")]
    EmailUnsubscribed { list: &'static str },
    #[serde(rename = "Email Opened")]
    EmailOpened(Email),
    #[serde(rename = "Email Link Clicked")]
    EmailLinkClicked(Email),
}

/// A product looked at, or a line of a cart or an order.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The catalog's id.
    pub product_id: String,
    /// The catalog's title.
    pub name: &'static str,
    /// The shelf.
    pub category: &'static str,
    /// The maker.
    pub brand: &'static str,
    /// Of one piece, that day.
    pub price: Euros,
    /// Of one piece, outside the sale that is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_price: Option<Euros>,
    /// ISO 4217.
    pub currency: &'static str,
    /// How many; absent where nothing is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// Place in a list, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// The product's page; absent in lines of carts and orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// An order, from the checkout to the refund.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    /// Unique in the shop.
    pub order_id: String,
    /// What the goods cost after `discount`; in a refund, what is paid back.
    pub revenue: Euros,
    /// `revenue` and shipping.
    pub total: Euros,
    /// To the customer's door.
    pub shipping: Euros,
    /// Sale reductions and coupon together.
    pub discount: Euros,
    /// ISO 4217.
    pub currency: &'static str,
    /// The code that was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon: Option<&'static str>,
    /// What is in it, or what comes back.
    pub products: Vec<Line>,
}

/// A newsletter.
#[derive(Clone, Debug, Serialize)]
pub struct Email {
    /// One for each issue.
    pub campaign_id: String,
    /// For people.
    pub campaign_name: &'static str,
    /// What the inbox shows.
    pub email_subject: &'static str,
    /// What was clicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_url: Option<String>,
}

/// An account's data.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are Segment's")]
pub struct Traits {
    pub email: String,
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthday: Option<jiff::civil::Date>,
    pub created_at: Timestamp,
}

/// Where a customer lives.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Address {
    /// City.
    pub city: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
}

/// Where a message came from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The SDK.
    pub library: Library,
    /// The browser, or what claims to be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'static str>,
    /// What brought the visitor here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Campaign>,
}

/// Which SDK.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Library {
    /// Its name.
    pub name: &'static str,
}

/// A campaign's `utm_*` parameters.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Campaign {
    /// `utm_source`.
    pub source: &'static str,
    /// `utm_medium`.
    pub medium: &'static str,
    /// `utm_campaign`.
    pub name: &'static str,
}

/// An amount in EUR, counted in cents, written in euros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Euros {
    minor: i64,
}

impl Euros {
    /// This many cents.
    pub const fn cents(minor: i64) -> Self {
        Self { minor }
    }

    /// In cents.
    pub const fn minor(self) -> i64 {
        self.minor
    }
}

impl Serialize for Euros {
    /// As a JSON number with at most two decimals: one division of two integers, so the shortest digits are the exact ones.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.minor as f64 / 100.0)
    }
}
