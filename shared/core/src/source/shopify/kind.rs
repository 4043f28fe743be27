//! What a body of Shopify's is, by its shape, and which topics may stand over it.

use crate::source::{
    Json,
    fields::{Object, scalar},
};

/// What a body is, by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An order, whatever happened to it.
    Order,
    /// A refund by itself.
    Refund,
    /// A checkout that was begun.
    Checkout,
    /// A cart.
    Cart,
    /// A customer's record.
    Customer,
    /// A customer's consent to one channel, by itself.
    Consent,
    /// Two customers that are one, or that somebody tried to make one.
    Merge,
    /// A customer's record that is deleted.
    CustomerGone,
    /// A product with its variants.
    Product,
    /// How many of a variant there are at a place.
    Level,
    /// Nothing but an id: something is deleted, and only the topic says what.
    BareId,
    /// A customer asks for their data.
    DataRequest,
    /// A customer is to be forgotten.
    CustomerRedact,
    /// The whole shop is to be forgotten.
    ShopRedact,
    /// Something else: a theme, a fulfilment …
    Other,
}

impl Kind {
    /// What `body` is.
    #[must_use]
    pub fn of(body: &Json) -> Self {
        let Some(body) = body.as_object() else { return Self::Other };
        let has = |name: &str| body.contains_key(name);
        let all = |names: &[&str]| names.iter().all(|name| has(name));
        match () {
            () if all(&["refund_line_items", "order_id"]) => Self::Refund,
            () if all(&["line_items", "order_number"]) => Self::Order,
            () if all(&["line_items", "token", "abandoned_checkout_url"]) => Self::Checkout,
            () if all(&["line_items", "token"]) => Self::Cart,
            () if all(&["admin_graphql_api_customer_kept_id", "admin_graphql_api_customer_deleted_id"]) => Self::Merge,
            () if all(&["shop_domain", "customer", "data_request"]) => Self::DataRequest,
            () if all(&["shop_domain", "customer", "orders_to_redact"]) => Self::CustomerRedact,
            () if all(&["shop_id", "shop_domain"]) => Self::ShopRedact,
            () if all(&["inventory_item_id", "location_id", "available"]) => Self::Level,
            () if all(&["variants", "title"]) => Self::Product,
            () if has("customer_id") && (has("email_marketing_consent") || has("sms_marketing_consent")) => Self::Consent,
            () if is_customer(body) && has("updated_at") => Self::Customer,
            () if is_customer(body) => Self::CustomerGone,
            () if has("id") && body.entries().len() == 1 => Self::BareId,
            () => Self::Other,
        }
    }
}

fn is_customer(body: Object<'_>) -> bool {
    let named = body.get("admin_graphql_api_id").and_then(scalar).is_some_and(|gid| gid.starts_with("gid://shopify/Customer/"));
    named || (body.contains_key("verified_email") && body.contains_key("id"))
}

/// Whether the unsigned topic header fits a body of this kind. An absent header contradicts nothing.
#[must_use]
pub fn topic_agrees(topic: Option<&str>, kind: Kind) -> bool {
    topic.is_none_or(|topic| told_by(topic) == kind)
}

fn told_by(topic: &str) -> Kind {
    match topic.split_once('/').unwrap_or((topic, "")) {
        ("orders" | "products", "delete") => Kind::BareId,
        ("customers", "delete") => Kind::CustomerGone,
        ("customers", "merge") => Kind::Merge,
        ("customers", "data_request") => Kind::DataRequest,
        ("customers", "redact") => Kind::CustomerRedact,
        ("shop", "redact") => Kind::ShopRedact,
        ("orders", _) => Kind::Order,
        ("refunds", _) => Kind::Refund,
        ("checkouts", "create" | "update") => Kind::Checkout,
        ("carts", _) => Kind::Cart,
        ("customers", "create" | "update" | "enable" | "disable") => Kind::Customer,
        ("customers_email_marketing_consent" | "customers_marketing_consent", _) => Kind::Consent,
        ("products", "create" | "update") => Kind::Product,
        ("inventory_levels", "connect" | "update") => Kind::Level,
        _ => Kind::Other,
    }
}
