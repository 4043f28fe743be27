//! `rapport merge` and `rapport unmerge`: the shop's own word on whether two ids are one.

use super::{Failure, Shop, ask::segment};
use clap::Args;
use http::Method;
use serde_json::{Value, json};

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// The customer who has, or is to have, everything.
    customer: String,
    /// The other id: a customer's, or `device:ID`, `email:ADDRESS` or `phone:NUMBER`.
    other: String,
}

/// Rules, and says what follows.
pub(super) async fn run(shop: &Shop, arguments: Arguments, is_one: bool) -> Result<(), Failure> {
    let open = shop.open().await?;
    let verb = if is_one { "merge" } else { "unmerge" };
    let path = format!("/v1/customers/{}/{verb}", segment(&arguments.customer));
    let done = open.ask(Method::POST, &path, Some(&body(&arguments.other))).await;
    open.close().await;
    let told = done?;
    let Arguments { customer, other } = &arguments;
    match shop.json {
        true => say!("{told:#}"),
        false if is_one => {
            say!("{other} is {customer} from now on, whatever senders say; `rapport unmerge {customer} {other}` takes it back.")
        }
        false => say!("{other} is not {customer}, whatever senders say; `rapport merge {customer} {other}` takes it back."),
    }
    Ok(())
}

/// The kind before the colon, where it is one; else it is part of a customer's id.
fn body(other: &str) -> Value {
    match other.split_once(':') {
        Some((kind @ ("customer" | "device" | "email" | "phone"), id)) => json!({ kind: id }),
        _ => json!({ "customer": other }),
    }
}

#[cfg(test)]
mod tests {
    use super::body;
    use serde_json::json;

    #[test]
    fn an_id_is_a_customers_unless_it_says_otherwise() {
        assert_eq!(body("12748"), json!({ "customer": "12748" }));
        assert_eq!(body("card:0042"), json!({ "customer": "card:0042" }), "a loyalty card");
        assert_eq!(body("customer:device:7"), json!({ "customer": "device:7" }));
        assert_eq!(body("device:9b1f"), json!({ "device": "9b1f" }));
        assert_eq!(body("email:ada@example.org"), json!({ "email": "ada@example.org" }));
        assert_eq!(body("phone:+49 151 2345 6789"), json!({ "phone": "+49 151 2345 6789" }));
    }
}
