//! The documents of the AWS managed policies. Neither findings nor AWS Config contain them.
//!
//! Source: `config/managed-policies`, which says where the documents come from.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::PolicyDocument;
use super::permissions::NamedDocument;

static COMPRESSED: &[u8] = include_bytes!("../../config/managed-policies/policies.json.gz");

#[derive(Deserialize)]
struct File {
    date: String,
    policies: HashMap<String, Policy>,
}

#[derive(Deserialize)]
struct Policy {
    version: String,
    document: Box<RawValue>,
}

/// The file, read once. It is part of the program, so that it is never malformed.
fn file() -> Option<&'static File> {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut text = String::new();
        GzDecoder::new(COMPRESSED).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    })
    .as_ref()
}

/// Returns the document of the AWS managed policy with this ARN, in any partition, or `None` for any other policy and for
/// AWS managed policies that are newer than the program.
pub fn managed_policy(arn: &str) -> Option<NamedDocument> {
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    let file = file()?;
    let policy = file.policies.get(name)?;
    let document = serde_json::from_str(policy.document.get()).ok()?;
    let document = PolicyDocument::parse(&document).ok()?;
    Some(NamedDocument {
        name: format!(
            "{arn} {} (AWS managed, as of {})",
            policy.version, file.date
        ),
        statements: document.statements,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_managed_policies_are_known_in_every_partition() {
        let is_known = |arn: &str| managed_policy(arn).is_some();
        assert!(is_known("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"));
        assert!(is_known("arn:aws-cn:iam::aws:policy/AdministratorAccess"));
        assert!(is_known(
            "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        ));
        assert!(!is_known("arn:aws:iam::aws:policy/NoSuchPolicy"));
        assert!(!is_known(
            "arn:aws:iam::111122223333:policy/AmazonS3FullAccess"
        ));
    }

    #[test]
    fn every_document_is_parsed() {
        let file = file().unwrap();
        assert!(file.policies.len() > 1_500);
        for name in file.policies.keys() {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            assert!(managed_policy(&arn).is_some(), "{name}");
        }
    }
}
