//! The whole suite on one machine: embedded stores, and around them what AWS does between services, and nothing of the product.
//!
//! | Module | Stands for |
//! |---|---|
//! | [`stores`] | DynamoDB, S3 with its notifications, SQS, Secrets Manager |
//! | [`template`] | CloudFormation: names and settings come from `infra/template.yaml` |
//! | [`pump`] | Lambda's readers of queues |
//! | [`schedule`] | EventBridge |
//! | `front` | CloudFront and the function URLs |
//!
//! [`suite::Suite`] starts and stops them together around a [`functions::Functions`].
//!
//! The functions are the deployed ones and speak to the stores through the real SDKs; only endpoints differ.

pub mod clock;
pub mod command;
pub mod cost;
pub mod demo;
pub mod deployed;
pub mod elsewhere;
pub mod evaluate;
mod front;
pub mod functions;
pub mod home;
mod http;
pub mod import;
pub mod logging;
pub mod numbers;
pub mod payload;
pub mod pump;
pub mod schedule;
pub mod settings;
pub mod stores;
pub mod suite;
pub mod template;
