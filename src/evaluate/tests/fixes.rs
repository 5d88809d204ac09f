//! The effect of fixes, compared with an evaluation without what they remove.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::NaiveDate;
use proptest::prelude::*;

use super::super::fixes::{FixSet, FixTarget, Fixes, fixes};
use super::super::propagate::provenance::MAX_CHAINS_PER_TRAIT;
use super::*;
use crate::model::{Mute, MutedItem, RecordKind, Triage, WildcardPattern};

/// A trait that a finding shows on a resource, with an EPSS score if it is a vulnerability.
type ShownTrait = (Resource, &'static str, f64);
/// Traits that fixes remove, each from one resource.
type FixedTraits = BTreeSet<(String, Resource)>;

fn shared() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(catalog)
}

fn numbered(resource_type: ResourceType, number: usize) -> Resource {
    resource(resource_type, &format!("r-{number}"))
}

impl TestGraph<'_> {
    fn with_scored_trait(mut self, (resource, trait_id, epss): &ShownTrait) -> Self {
        if !trait_id.ends_with("-vulnerability") {
            return self.with_trait(resource, trait_id);
        }
        self.findings += 1;
        let id = trait_id.parse::<TraitId>().unwrap();
        self.builder.add_observation(Observation {
            record: RecordKind::OpenFinding,
            is_fallback: false,
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

/// Instances whose roles have two policies and services that run two images: one shared by all, and one of their own.
fn related(mut graph: TestGraph<'_>) -> TestGraph<'_> {
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
        graph = graph
            .with_relation(&instance, UsesInstanceProfile, &profile)
            .with_relation(&profile, ContainsRole, &role);
        for shared_by in [0, number] {
            let group = numbered(ResourceType::Ec2SecurityGroup, shared_by);
            graph = graph
                .with_relation(&role, GrantsPolicy, &numbered(IamPolicy, shared_by))
                .with_relation(&instance, MemberOfSecurityGroup, &group);
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
                graph = graph.with_relation(&holder, *kind, &next);
                holder = next;
            }
        }
    }
    graph
}

fn image(number: usize) -> Resource {
    let vulnerable = "high-priority-vulnerability".parse::<TraitId>().unwrap();
    let index = shared().index_of(&vulnerable).unwrap();
    let found_on = &shared().derivation(index).found_on;
    let is_image = |resource_type: &&ResourceType| resource_type.cloudformation().contains("Image");
    numbered(*found_on.iter().find(is_image).unwrap(), number)
}

fn shown() -> impl Strategy<Value = Vec<ShownTrait>> {
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
    let shown_trait = prop_oneof![
        6 => (0..3_usize, on_instance, epss())
            .prop_map(|(number, id, epss)| (numbered(ResourceType::Ec2Instance, number), id, epss)),
        3 => (0..3_usize, on_policy)
            .prop_map(|(number, id)| (numbered(ResourceType::IamPolicy, number), id, 0.0)),
        3 => (0..3_usize, on_image, epss()).prop_map(|(number, id, epss)| (image(number), id, epss)),
        1 => (0..3_usize).prop_map(|number| {
            (numbered(ResourceType::Ec2SecurityGroup, number), "open-security-group", 0.0)
        }),
    ];
    prop::collection::vec(shown_trait, 1..30)
}

fn view_without(shown: &[ShownTrait], fixed: &FixedTraits) -> View {
    let left = shown
        .iter()
        .filter(|(resource, id, _)| !fixed.contains(&((*id).to_owned(), resource.clone())));
    left.fold(
        related(TestGraph::new(shared())),
        TestGraph::with_scored_trait,
    )
    .view()
}

fn severities_without(shown: &[ShownTrait], fixed: &FixedTraits) -> BTreeMap<ExposureId, Severity> {
    let view = view_without(shown, fixed);
    evaluated(&view, shared(), ActiveTriage::default())
        .exposures
        .into_iter()
        .map(|exposure| (exposure.id, exposure.severity))
        .collect()
}

fn found(shown: &[ShownTrait]) -> Fixes {
    let view = view_without(shown, &FixedTraits::new());
    fixes(&view, shared(), &ActiveTriage::default())
}

fn fixed<'a>(targets: impl IntoIterator<Item = &'a FixTarget>) -> FixedTraits {
    let trait_and_resource =
        |target: &FixTarget| (target.trait_id.to_string(), target.resource.clone());
    targets.into_iter().map(trait_and_resource).collect()
}

/// The number of resolved exposures, the reductions, and the IDs of both.
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
    fn each_fix_has_the_effect_that_an_evaluation_without_it_shows(shown in shown()) {
        let fixes = found(&shown).fixes;
        let before = severities_without(&shown, &FixedTraits::new());
        let all: FixedTraits = shown
            .iter()
            .map(|(resource, id, _)| ((*id).to_owned(), resource.clone()))
            .collect();
        let mut effective = FixedTraits::new();
        for removed in all {
            let after = severities_without(&shown, &[removed.clone()].into());
            let expected = changes(&before, &after);
            let fix = fixes
                .iter()
                .find(|fix| fixed([&fix.target]) == [removed.clone()].into());
            let given = fix.map_or_else(Default::default, |fix| {
                let reduced = fix.reduces.iter().map(|reduction| ((reduction.from, reduction.to), reduction.count));
                (fix.resolves, reduced.collect(), fix.exposures.iter().cloned().collect())
            });
            prop_assert_eq!(&given, &expected, "{:?}", removed);
            if !expected.2.is_empty() {
                effective.insert(removed);
            }
        }
        prop_assert_eq!(fixed(fixes.iter().map(|fix| &fix.target)), effective);
    }

    #[test]
    fn a_set_leaves_nothing_severe_and_every_fix_of_it_is_needed(shown in shown()) {
        let found = found(&shown);
        let sets = [
            (found.leaves_no_critical, Severity::High),
            (found.leaves_no_high, Severity::Medium),
        ];
        for (set, at_most) in sets {
            let is_left = |fixed: &FixedTraits| {
                let after = severities_without(&shown, fixed);
                after.values().any(|severity| *severity > at_most)
            };
            prop_assert_eq!(&set.remaining, &[]);
            prop_assert_eq!(set.exposures == 0, set.fixes.is_empty());
            let all = fixed(&set.fixes);
            prop_assert!(!is_left(&all));
            for removed in &all {
                let mut others = all.clone();
                others.remove(removed);
                prop_assert!(is_left(&others), "{:?} is not needed", removed);
            }
        }
    }

    #[test]
    fn the_order_of_findings_does_not_matter(shown in shown()) {
        let mut reversed = shown.clone();
        reversed.reverse();
        prop_assert_eq!(found(&shown), found(&reversed));
    }
}

fn targets(set: &FixSet) -> Vec<(&str, &str)> {
    set.fixes
        .iter()
        .map(|target| {
            let id = target.resource.id.as_str();
            (target.trait_id.as_str(), id.rsplit('/').next().unwrap())
        })
        .collect()
}

/// Three administrators by a shared policy, two of which have another administrative policy of their own.
fn administrators() -> Vec<ShownTrait> {
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
fn a_shared_policy_counts_for_everyone_who_has_no_other() {
    let shared_only = &administrators()[..3];
    let mut shown = administrators();
    shown.retain(|shown| shown.1 != "administrative-access-policy");
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
        .map(|reduction| (reduction.from, reduction.to, reduction.count))
        .collect();
    // What the role can do without the policy is not known.
    assert_eq!(reduced, [(Severity::High, Severity::Medium, 3)]);
    assert_eq!(
        targets(&found.leaves_no_high),
        [("administrative-access-policy", "r-0")]
    );
}

#[test]
fn a_fix_without_an_effect_of_its_own_is_counted_and_not_ranked() {
    let found = found(&administrators());
    let ranked = fixed(found.fixes.iter().map(|fix| &fix.target));
    let policy = |number| {
        let policy = numbered(ResourceType::IamPolicy, number);
        ("administrative-access-policy".to_owned(), policy)
    };
    // Without the shared policy, the first instance is no longer an administrator. The others have their own policy.
    assert!(ranked.contains(&policy(0)));
    assert!(!ranked.contains(&policy(1)) && !ranked.contains(&policy(2)));
    assert_eq!(found.no_effect_alone, 2);
}

#[test]
fn a_set_contains_fixes_that_only_help_together() {
    let policies = [0, 1].map(|number| numbered(ResourceType::IamPolicy, number));
    let mut graph = TestGraph::new(shared());
    for number in 0..5 {
        let instance = numbered(ResourceType::Ec2Instance, number);
        let profile = numbered(ResourceType::IamInstanceProfile, number);
        let role = numbered(ResourceType::IamRole, number);
        graph = graph
            .with_trait(&instance, "internet-reachable")
            .with_trait(&instance, "instance-profile-attached")
            .with_relation(&instance, RelationKind::UsesInstanceProfile, &profile)
            .with_relation(&profile, RelationKind::ContainsRole, &role);
        for policy in &policies {
            graph = graph.with_relation(&role, RelationKind::GrantsPolicy, policy);
        }
    }
    for policy in &policies {
        graph = graph.with_trait(policy, "administrative-access-policy");
    }
    let found = fixes(&graph.view(), shared(), &ActiveTriage::default());
    assert_eq!(found.leaves_no_high.exposures, 5);
    assert_eq!(
        found.no_effect_alone, 2,
        "neither policy has an effect without the other"
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
fn a_trait_with_more_origins_than_are_kept_is_not_fixable() {
    let mut graph =
        TestGraph::new(shared()).with_trait(&instance("i-1"), "instance-profile-attached");
    let profile = resource(ResourceType::IamInstanceProfile, "app");
    let role = resource(ResourceType::IamRole, "app");
    graph = graph
        .with_trait(&instance("i-1"), "internet-reachable")
        .with_relation(
            &instance("i-1"),
            RelationKind::UsesInstanceProfile,
            &profile,
        )
        .with_relation(&profile, RelationKind::ContainsRole, &role);
    for number in 0..MAX_CHAINS_PER_TRAIT + 8 {
        let policy = numbered(ResourceType::IamPolicy, number);
        graph = graph
            .with_trait(&policy, "administrative-access-policy")
            .with_relation(&role, RelationKind::GrantsPolicy, &policy);
    }
    let found = fixes(&graph.view(), shared(), &ActiveTriage::default());
    let named = |id: &str| {
        let mut all = found.fixes.iter().map(|fix| &fix.target);
        all.any(|target| target.trait_id.as_str() == id)
    };
    assert!(named("internet-reachable"));
    assert!(!named("administrative-access-policy"));
    assert_eq!(found.leaves_no_high.fixes.len(), 1);
    assert_eq!(found.leaves_no_high.remaining, []);
}

#[test]
fn an_exposure_that_no_known_fix_reduces_is_listed() {
    let service = numbered(ResourceType::EcsService, 0);
    let mut graph = TestGraph::new(shared());
    let vulnerable = "high-priority-vulnerability".parse::<TraitId>().unwrap();
    let index = shared().index_of(&vulnerable).unwrap();
    let routes = shared().routes(ResourceType::EcsService);
    let route = routes
        .iter()
        .find(|route| route.traits.contains(index))
        .unwrap();
    for number in 0..=MAX_CHAINS_PER_TRAIT {
        let mut holder = service.clone();
        for (step, kind) in route.steps.iter().enumerate() {
            let next = if step + 1 == route.steps.len() {
                image(number)
            } else {
                resource(ResourceType::EcsTaskDefinition, &format!("{number}-{step}"))
            };
            graph = graph.with_relation(&holder, *kind, &next);
            holder = next;
        }
        graph = graph.with_trait(&image(number), "high-priority-vulnerability");
    }
    let found = fixes(&graph.view(), shared(), &ActiveTriage::default());
    let set = &found.leaves_no_high;
    assert_eq!((set.exposures, set.fixes.len()), (1, 0));
    assert_eq!(set.remaining[0].resource, service);
}

#[test]
fn a_muted_trait_is_not_to_be_fixed() {
    let shown = administrators();
    let view = view_without(&shown, &FixedTraits::new());
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
    let named = found.fixes.iter().map(|fix| fix.target.trait_id.as_str());
    assert!(
        named
            .into_iter()
            .all(|id| id != "administrative-access-policy")
    );
}
