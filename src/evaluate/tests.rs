//! Values in, values out: traits and relations in, exposures out, with the built-in catalog.

mod ages;
mod attack_paths;
mod aws_titles;
mod catalog;
mod fixes;
mod propagation;
mod records;
mod severities_seen;
mod triage;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::{Catalog, Layers, compile};
use crate::graph::{Observation, SnapshotBuilder, Store, TargetOutcome, View};
use crate::model::{
    ActiveTriage, CollectionTarget, ControlId, Coverage, Evidence, Exposure, ExposureId, FindingId,
    IgnoredRecords, Likelihood, MuteState, MuteUse, NetworkPath, PathStep, PortRange, Product,
    RecordKind, RelationKind, Resource, ResourceMention, ResourceType, Severity, SourceKind,
    SourceSeverity, TraitId, TraitIndex, TraitSet, Vulnerability, identify,
};

pub(crate) fn catalog() -> Catalog {
    compile(&Layers::builtin()).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn resource(resource_type: ResourceType, id: &str) -> Resource {
    let region = "us-east-1".parse().unwrap();
    identify(ResourceMention {
        resource_type,
        id,
        account: "111122223333".parse().unwrap(),
        region: &region,
    })
}

pub(crate) fn instance(id: &str) -> Resource {
    resource(ResourceType::Ec2Instance, id)
}

/// An evaluation, with all its exposures described in full.
pub(crate) struct FullEvaluation {
    pub exposures: Vec<Exposure>,
    pub evaluation: Evaluation,
}

pub(crate) fn evaluated(
    view: &View,
    catalog: &Catalog,
    triage: ActiveTriage<'_>,
) -> FullEvaluation {
    let evaluation = evaluate(view, catalog, &triage);
    let exposures = Exposures {
        view,
        catalog,
        triage,
        evaluation: &evaluation,
    };
    let exposures: Vec<Exposure> = exposures.iter().collect();
    let described = exposures
        .iter()
        .map(|exposure| (exposure.severity, &exposure.resource));
    let graded: Vec<_> = evaluation
        .graded
        .iter()
        .map(|resource| (resource.severity, view.resource(resource.resource)))
        .collect();
    assert!(
        described.eq(graded
            .iter()
            .map(|(severity, resource)| (*severity, resource))),
        "the descriptions agree with the grades"
    );
    FullEvaluation {
        exposures,
        evaluation,
    }
}

/// A graph that a test builds trait by trait.
struct TestGraph<'a> {
    catalog: &'a Catalog,
    builder: SnapshotBuilder,
    findings: u32,
}

impl<'a> TestGraph<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            builder: SnapshotBuilder::default(),
            findings: 0,
        }
    }

    /// Adds a finding that shows the trait on the resource, even if its signals would show it on another type.
    fn with_trait(mut self, resource: &Resource, trait_id: &str) -> Self {
        let definition = trait_id.parse::<TraitId>().unwrap();
        let evidence = match trait_id {
            "internet-reachable" | "vpc-reachable" => network_path(),
            "high-priority-vulnerability" => vulnerability(0.9),
            "low-priority-vulnerability" | "low-priority-network-vulnerability" => {
                vulnerability(0.001)
            }
            _ => Evidence::Control {
                id: ControlId::new(trait_id),
                title: trait_id.to_owned(),
            },
        };
        self.findings += 1;
        self.builder.add_observation(Observation {
            record: RecordKind::OpenFinding,
            is_fallback: false,
            resource,
            trait_index: self.catalog.index_of(&definition).unwrap(),
            holds: true,
            finding: &FindingId(format!("finding/{:04}", self.findings)),
            product: Product::SecurityHub,
            evidence: &evidence,
            updated_at: None,
        });
        self
    }

    /// Adds a finding with a network path over these components.
    fn with_network_path(
        mut self,
        resource: &Resource,
        trait_id: &str,
        steps: &[(&str, &str)],
        port: u16,
    ) -> Self {
        let steps = steps.iter().map(|(kind, id)| PathStep {
            component_type: (*kind).into(),
            component_id: (*id).into(),
        });
        let evidence = Evidence::NetworkReachability(NetworkPath {
            title: "network path".into(),
            protocol: Some("TCP".into()),
            ports: Some(PortRange {
                begin: port,
                end: port,
            }),
            steps: steps.collect(),
        });
        self.findings += 1;
        self.builder.add_observation(Observation {
            record: RecordKind::OpenFinding,
            is_fallback: false,
            resource,
            trait_index: self
                .catalog
                .index_of(&trait_id.parse::<TraitId>().unwrap())
                .unwrap(),
            holds: true,
            finding: &FindingId(format!("finding/{:05}", self.findings)),
            product: Product::Inspector,
            evidence: &evidence,
            updated_at: None,
        });
        self
    }

    /// Adds the trait to another resource, at the end of a route along which it propagates to this one.
    fn with_propagated_trait(
        mut self,
        subject: &Resource,
        index: TraitIndex,
        trait_id: &str,
    ) -> Self {
        let derivation = self.catalog.derivation(index);
        let found_on = *derivation.found_on.first().unwrap();
        let routes = self.catalog.routes(subject.resource_type);
        let route = routes
            .iter()
            .find(|route| route.traits.contains(index))
            .unwrap();
        let mut holder = subject.clone();
        for (step, kind) in route.steps.iter().enumerate() {
            let is_last = step + 1 == route.steps.len();
            let between = ResourceType::Ec2Subnet;
            let next = resource(
                if is_last { found_on } else { between },
                &format!("{trait_id}-{step}"),
            );
            self = self.with_relation(&holder, *kind, &next);
            holder = next;
        }
        self.with_trait(&holder, trait_id)
    }

    fn with_relation(mut self, from: &Resource, kind: RelationKind, to: &Resource) -> Self {
        self.builder.add_edge(from, kind, to);
        self
    }

    fn evaluated(self) -> FullEvaluation {
        let catalog = self.catalog;
        evaluated(&self.view(), catalog, ActiveTriage::default())
    }

    fn view(self) -> View {
        let mut store = Store::default();
        store.put(TargetOutcome {
            target: CollectionTarget::api(
                SourceKind::Inspector,
                "111122223333".parse().unwrap(),
                "us-east-1".parse().unwrap(),
            ),
            snapshot: self.builder.finish(),
            coverage: Coverage::Complete,
            reason: None,
            detail: None,
            records: 0,
            signals: 0,
            ignored: IgnoredRecords::default(),
            accounts: BTreeSet::new(),
            collected_at: None,
        });
        store
            .merge()
            .without_excluded_traits(self.catalog)
            .with_iam_facts(self.catalog)
    }
}

/// The exposure of a resource of the type with these traits, each on the resource itself if it applies there, or else on
/// another resource from which it propagates.
fn exposed(catalog: &Catalog, resource_type: ResourceType, traits: &[&str]) -> Option<Exposure> {
    let subject = resource(resource_type, "subject");
    let mut graph = TestGraph::new(catalog);
    for name in traits {
        let index = catalog.index_of(&name.parse::<TraitId>().unwrap()).unwrap();
        if catalog.is_found_on(index, resource_type) {
            graph = graph.with_trait(&subject, name);
        } else {
            graph = graph.with_propagated_trait(&subject, index, name);
        }
    }
    let mut exposures = graph.evaluated().exposures;
    exposures.retain(|exposure| exposure.resource == subject);
    exposures.pop()
}

fn network_path() -> Evidence {
    let step = |kind: &str, id: &str| PathStep {
        component_type: kind.into(),
        component_id: id.into(),
    };
    Evidence::NetworkReachability(NetworkPath {
        title: "Ports 0 - 65535 are reachable from an Internet Gateway".into(),
        protocol: Some("TCP".into()),
        ports: Some(PortRange {
            begin: 0,
            end: 65_535,
        }),
        steps: vec![
            step("AWS::EC2::InternetGateway", "igw-1"),
            step("AWS::EC2::Instance", "i-1"),
        ],
    })
}

fn vulnerability(epss: f64) -> Evidence {
    Evidence::PackageVulnerability(Vulnerability {
        id: "CVE-2026-0001".into(),
        title: "CVE-2026-0001 - openssl".into(),
        severity: SourceSeverity::High,
        epss: Some(epss.try_into().unwrap()),
        exploit_available: Some(true),
        fix: None,
        cvss: None,
        packages: Vec::new(),
    })
}

fn open_instance(catalog: &Catalog) -> TestGraph<'_> {
    let (instance, group) = (
        instance("i-1"),
        resource(ResourceType::Ec2SecurityGroup, "sg-1"),
    );
    let interface = resource(ResourceType::Ec2NetworkInterface, "eni-1");
    TestGraph::new(catalog)
        .with_trait(&instance, "internet-reachable")
        .with_trait(&instance, "vpc-reachable")
        .with_trait(&instance, "imds-v1-allowed")
        .with_trait(&instance, "public-ipv4-assigned")
        .with_trait(&group, "open-security-group")
        .with_relation(&instance, RelationKind::HasNetworkInterface, &interface)
        .with_relation(&interface, RelationKind::MemberOfSecurityGroup, &group)
}

#[test]
fn reachability_and_misconfigurations_alone_do_not_expose() {
    let all = open_instance(&catalog()).evaluated();
    assert_eq!(all.exposures, []);
    assert_eq!(all.evaluation.resources, 1);
}

#[test]
fn an_unprivileged_profile_gives_low_severity() {
    let catalog = catalog();
    let graph = open_instance(&catalog)
        .with_trait(&instance("i-1"), "instance-profile-attached")
        .with_trait(&instance("i-1"), "permissions-limited");
    let exposure = graph.evaluated().exposures.remove(0);
    assert_eq!(exposure.severity, Severity::Low);
    assert_eq!(
        exposure.title,
        "Potential Credential Stealing: Internet reachable EC2 instance with instance profile"
    );
    let ids = |contributing: bool| {
        let traits = exposure
            .traits
            .iter()
            .filter(|shown| shown.contributing == contributing);
        traits.map(|shown| shown.id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        ids(true),
        ["instance-profile-attached", "internet-reachable"]
    );
    assert_eq!(
        ids(false),
        [
            "imds-v1-allowed",
            "open-security-group",
            "public-ipv4-assigned",
            "vpc-reachable"
        ]
    );
}

/// Two instances, the first of which has an administrative profile.
fn administrator_and_plain(catalog: &Catalog) -> TestGraph<'_> {
    let (admin, plain) = (instance("i-1"), instance("i-2"));
    let profile = resource(ResourceType::IamInstanceProfile, "p");
    let (role, policy) = (
        resource(ResourceType::IamRole, "r"),
        resource(ResourceType::IamPolicy, "admin"),
    );
    TestGraph::new(catalog)
        .with_trait(&admin, "internet-reachable")
        .with_trait(&admin, "instance-profile-attached")
        .with_relation(&admin, RelationKind::UsesInstanceProfile, &profile)
        .with_relation(&profile, RelationKind::ContainsRole, &role)
        .with_relation(&role, RelationKind::GrantsPolicy, &policy)
        .with_trait(&policy, "administrative-access-policy")
        .with_trait(&plain, "internet-reachable")
        .with_trait(&plain, "instance-profile-attached")
}

/// Summaries of the exposures of two instances, for tests of the modules that use them.
pub(crate) fn sample_summaries() -> Vec<ExposureSummary> {
    let catalog = catalog();
    let view = administrator_and_plain(&catalog).view();
    let triage = ActiveTriage::default();
    let exposures = Exposures {
        view: &view,
        catalog: &catalog,
        evaluation: &evaluate(&view, &catalog, &triage),
        triage,
    };
    exposures.summaries()
}

#[test]
fn an_administrative_profile_gives_high_severity() {
    let catalog = catalog();
    let graph = administrator_and_plain(&catalog);
    let exposure = graph.evaluated().exposures.remove(0);
    assert_eq!(exposure.severity, Severity::High);
    assert_eq!(
        exposure.rule.as_str(),
        "ec2-internet-reachable-with-administrative-instance-profile"
    );
    assert_eq!(exposure.matched_rules.len(), 2);
    insta::assert_debug_snapshot!(exposure.attack_path);
    insta::assert_json_snapshot!(exposure.factors);
}

#[test]
fn low_priority_vulnerabilities_alone_give_low_severity_with_unknown_impact() {
    let catalog = catalog();
    let graph = TestGraph::new(&catalog).with_trait(&instance("i-1"), "low-priority-vulnerability");
    let exposure = graph.evaluated().exposures.remove(0);
    assert_eq!((exposure.severity, exposure.impact), (Severity::Low, None));
    assert_eq!(
        exposure.title,
        "Potential Resource Hijacking: EC2 instance has software vulnerabilities"
    );
}

#[test]
fn an_open_group_propagates_to_every_instance_in_it() {
    let catalog = catalog();
    let group = resource(ResourceType::Ec2SecurityGroup, "sg-1");
    let mut graph = TestGraph::new(&catalog).with_trait(&group, "open-security-group");
    for number in 0..100 {
        let instance = instance(&format!("i-{number:03}"));
        graph = graph
            .with_trait(&instance, "low-priority-vulnerability")
            .with_relation(&instance, RelationKind::MemberOfSecurityGroup, &group);
    }
    let all = graph.evaluated();
    assert_eq!(all.exposures.len(), 100);
    let has_trait = |exposure: &Exposure| {
        exposure
            .traits
            .iter()
            .any(|shown| shown.id.as_str() == "open-security-group")
    };
    assert!(all.exposures.iter().all(has_trait));
}

#[test]
fn a_cycle_of_relations_ends() {
    let catalog = catalog();
    let (first, second) = (
        resource(ResourceType::Ec2NetworkInterface, "eni-1"),
        resource(ResourceType::Ec2NetworkInterface, "eni-2"),
    );
    let graph = TestGraph::new(&catalog)
        .with_trait(&instance("i-1"), "low-priority-vulnerability")
        .with_relation(&instance("i-1"), RelationKind::HasNetworkInterface, &first)
        .with_relation(&first, RelationKind::HasNetworkInterface, &second)
        .with_relation(&second, RelationKind::HasNetworkInterface, &first)
        .with_relation(&first, RelationKind::MemberOfSecurityGroup, &first);
    assert_eq!(graph.evaluated().exposures.len(), 1);
}
