//! Lambda's side of a function: the Runtime API, as far as a function uses it, on a port of loopback.
//!
//! | Call | Here |
//! |---|---|
//! | `GET …/runtime/invocation/next` | waits for [`RuntimeApi::invoke`], then gives its event |
//! | `POST …/runtime/invocation/ID/response` | ends that invocation well |
//! | `POST …/runtime/invocation/ID/error` | ends it badly |
//! | `POST …/runtime/init/error` | the function cannot start |
//!
//! What is absent: time limits, and more than one invocation at a time.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration, time::Instant};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::{JoinHandle, JoinSet},
};

/// The version of the API, which is the beginning of every path.
const VERSION: &str = "/2018-06-01/runtime/";
/// How long a function may take, told to it as a deadline.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The running API.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Value>,
    said: mpsc::UnboundedReceiver<Said>,
    server: JoinHandle<()>,
}

/// What a function said.
#[derive(Debug)]
#[expect(dead_code, reason = "what went wrong is printed through `Debug`")]
enum Said {
    /// It waits for an event, since then.
    Ready(Instant),
    /// It answered the event.
    Answer(Value),
    /// It failed at the event.
    Failure(Value),
    /// It could not start.
    NoStart(Value),
    /// It asked for something that is not in the API.
    Strange(String),
}

struct State {
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
    said: mpsc::UnboundedSender<Said>,
}

impl RuntimeApi {
    /// Starts to listen.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (events, queued) = mpsc::unbounded_channel();
        let (say, said) = mpsc::unbounded_channel();
        let state = Arc::new(State { events: Mutex::new(queued), said: say });
        Self { address, events, said, server: tokio::spawn(serve(listener, state)) }
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says: host and port, without a scheme.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// When the function first asked for an event; an error says what it did instead.
    pub(crate) async fn first_next(&mut self) -> Result<Instant, String> {
        match self.next_word().await? {
            Said::Ready(at) => Ok(at),
            other => Err(format!("{other:?}")),
        }
    }

    /// Hands `event` to the function and waits for the answer; an error is the function's own.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<Value, String> {
        self.events.send(event).expect("the server runs");
        loop {
            match self.next_word().await? {
                Said::Ready(_) => {}
                Said::Answer(answer) => return Ok(answer),
                Said::Failure(error) => return Err(error.to_string()),
                other => return Err(format!("{other:?}")),
            }
        }
    }

    async fn next_word(&mut self) -> Result<Said, String> {
        let word = tokio::time::timeout(TIMEOUT, self.said.recv()).await;
        word.map_err(|_| format!("nothing was heard for {} s", TIMEOUT.as_secs()))?.ok_or_else(|| "the server stopped".to_owned())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.set_nodelay(true).expect("a socket");
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(answer(&state, request).await) }
            });
            // A function that was killed hangs up in the middle of its wait.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(state: &State, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = || serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
    let call: Vec<&str> = head.uri.path().strip_prefix(VERSION).unwrap_or_default().split('/').collect();
    let said = match (head.method, call.as_slice()) {
        (Method::GET, ["invocation", "next"]) => return next(state).await,
        (Method::POST, ["invocation", _, "response"]) => Said::Answer(body()),
        (Method::POST, ["invocation", _, "error"]) => Said::Failure(body()),
        (Method::POST, ["init", "error"]) => Said::NoStart(body()),
        (method, _) => Said::Strange(format!("{method} {}", head.uri)),
    };
    // The test may have ended while the function was still talking.
    let _ = state.said.send(said);
    reply(Response::builder().status(StatusCode::ACCEPTED), Bytes::from_static(br#"{"status":"OK"}"#))
}

async fn next(state: &State) -> Response<Full<Bytes>> {
    let _ = state.said.send(Said::Ready(Instant::now()));
    let Some(event) = state.events.lock().await.recv().await else {
        return reply(Response::builder().status(StatusCode::GONE), Bytes::new());
    };
    let deadline = std::time::SystemTime::now() + TIMEOUT;
    let deadline_ms = deadline.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let head = Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", deadline_ms.to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:shop")
        .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0");
    reply(head, event.to_string().into())
}

fn reply(head: http::response::Builder, body: Bytes) -> Response<Full<Bytes>> {
    head.header("content-type", "application/json").body(Full::new(body)).expect("an answer")
}
