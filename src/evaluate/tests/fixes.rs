//! What fixes do, against evaluating anew without what they end.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::super::carried::CHAINS;
use super::super::fixes::{FixSet, FixTarget, Fixes, fixes};
use super::*;
use crate::model::{Mute, MutedItem, Triage, WildcardPattern};

/// Something that a finding shows, with the score of its vulnerability where it is one.
type Shown = (Resource, &'static str, f64);
type Ended = BTreeSet<(String, Resource)>;

fn shared() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(catalog)
}

fn numbered(resource_type: ResourceType, number: usize) -> Resource {
    resource(resource_type, &format!("r-{number}"))
}

impl World<'_> {
    fn shows_scored(mut self, (resource, trait_id, epss): &Shown) -> Self {
        if !trait_id.ends_with("-vulnerability") {
            return self.shows(resource, trait_id);
        }
        self.findings += 1;
        let id = trait_id.parse::<TraitId>().unwrap();
        self.builder.add_observation(Observation {
            resource,
            trait_index: self.catalog.index_of(&id).unwrap(),
            holds: true,
            finding: &FindingId(format!("finding/{:04}", self.findings)),
            product: Product::Inspector,
            evidence: &vulnerability(*epss),
            updated_at: None,
        });
        self
    }
}

/// Instances whose role has two policies, the first shared by all; services that run two images, the first shared.
fn related(mut world: World<'_>) -> World<'_> {
    use RelationKind::{ContainsRole, GrantsPolicy, MemberOfSecurityGroup, UsesInstanceProfile};
    use ResourceType::{Ec2Instance, EcsService, IamInstanceProfile, IamPolicy, IamRole};
    let vulnerable = "high-priority-vulnerability".parse::<TraitId>().unwrap();
    let vulnerable = shared().index_of(&vulnerable).unwrap();
    let routes = shared().routes(EcsService);
    let route = routes
        .iter()
        .find(|route| route.traits.contains(vulnerable))
        .unwrap();
    for number in 0..3 {
        let instance = numbered(Ec2Instance, number);
        let (profile, role) = (
            numbered(IamInstanceProfile, number),
            numbered(IamRole, number),
        );
        world = world
            .relates(&instance, UsesInstanceProfile, &profile)
            .relates(&profile, ContainsRole, &role);
        for shared_by in [0, number] {
            let group = numbered(ResourceType::Ec2SecurityGroup, shared_by);
            world = world
                .relates(&role, GrantsPolicy, &numbered(IamPolicy, shared_by))
                .relates(&instance, MemberOfSecurityGroup, &group);
            let mut holder = numbered(EcsService, number);
            for (step, kind) in route.steps.iter().enumerate() {
                let next = if step + 1 == route.steps.len() {
                    image(shared_by)
                } else {
                    resource(
                        ResourceType::EcsTaskDefinition,
                        &format!("{number}-{shared_by}-{step}"),
                    )
                };
                world = world.relates(&holder, *kind, &next);
                holder = next;
            }
        }
    }
    world
}

fn image(number: usize) -> Resource {
    let vulnerable = "high-priority-vulnerability".parse::<TraitId>().unwrap();
    let index = shared().index_of(&vulnerable).unwrap();
    let found_on = &shared().derivation(index).found_on;
    let is_image = |one: &&ResourceType| one.cloudformation().contains("Image");
    numbered(*found_on.iter().find(is_image).unwrap(), number)
}

fn shown() -> impl Strategy<Value = Vec<Shown>> {
    let on_instance = prop::sample::select(vec![
        "internet-reachable",
        "vpc-reachable",
        "instance-profile-attached",
        "imds-v1-allowed",
        "high-priority-vulnerability",
        "low-priority-vulnerability",
    ]);
    let on_policy = prop::sample::select(vec![
        "administrative-access-policy",
        "service-administrative-policy",
    ]);
    let on_image = prop::sample::select(vec![
        "high-priority-vulnerability",
        "low-priority-vulnerability",
    ]);
    let epss = || prop::sample::select(vec![0.0001, 0.05, 0.3, 0.9]);
    let one = prop_oneof![
        6 => (0..3_usize, on_instance, epss())
            .prop_map(|(number, id, epss)| (numbered(ResourceType::Ec2Instance, number), id, epss)),
        3 => (0..3_usize, on_policy)
            .prop_map(|(number, id)| (numbered(ResourceType::IamPolicy, number), id, 0.0)),
        3 => (0..3_usize, on_image, epss()).prop_map(|(number, id, epss)| (image(number), id, epss)),
        1 => (0..3_usize).prop_map(|number| {
            (numbered(ResourceType::Ec2SecurityGroup, number), "open-security-group", 0.0)
        }),
    ];
    prop::collection::vec(one, 1..30)
}

fn view_without(shown: &[Shown], ended: &Ended) -> View {
    let left = shown
        .iter()
        .filter(|(resource, id, _)| !ended.contains(&((*id).to_owned(), resource.clone())));
    left.fold(related(World::new(shared())), World::shows_scored)
        .view()
}

fn evaluated_without(shown: &[Shown], ended: &Ended) -> BTreeMap<ExposureId, Severity> {
    let view = view_without(shown, ended);
    evaluated(&view, shared(), ActiveTriage::default())
        .exposures
        .into_iter()
        .map(|one| (one.id, one.severity))
        .collect()
}

fn found(shown: &[Shown]) -> Fixes {
    let view = view_without(shown, &Ended::new());
    fixes(&view, shared(), &ActiveTriage::default())
}

fn ended<'a>(targets: impl IntoIterator<Item = &'a FixTarget>) -> Ended {
    let one = |target: &FixTarget| (target.trait_id.to_string(), target.resource.clone());
    targets.into_iter().map(one).collect()
}

/// `(resolved, reduced, which)`
fn changes(
    before: &BTreeMap<ExposureId, Severity>,
    after: &BTreeMap<ExposureId, Severity>,
) -> (
    usize,
    BTreeMap<(Severity, Severity), usize>,
    BTreeSet<ExposureId>,
) {
    let (mut resolved, mut reduced, mut which) = (0, BTreeMap::new(), BTreeSet::new());
    for (id, from) in before {
        match after.get(id) {
            None => resolved += 1,
            Some(to) if to < from => *reduced.entry((*from, *to)).or_default() += 1,
            Some(_) => continue,
        }
        which.insert(id.clone());
    }
    (resolved, reduced, which)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_fix_does_what_evaluating_anew_without_it_shows(shown in shown()) {
        let fixes = found(&shown).fixes;
        let before = evaluated_without(&shown, &Ended::new());
        let all: Ended = shown
            .iter()
            .map(|(resource, id, _)| ((*id).to_owned(), resource.clone()))
            .collect();
        let mut effective = Ended::new();
        for one in all {
            let after = evaluated_without(&shown, &[one.clone()].into());
            let expected = changes(&before, &after);
            let fix = fixes
                .iter()
                .find(|fix| ended([&fix.target]) == [one.clone()].into());
            let given = fix.map_or_else(Default::default, |fix| {
                let reduced = fix.reduces.iter().map(|one| ((one.from, one.to), one.count));
                (fix.resolves, reduced.collect(), fix.exposures.iter().cloned().collect())
            });
            prop_assert_eq!(&given, &expected, "{:?}", one);
            if !expected.2.is_empty() {
                effective.insert(one);
            }
        }
        prop_assert_eq!(ended(fixes.iter().map(|fix| &fix.target)), effective);
    }

    #[test]
    fn a_set_leaves_nothing_severe_and_none_of_it_is_idle(shown in shown()) {
        let found = found(&shown);
        let sets = [
            (found.leaves_no_critical, Severity::High),
            (found.leaves_no_high, Severity::Medium),
        ];
        for (set, at_most) in sets {
            let is_left = |ended: &Ended| {
                let after = evaluated_without(&shown, ended);
                after.values().any(|severity| *severity > at_most)
            };
            prop_assert_eq!(&set.remaining, &[]);
            prop_assert_eq!(set.exposures == 0, set.fixes.is_empty());
            let all = ended(&set.fixes);
            prop_assert!(!is_left(&all));
            for one in &all {
                let mut others = all.clone();
                others.remove(one);
                prop_assert!(is_left(&others), "{:?} is idle", one);
            }
        }
    }

    #[test]
    fn the_order_of_findings_never_matters(shown in shown()) {
        let mut reversed = shown.clone();
        reversed.reverse();
        prop_assert_eq!(found(&shown), found(&reversed));
    }
}

fn targets(set: &FixSet) -> Vec<(&str, &str)> {
    set.fixes
        .iter()
        .map(|one| {
            let id = one.resource.id.as_str();
            (one.trait_id.as_str(), id.rsplit('/').next().unwrap())
        })
        .collect()
}

/// An administrator by a policy that all share, and for two of three by one of their own as well.
fn administrators() -> Vec<Shown> {
    let mut shown = Vec::new();
    for number in 0..3 {
        let instance = numbered(ResourceType::Ec2Instance, number);
        let policy = numbered(ResourceType::IamPolicy, number);
        shown.push((instance.clone(), "internet-reachable", 0.0));
        shown.push((instance, "instance-profile-attached", 0.0));
        shown.push((policy, "administrative-access-policy", 0.0));
    }
    shown
}

#[test]
fn a_shared_policy_counts_for_all_whom_it_alone_makes_administrators() {
    let shared_only = &administrators()[..3];
    let mut shown = administrators();
    shown.retain(|one| one.1 != "administrative-access-policy");
    shown.push(shared_only[2].clone());
    let found = found(&shown);
    let first = &found.fixes[0];
    assert_eq!(
        first.target.trait_id.as_str(),
        "administrative-access-policy"
    );
    assert_eq!((first.resolves, first.exposures.len()), (0, 3));
    let reduced: Vec<_> = first
        .reduces
        .iter()
        .map(|one| (one.from, one.to, one.count))
        .collect();
    assert_eq!(reduced, [(Severity::High, Severity::Low, 3)]);
    assert_eq!(
        targets(&found.leaves_no_high),
        [("administrative-access-policy", "r-0")]
    );
}

#[test]
fn what_does_nothing_by_itself_is_counted_and_not_ranked() {
    let found = found(&administrators());
    let ranked = ended(found.fixes.iter().map(|one| &one.target));
    let policy = |number| {
        let policy = numbered(ResourceType::IamPolicy, number);
        ("administrative-access-policy".to_owned(), policy)
    };
    // With the shared one gone, the first instance's role is none's any more; the others still have their own.
    assert!(ranked.contains(&policy(0)));
    assert!(!ranked.contains(&policy(1)) && !ranked.contains(&policy(2)));
    assert_eq!(found.no_effect_alone, 2);
}

#[test]
fn a_set_takes_what_does_nothing_by_itself_where_it_helps_many() {
    let policies = [0, 1].map(|number| numbered(ResourceType::IamPolicy, number));
    let mut world = World::new(shared());
    for number in 0..5 {
        let instance = numbered(ResourceType::Ec2Instance, number);
        let profile = numbered(ResourceType::IamInstanceProfile, number);
        let role = numbered(ResourceType::IamRole, number);
        world = world
            .shows(&instance, "internet-reachable")
            .shows(&instance, "instance-profile-attached")
            .relates(&instance, RelationKind::UsesInstanceProfile, &profile)
            .relates(&profile, RelationKind::ContainsRole, &role);
        for policy in &policies {
            world = world.relates(&role, RelationKind::GrantsPolicy, policy);
        }
    }
    for policy in &policies {
        world = world.shows(policy, "administrative-access-policy");
    }
    let found = fixes(&world.view(), shared(), &ActiveTriage::default());
    assert_eq!(found.leaves_no_high.exposures, 5);
    assert_eq!(
        found.no_effect_alone, 2,
        "neither policy, without the other"
    );
    assert_eq!(
        targets(&found.leaves_no_high),
        [
            ("administrative-access-policy", "r-0"),
            ("administrative-access-policy", "r-1")
        ]
    );
}

#[test]
fn a_trait_in_more_places_than_are_kept_is_not_said_to_end() {
    let mut world = World::new(shared()).shows(&instance("i-1"), "instance-profile-attached");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let role = resource(ResourceType::IamRole, "app");
    world = world
        .shows(&instance("i-1"), "internet-reachable")
        .relates(
            &instance("i-1"),
            RelationKind::UsesInstanceProfile,
            &profile,
        )
        .relates(&profile, RelationKind::ContainsRole, &role);
    for number in 0..CHAINS + 8 {
        let policy = numbered(ResourceType::IamPolicy, number);
        world = world
            .shows(&policy, "administrative-access-policy")
            .relates(&role, RelationKind::GrantsPolicy, &policy);
    }
    let found = fixes(&world.view(), shared(), &ActiveTriage::default());
    let named = |id: &str| {
        let mut all = found.fixes.iter().map(|one| &one.target);
        all.any(|one| one.trait_id.as_str() == id)
    };
    assert!(named("internet-reachable"));
    assert!(!named("administrative-access-policy"));
    assert_eq!(found.leaves_no_high.fixes.len(), 1);
    assert_eq!(found.leaves_no_high.remaining, []);
}

#[test]
fn an_exposure_that_no_known_fix_brings_down_is_told() {
    let service = numbered(ResourceType::EcsService, 0);
    let mut world = World::new(shared());
    let vulnerable = "high-priority-vulnerability".parse::<TraitId>().unwrap();
    let index = shared().index_of(&vulnerable).unwrap();
    let routes = shared().routes(ResourceType::EcsService);
    let route = routes
        .iter()
        .find(|route| route.traits.contains(index))
        .unwrap();
    for number in 0..=CHAINS {
        let mut holder = service.clone();
        for (step, kind) in route.steps.iter().enumerate() {
            let next = if step + 1 == route.steps.len() {
                image(number)
            } else {
                resource(ResourceType::EcsTaskDefinition, &format!("{number}-{step}"))
            };
            world = world.relates(&holder, *kind, &next);
            holder = next;
        }
        world = world.shows(&image(number), "high-priority-vulnerability");
    }
    let found = fixes(&world.view(), shared(), &ActiveTriage::default());
    let set = &found.leaves_no_high;
    assert_eq!((set.exposures, set.fixes.len()), (1, 0));
    assert_eq!(set.remaining[0].resource, service);
}

#[test]
fn what_is_muted_is_not_to_be_fixed() {
    let shown = administrators();
    let view = view_without(&shown, &Ended::new());
    let day = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
    let triage = Triage {
        mutes: vec![Mute {
            muted: MutedItem::Trait("administrative-access-policy".parse().unwrap()),
            resource: Some(WildcardPattern::new("*")),
            account: None,
            region: None,
            tag: None,
            reason: "r".into(),
            owner: "o".into(),
            until: day,
        }],
        ..Triage::default()
    };
    let found = fixes(&view, shared(), &triage.on(day));
    assert_eq!(found.leaves_no_high.exposures, 0);
    let named = found.fixes.iter().map(|one| one.target.trait_id.as_str());
    assert!(
        named
            .into_iter()
            .all(|id| id != "administrative-access-policy")
    );
}
