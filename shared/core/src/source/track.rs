//! `track` messages: Segment's e-commerce events (v2), GA4's names for the same things, and our own.

use super::{
    Unreadable,
    fields::{Object, count, currency, flag, minor, object, objects, short, text},
    order_id, products,
    segment::Message,
    share, signed,
};
use crate::{
    event::{Action, Authority, EmailAct, Exposure, OrderLine, Product, Refund},
    id::OrderId,
    money::Currency,
    time::Timestamp,
};

/// Whether the message is about consent and nothing else.
pub(super) fn is_consent_update(message: &Object) -> bool {
    text(message, &["event"]).is_some_and(|name| matches!(plain(&name).as_str(), "consentupdated" | "segmentconsentpreferenceupdated"))
}

/// What the message says was done.
pub(super) fn actions(message: &Message<'_>, raw: &Object) -> Result<Vec<Action>, Unreadable> {
    let name = text(raw, &["event"]).ok_or(Unreadable::Missing("event"))?;
    let empty = Object::new();
    let properties = object(raw, "properties").unwrap_or(&empty);
    let product = || products::of_event(properties, message.shop.currency);
    let each = |act: fn(Product, u32) -> Action| each(message, properties, act);
    let action = match plain(&name).as_str() {
        "productviewed" | "productclicked" | "viewitem" | "selectitem" => return each(|product, _| Action::Viewed(product)),
        "productlistviewed" | "productlistfiltered" | "viewitemlist" => Action::Listed {
            category: products::category(properties).or_else(|| short(properties, &["list_id", "item_list_name", "item_list_id"], 200)),
        },
        "productssearched" | "search" => {
            Action::Searched { query: short(properties, &["query", "search_term"], 100).ok_or(Unreadable::Missing("query"))? }
        }
        "productadded" | "addtocart" | "wishlistproductaddedtocart" => {
            return each(|product, quantity| Action::CartAdded { product, quantity });
        }
        "productremoved" | "removefromcart" => return each(|product, quantity| Action::CartRemoved { product, quantity }),
        // GA4 says with the cart what is in it, and who looks at the cart looks at that.
        "viewcart" if objects(properties, &["items"]).next().is_some() => {
            let looks = each(|product, _| Action::Viewed(product))?;
            return Ok(std::iter::once(Action::CheckoutStarted).chain(looks).collect());
        }
        "cartviewed" | "viewcart" | "checkoutstarted" | "begincheckout" => Action::CheckoutStarted,
        "productaddedtowishlist" | "addtowishlist" => return each(|product, _| Action::Wishlisted(product)),
        "productreviewed" => Action::Reviewed {
            product: product()?,
            // A rating in words is still a review.
            stars: count(properties, &["rating", "stars"], 0)
                .ok()
                .and_then(|stars| stars.try_into().ok())
                .filter(|stars| (1..=5).contains(stars)),
        },
        "ordercompleted" | "orderupdated" | "purchase" => return order(message, properties),
        "ordercancelled" | "ordercanceled" => return cancelled(message, properties),
        "orderrefunded" | "refund" => return refund(message, properties),
        "couponentered" | "couponapplied" | "coupondenied" | "couponremoved" => Action::Coupon {
            code: short(properties, &["coupon_id", "coupon", "coupon_name", "code"], 60).ok_or(Unreadable::Missing("coupon"))?,
            applied: plain(&name) == "couponapplied",
        },
        "emaildelivered" => Action::Email(EmailAct::Delivered),
        "emailopened" => Action::Email(EmailAct::Opened),
        "emaillinkclicked" => Action::Email(EmailAct::Clicked),
        "emailsubscribed" => return Ok(subscription(EmailAct::Subscribed, message.authority)),
        // Who calls it spam wants no more of it.
        "emailunsubscribed" | "unsubscribed" | "emailmarkedasspam" => return Ok(subscription(EmailAct::Unsubscribed, message.authority)),
        "recommendationshown" => return exposures(properties).map(|shown| shown.into_iter().map(Action::Shown).collect()),
        "recommendationclicked" => return exposures(properties).map(|clicked| clicked.into_iter().map(Action::Clicked).collect()),
        "productdismissed" => Action::Dismissed { item: products::item(properties)? },
        "surveyanswered" => return survey(properties),
        _ if is_consent_update(raw) => return Ok(Vec::new()),
        _ => Action::Custom { name: short(raw, &["event"], 100).ok_or(Unreadable::Missing("event"))? },
    };
    Ok(vec![action])
}

/// One act for each product that the event mentions, with how many of it. Beside a list of one the event's own quantity is that one's.
fn each(message: &Message<'_>, properties: &Object, act: fn(Product, u32) -> Action) -> Result<Vec<Action>, Unreadable> {
    let mentioned = products::mentioned(properties, message.shop.currency)?;
    let otherwise = if mentioned.len() == 1 { count(properties, &["quantity"], 1)? } else { 1 };
    let acts = mentioned.into_iter().map(|(product, mention)| Ok(act(product, count(mention, &["quantity"], otherwise)?.max(1))));
    acts.collect()
}

/// The act, and the consent to marketing that it stands for. Anybody may withdraw; a browser's yes is a claim and grants nothing.
fn subscription(act: EmailAct, authority: Authority) -> Vec<Action> {
    let granted = act == EmailAct::Subscribed;
    let consent = (authority.is_trusted() || !granted).then(|| signed::marketing(granted));
    std::iter::once(Action::Email(act)).chain(consent).collect()
}

/// One answer, or all of a survey's under `answers`.
fn survey(properties: &Object) -> Result<Vec<Action>, Unreadable> {
    let answered = |said: &Object| {
        Ok(Action::Surveyed {
            question: short(said, &["question", "survey"], 100).ok_or(Unreadable::Missing("question"))?,
            answer: short(said, &["answer", "response", "score"], 200).ok_or(Unreadable::Missing("answer"))?,
        })
    };
    if properties.get("answers").is_some_and(serde_json::Value::is_array) {
        return objects(properties, &["answers"]).map(answered).collect();
    }
    Ok(vec![answered(properties)?])
}

/// `Product Added`, `product_added` and `productAdded` are one name.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// One line of an order before its shares of revenue and discount.
struct Gross {
    product: Product,
    quantity: u32,
    /// At the price asked, for all pieces.
    asked_minor: i64,
    /// At the list price, for all pieces.
    listed_minor: i64,
}

/// An order as one statement: a line a product, then charges. The lines' payments add up to the goods' revenue to the cent.
fn order(message: &Message<'_>, properties: &Object) -> Result<Vec<Action>, Unreadable> {
    let order = order_of(properties)?;
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let lines = gross_lines(properties, currency)?;
    let shipping = minor(properties, &["shipping"], currency)?.unwrap_or(0);
    let tax = minor(properties, &["tax"], currency)?.unwrap_or(0);
    let discount = minor(properties, &["discount"], currency)?.unwrap_or(0).max(0);
    let asked: Vec<i64> = lines.iter().map(|line| line.asked_minor).collect();
    let goods = match minor(properties, &["revenue", "subtotal"], currency)? {
        Some(goods) => goods,
        // GA4's `value` and Segment's `total` have everything in them.
        None => match minor(properties, &["total", "value"], currency)? {
            Some(total) if properties.contains_key("total") => total - shipping - tax,
            Some(value) => value,
            None => asked.iter().sum::<i64>() - discount,
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
        return Ok(vec![Action::Ordered(statement(None, 1, goods + shipping + tax, discount))]);
    }
    let weights = if asked.iter().any(|asked| *asked > 0) { asked } else { lines.iter().map(|line| i64::from(line.quantity)).collect() };
    let paid = share(goods, &weights);
    let off: Vec<i64> =
        lines.iter().zip(&paid).map(|(line, paid)| if line.listed_minor > 0 { (line.listed_minor - paid).max(0) } else { 0 }).collect();
    // Where the prices hide some of the discount, what is left of it is shared out too.
    let hidden = share((discount - off.iter().sum::<i64>()).max(0), &weights);
    let mut statements: Vec<OrderLine> = Vec::with_capacity(lines.len() + 2);
    for (((line, paid), off), hidden) in lines.into_iter().zip(paid).zip(off).zip(hidden) {
        statements.push(statement(Some(line.product), line.quantity, paid, off + hidden));
    }
    statements.extend([shipping, tax].into_iter().filter(|charge| *charge != 0).map(|charge| statement(None, 1, charge, 0)));
    Ok(statements.into_iter().map(Action::Ordered).collect())
}

fn gross_lines(properties: &Object, currency: Currency) -> Result<Vec<Gross>, Unreadable> {
    objects(properties, &["products", "items"]).map(|line| gross_line(line, currency)).collect()
}

fn gross_line(line: &Object, currency: Currency) -> Result<Gross, Unreadable> {
    let product = products::product(line, currency)?;
    let quantity = count(line, &["quantity"], 1)?;
    let pieces = i64::from(quantity);
    let price = product.price_minor.unwrap_or(0);
    let list_price = minor(line, &["list_price", "compare_at_price", "original_price"], currency)?.unwrap_or(price).max(price);
    let too_much = || Unreadable::Field { field: "price", problem: "the line costs more than can be counted".to_owned() };
    Ok(Gross {
        product,
        quantity,
        asked_minor: price.checked_mul(pieces).ok_or_else(too_much)?,
        listed_minor: list_price.checked_mul(pieces).ok_or_else(too_much)?,
    })
}

/// A void order is one statement without lines, for which nothing was given back.
fn cancelled(message: &Message<'_>, properties: &Object) -> Result<Vec<Action>, Unreadable> {
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let order = order_of(properties)?;
    let nothing_back = Action::Refunded(Refund::void(order.clone(), message.at, currency));
    let void = Action::Ordered(OrderLine {
        order,
        version: message.at,
        product: None,
        quantity: 0,
        paid_minor: 0,
        discount_minor: 0,
        currency,
        cancelled: true,
    });
    Ok(vec![void, nothing_back])
}

/// What came back, line by line; the lines' amounts add up to what was paid back.
fn refund(message: &Message<'_>, properties: &Object) -> Result<Vec<Action>, Unreadable> {
    let order = order_of(properties).ok();
    let currency = currency(properties, &["currency"], message.shop.currency)?;
    let reference = text(properties, &["refund_id", "refundId"]).unwrap_or_else(|| message.id.to_string());
    let reference =
        Some(OrderId::new(&reference).map_err(|problem| Unreadable::Field { field: "refund_id", problem: problem.to_string() })?);
    let lines = gross_lines(properties, currency)?;
    let asked: Vec<i64> = lines.iter().map(|line| line.asked_minor).collect();
    let told = minor(properties, &["revenue", "amount", "refund_amount", "total", "value"], currency)?;
    let back = told.map_or_else(|| asked.iter().sum(), i64::abs);
    let refund = |product, quantity, amount_minor| {
        let (order, reference) = (order.clone(), reference.clone());
        let (version, cancelled) = (Timestamp(0), false);
        Action::Refunded(Refund { order, reference, product, quantity, amount_minor, currency, version, cancelled })
    };
    if lines.is_empty() {
        return Ok(vec![refund(None, 0, back)]);
    }
    let amounts = share(back, &asked);
    Ok(lines.into_iter().zip(amounts).map(|(line, amount)| refund(Some(line.product), line.quantity, amount)).collect())
}

fn order_of(properties: &Object) -> Result<OrderId, Unreadable> {
    let id = text(properties, &["order_id", "orderId", "transaction_id"]).ok_or(Unreadable::Missing("order_id"))?;
    order_id(&id).map_err(|problem| Unreadable::Field { field: "order_id", problem: problem.to_string() })
}

/// One recommended item, or all of an answer's under `items`.
fn exposures(properties: &Object) -> Result<Vec<Exposure>, Unreadable> {
    let recommendation =
        short(properties, &["recommendation_id", "recommendationId"], 100).ok_or(Unreadable::Missing("recommendation_id"))?;
    let exposure = |shown: &Object, position: usize| {
        // Where nobody says how likely it was, it was certain.
        let propensity =
            text(shown, &["propensity"]).and_then(|text| text.parse::<f64>().ok()).filter(|p| (0.0..=1.0).contains(p)).unwrap_or(1.0);
        Ok(Exposure {
            recommendation: recommendation.clone(),
            item: products::item(shown)?,
            position: count(shown, &["position"], u32::try_from(position).unwrap_or(0))?.try_into().unwrap_or(u16::MAX),
            propensity_ppm: (propensity * 1e6).round() as u32,
        })
    };
    // Something that was never on screen was not shown.
    let seen = |shown: &&Object| flag(shown, &["viewable"]) != Some(false);
    if properties.get("items").is_some_and(serde_json::Value::is_array) {
        return objects(properties, &["items"]).filter(seen).enumerate().map(|(position, shown)| exposure(shown, position)).collect();
    }
    Some(properties).filter(|shown| seen(shown)).map(|shown| exposure(shown, 0)).into_iter().collect()
}
