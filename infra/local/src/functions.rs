//! What a suite runs: the six functions, by the shape of what triggers them.

use crate::template::Function;
use rapport_core::time::Timestamp;
use rapport_lambda::{Job, Message, Request, Response};

/// The functions of a suite. The suite knows when to call which, and nothing of what they do.
pub trait Functions: Send + Sync + 'static {
    /// Answers a request that the front has routed to `function`.
    fn http(&self, function: Function, request: Request, now: Timestamp) -> impl Future<Output = Response> + Send;
    /// Handles a batch of `function`'s queue; gives the ids that failed.
    fn batch(&self, function: Function, batch: Vec<Message>, now: Timestamp) -> impl Future<Output = Vec<String>> + Send;
    /// Does what a schedule asks `function` for; an error says why not, in words for the log.
    fn job(&self, function: Function, job: Job, now: Timestamp) -> impl Future<Output = Result<(), String>> + Send;
}
