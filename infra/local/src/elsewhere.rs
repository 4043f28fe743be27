//! A suite that another process runs, seen through its queues.

use crate::suite::SuiteError;
use crate::{stores, template::Template};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the queues are looked at.
const STEP: Duration = Duration::from_millis(100);

/// Returns once the queues at `sqs` are empty and nobody works on what came out of them.
///
/// # Errors
/// [`SuiteError::Job`] when the suite went away.
pub async fn drained(sqs: &str) -> Result<(), SuiteError> {
    let template = Template::deployed()?;
    // In the order of the flow: what left the inbox is in the next queue before that one is looked at.
    let queues: Vec<String> = template.readers(stores::SCOPE).into_iter().map(|reader| reader.queue).collect();
    loop {
        let mut waiting = 0;
        for queue in &queues {
            waiting += depth(sqs.to_owned(), queue.clone()).await?;
        }
        if waiting == 0 {
            return Ok(());
        }
        tokio::time::sleep(STEP).await;
    }
}

async fn depth(sqs: String, queue: String) -> Result<u64, SuiteError> {
    let gone = |what: String| SuiteError::Job(format!("the suite that serves this home went away ({what})"));
    let ask = move || -> Result<Value, ureq::Error> {
        let body = json!({ "QueueUrl": format!("{sqs}/{}/{queue}", stores::ACCOUNT), "AttributeNames": ["All"] });
        let call = ureq::post(&sqs).header("x-amz-target", "AmazonSQS.GetQueueAttributes").send(body.to_string())?;
        let text = call.into_body().read_to_string()?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    };
    let answer =
        tokio::task::spawn_blocking(ask).await.map_err(|error| gone(error.to_string()))?.map_err(|error| gone(error.to_string()))?;
    let count = |name: &str| answer["Attributes"][name].as_str().and_then(|count| count.parse::<u64>().ok());
    let counts = count("ApproximateNumberOfMessages").zip(count("ApproximateNumberOfMessagesNotVisible"));
    counts.map(|(visible, in_flight)| visible + in_flight).ok_or_else(|| gone("its queues answer nonsense".to_owned()))
}
