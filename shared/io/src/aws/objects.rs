//! Objects in an S3 bucket.

use super::sorted;
use crate::ports::{Condition, Objects, StoreError, Stored};
use async_trait::async_trait;
use aws_sdk_s3::{Client, error::SdkError, operation::get_object::GetObjectError};
use bytes::{Bytes, BytesMut};

const CONFLICTS: [&str; 2] = ["PreconditionFailed", "ConditionalRequestConflict"];

pub(super) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(super) const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }
}

#[async_trait]
impl Objects for Bucket {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let what = || format!("reading {key}");
        let answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => return Ok(None),
            Err(error) => return Err(sorted(what(), &[], error)),
        };
        let etag = answer.e_tag().unwrap_or_default().to_owned();
        // Into one piece as it comes: collected first and joined then, a model would be in memory twice.
        let mut body = BytesMut::with_capacity(answer.content_length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default());
        let mut chunks = answer.body;
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.map_err(|source| StoreError::Unavailable { what: what(), source: source.into() })?);
        }
        Ok(Some(Stored { body: body.freeze(), etag }))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let request = self.client.put_object().bucket(&self.name).key(key).body(body.into());
        let request = match condition {
            Condition::Always => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Version(etag) => request.if_match(etag),
        };
        let answer = request.send().await.map_err(|error| sorted(format!("writing {key}"), &CONFLICTS, error))?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).set_start_after(after.map(str::to_owned));
        let answer = request.send().await.map_err(|error| sorted(format!("listing {prefix}"), &[], error))?;
        Ok(answer.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await
            .map_err(|error| sorted(format!("deleting {key}"), &[], error))?;
        Ok(())
    }
}
