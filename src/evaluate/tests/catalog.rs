//! The built-in catalog as a whole: its arithmetic with generated inputs, and that all entries are used.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::catalog::ExposureRule;
use crate::model::{CodeVulnerability, RuleId, SensitiveData};

const TYPES: [ResourceType; 28] = [
    ResourceType::Account,
    ResourceType::ApiGatewayV2Route,
    ResourceType::AppSyncGraphQlApi,
    ResourceType::CodeBuildProject,
    ResourceType::CognitoIdentityPool,
    ResourceType::DynamoDbTable,
    ResourceType::Ec2Instance,
    ResourceType::Ec2Snapshot,
    ResourceType::EcrRepository,
    ResourceType::EcsCluster,
    ResourceType::EcsService,
    ResourceType::EksCluster,
    ResourceType::ElasticsearchDomain,
    ResourceType::IamRole,
    ResourceType::IamUser,
    ResourceType::KmsKey,
    ResourceType::LambdaFunction,
    ResourceType::OpenSearchDomain,
    ResourceType::RdsDbClusterSnapshot,
    ResourceType::RdsDbInstance,
    ResourceType::RdsDbSnapshot,
    ResourceType::RedshiftCluster,
    ResourceType::RedshiftServerlessWorkgroup,
    ResourceType::S3Bucket,
    ResourceType::SnsTopic,
    ResourceType::SqsQueue,
    ResourceType::SageMakerNotebookInstance,
    ResourceType::SecretsManagerSecret,
];

/// The IDs of traits and mitigations.
fn names(catalog: &Catalog, set: &TraitSet) -> Vec<String> {
    set.iter()
        .map(|index| catalog.id(index).to_string())
        .collect()
}

fn severity_of(
    catalog: &Catalog,
    resource_type: ResourceType,
    traits: &[String],
) -> Option<Severity> {
    let names: Vec<&str> = traits.iter().map(String::as_str).collect();
    exposed(catalog, resource_type, &names).map(|exposure| exposure.severity)
}

proptest! {
    #[test]
    fn an_additional_trait_never_lowers_the_severity_and_order_does_not_matter(
        resource_type in prop::sample::select(&TYPES[..]),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
        extra in any::<prop::sample::Index>(),
    ) {
        let catalog = shared();
        let provenance = catalog.applicable_traits(resource_type);
        let all = names(catalog, &provenance);
        let traits = names(catalog, &catalog.only_traits(&provenance));
        let mut some: Vec<String> = picks.iter().map(|pick| pick.get(&all).clone()).collect();
        let before = severity_of(catalog, resource_type, &some);
        some.reverse();
        prop_assert_eq!(severity_of(catalog, resource_type, &some), before);
        some.push(extra.get(&traits).clone());
        prop_assert!(severity_of(catalog, resource_type, &some) >= before);
    }
}

proptest! {
    #[test]
    fn a_mitigation_never_raises_the_severity(
        resource_type in prop::sample::select(&TYPES[..]),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
    ) {
        let catalog = shared();
        let provenance = catalog.applicable_traits(resource_type);
        let traits = names(catalog, &catalog.only_traits(&provenance));
        let mitigations = names(catalog, &catalog.only_mitigations(&provenance));
        let some: Vec<String> = picks.iter().map(|pick| pick.get(&traits).clone()).collect();
        let before = severity_of(catalog, resource_type, &some);
        for mitigation in mitigations {
            let with = [some.clone(), vec![mitigation]].concat();
            prop_assert!(severity_of(catalog, resource_type, &with) <= before);
        }
    }
}

fn shared() -> &'static Catalog {
    static CATALOG: std::sync::OnceLock<Catalog> = std::sync::OnceLock::new();
    CATALOG.get_or_init(catalog)
}

/// The minimal sets of traits that match a rule.
fn minimal_sets(catalog: &Catalog, rule: &ExposureRule) -> Vec<Vec<String>> {
    let name = |index| catalog.definition(index).id.to_string();
    let all: Vec<String> = rule.all.iter().map(name).collect();
    let with = |trait_id: String| [all.clone(), vec![trait_id]].concat();
    let sets: Vec<_> = rule.any.iter().map(name).map(with).collect();
    if sets.is_empty() { vec![all] } else { sets }
}

#[test]
fn every_type_has_rules() {
    assert!(shared().types_with_rules().eq(TYPES));
}

/// Otherwise another rule would always take precedence.
#[test]
fn every_rule_gives_its_title_with_a_minimal_set_of_traits() {
    let catalog = shared();
    let gives_title = |rule: &ExposureRule| {
        minimal_sets(catalog, rule).iter().any(|set| {
            let names: Vec<&str> = set.iter().map(String::as_str).collect();
            exposed(catalog, rule.resource_type, &names)
                .is_some_and(|exposure| exposure.rule == rule.id)
        })
    };
    let shadowed: Vec<&str> = TYPES
        .into_iter()
        .flat_map(|resource_type| catalog.rules(resource_type))
        .filter(|rule| !gives_title(rule))
        .map(|rule| rule.id.as_str())
        .collect();
    assert_eq!(shadowed, [""; 0]);
}

#[test]
fn no_two_exposures_of_a_type_have_the_same_title() {
    for resource_type in TYPES {
        let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
        for rule in shared().rules(resource_type) {
            assert_eq!(
                titles.insert(&rule.title, rule.id.as_str()),
                None,
                "{}",
                rule.title
            );
        }
    }
}

#[test]
fn every_trait_with_factors_is_used_by_a_rule() {
    let catalog = shared();
    // A trait without factors is only informational, for example that permissions are not fully known.
    let with_factors = catalog
        .traits()
        .iter()
        .filter(|definition| !definition.factors.is_empty());
    for definition in with_factors {
        let index = catalog.index_of(&definition.id).unwrap();
        let contributes = |resource_type: &ResourceType| {
            let rules = catalog.rules(*resource_type);
            rules
                .iter()
                .any(|rule| rule.all.contains(index) || rule.any.contains(index))
        };
        assert!(
            definition.derivation.resource_types.iter().any(contributes),
            "no rule uses {}",
            definition.id
        );
    }
}

#[test]
fn every_trait_of_a_rule_can_reach_its_type() {
    let catalog = shared();
    for resource_type in TYPES {
        for rule in catalog.rules(resource_type) {
            for index in rule.all.iter().chain(rule.any.iter()) {
                let own = catalog.is_found_on(index, resource_type);
                let routed = catalog
                    .routes(resource_type)
                    .iter()
                    .any(|route| route.traits.contains(index));
                let definition = catalog.definition(index);
                assert!(
                    own || routed,
                    "{} never applies to {resource_type}",
                    definition.id
                );
                assert!(
                    !own || definition.derivation.found_on.is_empty()
                        || definition.derivation.found_on.contains(&resource_type)
                );
            }
        }
    }
}

/// A trait that applies to several types has a title for each of them.
#[test]
fn titles_name_the_resource_type() {
    let words = |resource_type| match resource_type {
        ResourceType::Account => ["AWS", "account"],
        ResourceType::ApiGatewayV2Route => ["API Gateway", "route"],
        ResourceType::AppSyncGraphQlApi => ["AppSync", "API"],
        ResourceType::CodeBuildProject => ["CodeBuild", "project"],
        ResourceType::CognitoIdentityPool => ["Cognito", "identity pool"],
        ResourceType::EcrRepository => ["ECR", "repository"],
        ResourceType::Ec2Snapshot => ["EBS", "snapshot"],
        ResourceType::EcsCluster => ["ECS", "cluster"],
        ResourceType::ElasticsearchDomain => ["Elasticsearch", "domain"],
        ResourceType::IamRole => ["IAM", "role"],
        ResourceType::KmsKey => ["KMS", "key"],
        ResourceType::OpenSearchDomain => ["OpenSearch", "domain"],
        ResourceType::RdsDbClusterSnapshot | ResourceType::RdsDbSnapshot => ["RDS", "snapshot"],
        ResourceType::RedshiftCluster => ["Redshift", "cluster"],
        ResourceType::RedshiftServerlessWorkgroup => ["Redshift", "workgroup"],
        ResourceType::SecretsManagerSecret => ["Secrets Manager", "secret"],
        ResourceType::SnsTopic => ["SNS", "topic"],
        ResourceType::SqsQueue => ["SQS", "queue"],
        ResourceType::DynamoDbTable => ["DynamoDB", "table"],
        ResourceType::Ec2Instance => ["EC2", "instance"],
        ResourceType::EcsService => ["ECS", "service"],
        ResourceType::EksCluster => ["EKS", "cluster"],
        ResourceType::IamUser => ["IAM", "user"],
        ResourceType::LambdaFunction => ["Lambda", "function"],
        ResourceType::RdsDbInstance => ["RDS", "DB"],
        ResourceType::S3Bucket => ["S3", "bucket"],
        _ => ["SageMaker", "notebook"],
    };
    for definition in shared().traits() {
        for resource_type in &definition.derivation.resource_types {
            let title = definition.title_on(*resource_type);
            for word in words(*resource_type) {
                assert!(
                    title.contains(word),
                    "{} on {resource_type}: {title}",
                    definition.id
                );
            }
        }
    }
}

/// The same cases as `exposured catalog test` runs.
#[test]
fn the_built_in_cases_pass_and_cover_every_rule() {
    let catalog = shared();
    for case in catalog.cases() {
        assert_eq!(
            run_rule_case(catalog, case),
            CaseResult::Passed,
            "{}: {}",
            case.location,
            case.name
        );
    }
    let tested: Vec<&RuleId> = catalog
        .cases()
        .iter()
        .filter_map(|case| case.expected.as_ref().map(|(rule, _)| rule))
        .collect();
    let untested: Vec<&str> = TYPES
        .into_iter()
        .flat_map(|resource_type| catalog.rules(resource_type))
        .filter(|rule| !tested.contains(&&rule.id))
        .map(|rule| rule.id.as_str())
        .collect();
    assert_eq!(untested, [""; 0]);
}

#[test]
fn every_mitigation_is_used_by_a_rule_or_excludes_a_fact() {
    let catalog = shared();
    for mitigation in catalog.mitigations() {
        let index = catalog.index_of(&mitigation.id).unwrap();
        let is_used = |rule: &ExposureRule| {
            rule.none.contains(index)
                || rule
                    .mitigated_by
                    .iter()
                    .any(|mitigated| mitigated.mitigation == index)
        };
        let mut rules = TYPES
            .into_iter()
            .flat_map(|resource_type| catalog.rules(resource_type));
        let traits = catalog
            .traits()
            .iter()
            .map(|definition| &definition.derivation);
        let mut derivations = traits.chain(
            catalog
                .mitigations()
                .iter()
                .map(|mitigation| &mitigation.derivation),
        );
        assert!(
            rules.any(is_used) || derivations.any(|derivation| derivation.unless.contains(index)),
            "{}",
            mitigation.id
        );
    }
}

#[test]
fn a_finding_shows_only_the_traits_whose_conditions_it_meets() {
    let catalog = catalog();
    let shows = |evidence: &Evidence, resource_type: ResourceType, id: &str| {
        let index = catalog.index_of(&id.parse::<TraitId>().unwrap()).unwrap();
        catalog.traits_of(evidence, resource_type).contains(&index)
    };
    let sensitive = |categories: &[&str]| {
        Evidence::SensitiveData(SensitiveData {
            finding_type: "SensitiveData:S3Object/Multiple".into(),
            severity: SourceSeverity::High,
            categories: categories.iter().map(|one| (*one).into()).collect(),
        })
    };
    for (categories, expected) in [
        (&["CREDENTIALS", "PERSONAL_INFORMATION"][..], true),
        (&["PERSONAL_INFORMATION"], false),
        (&[], false),
    ] {
        let found = sensitive(categories);
        let is_shown = shows(&found, ResourceType::S3Bucket, "sensitive-data-credentials");
        assert_eq!(is_shown, expected, "{categories:?}");
    }
    let code = |cwe: &str| {
        Evidence::CodeVulnerability(CodeVulnerability {
            title: "t".into(),
            severity: SourceSeverity::Critical,
            cwes: vec![cwe.into()],
        })
    };
    for (cwe, injection, credentials) in [
        ("CWE-78", true, false),
        ("CWE-798", false, true),
        ("CWE-400", false, false),
    ] {
        let function = ResourceType::LambdaFunction;
        assert_eq!(
            shows(&code(cwe), function, "code-injection"),
            injection,
            "{cwe}"
        );
        assert_eq!(
            shows(&code(cwe), function, "hardcoded-credentials"),
            credentials,
            "{cwe}"
        );
    }
}
