//! What was refused can be seen, explained, and sent again once the cause is mended.

use crate::shop::Shop;
use rapport::{functions::Functions as _, template::Function};
use rapport_core::event::Authority;
use rapport_io::{
    inbox::{Envelope, Inbox},
    layout::Line,
    redrive::Redrive,
    rejects::{Form, Rejects},
};
use rapport_lambda::Job;
use serde_json::json;
use std::sync::Arc;

impl Shop {
    fn redrive(&self) -> Redrive {
        Redrive::new(Arc::clone(&self.aws.objects), self.inbox(), self.aws.dead_letters.clone())
    }

    fn inbox(&self) -> Inbox {
        Inbox::new(Arc::clone(&self.aws.inbox), Arc::clone(&self.aws.objects))
    }
}

/// A route of the next release: refused by this one for ever, taken by that one after an update. The update is played by a hand that
/// gives the kept record the name of a route that this release knows.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_update_can_read_counts_once_after_it() {
    let shop = Shop::open().await;
    let body = json!({ "userId": "ada", "messageId": "m1", "event": "Order Completed",
        "properties": { "order_id": "1", "products": [{ "product_id": "bread", "price": 4.5, "quantity": 2 }] } });
    let received = rapport::clock::now();
    let envelope =
        Envelope { route: "next/track".into(), received, authority: Authority::Backend, headers: vec![], body: body.to_string().into() };
    shop.inbox().send(&[envelope]).await.expect("sent");
    shop.suite.drain().await.expect("drained");
    assert!(shop.customer("ada").await.is_none());
    let rejects = Rejects::new(Arc::clone(&shop.aws.objects));
    let [(key, reject)] = rejects.list().await.expect("a list").try_into().expect("one");
    assert!(reject.reason.contains("next/track"), "{}", reject.reason);
    assert_eq!(reject.form, Form::Delivery { authority: Authority::Backend, headers: vec![] });

    // Before the update it is refused again, and nothing is lost.
    assert_eq!(shop.redrive().again(std::slice::from_ref(&key)).await.expect("sent"), 1);
    shop.suite.drain().await.expect("drained");
    assert_eq!(rejects.keys(None).await.expect("a list"), std::slice::from_ref(&key));

    rejects.delete(&key).await.expect("deleted");
    let key = rejects.put(&rapport_io::rejects::Reject { source: "segment/track".into(), ..reject }).await.expect("kept");
    for expected in [1, 0] {
        assert_eq!(shop.redrive().again(std::slice::from_ref(&key)).await.expect("sent"), expected);
        let ada = shop.customer("ada").await.expect("a profile");
        assert_eq!((&ada["history"]["orders"], &ada["history"]["revenue_minor"]), (&json!(1), &json!(900)));
        assert_eq!(shop.objects("rejected/").await, [] as [String; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_kept_and_handed_over() {
    let shop = Shop::open().await;
    // An object of the bucket is all that this message lacks.
    let message =
        json!({ "v": 1, "route": "segment/track", "received": 1_795_326_516_000_i64, "authority": "backend", "object": "inbox/x" });
    shop.aws.dead_letters.send(Line::Inbox, message.to_string()).await.expect("sent");
    shop.aws.dead_letters.send(Line::Folds, "no notification".into()).await.expect("sent");
    let started = std::time::Instant::now();
    let letters = loop {
        shop.suite.drain().await.expect("drained");
        let letters = shop.aws.dead_letters.list().await.expect("a list");
        if !letters.is_empty() {
            break letters;
        }
        assert!(started.elapsed().as_secs() < 60, "nothing dies");
    };
    let seen: Vec<_> = letters.iter().map(|letter| (letter.queue, letter.body.as_str(), letter.deliveries > 5)).collect();
    assert_eq!(seen, [(Line::Folds, "no notification", true)], "five deliveries and a look");
    let rejects = Rejects::new(Arc::clone(&shop.aws.objects));
    assert_eq!(rejects.keys(None).await.expect("a list").len(), 1, "a body that is gone is refused at once");

    shop.suite.functions().job(Function::Ingest, Job::Drain, rapport::clock::now()).await.expect("drained");
    assert_eq!(shop.aws.dead_letters.list().await.expect("a list"), []);
    let kept = rejects.list().await.expect("a list");
    let letter = kept.iter().find(|(_, reject)| reject.source == "folds-dead").expect("the letter");
    assert_eq!((letter.1.raw.as_slice(), &letter.1.form), (b"no notification".as_slice(), &Form::Message(Line::Folds)));
}
