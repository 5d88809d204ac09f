//! The documents of the AWS managed policies. Neither findings nor AWS Config contain them.
//!
//! Source: `config/managed-policies`, which says where the documents come from.

use std::io::Read;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::PolicyDocument;
use super::permissions::NamedDocument;

static COMPRESSED: &[u8] = include_bytes!("../../config/managed-policies/policies.jsonl.gz");

/// The first line of the file.
#[derive(Deserialize)]
struct Header {
    date: String,
}

/// Each other line of the file.
#[derive(Deserialize)]
struct Policy<'a> {
    version: &'a str,
    #[serde(borrow)]
    document: &'a RawValue,
}

/// The file, decompressed once. A policy is parsed when it is looked up, because an organization uses few of them.
struct File {
    date: String,
    /// The name and the line of each policy, sorted by name.
    policies: Vec<(&'static str, &'static str)>,
}

impl File {
    fn read(compressed: &[u8]) -> Option<Self> {
        let mut text = String::new();
        GzDecoder::new(compressed).read_to_string(&mut text).ok()?;
        // The file is read once and kept as long as the program runs.
        let mut lines = String::leak(text).lines();
        let Header { date } = serde_json::from_str(lines.next()?).ok()?;
        let policies = lines.map(|line| Some((name_of(line)?, line)));
        Some(Self {
            date,
            policies: policies.collect::<Option<_>>()?,
        })
    }

    fn get(&self, name: &str) -> Option<Policy<'static>> {
        let found = self.policies.binary_search_by_key(&name, |policy| policy.0);
        let (_, line) = self.policies.get(found.ok()?)?;
        serde_json::from_str(line).ok()
    }
}

/// The name of the policy, with which each line starts. Names of policies need no escapes in JSON.
fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix(r#"{"name":""#)?.split_once('"')?;
    Some(name)
}

/// The file, which is part of the program, so that it is never malformed.
fn file() -> Option<&'static File> {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    FILE.get_or_init(|| File::read(COMPRESSED)).as_ref()
}

/// Returns the document of the AWS managed policy with this ARN, in any partition, or `None` for any other policy and for
/// AWS managed policies that are newer than the program.
pub fn managed_policy(arn: &str) -> Option<NamedDocument> {
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    let file = file()?;
    let policy = file.get(name)?;
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
        assert!(file.policies.is_sorted());
        for (name, _) in &file.policies {
            let arn = format!("arn:aws:iam::aws:policy/{name}");
            assert!(managed_policy(&arn).is_some(), "{name}");
        }
    }
}
