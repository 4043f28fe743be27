//! What a file is, told by its header: a table of formats, and a dictionary of column names for files that no platform wrote.

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
    /// The product.
    Item,
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
}

impl Field {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [(Self, &'static str); 39] = [
        (Self::Order, "order"),
        (Self::OrderName, "order_name"),
        (Self::Item, "item"),
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
        }
    }
}

/// A header that was understood: where each field stands.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) format: Format,
    places: [Option<u16>; Field::ALL.len()],
    pub(super) width: usize,
}

impl Columns {
    /// Where `field` stands.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places.get(field as usize).copied().flatten().map(usize::from)
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
        let mut columns = Self { format: Format::OrderLines, places: [None; Field::ALL.len()], width: header.len() };
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
            Age, At, Brand, Category, Country, Customer, Device, Email, Event, Income, Item, ListPrice, Marketing, Name, Order, Phone,
            Quantity, Title, Total, UnitPrice,
        };
        let has = |field| self.place(field).is_some();
        let any = |fields: &[Field]| fields.iter().any(|field| has(*field));
        let known = self.places.iter().flatten().count();
        if has(At) && has(Item) && any(&[Event, Device]) && !has(Order) {
            return Some(Format::Events);
        }
        if has(At) && has(Order) && any(&[UnitPrice, Total]) && (has(Item) && has(Quantity) || any(&[Customer, Email])) {
            return Some(Format::OrderLines);
        }
        if has(At) && any(&[UnitPrice, Total]) && any(&[Customer, Email]) {
            return Some(Format::Purchases);
        }
        // Two columns could be anything, unless somebody says what they are.
        if known < 3 && !mapped {
            return None;
        }
        if has(Item) && any(&[Title, Category, Brand, UnitPrice, ListPrice]) && !any(&[At, Order, Quantity, Customer]) {
            return Some(Format::Products);
        }
        (any(&[Customer, Email]) && any(&[Name, Phone, Country, Age, Income, Marketing]) && !any(&[At, Order, Item]))
            .then_some(Format::Customers)
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
        writeln!(f, "Needed for order lines: order, item, quantity, at, and unit_price or total; customer or email if known.")?;
        writeln!(f, "Needed for purchases: customer or email, at, total. For events: device or customer, item, at, event.")?;
        writeln!(
            f,
            "Needed for products: item, title or category, one more. For customers: customer or email, and what is known about them."
        )?;
        let example = self.found.first().map_or("Bill No", String::as_str);
        write!(f, "Say which column is which, for example: --map '{example}=order'")
    }
}

impl std::error::Error for Unrecognised {}

/// A column's name without case, spaces and signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A file that a platform writes.
struct Export {
    format: Format,
    /// Columns that only this export has all of.
    marks: &'static [&'static str],
    columns: &'static [(&'static str, Field)],
}

const EXPORTS: &[Export] = &[
    Export {
        format: Format::ShopifyOrders,
        marks: &["name", "lineitemquantity", "lineitemname", "lineitemprice", "createdat"],
        columns: &[
            ("id", Field::Order),
            ("name", Field::OrderName),
            ("email", Field::Email),
            ("phone", Field::Phone),
            ("billingname", Field::Name),
            ("financialstatus", Field::Status),
            ("createdat", Field::At),
            ("cancelledat", Field::CancelledAt),
            ("currency", Field::Currency),
            ("shipping", Field::Shipping),
            ("taxes", Field::Tax),
            ("total", Field::Total),
            ("discountamount", Field::OrderDiscount),
            ("refundedamount", Field::Refunded),
            ("lineitemquantity", Field::Quantity),
            ("lineitemname", Field::Title),
            ("lineitemprice", Field::UnitPrice),
            ("lineitemcompareatprice", Field::ListPrice),
            ("lineitemsku", Field::Item),
            ("lineitemdiscount", Field::Discount),
            ("vendor", Field::Brand),
        ],
    },
    Export {
        format: Format::ShopifyProducts,
        marks: &["handle", "title", "variantprice"],
        columns: &[
            ("handle", Field::Handle),
            ("variantsku", Field::Item),
            ("title", Field::Title),
            ("vendor", Field::Brand),
            ("productcategory", Field::Category),
            ("type", Field::Category),
            ("tags", Field::Tags),
            ("variantprice", Field::UnitPrice),
            ("variantcompareatprice", Field::ListPrice),
            ("variantinventoryqty", Field::Stock),
            ("imagesrc", Field::Image),
            ("status", Field::Status),
        ],
    },
    Export {
        format: Format::ShopifyCustomers,
        marks: &["firstname", "lastname", "email", "totalspent", "acceptsemailmarketing"],
        columns: SHOPIFY_CUSTOMERS,
    },
    Export {
        format: Format::ShopifyCustomers,
        marks: &["firstname", "lastname", "email", "totalspent", "acceptsmarketing"],
        columns: SHOPIFY_CUSTOMERS,
    },
    Export {
        format: Format::StripePayments,
        marks: &["id", "createdutc", "amount", "currency", "status"],
        columns: &[
            ("id", Field::Order),
            ("createdutc", Field::At),
            ("amount", Field::Total),
            ("amountrefunded", Field::Refunded),
            ("currency", Field::Currency),
            ("description", Field::Title),
            ("customerid", Field::Customer),
            ("customeremail", Field::Email),
            ("status", Field::Status),
        ],
    },
    Export {
        format: Format::WoocommerceOrders,
        marks: &["ordernumber", "orderstatus", "orderdate", "itemname", "itemcost"],
        columns: &[
            ("orderid", Field::Order),
            ("ordernumber", Field::Order),
            ("orderstatus", Field::Status),
            ("orderdate", Field::At),
            ("customeruserid", Field::Customer),
            ("customerid", Field::Customer),
            ("emailbilling", Field::Email),
            ("phonebilling", Field::Phone),
            ("firstnamebilling", Field::Name),
            ("lastnamebilling", Field::LastName),
            ("currency", Field::Currency),
            ("ordercurrency", Field::Currency),
            ("cartdiscountamount", Field::OrderDiscount),
            ("ordershippingamount", Field::Shipping),
            ("ordertotaltaxamount", Field::Tax),
            ("ordertotalamount", Field::Total),
            ("orderrefundamount", Field::Refunded),
            ("sku", Field::Item),
            ("itemname", Field::Title),
            ("quantityrefund", Field::Quantity),
            ("quantity", Field::Quantity),
            ("itemcost", Field::UnitPrice),
            ("category", Field::Category),
        ],
    },
];

const SHOPIFY_CUSTOMERS: &[(&str, Field)] = &[
    ("customerid", Field::Customer),
    ("firstname", Field::Name),
    ("lastname", Field::LastName),
    ("email", Field::Email),
    ("phone", Field::Phone),
    ("acceptsemailmarketing", Field::Marketing),
    ("acceptsmarketing", Field::Marketing),
    ("defaultaddresscountrycode", Field::Country),
    ("countrycode", Field::Country),
    ("defaultaddressprovincecode", Field::Region),
    ("provincecode", Field::Region),
];

/// What columns are called in files that no platform wrote; of two for one field the first in this table is taken.
const PLAIN: &[(&str, Field)] = &[
    ("order", Field::Order),
    ("orderid", Field::Order),
    ("orderno", Field::Order),
    ("ordernumber", Field::Order),
    ("invoice", Field::Order),
    ("invoiceno", Field::Order),
    ("invoiceid", Field::Order),
    ("invoicenumber", Field::Order),
    ("basketid", Field::Order),
    ("transactionid", Field::OrderName),
    ("item", Field::Item),
    ("itemid", Field::Item),
    ("sku", Field::Item),
    ("stockcode", Field::Item),
    ("productid", Field::Item),
    ("productcode", Field::Item),
    ("id", Field::Item),
    ("description", Field::Title),
    ("title", Field::Title),
    ("productname", Field::Title),
    ("itemname", Field::Title),
    ("producttype", Field::Title),
    ("quantity", Field::Quantity),
    ("qty", Field::Quantity),
    ("at", Field::At),
    ("invoicets", Field::At),
    ("invoicedate", Field::At),
    ("orderdate", Field::At),
    ("transactiontimestamp", Field::At),
    ("timestamp", Field::At),
    ("datetime", Field::At),
    ("createdat", Field::At),
    ("date", Field::At),
    ("time", Field::At),
    ("ts", Field::At),
    ("unitprice", Field::UnitPrice),
    ("price", Field::UnitPrice),
    ("itemprice", Field::UnitPrice),
    ("total", Field::Total),
    ("linetotal", Field::Total),
    ("amount", Field::Total),
    ("value", Field::Total),
    ("salesvalue", Field::Total),
    ("revenue", Field::Total),
    ("discount", Field::Discount),
    ("retaildisc", Field::Discount),
    ("currency", Field::Currency),
    ("customer", Field::Customer),
    ("customerid", Field::Customer),
    ("userid", Field::Customer),
    ("householdid", Field::Customer),
    ("email", Field::Email),
    ("emailaddress", Field::Email),
    ("customeremail", Field::Email),
    ("phone", Field::Phone),
    ("name", Field::Name),
    ("firstname", Field::Name),
    ("lastname", Field::LastName),
    ("device", Field::Device),
    ("deviceid", Field::Device),
    ("anonymousid", Field::Device),
    ("visitorid", Field::Device),
    ("sessionid", Field::Device),
    ("event", Field::Event),
    ("eventtype", Field::Event),
    ("country", Field::Country),
    ("countrycode", Field::Country),
    ("region", Field::Region),
    ("state", Field::Region),
    ("language", Field::Language),
    ("locale", Field::Language),
    ("age", Field::Age),
    ("income", Field::Income),
    ("householdsize", Field::HouseholdSize),
    ("acceptsmarketing", Field::Marketing),
    ("newsletter", Field::Marketing),
    ("category", Field::Category),
    ("productcategory", Field::Category),
    ("categoryid", Field::Category),
    ("department", Field::Category),
    ("brand", Field::Brand),
    ("vendor", Field::Brand),
    ("listprice", Field::ListPrice),
    ("compareatprice", Field::ListPrice),
    ("image", Field::Image),
    ("imageurl", Field::Image),
    ("url", Field::Url),
    ("link", Field::Url),
    ("stock", Field::Stock),
    ("instock", Field::Stock),
    ("tags", Field::Tags),
    ("published", Field::Published),
];
