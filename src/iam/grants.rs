//! What the policy documents of one resource grant together.

use super::document::PolicyDocument;
use super::privilege_level::{PrivilegeLevel, privilege_level};
use super::statement::Statement;

/// The inline policies of an identity, or the default version of a managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachedDocuments {
    count: usize,
    /// Whether all of them are known.
    is_complete: bool,
    /// The statements of those that are known.
    statements: Vec<Statement>,
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
    pub fn new(documents: Vec<Option<PolicyDocument>>) -> Self {
        Self {
            count: documents.len(),
            is_complete: documents.iter().all(Option::is_some),
            statements: documents
                .into_iter()
                .flatten()
                .flat_map(|document| document.statements)
                .collect(),
        }
    }

    /// Returns what the documents grant to an identity, whose permissions boundary may limit every level. A missing
    /// document may raise every level but the highest.
    pub fn grants(&self, is_bounded: bool) -> Grants {
        if self.count == 0 {
            return Grants::NoDocuments;
        }
        let level = match privilege_level(&self.statements) {
            PrivilegeLevel::Administrator if !is_bounded => PrivilegeLevel::Administrator,
            PrivilegeLevel::ServiceAdministrator if !is_bounded && self.is_complete => {
                PrivilegeLevel::ServiceAdministrator
            }
            PrivilegeLevel::Limited if self.is_complete => PrivilegeLevel::Limited,
            _ => PrivilegeLevel::Unknown,
        };
        if level == PrivilegeLevel::Unknown && self.statements.is_empty() {
            return Grants::NotShown;
        }
        Grants::Level(level)
    }

    /// Returns the statements of the known documents.
    pub fn into_statements(self) -> Vec<Statement> {
        self.statements
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allow(action: &str) -> Option<PolicyDocument> {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        Some(PolicyDocument::parse(&json!({"Statement": statement})).unwrap())
    }

    #[test]
    fn a_missing_document_leaves_every_level_but_the_highest_unknown() {
        for (action, complete) in [
            ("s3:Get*", PrivilegeLevel::Limited),
            ("s3:*", PrivilegeLevel::ServiceAdministrator),
            ("*", PrivilegeLevel::Administrator),
        ] {
            let grants = |documents| AttachedDocuments::new(documents).grants(false);
            assert_eq!(grants(vec![allow(action)]), Grants::Level(complete));
            let incomplete = match complete {
                PrivilegeLevel::Administrator => complete,
                _ => PrivilegeLevel::Unknown,
            };
            assert_eq!(grants(vec![allow(action), None]), Grants::Level(incomplete));
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
            assert_eq!(documents.grants(true), Grants::Level(bounded));
        }
    }

    #[test]
    fn without_documents_there_is_no_level() {
        assert_eq!(
            AttachedDocuments::new(vec![]).grants(false),
            Grants::NoDocuments
        );
        assert_eq!(
            AttachedDocuments::new(vec![None]).grants(false),
            Grants::NotShown
        );
    }
}
