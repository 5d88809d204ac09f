//! How far traits travel, and at what cost.

use super::super::carried::{CHAINS, Travel};
use super::*;
use crate::graph::View;

const FLEET: usize = 10_000;

fn view_of(world: World<'_>) -> View {
    let (snapshot, records, signals) = (world.builder.finish(), 0, 0);
    let mut store = Store::default();
    store.put(TargetOutcome {
        target: CollectionTarget::file("f".into()),
        snapshot,
        coverage: Coverage::Complete,
        reason: None,
        detail: None,
        records,
        signals,
        collected_at: None,
    });
    store.merge().with_iam_edges()
}

fn instances(view: &View) -> Vec<crate::graph::ResourceIndex> {
    view.indices()
        .filter(|index| view.resource_type(*index) == ResourceType::Ec2Instance)
        .collect()
}

/// Ten thousand instances in a group, and another group that lets its members in to a thousand databases.
fn fleet(catalog: &Catalog, databases: usize) -> World<'_> {
    let group = resource(ResourceType::Ec2SecurityGroup, "sg-web");
    let inner = resource(ResourceType::Ec2SecurityGroup, "sg-db");
    let mut world = World::new(catalog)
        .shows(&group, "open-security-group")
        .relates(&group, RelationKind::AdmittedBy, &inner);
    for number in 0..FLEET {
        let instance = instance(&format!("i-{number:05}"));
        world = world.relates(&instance, RelationKind::MemberOfSecurityGroup, &group);
    }
    for number in 0..databases {
        let database = resource(ResourceType::RdsDbInstance, &format!("db-{number:04}"));
        world = world
            .shows(&database, "admitted-by-database-group")
            .relates(&inner, RelationKind::GuardsDatabase, &database);
    }
    world
}

#[test]
fn one_group_on_ten_thousand_instances_is_looked_behind_once() {
    let catalog = catalog();
    let view = view_of(fleet(&catalog, 1_000));
    let index = |id: &str| catalog.index_of(&id.parse::<TraitId>().unwrap()).unwrap();
    let mut travel = Travel::new(&view, &catalog);
    let mut chains = 0;
    for instance in instances(&view) {
        let carried = travel.carried(instance);
        assert!(carried.traits.contains(index("open-security-group")));
        assert!(carried.traits.contains(index("admitted-by-database-group")));
        chains += carried.chains(index("admitted-by-database-group")).count();
    }
    assert_eq!(chains, FLEET * CHAINS, "and not instances × databases");
    let looked_behind = travel.looked_behind();
    assert!(
        looked_behind < 1_000 + 100,
        "{looked_behind}: what lies behind the group is worked out once"
    );
}

#[test]
fn a_trait_is_not_lost_behind_many_others() {
    let catalog = catalog();
    let role = resource(ResourceType::IamRole, "app");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let mut world = World::new(&catalog)
        .relates(
            &instance("i-1"),
            RelationKind::UsesInstanceProfile,
            &profile,
        )
        .relates(&profile, RelationKind::ContainsRole, &role);
    for number in 0..CHAINS + 10 {
        let policy = resource(ResourceType::IamPolicy, &format!("p-{number:03}"));
        let shown = if number == CHAINS + 9 {
            "administrative-access-policy"
        } else {
            "service-administrative-policy"
        };
        world = world
            .shows(&policy, shown)
            .relates(&role, RelationKind::GrantsPolicy, &policy);
    }
    let view = view_of(world);
    let carried = Travel::new(&view, &catalog).carried(instances(&view)[0]);
    let index = |id: &str| catalog.index_of(&id.parse::<TraitId>().unwrap()).unwrap();
    assert_eq!(
        carried
            .chains(index("service-administrative-policy"))
            .count(),
        CHAINS
    );
    assert_eq!(
        carried
            .chains(index("administrative-access-policy"))
            .count(),
        1
    );
}

#[test]
fn a_circle_as_long_as_the_fleet_is_walked_no_further_than_the_routes_go() {
    let catalog = catalog();
    let group = |number: usize| {
        resource(
            ResourceType::Ec2SecurityGroup,
            &format!("sg-{:05}", number % FLEET),
        )
    };
    let mut world = World::new(&catalog)
        .relates(
            &instance("i-1"),
            RelationKind::MemberOfSecurityGroup,
            &group(0),
        )
        .shows(&group(0), "open-security-group");
    for number in 0..FLEET {
        world = world.relates(&group(number), RelationKind::AdmittedBy, &group(number + 1));
    }
    let view = view_of(world);
    let mut travel = Travel::new(&view, &catalog);
    travel.carried(instances(&view)[0]);
    assert!(travel.looked_behind() < 100, "{}", travel.looked_behind());
}

#[test]
fn an_edge_into_another_account_is_kept_as_such() {
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
        World::new(&catalog)
            .shows(&theirs, "administrative-access-policy")
            .relates(
                &instance("i-1"),
                RelationKind::UsesInstanceProfile,
                &profile,
            )
            .relates(&profile, RelationKind::ContainsRole, &role)
            .relates(&role, RelationKind::GrantsPolicy, &theirs),
    );
    let carried = Travel::new(&view, &catalog).carried(instances(&view)[0]);
    let index = catalog
        .index_of(&"administrative-access-policy".parse::<TraitId>().unwrap())
        .unwrap();
    let chain = carried.chains(index).next().unwrap();
    assert_eq!(view.resource(chain.last().unwrap().to), theirs);
}
