//! Segments from an order over HTTP to the list of members: moved by the fold, by a new definition, by time alone.

use crate::shop::Shop;
use rapport::{clock, functions::Functions, template::Function};
use rapport_core::segment::{Rule, Segment};
use rapport_io::segments::SegmentStore;
use rapport_lambda::Job;
use serde_json::{Value as Json, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_moves_by_what_they_do_and_by_time() {
    let shop = Shop::open().await;
    let key = shop.keys.secret_key.clone();
    let order = json!({
        "userId": "ada", "event": "Order Completed", "messageId": "m-1",
        "properties": { "order_id": "o1", "currency": "EUR", "products": [{ "product_id": "tin", "price": 12.5, "quantity": 1 }] }
    });
    shop.say("track", &key, order).await;
    let view = shop.customer("ada").await.expect("a customer");
    assert!(names(&view).contains(&"new_customers"), "{view}");
    assert_eq!(members(&shop, "new_customers").await, ["ada"], "the fold did it, before any schedule");

    let rule = Rule::parse("orders >= 1 and count(any, 1m) = 0").expect("a rule");
    let quiet = Segment { name: "quiet".into(), title: String::new(), description: String::new(), rule, active: true };
    SegmentStore::new(shop.aws.records.clone()).put_definitions(vec![quiet], 0).await.expect("written");
    let sweep = async |later_ms: i64| {
        shop.suite.functions().job(Function::Profile, Job::Segments, clock::now().plus_ms(later_ms)).await.expect("swept");
    };
    sweep(0).await;
    assert!(members(&shop, "quiet").await.is_empty(), "the order is not a minute old");
    sweep(120_000).await;
    assert_eq!(members(&shop, "quiet").await, ["ada"], "two minutes later time alone has moved them");

    let (status, list) = shop.get("/v1/segments", &key).await;
    let quiet = list["segments"].as_array().into_iter().flatten().find(|one| one["name"] == "quiet").expect("it is listed");
    assert_eq!((status, &quiet["size"], &quiet["revenue_minor"], &quiet["value_minor"]), (200, &json!(1), &json!(1250), &json!(1250)));
    shop.suite.stop().await;
}

async fn members(shop: &Shop, name: &str) -> Vec<String> {
    let (status, page) = shop.get(&format!("/v1/segments/{name}/members"), &shop.keys.secret_key).await;
    assert_eq!(status, 200, "{page}");
    page["members"].as_array().into_iter().flatten().filter_map(|member| member["id"].as_str().map(str::to_owned)).collect()
}

fn names(view: &Json) -> Vec<&str> {
    view["segments"].as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}
