//! A whole suite on a home of its own, spoken to over HTTP as shops and browsers do.

use rapport::{
    deployed::Deployed,
    settings::Settings,
    suite::{Suite, SuiteError, connect},
};
use rapport_core::{
    auth::{Keyring, RANDOM_BYTES},
    money::Currency,
    source::ConsentMode,
};
use rapport_io::{aws::Aws, layout};
use serde_json::{Value as Json, json};
use std::path::Path;
use tempfile::TempDir;

/// The suite, its home, its keys.
pub(crate) struct Shop {
    pub(crate) suite: Suite<Deployed>,
    pub(crate) keys: Keyring,
    pub(crate) aws: Aws,
    pub(crate) home: TempDir,
}

/// A header's name and value.
pub(crate) type Header<'a> = (&'a str, &'a str);

impl Shop {
    /// An empty shop that keeps its books in euros and takes silence for a yes.
    pub(crate) async fn open() -> Self {
        Self::with(ConsentMode::OptOut).await
    }

    pub(crate) async fn with(consent: ConsentMode) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut keys = Keyring::default();
        keys.complete(&[7; RANDOM_BYTES]);
        let document = keys.document().expect("a document");
        let suite = Suite::start(home.path(), 0, async |aws, _| {
            aws.secrets.put(&layout::keys_secret(rapport::stores::STACK), &document).await.expect("the secret");
            Ok::<_, SuiteError>(Deployed::at_home(aws, Settings { currency: Currency::EUR, consent }))
        })
        .await
        .expect("a suite");
        let aws = connect(suite.stores()).await;
        Self { suite, keys, aws, home }
    }

    /// Posts `body` and gives status and answer.
    pub(crate) async fn post(&self, path: &str, headers: &[Header<'_>], body: String) -> (u16, Json) {
        let url = format!("{}{path}", self.suite.url());
        let headers: Vec<(String, String)> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let call = move || {
            let mut call = ureq::post(&url).config().http_status_as_error(false).build();
            for (name, value) in headers {
                call = call.header(name, value);
            }
            let mut answer = call.send(body).expect("an answer");
            (answer.status().as_u16(), read(&answer.body_mut().read_to_string().expect("text")))
        };
        tokio::task::spawn_blocking(call).await.expect("a call")
    }

    /// Gets `path` with a key.
    pub(crate) async fn get(&self, path: &str, key: &str) -> (u16, Json) {
        let (url, proof) = (format!("{}{path}", self.suite.url()), format!("Bearer {key}"));
        let call = move || {
            let call = ureq::get(&url).config().http_status_as_error(false).build().header("authorization", proof);
            let mut answer = call.call().expect("an answer");
            (answer.status().as_u16(), read(&answer.body_mut().read_to_string().expect("text")))
        };
        tokio::task::spawn_blocking(call).await.expect("a call")
    }

    /// Sends one of Segment's calls with `key`, and expects it to be taken.
    pub(crate) async fn say(&self, call: &str, key: &str, message: Json) {
        let (status, answer) = self.post(&format!("/v1/{call}"), &[("authorization", &format!("Bearer {key}"))], message.to_string()).await;
        assert_eq!((status, &answer), (200, &json!({ "success": true })), "{call} {message}");
    }

    /// What the shop knows of a customer, once all that was sent is folded.
    pub(crate) async fn customer(&self, id: &str) -> Option<Json> {
        self.suite.drain().await.expect("drained");
        match self.get(&format!("/v1/customers/{id}"), &self.keys.secret_key).await {
            (200, view) => Some(view),
            (404, _) => None,
            (status, answer) => panic!("{id}: {status} {answer}"),
        }
    }

    /// All objects under a prefix of the bucket.
    pub(crate) async fn objects(&self, prefix: &str) -> Vec<String> {
        self.aws.objects.list_all(prefix).await.expect("a listing")
    }
}

/// A sample of `events/`.
pub(crate) fn sample(path: &str) -> Json {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).join(path);
    read(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

/// The folder of real shops' data, or `None` after saying that `who` is skipped.
pub(crate) fn data(who: &str) -> Option<std::path::PathBuf> {
    let told = std::env::var_os("RAPPORT_DATA").map(std::path::PathBuf::from);
    let folder = told.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").into());
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {who}, there is no data at {} (RAPPORT_DATA says where it is)", folder.display());
    None
}
