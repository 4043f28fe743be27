//! A small HTTP/1.1 server on loopback: what the stores' endpoints and the front have in common.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::SocketAddr, pin::pin};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// A whole answer.
pub(crate) type Answer = http::Response<Full<Bytes>>;

/// Serves `listener` until `stop` says so, then lets requests that run finish. `answer` gets each request and who sent it.
pub(crate) async fn serve<B, F>(
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
    answer: impl Fn(http::Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
) where
    F: Future<Output = http::Response<B>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        // A failed accept is the client's hang-up or a lack of descriptors that passes.
        let Ok((socket, peer)) = accepted else { continue };
        // Small answers must not wait for the acknowledgement of the ones before; without it they are only slower.
        let _ = socket.set_nodelay(true);
        let (answer, mut stop) = (answer.clone(), stop.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(request, peer);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let mut connection = pin!(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service));
            tokio::select! {
                // How a connection ended concerns its client alone.
                _ = connection.as_mut() => {}
                () = stopped(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
        while connections.try_join_next().is_some() {}
    }
    while connections.join_next().await.is_some() {}
}

/// Resolves when `stop` says so, or when there is nobody left to say it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The body, if it has at most `limit` bytes and arrives whole.
pub(crate) async fn read_body(body: Incoming, limit: usize) -> Option<Bytes> {
    Limited::new(body, limit).collect().await.ok().map(http_body_util::Collected::to_bytes)
}

/// A JSON document as an answer.
pub(crate) fn json_answer(status: u16, document: &serde_json::Value) -> Answer {
    let mut answer = http::Response::new(Full::new(Bytes::from(document.to_string())));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-amz-json-1.0"));
    answer
}

/// An error as AWS's JSON protocols have it.
pub(crate) fn aws_error(status: u16, kind: &str, message: &str) -> Answer {
    json_answer(status, &serde_json::json!({ "__type": kind, "message": message }))
}

/// What an SDK asks for: `SendMessage` of `x-amz-target: AmazonSQS.SendMessage`.
pub(crate) fn aws_operation(headers: &http::HeaderMap) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}
