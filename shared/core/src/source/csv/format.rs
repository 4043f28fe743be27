//! What a file is, told by its header.

use super::dictionary::{CHANGES, EXPORTS, PLAIN};
use serde::Serialize;
use std::{fmt, str::FromStr};

/// What a column means. `--map COLUMN=FIELD` speaks of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The order, invoice or basket.
    Order,
    /// The number printed on the order, where that is not its id.
    OrderName,
    /// The payment that a charge is part of, at the provider.
    Payment,
    /// The provider's invoice that a charge pays.
    PaymentInvoice,
    /// The product.
    Item,
    /// The product's stock-keeping unit, where that is not its id.
    Sku,
    /// The product's name, or what a charge is for.
    Title,
    /// How many; negative when they came back.
    Quantity,
    /// When it happened.
    At,
    /// The price of one.
    UnitPrice,
    /// What was paid for all of the row.
    Total,
    /// What was taken off the row.
    Discount,
    /// What was taken off the whole order.
    OrderDiscount,
    /// Postage of the whole order.
    Shipping,
    /// Tax on top of the whole order.
    Tax,
    /// What was paid back.
    Refunded,
    /// The currency.
    Currency,
    /// Whether the order was paid.
    Status,
    /// When the order was cancelled.
    CancelledAt,
    /// The shop's id of the customer.
    Customer,
    /// The customer's e-mail address.
    Email,
    /// The customer's phone number.
    Phone,
    /// The customer's name, or the first part of it.
    Name,
    /// The rest of the name.
    LastName,
    /// The browser, visitor or session.
    Device,
    /// What the visitor did: view, cart or purchase.
    Event,
    /// The country.
    Country,
    /// The state or province.
    Region,
    /// The language.
    Language,
    /// The age, or the age group.
    Age,
    /// The income group.
    Income,
    /// How many live there.
    HouseholdSize,
    /// Whether marketing is accepted.
    Marketing,
    /// The product's category.
    Category,
    /// The product's maker.
    Brand,
    /// The product's price without any discount.
    ListPrice,
    /// Address of a picture.
    Image,
    /// Address of the product's page.
    Url,
    /// How many are in stock, or whether any is.
    Stock,
    /// Labels, parted by commas.
    Tags,
    /// The product when it has several variants.
    Handle,
    /// When it was first sold.
    Published,
    /// The loyalty card that was shown at the till.
    LoyaltyCard,
    /// What a survey asked.
    Question,
    /// What was answered.
    Answer,
    /// One to five stars.
    Stars,
}

impl Field {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [(Self, &'static str); 46] = [
        (Self::Order, "order"),
        (Self::OrderName, "order_name"),
        (Self::Payment, "payment"),
        (Self::PaymentInvoice, "payment_invoice"),
        (Self::Item, "item"),
        (Self::Sku, "sku"),
        (Self::Title, "title"),
        (Self::Quantity, "quantity"),
        (Self::At, "at"),
        (Self::UnitPrice, "unit_price"),
        (Self::Total, "total"),
        (Self::Discount, "discount"),
        (Self::OrderDiscount, "order_discount"),
        (Self::Shipping, "shipping"),
        (Self::Tax, "tax"),
        (Self::Refunded, "refunded"),
        (Self::Currency, "currency"),
        (Self::Status, "status"),
        (Self::CancelledAt, "cancelled_at"),
        (Self::Customer, "customer"),
        (Self::Email, "email"),
        (Self::Phone, "phone"),
        (Self::Name, "name"),
        (Self::LastName, "last_name"),
        (Self::Device, "device"),
        (Self::Event, "event"),
        (Self::Country, "country"),
        (Self::Region, "region"),
        (Self::Language, "language"),
        (Self::Age, "age"),
        (Self::Income, "income"),
        (Self::HouseholdSize, "household_size"),
        (Self::Marketing, "marketing"),
        (Self::Category, "category"),
        (Self::Brand, "brand"),
        (Self::ListPrice, "list_price"),
        (Self::Image, "image"),
        (Self::Url, "url"),
        (Self::Stock, "stock"),
        (Self::Tags, "tags"),
        (Self::Handle, "handle"),
        (Self::Published, "published"),
        (Self::LoyaltyCard, "loyalty_card"),
        (Self::Question, "question"),
        (Self::Answer, "answer"),
        (Self::Stars, "stars"),
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|(_, name)| text.eq_ignore_ascii_case(name)).map(|(field, _)| *field);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
            format!("`{text}` is no field; the fields are {}", names.join(", "))
        })
    }
}

/// What a file holds, and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Shopify's orders export.
    ShopifyOrders,
    /// Shopify's products export.
    ShopifyProducts,
    /// Shopify's customers export.
    ShopifyCustomers,
    /// WooCommerce's orders, a row an item, as "Advanced Order Export" writes them.
    WoocommerceOrders,
    /// Stripe's payments export.
    StripePayments,
    /// Plain order lines, a row an item.
    OrderLines,
    /// Purchases of which only customer, time and amount are known.
    Purchases,
    /// What visitors did: views, carts, purchases.
    Events,
    /// Customers and what is known about them.
    Customers,
    /// Products.
    Products,
    /// Answers to a survey, a row an answer.
    Surveys,
    /// Stars that products were given; the words are not kept.
    Reviews,
}

impl Format {
    /// What stands in [`crate::event::Event::source`] behind `import:`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShopifyOrders | Self::ShopifyProducts | Self::ShopifyCustomers => "shopify",
            Self::WoocommerceOrders => "woocommerce",
            Self::StripePayments => "stripe",
            Self::OrderLines => "lines",
            Self::Purchases => "purchases",
            Self::Events => "events",
            Self::Customers => "customers",
            Self::Products => "products",
            Self::Surveys => "surveys",
            Self::Reviews => "reviews",
        }
    }

    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ShopifyOrders => "Shopify orders",
            Self::ShopifyProducts => "Shopify products",
            Self::ShopifyCustomers => "Shopify customers",
            Self::WoocommerceOrders => "WooCommerce orders",
            Self::StripePayments => "Stripe payments",
            Self::OrderLines => "order lines",
            Self::Purchases => "purchases without items",
            Self::Events => "browsing events",
            Self::Customers => "customers",
            Self::Products => "products",
            Self::Surveys => "answers to surveys",
            Self::Reviews => "reviews",
        }
    }
}

/// A header that was understood: where each field stands.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) format: Format,
    places: [Option<u16>; Field::ALL.len()],
    /// Where a platform's export says when an order changed.
    changes: Vec<usize>,
    pub(super) width: usize,
}

impl Columns {
    /// Where `field` stands.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places.get(field as usize).copied().flatten().map(usize::from)
    }

    /// Where it says when something about an order changed: it was placed, paid, sent, cancelled.
    pub(super) fn changes(&self) -> &[usize] {
        &self.changes
    }

    /// Understands `header`.
    ///
    /// # Errors
    /// [`Unrecognised`] when it is no known format and `map` does not make it one.
    pub(super) fn recognise(header: &[&str], map: &[(String, Field)]) -> Result<Self, Unrecognised> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let unrecognised = || Unrecognised { found: header.iter().map(|name| name.chars().take(40).collect()).collect(), unknown: None };
        if let Some((column, _)) = map.iter().find(|(column, _)| !names.contains(&plain(column))) {
            return Err(Unrecognised { unknown: Some(column.clone()), ..unrecognised() });
        }
        let exact = EXPORTS.iter().find(|export| export.marks.iter().all(|mark| names.iter().any(|name| name == mark)));
        let dictionary = exact.map_or(PLAIN, |export| export.columns);
        let changes = names.iter().enumerate().filter(|(_, name)| exact.is_some() && CHANGES.contains(&name.as_str()));
        let changes = changes.map(|(place, _)| place).collect();
        let mut columns = Self { format: Format::OrderLines, places: [None; Field::ALL.len()], changes, width: header.len() };
        for (alias, field) in dictionary {
            let place = names.iter().position(|name| name == alias);
            columns.set(*field, place, false);
        }
        for (column, field) in map {
            columns.set(*field, names.iter().position(|name| *name == plain(column)), true);
        }
        let mapped = !map.is_empty();
        columns.format = exact.map(|export| export.format).or_else(|| columns.plain_format(mapped)).ok_or_else(unrecognised)?;
        Ok(columns)
    }

    fn set(&mut self, field: Field, place: Option<usize>, by_hand: bool) {
        let Some(place) = place.and_then(|place| u16::try_from(place).ok()) else { return };
        if by_hand {
            // A column means one thing: what is said by hand takes it from what was guessed.
            for known in &mut self.places {
                *known = known.filter(|known| *known != place);
            }
        }
        if let Some(slot) = self.places.get_mut(field as usize)
            && (by_hand || slot.is_none())
        {
            *slot = Some(place);
        }
    }

    /// What a file that no platform wrote holds, by the fields it has.
    fn plain_format(&self, mapped: bool) -> Option<Format> {
        use Field::{
            Age, Answer, At, Brand, Category, Country, Customer, Device, Email, Event, Income, Item, ListPrice, LoyaltyCard, Marketing,
            Name, Order, Phone, Quantity, Question, Stars, Title, Total, UnitPrice,
        };
        let has = |field| self.place(field).is_some();
        let any = |fields: &[Field]| fields.iter().any(|field| has(*field));
        let known = self.places.iter().flatten().count();
        let names_somebody = any(&[Customer, Email, Phone, LoyaltyCard]);
        if has(At) && has(Question) && has(Answer) && (names_somebody || has(Device)) {
            return Some(Format::Surveys);
        }
        if has(At) && has(Item) && has(Stars) && !any(&[Order, Quantity, Event]) {
            return Some(Format::Reviews);
        }
        if has(At) && has(Item) && any(&[Event, Device]) && !has(Order) {
            return Some(Format::Events);
        }
        if has(At) && has(Order) && any(&[UnitPrice, Total]) && (has(Item) && has(Quantity) || names_somebody) {
            return Some(Format::OrderLines);
        }
        if has(At) && any(&[UnitPrice, Total]) && names_somebody {
            return Some(Format::Purchases);
        }
        // Two columns could be anything, unless somebody says what they are.
        if known < 3 && !mapped {
            return None;
        }
        if has(Item) && any(&[Title, Category, Brand, UnitPrice, ListPrice]) && !any(&[At, Order, Quantity, Customer]) {
            return Some(Format::Products);
        }
        (names_somebody && any(&[Name, Phone, Country, Age, Income, Marketing]) && !any(&[At, Order, Item])).then_some(Format::Customers)
    }
}

/// A header that is no known format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrecognised {
    /// The columns as they stand.
    found: Vec<String>,
    /// A column that `--map` names and the file has not.
    unknown: Option<String>,
}

impl fmt::Display for Unrecognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self.found.iter().take(30).map(|name| format!("`{name}`")).collect();
        let more = if self.found.len() > shown.len() { format!(" and {} more", self.found.len() - shown.len()) } else { String::new() };
        if let Some(unknown) = &self.unknown {
            return write!(f, "--map names the column `{unknown}`, but the file has {}{more}", shown.join(", "));
        }
        writeln!(f, "the header is not one that is known. Found: {}{more}", shown.join(", "))?;
        if self.found.len() == 1 {
            writeln!(f, "That is one column only: fields must be parted by a comma, a semicolon, a tab or a bar.")?;
        }
        writeln!(
            f,
            "Needed for order lines: order, item, quantity, at, and unit_price or total; customer, email, phone or loyalty_card if known."
        )?;
        writeln!(f, "Needed for purchases: customer, email or phone, at, total. For events: device or customer, item, at, event.")?;
        writeln!(
            f,
            "Needed for products: item, title or category, one more. For customers: customer, email or phone, and what is known about them."
        )?;
        writeln!(f, "Needed for surveys: customer, email or phone, at, question, answer. For reviews: item, at, stars.")?;
        if self.found.len() == 2 {
            writeln!(f, "Two columns could be anything until --map says what they are.")?;
        }
        // What a column's name says by itself makes the better example.
        let says = |name: &String| PLAIN.iter().find(|(alias, _)| *alias == plain(name)).map(|(_, field)| *field);
        let example = self.found.iter().find_map(|name| Some((name.as_str(), says(name)?)));
        let (column, field) = example.unwrap_or((self.found.first().map_or("Bill No", String::as_str), Field::Order));
        write!(f, "Say which column is which, for example: --map '{column}={}'", field.name())
    }
}

impl std::error::Error for Unrecognised {}

/// A column's name without case, spaces and signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
