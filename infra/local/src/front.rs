//! CloudFront and the function URLs: one port, the template's routes, AWS's limits, and nothing of the product.

use crate::{
    functions::Functions,
    http::{Answer, read_body, serve},
    template::Template,
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use rapport_lambda::ClientIp;
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, sync::watch};

/// What a function URL takes at most, in bytes; the functions' own limits are narrower.
pub(crate) const LARGEST_BODY_BYTES: usize = 6 * 1024 * 1024;

/// Serves `listener` until `stop` says so.
pub(crate) async fn run<F: Functions>(listener: TcpListener, stop: watch::Receiver<bool>, template: Arc<Template>, functions: Arc<F>) {
    serve(listener, stop, move |request, peer| {
        let (template, functions) = (Arc::clone(&template), Arc::clone(&functions));
        async move { answer(&template, functions.as_ref(), request, peer).await }
    })
    .await;
}

async fn answer<F: Functions>(template: &Template, functions: &F, request: http::Request<Incoming>, peer: SocketAddr) -> Answer {
    let (mut head, body) = request.into_parts();
    let Some(body) = read_body(body, LARGEST_BODY_BYTES).await else { return too_large() };
    head.extensions.insert(ClientIp(peer.ip()));
    let function = template.route(head.uri.path());
    functions.http(function, http::Request::from_parts(head, body), crate::clock::now()).await.map(Full::new)
}

fn too_large() -> Answer {
    let mut answer = http::Response::new(Full::new(Bytes::from_static(b"{\"Message\":\"Request must be smaller than 6291456 bytes\"}")));
    *answer.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
    answer
}
