//! From the full cart to the order, and what comes of it: a parcel sent back, a review.

use crate::messages::{Call, Euros, Line, Order, Track};
use crate::visit::{Shopper, Steps};

/// Lines, and what they would cost outside any sale.
#[derive(Default)]
pub(crate) struct Cart {
    lines: Vec<Line>,
    list_minor: Vec<i64>,
}

#[derive(Clone, Copy)]
struct Coupon {
    code: &'static str,
    percent: i64,
}

const COUPONS: [Coupon; 3] =
    [Coupon { code: "BAKE10", percent: 10 }, Coupon { code: "KETTLE15", percent: 15 }, Coupon { code: "HELLO10", percent: 10 }];

/// Of a coupon having expired.
const DENIED: f64 = 0.12;

/// Below this the customer pays for the parcel.
const FREE_SHIPPING_MINOR: i64 = 49_00;
const SHIPPING_MINOR: i64 = 4_90;

impl Cart {
    pub(crate) fn put(&mut self, line: Line, list_price: Euros) {
        self.list_minor.push(list_price.minor() * line.quantity.unwrap_or(1));
        self.lines.push(line);
    }

    /// The bill for the lines, with `percent` off by coupon.
    fn bill(&self, order_id: &str, coupon: Option<Coupon>) -> Order {
        let goods: i64 = self.lines.iter().map(|line| line.price.minor() * line.quantity.unwrap_or(1)).sum();
        let cut = goods * coupon.map_or(0, |coupon| coupon.percent) / 100;
        let revenue = goods - cut;
        let shipping = if revenue < FREE_SHIPPING_MINOR { SHIPPING_MINOR } else { 0 };
        Order {
            order_id: order_id.to_owned(),
            revenue: Euros::cents(revenue),
            total: Euros::cents(revenue + shipping),
            shipping: Euros::cents(shipping),
            discount: Euros::cents(self.list_minor.iter().sum::<i64>() - revenue),
            currency: "EUR",
            coupon: coupon.map(|coupon| coupon.code),
            products: self.lines.clone(),
        }
    }

    /// What is sent back: everything or, more often, one of the lines. The shipping is kept.
    fn refund(&self, order_id: &str, coupon: Option<Coupon>, line: Option<usize>) -> Order {
        let part = match line {
            Some(line) => Self { lines: vec![self.lines[line].clone()], list_minor: vec![self.list_minor[line]] },
            None => Self { lines: self.lines.clone(), list_minor: self.list_minor.clone() },
        };
        let bill = part.bill(order_id, coupon);
        Order { total: bill.revenue, shipping: Euros::cents(0), ..bill }
    }
}

/// Pays for the cart. Who has not signed in does so here: an order has a customer.
pub(crate) fn order(shopper: &mut Shopper<'_>, steps: &mut Steps<'_>, cart: Cart) {
    shopper.sign_in(steps);
    shopper.orders += 1;
    let order_id = format!("CK-{}-{:02}", shopper.person.id.trim_start_matches('c'), shopper.orders);
    let before = Box::new(cart.bill(&order_id, None));
    shopper.does(steps, Call::Track(Track::CheckoutStarted(before)));
    let coupon = try_coupon(shopper, steps, &cart, &order_id);
    let bill = Box::new(cart.bill(&order_id, coupon));
    shopper.does(steps, Call::Track(Track::OrderCompleted(bill)));
    send_back(shopper, steps, &cart, &order_id, coupon);
    review(shopper, steps, &cart, &order_id);
}

fn try_coupon(shopper: &mut Shopper<'_>, steps: &mut Steps<'_>, cart: &Cart, order_id: &str) -> Option<Coupon> {
    if !shopper.dice.chance(steps.habits.coupon) {
        return None;
    }
    let coupon = shopper.dice.of(&COUPONS);
    let order_id = order_id.to_owned();
    if shopper.dice.chance(DENIED) {
        let denied = Track::CouponDenied { order_id, coupon: coupon.code, reason: "expired" };
        shopper.does(steps, Call::Track(denied));
        return None;
    }
    let (with, without) = (cart.bill("", Some(coupon)).revenue, cart.bill("", None).revenue);
    let discount = Euros::cents(without.minor() - with.minor());
    shopper.does(steps, Call::Track(Track::CouponApplied { order_id, coupon_id: coupon.code, discount }));
    Some(coupon)
}

fn send_back(shopper: &mut Shopper<'_>, steps: &Steps<'_>, cart: &Cart, order_id: &str, coupon: Option<Coupon>) {
    if shopper.dice.chance(steps.habits.refund) {
        let line = shopper.dice.chance(0.7).then(|| shopper.dice.below(cart.lines.len()));
        let at = steps.clock.later(shopper.dice.whole(4 * 86_400, 16 * 86_400));
        let refund = Box::new(cart.refund(order_id, coupon, line));
        shopper.journal.server_says(at, &shopper.person.id, Call::Track(Track::OrderRefunded(refund)));
    }
}

fn review(shopper: &mut Shopper<'_>, steps: &Steps<'_>, cart: &Cart, order_id: &str) {
    for line in &cart.lines {
        if shopper.dice.chance(steps.habits.writes) {
            let at = steps.clock.later(shopper.dice.whole(7 * 86_400, 25 * 86_400));
            let (rating, review_body) = shopper.dice.of(&REVIEWS);
            let reviewed = Track::ProductReviewed {
                product_id: line.product_id.clone(),
                review_id: format!("{order_id}-{}", line.product_id),
                review_body,
                rating,
            };
            shopper.journal.server_says(at, &shopper.person.id, Call::Track(reviewed));
        }
    }
}

/// Stars and words; most people are content.
const REVIEWS: [(u8, &str); 14] = [
    (5, "Exactly what I was looking for. Well made, and it arrived two days later."),
    (5, "Third time I have ordered this. Would not bake without it."),
    (5, "Beautiful, and it does its job. My sister wants one too."),
    (5, "Great quality for the price!"),
    (5, "Better than the one I brought home from Copenhagen."),
    (4, "Very good. One star less because the parcel was bigger than it had to be."),
    (4, "Good, though it took a few tries to get used to it."),
    (4, "Nice. A little smaller than I thought, but I read the size only afterwards."),
    (4, "Does what it promises."),
    (3, "It is fine. I had hoped for more at this price."),
    (3, "Works, but the instructions are hard to follow."),
    (2, "Disappointing. It was scratched when it came."),
    (2, "Not for me: it feels cheap, and I expected better."),
    (1, "Broke in the second week. Sent it back."),
];
