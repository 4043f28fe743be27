//! The segments that every shop has from its first day. A shop changes one by giving the name another rule.

use super::{Rule, Segment};

/// Name, title, what it is good for, rule. A test parses every rule.
const READY: [(&str, &str, &str, &str); 16] = [
    ("high_value", "High value", "The top fifth by revenue that still buys; keep them happy.", r#"tier = "high""#),
    (
        "potential_high_value",
        "Potential high value",
        "Spend like the best, but have not ordered often yet; worth a second invitation.",
        r#"tier = "potential_high""#,
    ),
    ("new_customers", "New customers", "First order within 30 days; welcome them.", "days_since_first_order <= 30"),
    ("one_time_buyers", "One-time buyers", "Ordered once, more than 30 days ago.", "orders = 1 and days_since_order > 30"),
    ("loyal", "Loyal", "Order often and lately.", "frequency_score >= 4 and recency_score >= 4"),
    (
        "at_risk",
        "At risk",
        "Came back before, and have now waited twice as long as usual; ask before they are gone.",
        r#"order_days >= 2 and overdue > 2 and tier != "lapsed""#,
    ),
    ("lapsed", "Lapsed", "Have stayed away longer than the shop's customers usually do.", r#"tier = "lapsed""#),
    (
        "browsers_without_order",
        "Browsers without order",
        "Looked at three items or more within 14 days and never ordered.",
        "orders = 0 and count(viewed, 14d) >= 3",
    ),
    (
        "cart_abandoners",
        "Cart abandoners",
        "Put something into the cart within 3 days, not within the last hour, and did not order since.",
        "count(cart_added, 3d) >= 1 and count(cart_added, 1h) = 0 and count(ordered, 3d) = 0",
    ),
    (
        "discount_lovers",
        "Discount lovers",
        "At least two orders, and a fifth or more of list prices taken off.",
        "orders >= 2 and discount_share >= 0.2",
    ),
    (
        "full_price_buyers",
        "Full-price buyers",
        "At least two orders, hardly anything taken off: no discount needed.",
        "orders >= 2 and discount_share < 0.02",
    ),
    (
        "vip_lookers",
        "VIP lookers",
        "High value, looking around this week without ordering; the moment for a personal word.",
        r#"tier = "high" and count(viewed, 7d) >= 3 and count(ordered, 7d) = 0"#,
    ),
    (
        "brand_loyalists",
        "Brand loyalists",
        "Four orders or more, most of them of one brand among several that they know.",
        "orders >= 4 and brands >= 2 and brand_share >= 0.6",
    ),
    (
        "often_returning_goods",
        "Often returning goods",
        "At least two refunds, one for every other order.",
        "refunds >= 2 and refund_share >= 0.5",
    ),
    (
        "email_engaged",
        "E-mail engaged",
        "Opened three mails or followed one within 14 days.",
        "count(email_opened, 14d) >= 3 or count(email_clicked, 14d) >= 1",
    ),
    (
        "email_openers_without_order",
        "E-mail openers without order",
        "Opened three mails within 14 days and did not order for 30.",
        "count(email_opened, 14d) >= 3 and (orders = 0 or days_since_order >= 30)",
    ),
];

/// The ready segments, in the order they are listed in.
#[must_use]
pub fn ready() -> Vec<Segment> {
    let read = |(name, title, description, rule): &(&str, &str, &str, &str)| {
        // A rule that does not parse is found by the test below, before it can be missing here.
        let rule = Rule::parse(rule).ok()?;
        Some(Segment { name: (*name).into(), title: (*title).to_owned(), description: (*description).to_owned(), rule, active: true })
    };
    READY.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_rule_is_one() {
        for (name, _, _, rule) in READY {
            assert_eq!(Rule::parse(rule).map(|rule| rule.to_string()), Ok(rule.to_owned()), "{name}");
        }
        let segments = ready();
        assert_eq!(segments.len(), READY.len());
        for segment in segments {
            assert!(segment.clone().checked().is_ok(), "{}", segment.name);
        }
    }
}
