//! `track` messages: Segment's e-commerce events (v2), GA4's names for the same things, and our own.

use super::{
    Unreadable,
    fields::{Object, count, currency, flag, has_list, minor, object, objects, short, text},
    order_id, products,
    segment::{Message, Tell},
    share, signed,
};
use crate::{
    event::{Action, Authority, EmailAct, Exposure, OrderLine, Product, Refund},
    id::OrderId,
    money::Currency,
    time::Timestamp,
};

/// Whether the message is about consent and nothing else.
pub(super) fn is_consent_update(message: Object<'_>) -> bool {
    text(message, &["event"]).is_some_and(|name| matches!(plain(&name).as_str(), "consentupdated" | "segmentconsentpreferenceupdated"))
}

/// Tells what the message says was done. It may tell some of it before it finds that the rest cannot be read.
pub(super) fn actions(message: &Message<'_>, raw: Object<'_>, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let name = text(raw, &["event"]).ok_or(Unreadable::Missing("event"))?;
    let properties = object(raw, "properties").unwrap_or_default();
    let product = || products::of_event(properties, message.shop.currency);
    let action = match plain(&name).as_str() {
        "productviewed" | "productclicked" | "viewitem" | "selectitem" => {
            return each(message, properties, |product, _| Action::Viewed(product), tell);
        }
        "productlistviewed" | "productlistfiltered" | "viewitemlist" => Action::Listed {
            category: products::category(properties).or_else(|| short(properties, &["list_id", "item_list_name", "item_list_id"], 200)),
        },
        "productssearched" | "search" => {
            Action::Searched { query: short(properties, &["query", "search_term"], 100).ok_or(Unreadable::Missing("query"))? }
        }
        "productadded" | "addtocart" | "wishlistproductaddedtocart" => {
            return each(message, properties, |product, quantity| Action::CartAdded { product, quantity }, tell);
        }
        "productremoved" | "removefromcart" => {
            return each(message, properties, |product, quantity| Action::CartRemoved { product, quantity }, tell);
        }
        // GA4 says with the cart what is in it, and who looks at the cart looks at that.
        "viewcart" if objects(properties, &["items"]).next().is_some() => {
            tell(Action::CheckoutStarted)?;
            return each(message, properties, |product, _| Action::Viewed(product), tell);
        }
        "cartviewed" | "viewcart" | "checkoutstarted" | "begincheckout" => Action::CheckoutStarted,
        "productaddedtowishlist" | "addtowishlist" => return each(message, properties, |product, _| Action::Wishlisted(product), tell),
        "productreviewed" => Action::Reviewed {
            product: product()?,
            // A rating in words is still a review.
            stars: count(properties, &["rating", "stars"], 0)
                .ok()
                .and_then(|stars| stars.try_into().ok())
                .filter(|stars| (1..=5).contains(stars)),
        },
        "ordercompleted" | "orderupdated" | "purchase" => return order(message, properties, tell),
        "ordercancelled" | "ordercanceled" => return cancelled(message, properties, tell),
        "orderrefunded" | "refund" => return refund(message, properties, tell),
        "couponentered" | "couponapplied" | "coupondenied" | "couponremoved" => Action::Coupon {
            code: short(properties, &["coupon_id", "coupon", "coupon_name", "code"], 60).ok_or(Unreadable::Missing("coupon"))?,
            applied: plain(&name) == "couponapplied",
        },
        "emaildelivered" => Action::Email(EmailAct::Delivered),
        "emailopened" => Action::Email(EmailAct::Opened),
        "emaillinkclicked" => Action::Email(EmailAct::Clicked),
        "emailsubscribed" => return subscription(EmailAct::Subscribed, message.authority, tell),
        // Who calls it spam wants no more of it.
        "emailunsubscribed" | "unsubscribed" | "emailmarkedasspam" => return subscription(EmailAct::Unsubscribed, message.authority, tell),
        "recommendationshown" => return exposures(properties, &mut |shown| tell(Action::Shown(shown))),
        "recommendationclicked" => return exposures(properties, &mut |clicked| tell(Action::Clicked(clicked))),
        "productdismissed" => Action::Dismissed { item: products::item(properties)? },
        "surveyanswered" => return survey(properties, tell),
        _ if is_consent_update(raw) => return Ok(()),
        _ => Action::Custom { name: short(raw, &["event"], 100).ok_or(Unreadable::Missing("event"))? },
    };
    tell(action)
}

/// One act for each product that the event mentions, with how many of it. Beside a list of one the event's own quantity is that one's.
fn each(message: &Message<'_>, properties: Object<'_>, act: fn(Product, u32) -> Action, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let is_one = products::mentioned(properties).nth(1).is_none();
    let otherwise = if is_one { count(properties, &["quantity"], 1)? } else { 1 };
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    products::mentioned(properties).try_for_each(|mention| {
        let product = products::product(mention, currency)?;
        tell(act(product, count(mention, &["quantity"], otherwise)?.max(1)))
    })
}

/// The act, and the consent to marketing that it stands for. Anybody may withdraw; a browser's yes is a claim and grants nothing.
fn subscription(act: EmailAct, authority: Authority, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let granted = act == EmailAct::Subscribed;
    tell(Action::Email(act))?;
    if authority.is_trusted() || !granted { tell(signed::marketing(granted)) } else { Ok(()) }
}

/// One answer, or all of a survey's under `answers`.
fn survey(properties: Object<'_>, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let mut answered = |said: Object<'_>| {
        tell(Action::Surveyed {
            question: short(said, &["question", "survey"], 100).ok_or(Unreadable::Missing("question"))?,
            answer: short(said, &["answer", "response", "score"], 200).ok_or(Unreadable::Missing("answer"))?,
        })
    };
    if has_list(properties, "answers") { objects(properties, &["answers"]).try_for_each(answered) } else { answered(properties) }
}

/// `Product Added`, `product_added` and `productAdded` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One line of an order before its shares of revenue and discount.
struct Gross {
    quantity: u32,
    /// At the price asked, for all pieces.
    asked_minor: i64,
    /// At the list price, for all pieces.
    listed_minor: i64,
}

/// An order as one statement: a line a product, then charges. The lines' payments add up to the goods' revenue to the cent.
fn order(message: &Message<'_>, properties: Object<'_>, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let order = order_of(properties)?;
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let lines = gross_lines(properties, currency)?;
    let shipping = minor(properties, &["shipping"], currency)?.unwrap_or(0);
    let tax = minor(properties, &["tax"], currency)?.unwrap_or(0);
    let discount = minor(properties, &["discount"], currency)?.unwrap_or(0).max(0);
    let goods = match minor(properties, &["revenue", "subtotal"], currency)? {
        Some(goods) => goods,
        // GA4's `value` and Segment's `total` have everything in them.
        None => match minor(properties, &["total", "value"], currency)? {
            Some(total) if properties.contains_key("total") => total - shipping - tax,
            Some(value) => value,
            None => lines.iter().map(|line| line.asked_minor).sum::<i64>() - discount,
        },
    };
    let statement = |product, quantity, paid_minor, discount_minor| OrderLine {
        order: order.clone(),
        version: message.at,
        product,
        quantity,
        paid_minor,
        discount_minor,
        currency,
        cancelled: false,
    };
    if lines.is_empty() {
        return tell(Action::Ordered(statement(None, 1, goods + shipping + tax, discount)));
    }
    let has_prices = lines.iter().any(|line| line.asked_minor > 0);
    let weights = lines.iter().map(|line| if has_prices { line.asked_minor } else { i64::from(line.quantity) });
    let paid = share(goods, weights.clone());
    let off = lines.iter().zip(paid.clone()).map(|(line, paid)| if line.listed_minor > 0 { (line.listed_minor - paid).max(0) } else { 0 });
    // Where the prices hide some of the discount, what is left of it is shared out too.
    let hidden = share((discount - off.clone().sum::<i64>()).max(0), weights);
    for ((((line, told), paid), off), hidden) in lines.iter().zip(told_lines(properties)).zip(paid).zip(off).zip(hidden) {
        let product = products::product(told, currency)?;
        tell(Action::Ordered(statement(Some(product), line.quantity, paid, off + hidden)))?;
    }
    let charges = [shipping, tax].into_iter().filter(|charge| *charge != 0);
    charges.map(|charge| Action::Ordered(statement(None, 1, charge, 0))).try_for_each(tell)
}

fn told_lines(properties: Object<'_>) -> impl Iterator<Item = Object<'_>> {
    objects(properties, &["products", "items"])
}

/// What the lines come to. The products stay where they are told: there they take a tenth of the room.
fn gross_lines(properties: Object<'_>, currency: Currency) -> Result<Vec<Gross>, Unreadable> {
    let mut lines = Vec::with_capacity(told_lines(properties).count());
    for line in told_lines(properties) {
        lines.push(gross_line(line, currency)?);
    }
    Ok(lines)
}

fn gross_line(line: Object<'_>, currency: Currency) -> Result<Gross, Unreadable> {
    let product = products::product(line, currency)?;
    let quantity = count(line, &["quantity"], 1)?;
    let pieces = i64::from(quantity);
    let price = product.price_minor.unwrap_or(0);
    let list_price = minor(line, &["list_price", "compare_at_price", "original_price"], currency)?.unwrap_or(price).max(price);
    let too_much = || Unreadable::Field { field: "price", problem: "the line costs more than can be counted".to_owned() };
    Ok(Gross {
        quantity,
        asked_minor: price.checked_mul(pieces).ok_or_else(too_much)?,
        listed_minor: list_price.checked_mul(pieces).ok_or_else(too_much)?,
    })
}

/// A void order is one statement without lines, for which nothing was given back.
fn cancelled(message: &Message<'_>, properties: Object<'_>, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let order = order_of(properties)?;
    let nothing_back = Action::Refunded(Refund::void(order.clone(), message.at, currency));
    tell(Action::Ordered(OrderLine {
        order,
        version: message.at,
        product: None,
        quantity: 0,
        paid_minor: 0,
        discount_minor: 0,
        currency,
        cancelled: true,
    }))?;
    tell(nothing_back)
}

/// What came back, line by line; the lines' amounts add up to what was paid back.
fn refund(message: &Message<'_>, properties: Object<'_>, tell: &mut Tell<'_>) -> Result<(), Unreadable> {
    let order = order_of(properties).ok();
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let reference = text(properties, &["refund_id", "refundId"]).unwrap_or_else(|| message.id.to_string());
    let reference =
        Some(OrderId::new(&reference).map_err(|problem| Unreadable::Field { field: "refund_id", problem: problem.to_string() })?);
    let lines = gross_lines(properties, currency)?;
    let asked = lines.iter().map(|line| line.asked_minor);
    let told = minor(properties, &["revenue", "amount", "refund_amount", "total", "value"], currency)?;
    let back = told.map_or_else(|| asked.clone().sum(), i64::abs);
    let refund = |product, quantity, amount_minor| {
        let (order, reference) = (order.clone(), reference.clone());
        let (version, cancelled) = (Timestamp(0), false);
        Action::Refunded(Refund { order, reference, product, quantity, amount_minor, currency, version, cancelled })
    };
    if lines.is_empty() {
        return tell(refund(None, 0, back));
    }
    let amounts = share(back, asked);
    for ((line, told), amount) in lines.iter().zip(told_lines(properties)).zip(amounts) {
        tell(refund(Some(products::product(told, currency)?), line.quantity, amount))?;
    }
    Ok(())
}

fn order_of(properties: Object<'_>) -> Result<OrderId, Unreadable> {
    let id = text(properties, &["order_id", "orderId", "transaction_id"]).ok_or(Unreadable::Missing("order_id"))?;
    order_id(&id).map_err(|problem| Unreadable::Field { field: "order_id", problem: problem.to_string() })
}

/// One recommended item, or all of an answer's under `items`.
fn exposures(properties: Object<'_>, tell: &mut dyn FnMut(Exposure) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
    let recommendation =
        short(properties, &["recommendation_id", "recommendationId"], 100).ok_or(Unreadable::Missing("recommendation_id"))?;
    let mut exposure = |shown: Object<'_>, position: usize| {
        // Where nobody says how likely it was, it was certain.
        let propensity =
            text(shown, &["propensity"]).and_then(|text| text.parse::<f64>().ok()).filter(|p| (0.0..=1.0).contains(p)).unwrap_or(1.0);
        tell(Exposure {
            recommendation: recommendation.clone(),
            item: products::item(shown)?,
            position: count(shown, &["position"], u32::try_from(position).unwrap_or(0))?.try_into().unwrap_or(u16::MAX),
            propensity_ppm: (propensity * 1e6).round() as u32,
        })
    };
    // Something that was never on screen was not shown.
    let seen = |shown: &Object<'_>| flag(*shown, &["viewable"]) != Some(false);
    if has_list(properties, "items") {
        return objects(properties, &["items"]).filter(seen).enumerate().try_for_each(|(position, shown)| exposure(shown, position));
    }
    Some(properties).filter(seen).map_or(Ok(()), |shown| exposure(shown, 0))
}
