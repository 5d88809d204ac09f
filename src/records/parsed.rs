//! What parsing a record gives: everything that the graph needs, in plain types.

use chrono::{DateTime, Utc};

use crate::iam::Permissions;
use crate::model::{Evidence, FindingId, Product, RelationKind, Resource, TraitIndex};

/// A record of any format, completely parsed.
#[derive(Clone, Debug)]
pub struct ParsedRecord {
    /// The ID of the finding; of a record without a finding, the ID of its resource.
    pub finding: FindingId,
    /// The service that made the record.
    pub product: Product,
    /// The title of the finding.
    pub title: String,
    /// When the service last changed the record, if known.
    pub updated_at: Option<DateTime<Utc>>,
    /// What the finding reports. `None` if it no longer counts (it passed, or a user suppressed or resolved it) and for
    /// records without a finding; their attributes and edges count all the same.
    pub evidence: Option<Evidence>,
    /// The resources that the record is about.
    pub resources: Vec<ParsedResource>,
    /// Edges that the record as a whole describes, such as those of a network path.
    pub edges: Vec<ParsedEdge>,
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
    /// Edges from and to the resource.
    pub edges: Vec<ParsedEdge>,
    /// What the policy documents of an IAM resource allow.
    pub permissions: Permissions,
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

impl ParsedEdge {
    pub(super) fn new(from: Resource, kind: RelationKind, to: Resource) -> Self {
        Self { from, kind, to }
    }
}
