//! Documents in Secrets Manager.

use super::sorted;
use crate::ports::{Secrets, StoreError};
use async_trait::async_trait;
use aws_sdk_secretsmanager::{
    Client,
    error::SdkError,
    operation::{get_secret_value::GetSecretValueError, put_secret_value::PutSecretValueError},
};

pub(super) struct Manager {
    client: Client,
}

impl Manager {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Secrets for Manager {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.client.get_secret_value().secret_id(name).send().await {
            Ok(answer) => Ok(answer.secret_string),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
            Err(error) => Err(sorted(format!("reading the secret {name}"), &[], error)),
        }
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        match self.client.put_secret_value().secret_id(name).secret_string(document).send().await {
            Ok(_) => return Ok(()),
            Err(SdkError::ServiceError(error)) if matches!(error.err(), PutSecretValueError::ResourceNotFoundException(_)) => {}
            Err(error) => return Err(sorted(format!("writing the secret {name}"), &[], error)),
        }
        let created = self.client.create_secret().name(name).secret_string(document).send().await;
        created.map(|_| ()).map_err(|error| sorted(format!("creating the secret {name}"), &["ResourceExistsException"], error))
    }
}
