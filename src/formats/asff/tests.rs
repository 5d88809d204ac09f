//! The finding of an exposure that uses every field.

use std::sync::Arc;

use chrono::DateTime;

use super::*;
use crate::model::{
    Adjustment, AttackPath, ControlId, Cvss, Evidence, Exposure, ExposureId, ExposureMitigation,
    ExposureTrait, ExposureTypes, Factor, FactorScore, FindingId, FixAvailable, FixEffect, Impact,
    Level, LevelChange, Likelihood, NetworkPath, PathNode, PathStep, PortRange, Product,
    RecordState, Remediation, Resource, ResourceType, Severity, SignalReference, SourceSeverity,
    TraitFix, TraitType, Vulnerability,
};

fn resource(resource_type: ResourceType, id: &str) -> Resource {
    Resource {
        resource_type,
        id: id.into(),
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
    }
}

fn remediation(text: &str) -> Remediation {
    Remediation {
        text: text.into(),
        url: format!("https://docs.aws.amazon.com/{}", text.replace(' ', "-")),
    }
}

fn signal(finding: &str, resource: &Resource, evidence: Evidence) -> SignalReference {
    SignalReference {
        finding: FindingId(finding.into()),
        product: Product::Inspector,
        resource: Arc::new(resource.clone()),
        evidence: Arc::new(evidence),
        route: Vec::new(),
    }
}

fn control(id: &str) -> Evidence {
    Evidence::Control {
        id: ControlId::new(id),
        title: format!("{id} failed"),
    }
}

fn network_path() -> Evidence {
    Evidence::NetworkReachability(NetworkPath {
        title: "reachable".into(),
        protocol: Some("TCP".into()),
        ports: Some(PortRange {
            begin: 22,
            end: 443,
        }),
        steps: vec![PathStep {
            component_type: "AWS::EC2::InternetGateway".into(),
            component_id: "igw-1".into(),
        }],
    })
}

fn vulnerability() -> Evidence {
    Evidence::PackageVulnerability(Vulnerability {
        id: "CVE-2026-0001".into(),
        title: "CVE-2026-0001 - openssl".into(),
        severity: SourceSeverity::High,
        epss: Some(0.9.try_into().unwrap()),
        exploit_available: Some(true),
        fix: Some(FixAvailable::Partial),
        cvss: Some(Cvss {
            version: "3.1".into(),
            vector: "CVSS:3.1/AV:N".into(),
            score_tenths: 98,
        }),
        packages: vec![
            ("openssl 3.0.1".into(), Some("3.0.2".into())),
            ("libssl".into(), None),
        ],
    })
}

fn exposure() -> Exposure {
    let subject = resource(
        ResourceType::Ec2Instance,
        "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
    );
    let group = resource(
        ResourceType::Ec2SecurityGroup,
        "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1",
    );
    let exposure_trait = |id: &str, trait_type, contributing, signals| ExposureTrait {
        id: id.parse().unwrap(),
        title: format!("The title of {id}"),
        trait_type,
        contributing,
        signals,
        remediation: remediation(&format!("fix {id}")),
    };
    let fix = |id: &str, effect| TraitFix {
        trait_id: id.parse().unwrap(),
        effect,
        remediation: remediation(&format!("fix {id}")),
    };
    Exposure {
        id: ExposureId::of(&subject),
        title: "Open instance".into(),
        description: "An attacker can reach it.".into(),
        severity: Severity::High,
        likelihood: Likelihood::VeryHigh,
        impact: Some(Impact::Medium),
        tags: vec![("Name".into(), "web".into()), (" ".into(), "x".into())],
        rule: "open-instance".parse().unwrap(),
        matched_rules: ["open-instance", "open-group"]
            .map(|id| id.parse().unwrap())
            .into(),
        types: ExposureTypes {
            asff: vec!["TTPs/Initial Access".into()],
            ocsf: Vec::new(),
        },
        factors: vec![
            FactorScore {
                factor: Factor::EaseOfDiscovery,
                level: Level::new(2).unwrap(),
                traits: vec!["reachable".parse().unwrap()],
                adjustments: vec![Adjustment::Mitigation {
                    id: "firewall".parse().unwrap(),
                }],
            },
            FactorScore {
                factor: Factor::Impact,
                level: Level::new(3).unwrap(),
                traits: Vec::new(),
                adjustments: vec![Adjustment::Criticality {
                    tag: "stage".into(),
                    value: "prod".into(),
                    change: LevelChange::Raised,
                }],
            },
            FactorScore {
                factor: Factor::LikelihoodOfExploit,
                level: Level::default(),
                traits: Vec::new(),
                adjustments: Vec::new(),
            },
        ],
        traits: vec![
            exposure_trait(
                "reachable",
                TraitType::Reachability,
                true,
                vec![
                    signal("finding/1", &subject, network_path()),
                    signal("finding/2", &group, control("EC2.19")),
                ],
            ),
            exposure_trait(
                "vulnerable",
                TraitType::Vulnerability,
                true,
                vec![signal("finding/3", &subject, vulnerability())],
            ),
            exposure_trait(
                "imds-v1",
                TraitType::Misconfiguration,
                false,
                vec![signal(&subject.id, &subject, control("EC2.8"))],
            ),
        ],
        mitigations: vec![ExposureMitigation {
            id: "firewall".parse().unwrap(),
            title: "A firewall".into(),
            signals: Vec::new(),
        }],
        fixes: vec![
            fix("vulnerable", FixEffect::Resolves),
            fix("reachable", FixEffect::Reduces(Severity::Low)),
        ],
        attack_path: AttackPath {
            nodes: vec![
                PathNode {
                    id: "internet".into(),
                    node_type: PathNode::ENTRY.into(),
                    label: "Internet".into(),
                },
                PathNode {
                    id: "arn:aws:iam::111122223333:role/admin".into(),
                    node_type: "AWS::IAM::Role".into(),
                    label: "admin".into(),
                },
            ],
            edges: Vec::new(),
            left_out: 0,
        },
        seen_by: Vec::new(),
        lowered_by: Vec::new(),
        resource: subject,
    }
}

fn build_exposure(exposure: &Exposure) -> BuiltFinding {
    build(&Publication {
        exposure,
        account: "111122223333".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        created_at: DateTime::UNIX_EPOCH,
        first_observed_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        record_state: RecordState::Active,
        catalog_version: "v",
        state: vec![("reopened", "1".into()), ("missed", String::new())],
    })
}

/// If this fails, published findings change: raise [`FORMAT_VERSION`], so that they are updated, and accept the snapshot
/// of the new version. Never change the snapshot of a version that was released.
#[test]
fn the_format_version_identifies_what_is_published() {
    let built = build_exposure(&exposure());
    let json: serde_json::Value = serde_json::from_str(&built.json).unwrap();
    insta::assert_json_snapshot!(format!("format_version_{FORMAT_VERSION}"), json);
    assert_eq!(built.truncations, []);
    assert_eq!(built.json, built.finding.to_json());
}

#[test]
fn remediation_lists_the_fix_with_the_greatest_effect_first() {
    let mut exposure = exposure();
    let recommendation = |exposure: &Exposure| {
        let remediation = build_exposure(exposure).finding.remediation.unwrap();
        (
            remediation.recommendation.text.unwrap(),
            remediation.recommendation.url.unwrap(),
        )
    };
    assert_eq!(
        recommendation(&exposure),
        (
            "1. fix vulnerable 2. fix reachable".to_owned(),
            "https://docs.aws.amazon.com/fix-vulnerable".to_owned()
        )
    );
    exposure.fixes.truncate(1);
    assert_eq!(recommendation(&exposure).0, "fix vulnerable");
}

#[test]
fn a_finding_that_is_imported_again_keeps_what_is_ours() {
    let built = build_exposure(&exposure()).finding;
    let mut published = built.clone();
    // Users and Security Hub may change these.
    published.severity.label = "INFORMATIONAL".into();
    published.types.clear();
    published
        .product_fields
        .insert("aws/securityhub/ProductName".into(), "exposured".into());
    let time = DateTime::UNIX_EPOCH + chrono::Duration::days(1);
    let state = [("missed", "2".to_owned()), ("reopened", String::new())];
    let again = published.for_reimport(RecordState::Archived, time, &state);
    assert_eq!(again.product_field("missed"), Some("2"));
    assert_eq!(again.product_field("reopened"), None);
    let mut expected = built;
    expected.record_state = RecordState::Archived;
    expected.updated_at = "1970-01-02T00:00:00.000Z".into();
    expected.product_fields = again.product_fields.clone();
    assert_eq!(again, expected);
    let is_ours = |name: &String| name.starts_with(GENERATOR_PREFIX);
    assert!(again.product_fields.keys().all(is_ours));
}

/// An exposure with the most vulnerabilities that a finding lists, each in the most packages.
fn exposure_with_many_vulnerabilities() -> Exposure {
    let mut exposure = exposure();
    let subject = exposure.resource.clone();
    let vulnerable = |number: usize| {
        let Evidence::PackageVulnerability(mut found) = vulnerability() else {
            panic!("a vulnerability");
        };
        found.id = format!("CVE-2026-{number:04}");
        found.packages = (0..20)
            .map(|package| (format!("{package}-{} 1.0", "x".repeat(200)), None))
            .collect();
        let evidence = Evidence::PackageVulnerability(found);
        signal(&format!("finding/{number:04}"), &subject, evidence)
    };
    exposure.traits[1].signals = (0..100).map(vulnerable).collect();
    exposure
}

#[test]
fn a_finding_that_is_too_large_loses_its_last_vulnerabilities_and_says_how_many() {
    let built = build_exposure(&exposure_with_many_vulnerabilities());
    let kept = built.finding.vulnerabilities.len();
    assert!(built.json.len() <= 240_000, "{} bytes", built.json.len());
    // One more would be too many.
    let one = built.json.len() / (kept + 1);
    assert!((1..100).contains(&kept) && built.json.len() + 2 * one > 240_000);
    let dropped: Vec<&Truncation> = built
        .truncations
        .iter()
        .filter(|truncation| truncation.field == "Vulnerabilities")
        .collect();
    assert_eq!(dropped.len(), 1);
    assert_eq!(dropped[0].dropped, 100 - kept);
    let ids: Vec<&str> = built
        .finding
        .vulnerabilities
        .iter()
        .map(|found| found.id.as_str())
        .collect();
    assert_eq!(ids.first(), Some(&"CVE-2026-0000"));
    assert!(built.truncations.iter().all(|one| one.dropped > 0));
}

#[test]
fn a_finding_that_fits_says_nothing_of_its_size() {
    let built = build_exposure(&exposure());
    assert_eq!(built.finding.vulnerabilities.len(), 1);
    for field in ["Vulnerabilities", "Resources", "Resources[0].Tags"] {
        let mut truncations = built.truncations.iter();
        assert!(
            truncations.all(|truncation| truncation.field != field),
            "{field}"
        );
    }
}
