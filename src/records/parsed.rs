//! What parsing a record gives: everything that the graph needs, in plain types.

use chrono::{DateTime, Utc};

use crate::iam::{NamedDocument, Permissions};
use crate::model::{
    AccountId, Evidence, FindingId, IgnoreReason, Product, RecordKind, RelationKind, Resource,
    TraitIndex,
};

use super::error::RecordError;

/// What parsing gives: a record, or why a well-formed one is not evidence; or what is wrong with a malformed one.
pub type ParseResult = Result<Result<ParsedRecord, IgnoreReason>, RecordError>;

/// A record of any format, completely parsed.
#[derive(Clone, Debug)]
pub struct ParsedRecord {
    /// What the record is.
    pub kind: RecordKind,
    /// The ID of the finding; of a record without a finding, the ID of its resource.
    pub finding: FindingId,
    /// The service that made the record.
    pub product: Product,
    /// The account that the service made the record for. The record is evidence only about resources of this account.
    /// `None` for an AWS managed policy, which belongs to no account.
    pub account: Option<AccountId>,
    /// Whether the record named a resource of another account, which was left out.
    pub names_other_account: bool,
    /// The title of the finding.
    pub title: String,
    /// When the service last changed the record, if known.
    pub updated_at: Option<DateTime<Utc>>,
    /// What the finding reports. `None` if it no longer counts (it passed, or a user suppressed or resolved it) and for
    /// records without a finding; their attributes and edges count all the same. A passed control has evidence of its own.
    pub evidence: Option<Evidence>,
    /// Whether the record lists all tags of its resources, so that one without tags has none.
    pub lists_tags: bool,
    /// The resources that the record is about.
    pub resources: Vec<ParsedResource>,
    /// Edges that the record as a whole describes, such as those of a network path.
    pub edges: Vec<ParsedEdge>,
    /// The ARN and the document of an AWS managed policy.
    pub aws_policy: Option<(String, NamedDocument)>,
}

/// The relations that a resource has with one of another account, as the configuration of the latter describes them.
/// They only ever add traits: no mitigation is found along them.
///
/// - A rule of a security group admits a group of a peered VPC. Source: EC2 API Reference, `UserIdGroupPair`, `UserId`.
/// - An API calls a function of another account. Source: API Gateway Developer Guide, "Tutorial: Create a REST API with a
///   cross-account Lambda proxy integration".
/// - A trust policy lets a principal of another account assume a role. Source: IAM User Guide, "Cross-account access".
pub(super) const CROSS_ACCOUNT_KINDS: [RelationKind; 3] = [
    RelationKind::AdmittedBy,
    RelationKind::InvokedBy,
    RelationKind::CanAssume,
];

impl ParsedRecord {
    /// A record of the document of an AWS managed policy.
    pub(super) fn of_aws_policy(
        arn: &str,
        document: NamedDocument,
        updated_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            kind: RecordKind::Configuration,
            finding: FindingId(arn.to_owned()),
            product: Product::Iam,
            account: None,
            names_other_account: false,
            title: format!("Document of {arn}"),
            updated_at,
            evidence: None,
            lists_tags: false,
            resources: Vec::new(),
            edges: Vec::new(),
            aws_policy: Some((arn.to_owned(), document)),
        }
    }

    /// Returns whether the record only says that something has ended.
    pub fn is_inactive(&self) -> bool {
        match self.kind {
            RecordKind::EndedFinding => self.resources.is_empty(),
            RecordKind::Deletion => true,
            _ => false,
        }
    }

    /// Leaves out what the record says about resources of other accounts. Whoever can add findings in one account can
    /// name any resource in them.
    pub(super) fn within_account(mut self) -> Self {
        let account = self.account;
        let is_own = |edge: &ParsedEdge| {
            Some(edge.from.account) == account
                || (Some(edge.to.account) == account && CROSS_ACCOUNT_KINDS.contains(&edge.kind))
        };
        let mut names_other = false;
        self.resources.retain(|parsed| {
            let is_own = Some(parsed.resource.account) == account;
            names_other |= !is_own;
            is_own
        });
        let own_edges = self.resources.iter_mut().map(|parsed| &mut parsed.edges);
        for edges in own_edges.chain([&mut self.edges]) {
            edges.retain(|edge| {
                let is_own = is_own(edge);
                names_other |= !is_own;
                is_own
            });
        }
        self.names_other_account |= names_other;
        self
    }

    /// Keeps what the finding reports, and drops what else it says about its resources.
    pub(super) fn evidence_only(mut self) -> Self {
        self.edges.clear();
        for parsed in &mut self.resources {
            parsed.tags.clear();
            parsed.attributes.clear();
            parsed.edges.clear();
            parsed.empty_lists.clear();
            parsed.permissions = Permissions::default();
        }
        self
    }
}

/// A resource, with everything that the record says about it.
#[derive(Clone, Debug)]
pub struct ParsedResource {
    /// The resource.
    pub resource: Resource,
    /// Its tags, sorted.
    pub tags: Vec<(String, String)>,
    /// The attributes that the catalog asks for and the record has.
    pub attributes: Vec<ParsedAttribute>,
    /// Edges from and to the resource. They are all of their kind that the resource has in the time of the record.
    pub edges: Vec<ParsedEdge>,
    /// The kinds of edges that the record lists, and of which the resource has none.
    pub empty_lists: Vec<EmptyList>,
    /// What the policy documents of an IAM resource allow.
    pub permissions: Permissions,
}

/// A kind of edges of which a resource has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmptyList {
    /// The kind.
    pub kind: RelationKind,
    /// Which end of the edges the resource is.
    pub end: EdgeEnd,
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeEnd {
    /// The resource that the edge leads from.
    From,
    /// The resource that the edge leads to.
    To,
}

/// An attribute that the catalog asks for. An absent attribute is unknown, so there is none for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedAttribute {
    /// The trait that the attribute decides on.
    pub trait_index: TraitIndex,
    /// The path of the attribute, as the catalog writes it.
    pub path: String,
    /// The value as the catalog names it. Values that the catalog does not name may be secrets and are not kept.
    pub value: String,
    /// Whether the value shows the trait.
    pub holds: bool,
    /// When the service last changed the attribute. `None` if unknown; any attribute with a time then takes precedence.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A directed edge between two resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedEdge {
    /// The resource that has the relation.
    pub from: Resource,
    /// The kind of relation.
    pub kind: RelationKind,
    /// The resource that it leads to.
    pub to: Resource,
}

impl ParsedRecord {
    /// A finding of which only its end counts: its details describe a resource that may no longer exist.
    pub(super) fn ended(
        finding: FindingId,
        product: Product,
        account: AccountId,
        updated_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            kind: RecordKind::EndedFinding,
            lists_tags: false,
            finding,
            product,
            account: Some(account),
            names_other_account: false,
            title: String::new(),
            updated_at,
            evidence: None,
            resources: Vec::new(),
            edges: Vec::new(),
            aws_policy: None,
        }
    }
}

impl ParsedResource {
    /// Adds edges from and to the resource.
    pub(super) fn with_edges(mut self, edges: Vec<ParsedEdge>) -> Self {
        self.edges.extend(edges);
        self
    }
}

impl ParsedEdge {
    pub(super) fn new(from: Resource, kind: RelationKind, to: Resource) -> Self {
        Self { from, kind, to }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::ResourceType;
    use crate::records::testing::catalog;

    use super::*;

    #[test]
    fn no_mitigation_is_found_along_a_relation_that_another_account_describes() {
        let catalog = catalog();
        let routes = ResourceType::ALL
            .iter()
            .flat_map(|resource_type| catalog.routes(*resource_type));
        let crossing = routes.filter(|route| {
            let mut steps = route.steps.iter();
            steps.any(|kind| CROSS_ACCOUNT_KINDS.contains(kind))
        });
        let crossing: Vec<_> = crossing.collect();
        assert!(!crossing.is_empty());
        for route in crossing {
            let mitigations = catalog.only_mitigations(&route.traits);
            assert_eq!(mitigations.iter().count(), 0, "{route:?}");
        }
    }
}
