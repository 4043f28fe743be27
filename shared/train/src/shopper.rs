//! Customers as a deployed shop knows them: events of their purchases, the profile these fold to, and the answer they would be given.

use rapport_core::{
    event::{Action, Authority, Event, OrderLine, Product, Traffic, Who},
    id::{CustomerId, EventId, IdError, ItemId, OrderId},
    money::Currency,
    profile::{Profile, Subject, refold},
    ranking::{Ask, Scratch, Shop, recommend},
    time::Timestamp,
};

/// An order as events: one line an item.
pub(crate) struct Order<'a> {
    pub(crate) customer: &'a CustomerId,
    /// Unlike any other order's.
    pub(crate) number: usize,
    pub(crate) at: Timestamp,
    /// Each once.
    pub(crate) items: Vec<&'a ItemId>,
}

impl Order<'_> {
    /// What an import of the order would log.
    ///
    /// # Errors
    /// Never in practice: the ids made here are short. The type says so because an id's constructor does.
    pub(crate) fn events(&self) -> Result<Vec<Event>, IdError> {
        let order = OrderId::new(&format!("o{}", self.number))?;
        let line = |(place, item): (usize, &&ItemId)| {
            Ok(Event {
                id: EventId::new(&format!("o{}.{place}", self.number))?,
                at: self.at,
                authority: Authority::Import,
                source: "import:lines".into(),
                who: Who { customer: Some(self.customer.clone()), ..Who::default() },
                traffic: Traffic::Human,
                action: Action::Ordered(OrderLine {
                    order: order.clone(),
                    version: Timestamp(0),
                    product: Some(Product::bare((*item).clone())),
                    quantity: 1,
                    paid_minor: 0,
                    discount_minor: 0,
                    currency: Currency::EUR,
                    cancelled: false,
                }),
            })
        };
        self.items.iter().enumerate().map(line).collect()
    }
}

/// The profile that a customer's events fold to.
pub(crate) fn profile(customer: &CustomerId, events: &[Event]) -> Profile {
    refold(Subject::Customer(customer.clone()), events)
}

/// The list that the page of the last of `looks` (oldest first) would show a visitor of whom nothing else is known.
pub(crate) fn next_looks(shop: &Shop, looks: &[ItemId], limit: usize, now: Timestamp, scratch: &mut Scratch) -> Vec<u32> {
    let Some((current, before)) = looks.split_last() else { return Vec::new() };
    let ask = Ask {
        placement: "product".into(),
        item: Some(current.clone()),
        session: before.to_vec(),
        limit,
        discovery: Some(0.0),
        ..Ask::default()
    };
    recommend(shop, &ask, &[], now, 0, scratch).picks.into_iter().map(|pick| pick.item).collect()
}

/// The list that the shop's home page would show them, `exclude` left out.
pub(crate) fn next_purchases(
    shop: &Shop,
    profile: &Profile,
    exclude: Vec<ItemId>,
    limit: usize,
    now: Timestamp,
    scratch: &mut Scratch,
) -> Vec<u32> {
    let ask = Ask { placement: "home".into(), limit, exclude, discovery: Some(0.0), ..Ask::default() };
    recommend(shop, &ask, &[profile], now, 0, scratch).picks.into_iter().map(|pick| pick.item).collect()
}
