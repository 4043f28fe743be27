//! `rapport send`: plays sample or captured payloads into a running suite.

use super::{Failure, Shop};
use crate::{clock, functions::Functions, home, payload, template::Template};
use clap::Args;
use http::StatusCode;
use rapport_core::auth::Keyring;
use rapport_lambda::Request;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Args)]
pub(super) struct Arguments {
    /// Payloads as JSON: a sample of `events/`, or a captured body together with --to.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The path that the files are sent to, for bodies that do not say: `/v1/batch`, `/webhooks/shopify` …
    #[arg(long, value_name = "PATH")]
    to: Option<String>,
    /// The suite's address; by default the home's own, or the stack's queue.
    #[arg(long)]
    url: Option<String>,
}

/// Sends each file and says what was answered. Fails when any was refused; the others are sent all the same.
pub(super) async fn run(shop: &Shop, arguments: Arguments) -> Result<(), Failure> {
    let keys = super::keys::minted(shop).await?;
    let served = home::serving(&shop.home).filter(|_| shop.stack.is_none()).map(|serving| format!("http://127.0.0.1:{}", serving.port));
    let sent = match arguments.url.clone().or(served) {
        Some(url) => over_http(&arguments, &url, &keys).await?,
        None => in_process(shop, &arguments, &keys).await?,
    };
    let refused = sent.iter().filter(|(_, status, _)| !status.is_success()).count();
    for (file, status, answer) in &sent {
        say!("{}: {} {answer}", file.display(), status.as_u16());
    }
    match refused {
        0 => Ok(()),
        count => Err(Failure::Refused { count, of: sent.len() }),
    }
}

/// A file, and what was answered.
type Sent = (PathBuf, StatusCode, String);

async fn over_http(arguments: &Arguments, url: &str, keys: &Keyring) -> Result<Vec<Sent>, Failure> {
    let mut sent = Vec::new();
    for file in &arguments.files {
        let request = read(file, arguments, keys)?;
        let (url, name) = (url.trim_end_matches('/').to_owned(), file.clone());
        let call = tokio::task::spawn_blocking(move || post(&url, request));
        let (status, answer) = call.await.map_err(|error| Failure::Usage(error.to_string()))??;
        sent.push((name, status, answer));
    }
    Ok(sent)
}

fn post(url: &str, request: Request) -> Result<(StatusCode, String), Failure> {
    let unreachable = |error: ureq::Error| Failure::Unreachable { url: url.to_owned(), error: Box::new(error) };
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut call = ureq::post(format!("{url}{path}")).config().http_status_as_error(false).build();
    // Who is asked, and how much is sent, follow from the address and the body.
    for (name, value) in head.headers.iter().filter(|(name, _)| !["host", "content-length"].contains(&name.as_str())) {
        call = call.header(name, value);
    }
    let mut answer = call.send(body.as_ref()).map_err(unreachable)?;
    let text = answer.body_mut().read_to_string().map_err(unreachable)?;
    Ok((answer.status(), text))
}

/// Through the same doors, into the shop's own queue.
async fn in_process(shop: &Shop, arguments: &Arguments, keys: &Keyring) -> Result<Vec<Sent>, Failure> {
    let template = Template::deployed().map_err(crate::suite::SuiteError::from)?;
    let requests: Vec<Request> = arguments.files.iter().map(|file| read(file, arguments, keys)).collect::<Result<_, _>>()?;
    let open = shop.open().await?;
    let mut sent = Vec::new();
    for (file, request) in arguments.files.iter().zip(requests) {
        let function = template.route(request.uri().path());
        let answer = open.functions().http(function, request, clock::now()).await;
        sent.push((file.clone(), answer.status(), String::from_utf8_lossy(answer.body()).into_owned()));
    }
    let drained = open.drain().await;
    open.close().await;
    drained.map(|_| sent)
}

fn read(file: &Path, arguments: &Arguments, keys: &Keyring) -> Result<Request, Failure> {
    let content = std::fs::read(file).map_err(|source| Failure::File { path: file.to_owned(), source })?;
    payload::request(&content, arguments.to.as_deref(), keys, clock::now())
        .map_err(|source| Failure::Payload { path: file.to_owned(), source })
}
