//! The documents that apply to an identity.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::graph::iam_attributes::EffectiveGrants;
use crate::graph::index::ResourceIndex;
use crate::graph::view::{Edge, View};
use crate::iam::{
    Boundary, Effect, IdentityKind, IdentityPolicies, NamedDocument, Permissions, PrivilegeLevel,
    RequestingIdentity, privilege_level,
};
use crate::model::{RelationKind, ResourceType, TraitSet};

use super::lookup::PolicyLookup;

/// Where a document comes from.
#[derive(Clone)]
enum Source<'a> {
    /// A record with documents.
    Record(&'a Permissions),
    /// An AWS managed policy.
    Aws(Rc<NamedDocument>),
}

impl Source<'_> {
    fn documents(&self) -> &[NamedDocument] {
        match self {
            Self::Record(permissions) => &permissions.documents,
            Self::Aws(document) => std::slice::from_ref(document),
        }
    }
}

/// A policy or a group that gives the identity privileges, by the edge that leads to it.
struct Granting {
    edge: Edge,
    level: PrivilegeLevel,
    /// Whether the policy or the group has the level as a trait. Most AWS managed policies have none.
    is_shown: bool,
}

enum BoundaryDocument<'a> {
    None,
    Read(Source<'a>),
    NotRead(String),
}

/// The documents that apply to an identity.
pub(super) struct IdentityDocuments<'a> {
    index: ResourceIndex,
    own: &'a Permissions,
    sources: Vec<Source<'a>>,
    granting: Vec<Granting>,
    /// Edges to groups that the record of a user names without their paths.
    group_edges: Vec<Edge>,
    boundary: BoundaryDocument<'a>,
    not_read: BTreeSet<String>,
    not_read_of_aws: BTreeSet<String>,
}

/// An identity whose policies were read.
pub(super) struct ReadIdentity<'d> {
    pub index: ResourceIndex,
    pub requesting: RequestingIdentity,
    pub policies: IdentityPolicies<'d>,
    documents: &'d IdentityDocuments<'d>,
}

impl<'a> IdentityDocuments<'a> {
    /// Collects the documents, or returns `None` if no record shows which policies the identity has.
    pub(super) fn collect(lookup: &mut PolicyLookup<'a>, identity: ResourceIndex) -> Option<Self> {
        let view = lookup.view;
        let own = view
            .permissions(identity)
            .filter(|own| own.is_listed || !own.documents.is_empty())?;
        let mut documents = Self {
            index: identity,
            own,
            sources: Vec::new(),
            granting: Vec::new(),
            group_edges: Vec::new(),
            boundary: BoundaryDocument::None,
            not_read: own.not_read.iter().cloned().collect(),
            not_read_of_aws: BTreeSet::new(),
        };
        documents.sources.push(Source::Record(own));
        documents.add_policies(lookup, identity, None);
        for named in view.related(identity, RelationKind::MemberOfGroup) {
            documents.add_group(lookup, named);
        }
        if let Some(boundary) = &own.boundary {
            documents.boundary = boundary_document(lookup, boundary);
        }
        Some(documents)
    }

    /// Edges to groups that the record of a user names without their paths.
    pub(super) fn group_edges(&self) -> impl Iterator<Item = Edge> {
        self.group_edges.iter().copied()
    }

    fn add_group(&mut self, lookup: &mut PolicyLookup<'a>, named: ResourceIndex) {
        let view = lookup.view;
        let group = lookup.group(named);
        let edge = Edge {
            from: self.index,
            kind: RelationKind::MemberOfGroup,
            to: group,
        };
        if group != named {
            self.group_edges.push(edge);
        }
        match view.permissions(group) {
            Some(permissions) if permissions.is_listed || !permissions.documents.is_empty() => {
                self.sources.push(Source::Record(permissions));
                self.not_read.extend(permissions.not_read.iter().cloned());
                self.granting
                    .extend(permissions.level.map(|level| Granting {
                        edge,
                        level,
                        is_shown: true,
                    }));
            }
            _ => {
                self.not_read
                    .insert(format!("policies of {}", view.id(group)));
            }
        }
        self.add_policies(lookup, group, Some(edge));
    }

    /// Adds the managed policies of the identity, or those of a group, to which `via` leads.
    fn add_policies(
        &mut self,
        lookup: &mut PolicyLookup<'a>,
        holder: ResourceIndex,
        via: Option<Edge>,
    ) {
        let view = lookup.view;
        for policy in view.related(holder, RelationKind::GrantsPolicy) {
            let edge = via.unwrap_or(Edge {
                from: holder,
                kind: RelationKind::GrantsPolicy,
                to: policy,
            });
            let Some(source) = source_of(lookup, policy) else {
                let id = view.id(policy);
                let (names, name) = match id.contains(":iam::aws:policy/") {
                    true => (
                        &mut self.not_read_of_aws,
                        format!("AWS managed policy {id}"),
                    ),
                    false => (&mut self.not_read, format!("document of {id}")),
                };
                names.insert(name);
                continue;
            };
            let (level, is_shown) = match &source {
                Source::Record(permissions) => (permissions.level, true),
                Source::Aws(_) => {
                    let has_traits = view.traits(policy) != TraitSet::default();
                    (lookup.level_of_managed_policy(policy), has_traits)
                }
            };
            self.granting.extend(level.map(|level| Granting {
                edge,
                level,
                is_shown,
            }));
            self.sources.push(source);
        }
    }

    /// The name of the document, with its version, that a statement of the identity is in.
    pub(super) fn name_of(&self, statement: &crate::iam::Statement) -> String {
        let boundary = match &self.boundary {
            BoundaryDocument::Read(source) => Some(source),
            BoundaryDocument::None | BoundaryDocument::NotRead(_) => None,
        };
        let mut documents = self
            .sources
            .iter()
            .chain(boundary)
            .flat_map(Source::documents);
        let has = |document: &&NamedDocument| {
            let mut statements = document.statements.iter();
            statements.any(|one| std::ptr::eq(one, statement))
        };
        documents
            .find(has)
            .map_or_else(String::new, |document| document.name.clone())
    }

    /// The identity that has the documents.
    pub(super) fn identity(&self, view: &View) -> ReadIdentity<'_> {
        let resource = view.resource(self.index);
        let kind = match resource.resource_type {
            ResourceType::IamUser => IdentityKind::User,
            _ if self.own.is_workload() => IdentityKind::WorkloadRole,
            _ => IdentityKind::Role,
        };
        ReadIdentity {
            index: self.index,
            requesting: RequestingIdentity {
                account: resource.account,
                kind,
                tags: view.tags(self.index),
                arn: Some(resource.id),
            },
            policies: IdentityPolicies {
                statements: statements_of(self.sources.iter()),
                not_read: self.not_read.clone(),
                not_read_of_aws: self.not_read_of_aws.clone(),
                boundary: match &self.boundary {
                    BoundaryDocument::None => Boundary::None,
                    BoundaryDocument::Read(source) => {
                        Boundary::Read(statements_of(std::iter::once(source)))
                    }
                    BoundaryDocument::NotRead(name) => Boundary::NotRead(name.clone()),
                },
            },
            documents: self,
        }
    }
}

fn statements_of<'d, 'a: 'd>(
    sources: impl Iterator<Item = &'d Source<'a>>,
) -> Vec<&'d crate::iam::Statement> {
    sources
        .flat_map(Source::documents)
        .flat_map(|document| &document.statements)
        .collect()
}

fn source_of<'a>(lookup: &mut PolicyLookup<'a>, policy: ResourceIndex) -> Option<Source<'a>> {
    let read = lookup.view.permissions(policy);
    match read.filter(|permissions| !permissions.documents.is_empty()) {
        Some(permissions) => Some(Source::Record(permissions)),
        None => lookup
            .managed_policy(&lookup.view.id(policy))
            .map(Source::Aws),
    }
}

fn boundary_document<'a>(lookup: &mut PolicyLookup<'a>, arn: &str) -> BoundaryDocument<'a> {
    let policies: Vec<ResourceIndex> = lookup.view.with_id(ResourceType::IamPolicy, arn).collect();
    let read = policies
        .into_iter()
        .find_map(|policy| source_of(lookup, policy));
    match read.or_else(|| lookup.managed_policy(arn).map(Source::Aws)) {
        Some(source) => BoundaryDocument::Read(source),
        None => BoundaryDocument::NotRead(format!("permissions boundary {arn}")),
    }
}

impl ReadIdentity<'_> {
    /// What all documents together grant, if that differs from what each of them shows, and what is not known.
    pub(super) fn effective_grants(
        &self,
        mut unknown: BTreeSet<String>,
    ) -> Option<EffectiveGrants> {
        let documents = self.documents;
        unknown.extend(self.policies.not_read.iter().cloned());
        unknown.extend(self.policies.not_read_of_aws.iter().cloned());
        if let Boundary::NotRead(name) = &self.policies.boundary {
            unknown.insert(name.clone());
        }
        let highest = |is_counted: fn(&Granting) -> bool| {
            let granting = documents.granting.iter();
            let levels = granting.filter(|granting| is_counted(granting));
            let levels = levels.map(|granting| granting.level);
            levels.chain(documents.own.level).max()
        };
        let highest_shown = highest(|granting| granting.is_shown);
        let highest_single = highest(|_| true);
        let mut grants = EffectiveGrants {
            identity: self.index,
            level: None,
            limited: Vec::new(),
            unknown,
        };
        let mut effective = highest_single;
        if self.may_be_limited() || self.may_be_extended() {
            let (level, _) = privilege_level(&self.policies, &self.requesting);
            effective = Some(level);
            let is_decided = level != PrivilegeLevel::Unknown;
            let is_limited = is_decided && highest_single.is_some_and(|single| level < single);
            if is_limited || (is_decided && effective > highest_shown) {
                grants.level = effective;
            }
            if is_limited {
                let limited = documents.granting.iter();
                let limited = limited.filter(|granting| granting.level > level);
                grants.limited = limited.map(|granting| granting.edge).collect();
            }
        }
        if effective > highest_shown.max(Some(PrivilegeLevel::Unknown)) {
            grants.level = effective;
        }
        // There are no more permissions than those of an administrator.
        if effective == Some(PrivilegeLevel::Administrator) {
            grants.unknown.clear();
        }
        let has_facts = grants.level.is_some() || !grants.unknown.is_empty();
        has_facts.then_some(grants)
    }

    fn may_be_limited(&self) -> bool {
        !matches!(self.policies.boundary, Boundary::None)
            || self
                .policies
                .statements
                .iter()
                .any(|statement| statement.effect == Effect::Deny)
    }

    /// Whether documents may grant more together than alone: lookuping a role in one, and using it in another.
    fn may_be_extended(&self) -> bool {
        const COMBINED: [&str; 2] = ["iam:PassRole", "iam:UpdateAssumeRolePolicy"];
        self.documents.sources.len() > 1
            && self.policies.statements.iter().any(|statement| {
                statement.effect == Effect::Allow && statement.covers_any_action(&COMBINED)
            })
    }
}
