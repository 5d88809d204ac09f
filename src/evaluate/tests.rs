//! Values in, values out: traits and relations in, exposures out, with the built-in catalog.

mod attack_paths;
mod aws_titles;
mod catalog;
mod fixes;
mod records;
mod severities_seen;
mod travel;
mod triage;

use super::*;
use crate::catalog::{Layers, compile};
use crate::graph::{Observation, SnapshotBuilder, Store, TargetOutcome};
use crate::model::{
    ActiveTriage, CollectionTarget, ControlId, Coverage, Evidence, Exposure, ExposureId, FindingId,
    Likelihood, NetworkPath, PathStep, PortRange, Product, RelationKind, Resource, ResourceMention,
    ResourceType, SourceKind, SourceSeverity, TraitId, TraitIndex, TraitSet, Vulnerability,
    identify,
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

/// What an evaluation gives, with all exposures in full.
pub(crate) struct Evaluated {
    pub exposures: Vec<Exposure>,
    pub evaluation: Evaluation,
}

pub(crate) fn evaluated(view: &View, catalog: &Catalog, triage: ActiveTriage<'_>) -> Evaluated {
    let evaluation = evaluate(view, catalog, &triage);
    let exposures = Exposures {
        view,
        catalog,
        triage,
        evaluation: &evaluation,
    };
    let exposures: Vec<Exposure> = exposures.iter().collect();
    let told = exposures.iter().map(|one| (one.severity, &one.resource));
    let graded = evaluation.graded.iter();
    let graded: Vec<_> = graded
        .map(|one| (one.severity, view.resource(one.resource)))
        .collect();
    assert!(
        told.eq(graded.iter().map(|(severity, one)| (*severity, one))),
        "what is told is what was graded"
    );
    Evaluated {
        exposures,
        evaluation,
    }
}

/// A view that is built trait by trait.
struct World<'a> {
    catalog: &'a Catalog,
    builder: SnapshotBuilder,
    findings: u32,
}

impl<'a> World<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            builder: SnapshotBuilder::default(),
            findings: 0,
        }
    }

    /// As if a signal had shown the trait on the resource, whatever type its signals name it on.
    fn shows(mut self, resource: &Resource, trait_id: &str) -> Self {
        let definition = trait_id.parse::<TraitId>().unwrap();
        let evidence = match trait_id {
            "internet-reachable" | "vpc-reachable" => network_path(),
            "high-priority-vulnerability" => vulnerability(0.9),
            "low-priority-vulnerability" => vulnerability(0.001),
            _ => Evidence::Control {
                id: ControlId::new(trait_id),
                title: trait_id.to_owned(),
            },
        };
        self.findings += 1;
        self.builder.add_observation(Observation {
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

    /// A network path over these components.
    fn reached(
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
            title: "reachable".into(),
            protocol: Some("TCP".into()),
            ports: Some(PortRange {
                begin: port,
                end: port,
            }),
            steps: steps.collect(),
        });
        self.findings += 1;
        self.builder.add_observation(Observation {
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

    /// The same at the end of a route along which the trait travels to the resource, with nothing else on the way.
    fn shows_afar(mut self, subject: &Resource, index: TraitIndex, trait_id: &str) -> Self {
        let derivation = self.catalog.derivation(index);
        let found_on = *derivation.found_on.first().unwrap();
        let routes = self.catalog.routes(subject.resource_type);
        let route = routes
            .iter()
            .find(|route| route.traits.contains(index))
            .unwrap();
        let mut holder = subject.clone();
        for (place, kind) in route.steps.iter().enumerate() {
            let is_last = place + 1 == route.steps.len();
            let on_the_way = ResourceType::Ec2Subnet;
            let next = resource(
                if is_last { found_on } else { on_the_way },
                &format!("{trait_id}-{place}"),
            );
            self = self.relates(&holder, *kind, &next);
            holder = next;
        }
        self.shows(&holder, trait_id)
    }

    fn relates(mut self, from: &Resource, kind: RelationKind, to: &Resource) -> Self {
        self.builder.add_edge(from, kind, to);
        self
    }

    fn evaluated(self) -> Evaluated {
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
            collected_at: None,
        });
        store.merge().with_iam_edges()
    }
}

/// A resource of the type that carries the traits: its own on itself, others at the end of a route of theirs.
fn exposed(catalog: &Catalog, resource_type: ResourceType, traits: &[&str]) -> Option<Exposure> {
    let subject = resource(resource_type, "subject");
    let mut world = World::new(catalog);
    for name in traits {
        let index = catalog.index_of(&name.parse::<TraitId>().unwrap()).unwrap();
        if catalog.is_found_on(index, resource_type) {
            world = world.shows(&subject, name);
        } else {
            world = world.shows_afar(&subject, index, name);
        }
    }
    let mut exposures = world.evaluated().exposures;
    exposures.retain(|one| one.resource == subject);
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
        known_exploited: false,
        fix: None,
        cvss: None,
        packages: Vec::new(),
    })
}

fn open_instance(catalog: &Catalog) -> World<'_> {
    let (instance, group) = (
        instance("i-1"),
        resource(ResourceType::Ec2SecurityGroup, "sg-1"),
    );
    let interface = resource(ResourceType::Ec2NetworkInterface, "eni-1");
    World::new(catalog)
        .shows(&instance, "internet-reachable")
        .shows(&instance, "vpc-reachable")
        .shows(&instance, "imds-v1-allowed")
        .shows(&instance, "public-ipv4-assigned")
        .shows(&group, "open-security-group")
        .relates(&instance, RelationKind::HasNetworkInterface, &interface)
        .relates(&interface, RelationKind::MemberOfSecurityGroup, &group)
}

#[test]
fn reachability_and_misconfigurations_alone_are_no_exposure() {
    let all = open_instance(&catalog()).evaluated();
    assert_eq!(all.exposures, []);
    assert_eq!(all.evaluation.resources, 1);
}

#[test]
fn a_modest_profile_makes_it_low() {
    let catalog = catalog();
    let world = open_instance(&catalog).shows(&instance("i-1"), "instance-profile-attached");
    let exposure = world.evaluated().exposures.remove(0);
    assert_eq!(exposure.severity, Severity::Low);
    assert_eq!(
        exposure.title,
        "Potential Credential Stealing: Internet reachable EC2 instance with instance profile"
    );
    let ids = |contributing: bool| {
        let traits = exposure
            .traits
            .iter()
            .filter(|one| one.contributing == contributing);
        traits.map(|one| one.id.as_str()).collect::<Vec<_>>()
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

#[test]
fn an_administrators_profile_makes_it_high() {
    let catalog = catalog();
    let (instance, profile) = (
        instance("i-1"),
        resource(ResourceType::IamInstanceProfile, "p"),
    );
    let (role, policy) = (
        resource(ResourceType::IamRole, "r"),
        resource(ResourceType::IamPolicy, "admin"),
    );
    let world = open_instance(&catalog)
        .shows(&instance, "instance-profile-attached")
        .relates(&instance, RelationKind::UsesInstanceProfile, &profile)
        .relates(&profile, RelationKind::ContainsRole, &role)
        .relates(&role, RelationKind::GrantsPolicy, &policy)
        .shows(&policy, "administrative-access-policy");
    let exposure = world.evaluated().exposures.remove(0);
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
fn low_priority_vulnerabilities_alone_are_low_with_unknown_impact() {
    let catalog = catalog();
    let world = World::new(&catalog).shows(&instance("i-1"), "low-priority-vulnerability");
    let exposure = world.evaluated().exposures.remove(0);
    assert_eq!((exposure.severity, exposure.impact), (Severity::Low, None));
    assert_eq!(
        exposure.title,
        "Potential Resource Hijacking: EC2 instance has software vulnerabilities"
    );
}

#[test]
fn one_open_group_reaches_every_instance_in_it() {
    let catalog = catalog();
    let group = resource(ResourceType::Ec2SecurityGroup, "sg-1");
    let mut world = World::new(&catalog).shows(&group, "open-security-group");
    for number in 0..100 {
        let instance = instance(&format!("i-{number:03}"));
        world = world
            .shows(&instance, "low-priority-vulnerability")
            .relates(&instance, RelationKind::MemberOfSecurityGroup, &group);
    }
    let all = world.evaluated();
    assert_eq!(all.exposures.len(), 100);
    let carries = |exposure: &Exposure| {
        exposure
            .traits
            .iter()
            .any(|one| one.id.as_str() == "open-security-group")
    };
    assert!(all.exposures.iter().all(carries));
}

#[test]
fn a_circle_of_relations_ends() {
    let catalog = catalog();
    let (one, other) = (
        resource(ResourceType::Ec2NetworkInterface, "eni-1"),
        resource(ResourceType::Ec2NetworkInterface, "eni-2"),
    );
    let world = World::new(&catalog)
        .shows(&instance("i-1"), "low-priority-vulnerability")
        .relates(&instance("i-1"), RelationKind::HasNetworkInterface, &one)
        .relates(&one, RelationKind::HasNetworkInterface, &other)
        .relates(&other, RelationKind::HasNetworkInterface, &one)
        .relates(&one, RelationKind::MemberOfSecurityGroup, &one);
    assert_eq!(world.evaluated().exposures.len(), 1);
}
