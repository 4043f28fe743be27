//! The whole of local mode through the real SDKs, with functions that write down what they were asked.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::Bytes;
use rapport::{
    functions::Functions,
    stores::Stores,
    suite::{Suite, SuiteError},
    template::Function,
};
use rapport_core::time::Timestamp;
use rapport_io::{Condition, aws::Aws};
use rapport_lambda::{ClientIp, Job, Message, Request, Response};
use std::sync::Mutex;

/// Ingest writes what it gets under `log/`; profile remembers which keys it was told of.
struct Recorder {
    aws: Aws,
    folded: Mutex<Vec<String>>,
    folds: bool,
}

impl Functions for Recorder {
    async fn http(&self, function: Function, request: Request, _now: Timestamp) -> Response {
        let client = request.extensions().get::<ClientIp>().map(|client| client.0.to_string());
        if function == Function::Collect {
            self.aws.inbox.send(&[String::from_utf8_lossy(request.body()).into_owned()]).await.unwrap();
        }
        Response::new(Bytes::from(format!("{function:?} {} {}", request.uri(), client.unwrap_or_default())))
    }

    async fn batch(&self, function: Function, batch: Vec<Message>, _now: Timestamp) -> Vec<String> {
        for message in &batch {
            match function {
                Function::Ingest => {
                    let key = format!("log/dt=2026-11-22/{}", message.body);
                    self.aws.objects.put(&key, Bytes::from(message.body.clone()), Condition::Always).await.unwrap();
                }
                _ if self.folds => self.folded.lock().unwrap().extend(rapport_lambda::s3_keys(message).unwrap()),
                _ => return batch.iter().map(|message| message.id.clone()).collect(),
            }
        }
        Vec::new()
    }

    async fn job(&self, _function: Function, _job: Job, _now: Timestamp) -> Result<(), String> {
        Err("nothing to learn from".to_owned())
    }
}

async fn start(home: &std::path::Path, folds: bool) -> Suite<Recorder> {
    let build = async |aws: &Aws, _: &Stores| Ok::<_, SuiteError>(Recorder { aws: aws.clone(), folded: Mutex::default(), folds });
    Suite::start(home, 0, build).await.unwrap()
}

async fn post(url: String, body: &'static str) -> (u16, String) {
    let call = move || {
        let mut answer = ureq::post(&url).config().http_status_as_error(false).build().send(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_logged_and_folded() {
    let home = tempfile::tempdir().unwrap();
    let suite = start(home.path(), true).await;
    let answered = post(format!("{}/v1/track?a=b", suite.url()), "one").await;
    assert_eq!(answered, (200, "Collect /v1/track?a=b 127.0.0.1".to_owned()));
    suite.drain().await.unwrap();
    assert_eq!(*suite.functions().folded.lock().unwrap(), ["log/dt=2026-11-22/one"]);
    assert!(suite.train().await.unwrap_err().to_string().contains("nothing to learn from"));
    suite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_folded_is_folded_after_the_next_start_and_only_then() {
    let home = tempfile::tempdir().unwrap();
    let suite = start(home.path(), false).await;
    suite.functions().aws.objects.put("log/dt=2026-11-22/two", Bytes::from_static(b"2"), Condition::Always).await.unwrap();
    suite.stop().await;

    let suite = start(home.path(), true).await;
    suite.drain().await.unwrap();
    assert_eq!(*suite.functions().folded.lock().unwrap(), ["log/dt=2026-11-22/two"]);
    suite.stop().await;

    let suite = start(home.path(), true).await;
    suite.drain().await.unwrap();
    assert_eq!(*suite.functions().folded.lock().unwrap(), Vec::<String>::new());
    suite.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_rows_stay_over_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let suite = start(home.path(), true).await;
    suite.functions().aws.secrets.put("local/keys", "{}").await.unwrap();
    let build = async |aws: &Aws, _: &Stores| Ok::<_, SuiteError>(Recorder { aws: aws.clone(), folded: Mutex::default(), folds: true });
    assert!(Suite::start(home.path(), 0, build).await.is_err(), "the home is held");
    suite.stop().await;
    let suite = start(home.path(), true).await;
    assert_eq!(suite.functions().aws.secrets.get("local/keys").await.unwrap().as_deref(), Some("{}"));
    suite.stop().await;
}
