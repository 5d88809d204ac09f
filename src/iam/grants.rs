//! What the policy documents of one resource grant together.

use super::decision::IdentityPolicies;
use super::document::PolicyDocument;
use super::permissions::NamedDocument;
use super::privilege_level::{PrivilegeLevel, privilege_level};
use super::request::RequestingIdentity;

/// The inline policies of an identity, or the default version of a managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedDocuments {
    /// Those that are known.
    pub documents: Vec<NamedDocument>,
    /// The names of those that are missing from the record or malformed.
    pub not_read: Vec<String>,
}

/// What attached documents grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// The resource has no documents.
    NoDocuments,
    /// The resource has documents, but none of their statements are known.
    NotShown,
    /// The documents grant this level.
    Level(PrivilegeLevel),
}

impl AttachedDocuments {
    /// A document that is `None` exists, but is missing from the record or malformed.
    pub fn new(documents: Vec<(String, Option<PolicyDocument>)>) -> Self {
        let mut attached = Self::default();
        for (name, document) in documents {
            match document {
                Some(document) => attached.documents.push(NamedDocument {
                    name,
                    statements: document.statements,
                }),
                None => attached.not_read.push(name),
            }
        }
        attached
    }

    /// Returns what the documents grant to an identity, whose permissions boundary may limit every level. A missing
    /// document may raise every level but the highest.
    pub fn grants(&self, identity: &RequestingIdentity, is_bounded: bool) -> Grants {
        if self.documents.is_empty() && self.not_read.is_empty() {
            return Grants::NoDocuments;
        }
        let statements = self.documents.iter();
        let policies = IdentityPolicies {
            statements: statements
                .flat_map(|document| &document.statements)
                .collect(),
            ..IdentityPolicies::default()
        };
        let is_complete = self.not_read.is_empty();
        let level = match privilege_level(&policies, identity).0 {
            PrivilegeLevel::Administrator if !is_bounded => PrivilegeLevel::Administrator,
            PrivilegeLevel::ServiceAdministrator if !is_bounded && is_complete => {
                PrivilegeLevel::ServiceAdministrator
            }
            PrivilegeLevel::Limited if is_complete => PrivilegeLevel::Limited,
            _ => PrivilegeLevel::Unknown,
        };
        if level == PrivilegeLevel::Unknown && policies.statements.is_empty() {
            return Grants::NotShown;
        }
        Grants::Level(level)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allow(action: &str) -> (String, Option<PolicyDocument>) {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        let document = PolicyDocument::parse(&json!({"Statement": statement})).unwrap();
        ("p".into(), Some(document))
    }

    fn missing() -> (String, Option<PolicyDocument>) {
        ("q".into(), None)
    }

    fn identity() -> RequestingIdentity {
        RequestingIdentity::any_of("111122223333".parse().unwrap())
    }

    #[test]
    fn a_missing_document_leaves_every_level_but_the_highest_unknown() {
        for (action, complete) in [
            ("s3:Get*", PrivilegeLevel::Limited),
            ("s3:*", PrivilegeLevel::ServiceAdministrator),
            ("*", PrivilegeLevel::Administrator),
        ] {
            let grants = |documents| AttachedDocuments::new(documents).grants(&identity(), false);
            assert_eq!(grants(vec![allow(action)]), Grants::Level(complete));
            let incomplete = match complete {
                PrivilegeLevel::Administrator => complete,
                _ => PrivilegeLevel::Unknown,
            };
            assert_eq!(
                grants(vec![allow(action), missing()]),
                Grants::Level(incomplete)
            );
        }
    }

    #[test]
    fn a_boundary_leaves_every_level_but_the_lowest_unknown() {
        for (action, bounded) in [
            ("s3:Get*", PrivilegeLevel::Limited),
            ("s3:*", PrivilegeLevel::Unknown),
            ("*", PrivilegeLevel::Unknown),
        ] {
            let documents = AttachedDocuments::new(vec![allow(action)]);
            assert_eq!(documents.grants(&identity(), true), Grants::Level(bounded));
        }
    }

    #[test]
    fn without_documents_there_is_no_level() {
        assert_eq!(
            AttachedDocuments::new(vec![]).grants(&identity(), false),
            Grants::NoDocuments
        );
        assert_eq!(
            AttachedDocuments::new(vec![missing()]).grants(&identity(), false),
            Grants::NotShown
        );
    }
}
