//! How far traits propagate, and at what cost.

use super::super::propagate::provenance::{MAX_CHAINS_PER_TRAIT, Propagator};
use super::*;
use crate::graph::View;

const FLEET: usize = 10_000;

fn view_of(graph: TestGraph<'_>) -> View {
    let (snapshot, records, signals) = (graph.builder.finish(), 0, 0);
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("f".into()),
        snapshot,
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records,
        signals,
        ignored: IgnoredRecords::default(),
        accounts: BTreeSet::new(),
        collected_at: None,
    });
    store.merge().with_iam_edges()
}

fn instances(view: &View) -> Vec<crate::graph::ResourceIndex> {
    view.indices()
        .filter(|index| view.resource_type(*index) == ResourceType::Ec2Instance)
        .collect()
}

/// Ten thousand instances in a security group, which another group admits to a thousand databases.
fn fleet(catalog: &Catalog, databases: usize) -> TestGraph<'_> {
    let group = resource(ResourceType::Ec2SecurityGroup, "sg-web");
    let inner = resource(ResourceType::Ec2SecurityGroup, "sg-db");
    let mut graph = TestGraph::new(catalog)
        .with_trait(&group, "open-security-group")
        .with_relation(&group, RelationKind::AdmittedBy, &inner);
    for number in 0..FLEET {
        let instance = instance(&format!("i-{number:05}"));
        graph = graph.with_relation(&instance, RelationKind::MemberOfSecurityGroup, &group);
    }
    for number in 0..databases {
        let database = resource(ResourceType::RdsDbInstance, &format!("db-{number:04}"));
        graph = graph
            .with_trait(&database, "admitted-by-database-group")
            .with_relation(&inner, RelationKind::GuardsDatabase, &database);
    }
    graph
}

#[test]
fn the_routes_behind_a_shared_group_are_followed_once() {
    let catalog = catalog();
    let view = view_of(fleet(&catalog, 1_000));
    let index = |id: &str| catalog.index_of(&id.parse::<TraitId>().unwrap()).unwrap();
    let mut propagator = Propagator::new(&view, &catalog);
    let mut chains = 0;
    for instance in instances(&view) {
        let provenance = propagator.provenance(instance);
        assert!(provenance.traits.contains(index("open-security-group")));
        assert!(
            provenance
                .traits
                .contains(index("admitted-by-database-group"))
        );
        chains += provenance
            .chains(index("admitted-by-database-group"))
            .count();
    }
    assert_eq!(
        chains,
        FLEET * MAX_CHAINS_PER_TRAIT,
        "not instances × databases"
    );
    let computed = propagator.computed_len();
    assert!(computed < 1_000 + 100, "{computed} endpoints were computed");
}

#[test]
fn a_trait_is_kept_behind_many_resources_with_another_trait() {
    let catalog = catalog();
    let role = resource(ResourceType::IamRole, "app");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let mut graph = TestGraph::new(&catalog)
        .with_relation(
            &instance("i-1"),
            RelationKind::UsesInstanceProfile,
            &profile,
        )
        .with_relation(&profile, RelationKind::ContainsRole, &role);
    for number in 0..MAX_CHAINS_PER_TRAIT + 10 {
        let policy = resource(ResourceType::IamPolicy, &format!("p-{number:03}"));
        let shown = if number == MAX_CHAINS_PER_TRAIT + 9 {
            "administrative-access-policy"
        } else {
            "service-administrative-policy"
        };
        graph = graph.with_trait(&policy, shown).with_relation(
            &role,
            RelationKind::GrantsPolicy,
            &policy,
        );
    }
    let view = view_of(graph);
    let provenance = Propagator::new(&view, &catalog).provenance(instances(&view)[0]);
    let index = |id: &str| catalog.index_of(&id.parse::<TraitId>().unwrap()).unwrap();
    assert_eq!(
        provenance
            .chains(index("service-administrative-policy"))
            .count(),
        MAX_CHAINS_PER_TRAIT
    );
    assert_eq!(
        provenance
            .chains(index("administrative-access-policy"))
            .count(),
        1
    );
}

#[test]
fn a_long_cycle_is_followed_only_as_far_as_routes_go() {
    let catalog = catalog();
    let group = |number: usize| {
        resource(
            ResourceType::Ec2SecurityGroup,
            &format!("sg-{:05}", number % FLEET),
        )
    };
    let mut graph = TestGraph::new(&catalog)
        .with_relation(
            &instance("i-1"),
            RelationKind::MemberOfSecurityGroup,
            &group(0),
        )
        .with_trait(&group(0), "open-security-group");
    for number in 0..FLEET {
        graph = graph.with_relation(&group(number), RelationKind::AdmittedBy, &group(number + 1));
    }
    let view = view_of(graph);
    let mut propagator = Propagator::new(&view, &catalog);
    propagator.provenance(instances(&view)[0]);
    assert!(
        propagator.computed_len() < 100,
        "{}",
        propagator.computed_len()
    );
}

#[test]
fn traits_propagate_from_another_account() {
    let catalog = catalog();
    let theirs = identify(ResourceMention {
        resource_type: ResourceType::IamPolicy,
        id: "arn:aws:iam::444455556666:policy/wide",
        account: "111122223333".parse().unwrap(),
        region: &"us-east-1".parse().unwrap(),
    });
    assert_eq!(theirs.account.to_string(), "444455556666");
    let role = resource(ResourceType::IamRole, "app");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let view = view_of(
        TestGraph::new(&catalog)
            .with_trait(&theirs, "administrative-access-policy")
            .with_relation(
                &instance("i-1"),
                RelationKind::UsesInstanceProfile,
                &profile,
            )
            .with_relation(&profile, RelationKind::ContainsRole, &role)
            .with_relation(&role, RelationKind::GrantsPolicy, &theirs),
    );
    let provenance = Propagator::new(&view, &catalog).provenance(instances(&view)[0]);
    let index = catalog
        .index_of(&"administrative-access-policy".parse::<TraitId>().unwrap())
        .unwrap();
    let chain = provenance.chains(index).next().unwrap();
    assert_eq!(view.resource(chain.last().unwrap().to), theirs);
}
