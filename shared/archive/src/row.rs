//! An event as a row: columns for what analysts ask about, `rest` for everything else.

use compact_str::CompactString;
use rapport_core::{
    event::{Action, Authority, Event, OrderLine, Product, Refund, Traffic, Who},
    id::{ContactHash, CustomerId, DeviceId, EventId, IdError, ItemId, OrderId},
    money::Currency,
    time::Timestamp,
};

/// Text columns, in the order of [`Row::texts`].
pub(crate) const TEXTS: [&str; 18] = [
    "customer", "device", "email", "id", "authority", "source", "traffic", "action", "item", "title", "category", "brand", "price_currency", "order",
    "refund", "currency", "statement", "rest",
];
/// Integer columns, in the order of [`Row::numbers`]. Times are milliseconds, money is minor units.
pub(crate) const NUMBERS: [&str; 6] = ["at", "price_minor", "quantity", "amount_minor", "discount_minor", "version"];

/// One event, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) texts: [Option<CompactString>; TEXTS.len()],
    pub(crate) numbers: [Option<i64>; NUMBERS.len()],
}

#[derive(Clone, Copy)]
enum Text {
    Customer,
    Device,
    Email,
    Id,
    Authority,
    Source,
    Traffic,
    Action,
    Item,
    Title,
    Category,
    Brand,
    PriceCurrency,
    Order,
    Refund,
    Currency,
    Statement,
    Rest,
}

#[derive(Clone, Copy)]
enum Number {
    At,
    PriceMinor,
    Quantity,
    AmountMinor,
    DiscountMinor,
    Version,
}

/// Marks a statement that voids its order, in the column `statement`.
const VOID: &str = "void";

impl Row {
    /// `event` as a row.
    ///
    /// # Errors
    /// What the JSON writer says; never in practice.
    pub(crate) fn of(event: &Event) -> Result<Self, String> {
        let mut row = Self::default();
        row.set(Text::Customer, event.who.customer.as_ref().map(CustomerId::as_str));
        row.set(Text::Device, event.who.device.as_ref().map(DeviceId::as_str));
        row.set(Text::Email, event.who.email.as_ref().map(ContactHash::as_str));
        row.set(Text::Id, Some(event.id.as_str()));
        row.set(Text::Authority, Some(authority_name(event.authority)));
        row.set(Text::Source, Some(&event.source));
        row.set(Text::Traffic, Some(traffic_name(event.traffic)));
        row.set(Text::Action, Some(event.action.name()));
        row.put(Number::At, Some(event.at.0));
        row.set_product(event.action.product());
        match &event.action {
            Action::Ordered(line) => row.set_order(line),
            Action::Refunded(refund) => row.set_refund(refund),
            Action::CartAdded { quantity, .. } | Action::CartRemoved { quantity, .. } => row.put(Number::Quantity, Some(i64::from(*quantity))),
            Action::Viewed(_) | Action::Wishlisted(_) | Action::CheckoutStarted => {}
            other => row.set(Text::Rest, Some(&serde_json::to_string(other).map_err(|error| error.to_string())?)),
        }
        Ok(row)
    }

    /// The inverse of [`Row::of`].
    ///
    /// # Errors
    /// What is wrong with the row.
    pub(crate) fn into_event(self) -> Result<Event, String> {
        let action = self.action()?;
        Ok(Event {
            id: EventId::new(self.need(Text::Id)?).map_err(text)?,
            at: Timestamp(self.need_number(Number::At)?),
            authority: authority_of(self.need(Text::Authority)?)?,
            source: self.need(Text::Source)?.into(),
            who: Who {
                customer: self.id(Text::Customer, CustomerId::new)?,
                device: self.id(Text::Device, DeviceId::new)?,
                email: self.id(Text::Email, ContactHash::new)?,
            },
            traffic: traffic_of(self.need(Text::Traffic)?)?,
            action,
        })
    }

    fn action(&self) -> Result<Action, String> {
        let whole = |name: &str| format!("`{name}` lacks its product");
        let product = self.product()?;
        if let Some(rest) = self.get(Text::Rest) {
            return serde_json::from_str(rest).map_err(text);
        }
        let name = self.need(Text::Action)?;
        Ok(match name {
            "product_viewed" => Action::Viewed(product.ok_or_else(|| whole(name))?),
            "product_added_to_wishlist" => Action::Wishlisted(product.ok_or_else(|| whole(name))?),
            "product_added" => Action::CartAdded { product: product.ok_or_else(|| whole(name))?, quantity: self.quantity()? },
            "product_removed" => Action::CartRemoved { product: product.ok_or_else(|| whole(name))?, quantity: self.quantity()? },
            "checkout_started" => Action::CheckoutStarted,
            "order_completed" | "order_cancelled" => Action::Ordered(self.order(product)?),
            "order_refunded" => Action::Refunded(self.refund(product)?),
            other => return Err(format!("`{other}` is no kind of event that has columns")),
        })
    }

    fn set_product(&mut self, product: Option<&Product>) {
        let Some(product) = product else { return };
        self.set(Text::Item, Some(product.item.as_str()));
        self.set(Text::Title, product.title.as_deref());
        self.set(Text::Category, product.category.as_deref());
        self.set(Text::Brand, product.brand.as_deref());
        self.set(Text::PriceCurrency, product.currency.as_ref().map(Currency::code));
        self.put(Number::PriceMinor, product.price_minor);
    }

    fn product(&self) -> Result<Option<Product>, String> {
        let Some(item) = self.id(Text::Item, ItemId::new)? else { return Ok(None) };
        Ok(Some(Product {
            item,
            title: self.get(Text::Title).map(CompactString::from),
            category: self.get(Text::Category).map(CompactString::from),
            brand: self.get(Text::Brand).map(CompactString::from),
            price_minor: self.number(Number::PriceMinor),
            currency: self.get(Text::PriceCurrency).map(str::parse).transpose().map_err(text)?,
        }))
    }

    fn set_order(&mut self, line: &OrderLine) {
        self.set(Text::Order, Some(line.order.as_str()));
        self.set(Text::Currency, Some(line.currency.code()));
        self.set(Text::Statement, line.cancelled.then_some(VOID));
        self.put(Number::Quantity, Some(i64::from(line.quantity)));
        self.put(Number::AmountMinor, Some(line.paid_minor));
        self.put(Number::DiscountMinor, Some(line.discount_minor));
        self.put(Number::Version, Some(line.version.0));
    }

    fn order(&self, product: Option<Product>) -> Result<OrderLine, String> {
        Ok(OrderLine {
            order: OrderId::new(self.need(Text::Order)?).map_err(text)?,
            version: Timestamp(self.need_number(Number::Version)?),
            product,
            quantity: self.quantity()?,
            paid_minor: self.need_number(Number::AmountMinor)?,
            discount_minor: self.need_number(Number::DiscountMinor)?,
            currency: self.need(Text::Currency)?.parse().map_err(text)?,
            cancelled: self.get(Text::Statement) == Some(VOID),
        })
    }

    fn set_refund(&mut self, refund: &Refund) {
        self.set(Text::Order, refund.order.as_ref().map(OrderId::as_str));
        self.set(Text::Refund, refund.reference.as_ref().map(OrderId::as_str));
        self.set(Text::Currency, Some(refund.currency.code()));
        self.put(Number::Quantity, Some(i64::from(refund.quantity)));
        self.put(Number::AmountMinor, Some(refund.amount_minor));
    }

    fn refund(&self, product: Option<Product>) -> Result<Refund, String> {
        Ok(Refund {
            order: self.id(Text::Order, OrderId::new)?,
            reference: self.id(Text::Refund, OrderId::new)?,
            product,
            quantity: self.quantity()?,
            amount_minor: self.need_number(Number::AmountMinor)?,
            currency: self.need(Text::Currency)?.parse().map_err(text)?,
        })
    }

    fn set(&mut self, column: Text, value: Option<&str>) {
        self.texts[column as usize] = value.map(CompactString::from);
    }

    fn put(&mut self, column: Number, value: Option<i64>) {
        self.numbers[column as usize] = value;
    }

    fn get(&self, column: Text) -> Option<&str> {
        self.texts[column as usize].as_deref()
    }

    const fn number(&self, column: Number) -> Option<i64> {
        self.numbers[column as usize]
    }

    fn need(&self, column: Text) -> Result<&str, String> {
        self.get(column).ok_or_else(|| format!("`{}` is empty", TEXTS[column as usize]))
    }

    fn need_number(&self, column: Number) -> Result<i64, String> {
        self.number(column).ok_or_else(|| format!("`{}` is empty", NUMBERS[column as usize]))
    }

    fn quantity(&self) -> Result<u32, String> {
        u32::try_from(self.need_number(Number::Quantity)?).map_err(text)
    }

    fn id<T>(&self, column: Text, read: fn(&str) -> Result<T, IdError>) -> Result<Option<T>, String> {
        self.get(column).map(read).transpose().map_err(text)
    }
}

const fn authority_name(authority: Authority) -> &'static str {
    match authority {
        Authority::Browser => "browser",
        Authority::Import => "import",
        Authority::Backend => "backend",
        Authority::Webhook => "webhook",
    }
}

fn authority_of(name: &str) -> Result<Authority, String> {
    let all = [Authority::Browser, Authority::Import, Authority::Backend, Authority::Webhook];
    all.into_iter().find(|authority| authority_name(*authority) == name).ok_or_else(|| format!("`{name}` is no authority"))
}

const fn traffic_name(traffic: Traffic) -> &'static str {
    match traffic {
        Traffic::Human => "human",
        Traffic::Bot => "bot",
        Traffic::Internal => "internal",
    }
}

fn traffic_of(name: &str) -> Result<Traffic, String> {
    let all = [Traffic::Human, Traffic::Bot, Traffic::Internal];
    all.into_iter().find(|traffic| traffic_name(*traffic) == name).ok_or_else(|| format!("`{name}` is no kind of traffic"))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
