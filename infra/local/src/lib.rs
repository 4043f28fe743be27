//! The whole suite on one machine: embedded stores, and around them what AWS does between services, and nothing of the product.
//!
//! | Module | Stands for |
//! |---|---|
//! | [`stores`] | DynamoDB, S3 with its notifications, SQS, Secrets Manager |
//! | [`template`] | CloudFormation: names and settings come from `infra/template.yaml` |
//! | [`pump`] | Lambda's readers of queues |
//! | [`schedule`] | EventBridge |
//!
//! The functions are the deployed ones and speak to the stores through the real SDKs; only endpoints differ.

pub mod clock;
pub mod home;
mod http;
pub mod import;
pub mod pump;
pub mod schedule;
pub mod stores;
pub mod template;
