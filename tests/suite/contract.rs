//! The embedded stores keep the promises that the stores in memory keep.

use rapport::{
    home::Home,
    stores::{STACK, Stores},
    suite::connect,
    template::Template,
};
use rapport_io::{
    contract,
    layout::{self, Line},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_stores_keep_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::hold(folder.path()).expect("a home");
    let stores = Stores::start(&home, &Template::deployed().expect("the template")).await.expect("stores");
    let aws = connect(&stores).await;
    contract::objects(aws.objects.as_ref()).await.expect("objects");
    contract::records(aws.records.as_ref()).await.expect("records");
    contract::segments(aws.records.clone()).await.expect("segments");
    contract::members(aws.records.clone()).await.expect("members");
    contract::secrets(aws.secrets.as_ref(), &layout::keys_secret(STACK)).await.expect("secrets");
    contract::mailbox(aws.dead_letters.of(Line::Inbox).expect("a queue")).await.expect("a queue");
    stores.stop().await;
}
