//! Whose account the environment's credentials lead to: names of a stack's resources are made of it.

use super::{Options, refused, shared_config, sorted};
use crate::ports::StoreError;

/// An account in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// `eu-central-1`.
    pub region: String,
}

/// The account and region of the environment. `AWS_ACCOUNT_ID` saves the question.
///
/// # Errors
/// [`StoreError::Refused`] without a region or valid credentials, [`StoreError::Unavailable`] when AWS does not answer.
pub async fn account() -> Result<Account, StoreError> {
    let shared = shared_config(&Options::default()).await;
    let region = shared
        .region()
        .map(ToString::to_string)
        .ok_or_else(|| refused("finding the stack", "no region is set; set AWS_REGION, or `region` in your AWS profile"))?;
    if let Some(id) = std::env::var("AWS_ACCOUNT_ID").ok().filter(|id| !id.is_empty()) {
        return Ok(Account { id, region });
    }
    let identity = aws_sdk_sts::Client::new(&shared).get_caller_identity().send().await;
    let identity = identity.map_err(|error| sorted("asking AWS who you are".to_owned(), &[], error))?;
    let id = identity.account.ok_or_else(|| refused("asking AWS who you are", "the answer names no account"))?;
    Ok(Account { id, region })
}
