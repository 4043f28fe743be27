//! [`Objects`] on S3.

use super::failure;
use crate::ports::{Condition, Objects, StoreError, Stored};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::{Client, error::SdkError, operation::get_object::GetObjectError, primitives::ByteStream};
use bytes::Bytes;

pub(super) struct S3 {
    client: Client,
    bucket: String,
}

impl S3 {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>, bucket: &str) -> Self {
        let mut builder = aws_sdk_s3::config::Builder::from(config);
        if let Some(endpoint) = endpoint {
            // A stand-in has one address for all buckets.
            builder = builder.endpoint_url(endpoint).force_path_style(true);
        }
        Self { client: Client::from_conf(builder.build()), bucket: bucket.to_owned() }
    }
}

#[async_trait]
impl Objects for S3 {
    async fn get(&self, key: &str) -> Result<Option<Stored>, StoreError> {
        let found = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(found) => found,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => return Ok(None),
            Err(error) => return Err(failure(&format!("get {key}"), error)),
        };
        let etag = found.e_tag.unwrap_or_default();
        let body = found.body.collect().await.map_err(|error| StoreError::unavailable(format!("get {key}"), error))?;
        Ok(Some(Stored { body: body.into_bytes(), etag }))
    }

    async fn put(&self, key: &str, body: Bytes, condition: Condition) -> Result<String, StoreError> {
        let conditional = condition != Condition::Always;
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body));
        let request = match condition {
            Condition::Always => request,
            Condition::Absent => request.if_none_match("*"),
            Condition::Version(etag) => request.if_match(etag),
        };
        match request.send().await {
            Ok(written) => Ok(written.e_tag.unwrap_or_default()),
            // S3 says 404 where `If-Match` finds nothing: what was read is gone, so somebody changed it.
            Err(error) if conditional && error.raw_response().is_some_and(|response| response.status().as_u16() == 404) => {
                Err(StoreError::conflict(key))
            }
            Err(error) => Err(failure(&format!("put {key}"), error)),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(1_000);
        let listed = request.set_start_after(after.map(str::to_owned)).send().await;
        let listed = listed.map_err(|error| failure(&format!("list {prefix}"), error))?;
        Ok(listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(|_| ()).map_err(|error| failure(&format!("delete {key}"), error))
    }
}
