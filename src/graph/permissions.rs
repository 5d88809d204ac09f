//! The edges that policies draw: which data stores an identity may read, which roles it may become.
//!
//! A statement names resources by patterns, and only when all targets are together is it known which resources there are.
//! `"Resource": "*"` in each of a fleet's roles would make roles × buckets edges. So a pattern that names no single
//! resource draws edges only to those in its own account that carry a trait, and of those that carry the same trait to
//! the first [`LIKE`]: what travels is a trait, and one bucket with it is as good a reason as a thousand. The cost is
//! linear in the identities, whatever their patterns match.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::rc::Rc;

use crate::iam::{
    ASSUME_ROLE, Answer, DATA_STORES, Pattern, Permissions, Statement, Target, decide, managed,
};
use crate::model::{AccountId, RelationKind, ResourceType, TraitIndex};

use super::view::{Edge, ResourceIndex, View};

/// How many resources with the same trait a pattern reaches.
pub(super) const LIKE: usize = 8;

/// The edges of all roles and users.
pub(super) fn edges(view: &View) -> Vec<Edge> {
    let mut drawing = Drawing {
        view,
        managed: HashMap::new(),
        matched: HashMap::new(),
        owned: HashMap::new(),
    };
    let mut edges = Vec::new();
    for resource_type in [ResourceType::IamRole, ResourceType::IamUser] {
        for place in view.of_type(resource_type) {
            drawing.draw(ResourceIndex(place), &mut edges);
        }
    }
    edges
}

struct Drawing<'a> {
    view: &'a View,
    /// By policy: the statements of AWS's own.
    managed: HashMap<ResourceIndex, Option<Rc<Vec<Statement>>>>,
    matched: HashMap<(ResourceType, AccountId, Pattern), Rc<Vec<ResourceIndex>>>,
    /// By type and account: all resources, sorted.
    owned: HashMap<ResourceType, HashMap<AccountId, Vec<ResourceIndex>>>,
}

/// What an identity holds.
enum Held<'a> {
    Own(&'a Permissions),
    Managed(Rc<Vec<Statement>>),
}

impl Held<'_> {
    fn statements(&self) -> &[Statement] {
        match self {
            Self::Own(permissions) => permissions.statements(),
            Self::Managed(statements) => statements,
        }
    }
}

impl<'a> Drawing<'a> {
    fn draw(&mut self, identity: ResourceIndex, edges: &mut Vec<Edge>) {
        let own = self.view.permissions(identity);
        // What a boundary leaves is unknown, and the identity's `Grants` say so.
        if own.is_some_and(|permissions| permissions.is_bounded) {
            return;
        }
        let held = self.held(identity);
        let statements = || held.iter().flat_map(Held::statements);
        if statements().next().is_none() {
            return;
        }
        let account = self.view.account(identity);
        for store in &DATA_STORES {
            let named = self.named(store.resource_type, account, store.actions, &held);
            for candidate in named {
                let arn = self.view.id(candidate);
                let answer = store.read_from(&arn, |target| {
                    let answers = store
                        .actions
                        .iter()
                        .map(|action| decide(statements(), action, target));
                    answers.max()
                });
                if answer == Some(Answer::Allows) {
                    edges.push(Edge {
                        from: identity,
                        kind: RelationKind::CanRead,
                        to: candidate,
                    });
                }
            }
        }
        for role in self.named(ResourceType::IamRole, account, &[ASSUME_ROLE], &held) {
            let arn = self.view.id(role);
            let is_let_in = self
                .view
                .permissions(role)
                .is_some_and(|permissions| permissions.trusts.contains(&account));
            let answer = || decide(statements(), ASSUME_ROLE, Target::Resource(&arn));
            if role != identity && is_let_in && answer() == Answer::Allows {
                edges.push(Edge {
                    from: identity,
                    kind: RelationKind::CanAssume,
                    to: role,
                });
            }
        }
    }

    /// Its own documents, those of its groups, and those of the managed policies of both. A policy whose document is not
    /// known adds nothing: what it may deny is not weighed.
    fn held(&mut self, identity: ResourceIndex) -> Vec<Held<'a>> {
        let view = self.view;
        let groups = view.related(identity, RelationKind::MemberOfGroup);
        let mut held = Vec::new();
        for holder in std::iter::once(identity).chain(groups) {
            held.extend(view.permissions(holder).map(Held::Own));
            for policy in view.related(holder, RelationKind::GrantsPolicy) {
                match view.permissions(policy) {
                    Some(permissions) => held.push(Held::Own(permissions)),
                    None => held.extend(self.managed(policy).map(Held::Managed)),
                }
            }
        }
        held
    }

    fn managed(&mut self, policy: ResourceIndex) -> Option<Rc<Vec<Statement>>> {
        let view = self.view;
        self.managed
            .entry(policy)
            .or_insert_with(|| managed(&view.id(policy)).map(Rc::new))
            .clone()
    }

    /// The resources that the allowing statements name, sorted, each once.
    fn named(
        &mut self,
        resource_type: ResourceType,
        account: AccountId,
        actions: &[&str],
        held: &[Held<'_>],
    ) -> Vec<ResourceIndex> {
        let allowing = held
            .iter()
            .flat_map(Held::statements)
            .filter(|statement| statement.allows && statement.is_about_any(actions));
        let mut named = Vec::new();
        for pattern in allowing.flat_map(Statement::resource_patterns) {
            let key = (resource_type, account, whole(resource_type, &pattern));
            let found = match self.matched.get(&key) {
                Some(known) => Rc::clone(known),
                None => {
                    let found = Rc::new(self.found(&key));
                    self.matched.insert(key, Rc::clone(&found));
                    found
                }
            };
            named.extend_from_slice(&found);
        }
        named.sort_unstable();
        named.dedup();
        named
    }

    fn found(
        &mut self,
        (resource_type, account, pattern): &(ResourceType, AccountId, Pattern),
    ) -> Vec<ResourceIndex> {
        let view = self.view;
        if pattern.is_literal() {
            return named_by_arn(view, *resource_type, pattern.as_str());
        }
        let owned = self.owned.entry(*resource_type).or_insert_with(|| {
            let mut owned: HashMap<AccountId, Vec<ResourceIndex>> = HashMap::new();
            for index in view.of_type(*resource_type).map(ResourceIndex) {
                owned.entry(view.account(index)).or_default().push(index);
            }
            owned
        });
        owned
            .get(account)
            .map_or_else(Vec::new, |owned| notable(view, owned, pattern))
    }
}

/// The pattern of the store itself, where it is one of what is in it: `arn:aws:s3:::data` of `arn:aws:s3:::data/*`.
fn whole(resource_type: ResourceType, pattern: &Pattern) -> Pattern {
    if resource_type != ResourceType::S3Bucket {
        return pattern.clone();
    }
    Pattern::new(pattern.as_str().split('/').next().unwrap_or_default())
}

/// Those that are named by their ARN, in whatever account.
fn named_by_arn(view: &View, resource_type: ResourceType, arn: &str) -> Vec<ResourceIndex> {
    let all = view.of_type(resource_type);
    (first_from(view, all.clone(), arn)..all.end)
        .map(ResourceIndex)
        .take_while(|index| view.id(*index) == arn)
        .collect()
}

/// The notable ones of an account.
fn notable(view: &View, owned: &[ResourceIndex], pattern: &Pattern) -> Vec<ResourceIndex> {
    let mut counts = BTreeMap::new();
    owned
        .iter()
        .copied()
        .filter(|index| pattern.matches(&view.id(*index)))
        .filter(|index| is_notable(view, *index, &mut counts))
        .collect()
}

/// Whether one of its traits was not seen often enough yet. A role's are also those of its policies.
fn is_notable(view: &View, index: ResourceIndex, counts: &mut BTreeMap<TraitIndex, usize>) -> bool {
    let mut traits = view.traits(index);
    for policy in view.related(index, RelationKind::GrantsPolicy) {
        traits.extend(&view.traits(policy));
    }
    let mut is_new = false;
    for trait_index in traits.iter() {
        let count = counts.entry(trait_index).or_default();
        *count += 1;
        is_new |= *count <= LIKE;
    }
    is_new
}

/// Within a range that is sorted by id: the first whose id is not below.
fn first_from(view: &View, range: Range<u32>, id: &str) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if view.id(ResourceIndex(middle)).as_str() < id {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::graph::{Observation, SnapshotBuilder};
    use crate::iam::Document;
    use crate::model::{
        CollectionTarget, ControlId, Evidence, FindingId, Product, Resource, ResourceMention,
        identify,
    };

    fn resource_in(account: &str, resource_type: ResourceType, id: &str) -> Resource {
        identify(ResourceMention {
            resource_type,
            id,
            account: account.parse().unwrap(),
            region: &"us-east-1".parse().unwrap(),
        })
    }

    fn resource(resource_type: ResourceType, id: &str) -> Resource {
        resource_in("111122223333", resource_type, id)
    }

    fn allowing(action: &str, resource: &str) -> Value {
        json!({"Effect": "Allow", "Action": action, "Resource": resource})
    }

    fn permissions(statements: &[Value], trusts: &[&str]) -> Permissions {
        let document = Document::read(&json!({"Statement": statements})).unwrap();
        let trusts = trusts.iter().map(|one| one.parse().unwrap()).collect();
        Permissions::of(document.statements, false, trusts)
    }

    /// Carries the one trait that there is.
    fn carries(builder: &mut SnapshotBuilder, resource: &Resource) {
        builder.observe(Observation {
            resource,
            trait_index: TraitIndex::new(0).unwrap(),
            holds: true,
            finding: &FindingId(resource.id.clone()),
            product: Product::Macie,
            evidence: &Evidence::Control {
                id: ControlId::new("S3.1"),
                title: String::new(),
            },
            updated_at: None,
        });
    }

    fn edge(builder: &mut SnapshotBuilder, from: &Resource, kind: RelationKind, to: &Resource) {
        builder.relate(from, kind, to);
    }

    fn view(builder: SnapshotBuilder) -> View {
        View::of(vec![(
            CollectionTarget::file("f".into()),
            Arc::new(builder.finish()),
        )])
    }

    fn drawn(view: &View) -> Vec<String> {
        let tail = |index| {
            let id = view.id(index);
            id.rsplit([':', '/']).next().unwrap_or_default().to_owned()
        };
        edges(view)
            .into_iter()
            .map(|edge| {
                format!(
                    "{} {} {}",
                    tail(edge.from),
                    edge.kind.as_str(),
                    tail(edge.to)
                )
            })
            .collect()
    }

    #[test]
    fn a_role_reads_what_its_own_and_its_attached_policies_allow() {
        use ResourceType as T;
        let mut builder = SnapshotBuilder::default();
        let role = resource(T::IamRole, "app");
        let policy = resource(T::IamPolicy, "tables");
        for store in [
            resource(T::S3Bucket, "data"),
            resource(T::S3Bucket, "other"),
            resource(T::DynamoDbTable, "orders"),
            resource(T::SecretsManagerSecret, "db-AbCdEf"),
        ] {
            carries(&mut builder, &store);
        }
        builder.permit(
            &role,
            permissions(
                &[
                    allowing("s3:Get*", "arn:aws:s3:::data/*"),
                    allowing(
                        "secretsmanager:*",
                        "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-??????",
                    ),
                ],
                &[],
            ),
            None,
        );
        builder.permit(
            &policy,
            permissions(&[allowing("dynamodb:Query", "*")], &[]),
            None,
        );
        edge(&mut builder, &role, RelationKind::GrantsPolicy, &policy);
        assert_eq!(
            drawn(&view(builder)),
            [
                "app can-read data",
                "app can-read orders",
                "app can-read db-AbCdEf"
            ]
        );
    }

    #[test]
    fn a_denial_in_any_of_its_documents_counts() {
        use ResourceType as T;
        let mut builder = SnapshotBuilder::default();
        let user = resource(T::IamUser, "alice");
        let group = resource(T::IamGroup, "staff");
        let aws_own = resource(
            T::IamPolicy,
            "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        );
        carries(&mut builder, &resource(T::S3Bucket, "data"));
        carries(&mut builder, &resource(T::S3Bucket, "private"));
        let deny =
            json!({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::private/*"});
        builder.permit(&user, permissions(&[deny], &[]), None);
        edge(&mut builder, &user, RelationKind::MemberOfGroup, &group);
        edge(&mut builder, &group, RelationKind::GrantsPolicy, &aws_own);
        assert_eq!(drawn(&view(builder)), ["alice can-read data"]);
    }

    #[test]
    fn a_wildcard_stays_in_its_account_and_a_name_does_not() {
        use ResourceType as T;
        let mut builder = SnapshotBuilder::default();
        let theirs = resource_in("444455556666", T::S3Bucket, "theirs");
        let named = resource_in("444455556666", T::S3Bucket, "named");
        carries(&mut builder, &theirs);
        carries(&mut builder, &named);
        let role = resource(T::IamRole, "app");
        let statements = [
            allowing("s3:GetObject", "arn:aws:s3:::*"),
            allowing("s3:GetObject", "arn:aws:s3:::named/*"),
        ];
        builder.permit(&role, permissions(&statements, &[]), None);
        assert_eq!(drawn(&view(builder)), ["app can-read named"]);
    }

    #[test]
    fn becoming_a_role_takes_both_sides() {
        use ResourceType as T;
        let mut builder = SnapshotBuilder::default();
        let assume = allowing("sts:AssumeRole", "arn:aws:iam::*:role/*");
        for (name, statements, trusts) in [
            ("app", vec![assume.clone()], vec![]),
            ("weak", vec![], vec!["111122223333"]),
            ("open", vec![assume], vec!["111122223333"]),
            ("closed", vec![], vec!["444455556666"]),
        ] {
            let role = resource(T::IamRole, name);
            carries(&mut builder, &role);
            builder.permit(&role, permissions(&statements, &trusts), None);
        }
        assert_eq!(
            drawn(&view(builder)),
            [
                "app can-assume open",
                "app can-assume weak",
                "open can-assume weak"
            ]
        );
    }

    #[test]
    fn a_boundary_leaves_it_unknown() {
        use ResourceType as T;
        let mut builder = SnapshotBuilder::default();
        carries(&mut builder, &resource(T::S3Bucket, "data"));
        let mut bounded = permissions(&[allowing("s3:*", "*")], &[]);
        bounded.is_bounded = true;
        builder.permit(&resource(T::IamRole, "app"), bounded, None);
        assert!(drawn(&view(builder)).is_empty());
    }

    #[test]
    fn a_fleet_that_may_read_everything_stays_linear() {
        use ResourceType as T;
        const FLEET: usize = 2_000;
        let mut builder = SnapshotBuilder::default();
        for number in 0..FLEET {
            carries(
                &mut builder,
                &resource(T::S3Bucket, &format!("bucket-{number:05}")),
            );
            let role = resource(T::IamRole, &format!("role-{number:05}"));
            builder.permit(&role, permissions(&[allowing("s3:*", "*")], &[]), None);
        }
        let view = view(builder);
        assert_eq!(edges(&view).len(), FLEET * LIKE, "and not roles × buckets");
    }
}
