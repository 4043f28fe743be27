//! Asking a function as a shop's backend does, without a network between.

use super::{Failure, shop::Open};
use crate::{clock, functions::Functions, template::Function};
use bytes::Bytes;
use http::{Method, header};
use serde_json::Value;

impl Open {
    /// Asks the lookup function with the shop's secret key.
    ///
    /// # Errors
    /// [`Failure::Answer`] has the function's own words when it refuses.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let now = clock::now();
        self.warm(now).await;
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.keys.secret_key));
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let request = request.body(body).map_err(|error| Failure::Usage(format!("{path}: {error}")))?;
        let answer = self.functions().http(Function::Recommend, request, now).await;
        let told: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if answer.status().is_success() {
            return Ok(told);
        }
        let message = told["error"]["message"].as_str().unwrap_or("no reason given").to_owned();
        Err(Failure::Answer { status: answer.status().as_u16(), message })
    }
}

/// A path's segment, with everything escaped that would end it.
pub(super) fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
        path
    })
}
