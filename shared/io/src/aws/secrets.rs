//! [`Secrets`] on Secrets Manager.

use super::failure;
use crate::ports::{Secrets, StoreError};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata};

const NOT_FOUND: Option<&str> = Some("ResourceNotFoundException");

pub(super) struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    pub(super) fn new(config: &SdkConfig, endpoint: Option<&str>) -> Self {
        let mut builder = aws_sdk_secretsmanager::config::Builder::from(config);
        builder.set_endpoint_url(endpoint.map(str::to_owned));
        Self { client: Client::from_conf(builder.build()) }
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        match self.client.get_secret_value().secret_id(name).send().await {
            Ok(found) => Ok(found.secret_string),
            Err(error) if error.code() == NOT_FOUND => Ok(None),
            Err(error) => Err(failure(&format!("secret {name}"), error)),
        }
    }

    async fn put(&self, name: &str, document: &str) -> Result<(), StoreError> {
        match self.client.put_secret_value().secret_id(name).secret_string(document).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == NOT_FOUND => {
                let created = self.client.create_secret().name(name).secret_string(document).send().await;
                created.map(|_| ()).map_err(|error| failure(&format!("secret {name}"), error))
            }
            Err(error) => Err(failure(&format!("secret {name}"), error)),
        }
    }
}
