//! An exposure in the AWS Security Finding Format (ASFF).
//!
//! Source: the securityhub model, `BatchImportFindingsRequest`, whose documentation states the lengths; Security Hub User
//! Guide, "AWS Security Finding Format (ASFF)".

mod build;
mod finding;
mod product_fields;
mod publication;
mod resources;
#[cfg(test)]
mod tests;
mod truncation;
mod vulnerabilities;

pub use build::{FORMAT_VERSION, build};
pub use finding::AsffFinding;
pub use publication::{BuiltFinding, PRODUCT_NAME, Publication, product_arn};
pub use truncation::Truncation;

pub use crate::model::GENERATOR_PREFIX;
