use super::*;
use crate::model::{Likelihood, RuleId, Severity};

fn file(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        name: "rules.toml".into(),
        text: text.into(),
    })
}

fn with(text: &str) -> Result<Catalog, Problems> {
    compile(&Layers {
        custom: vec![file(text)],
        ..Layers::builtin()
    })
}

fn problems(text: &str) -> String {
    with(text).unwrap_err().to_string()
}

fn compiled(text: &str) -> Catalog {
    with(text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn rule<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a ExposureRule> {
    catalog.rule(&id.parse::<RuleId>().unwrap())
}

#[test]
fn the_builtin_catalog_has_no_problems() {
    let catalog = compile(&Layers::builtin()).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(catalog.controls().any(|control| control == "EC2.8"));
    assert_eq!(catalog.version().len(), 12);
}

#[test]
fn the_version_changes_with_any_file() {
    let layers = Layers::builtin();
    let before = layers.version();
    let mut changed = layers.clone();
    changed.builtin[0] = Arc::new(SourceFile {
        name: layers.builtin[0].name.clone(),
        text: format!("{}\n", layers.builtin[0].text),
    });
    assert_ne!(changed.version(), before);
    let extended = Layers {
        custom: vec![file("")],
        ..layers
    };
    assert_ne!(extended.version(), before);
}

#[test]
fn every_problem_of_a_trait_is_reported() {
    insta::assert_snapshot!(problems(
        r#"
[[trait]]
id = "twice"
title = "once"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instance"]
signals = [{ control = "EC2.8" }]
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "twice"
title = "again"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instance"]
signals = [{ control = "EC2.8" }]
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "Not Kebab"
title = "t"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instanze"]
signals = []
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "has-no-signals"
title = "t"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instance"]
signals = []
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "has-no-route"
title = "t"
type = "Misconfiguration"
resource_types = ["AWS::EC2::Instance"]
found_on = ["AWS::EC2::SecurityGroup"]
signals = [{ control = "EC2.19" }, { passed_control = "EC2.18" }]
factors = { awareness = 1 }
remediation = { text = "t", url = "u" }
source = "s"

[[trait]]
id = "has-many-problems"
title = "t"
type = "Reachability"
resource_types = []
found_on = ["AWS::EC2::SecurityGroup"]
via = ["has-network-interface > member-of-securty-group"]
signals = [
    { control = "EC2.8" },
    { control = "ec2.8" },
    { control = "EC2.9", macie = "SensitiveData" },
    { inspector = "network-reachability", exploit_available = true },
    { inspector = "package-vulnerability", epss_at_least = 1.5 },
    { attribute = "A" },
    { attribute = "A", present = false },
]
except = ["internet-reachabel"]
factors = { awareness = 4 }
techniques = ["T12"]
remediation = { text = "t", url = "u" }
source = "s"

[[mitigation]]
id = "internet-reachable"
title = "t"
resource_types = ["AWS::EC2::Instance"]
signals = [{ passed_control = "EC2.8" }]
source = "s"
"#
    ));
}

#[test]
fn every_problem_of_an_exposure_rule_is_reported() {
    insta::assert_snapshot!(problems(
        r#"
[[exposure]]
id = "requires-nothing"
title = "t"
resource_type = "AWS::EC2::Instance"
description = "d"
asff_types = ["Exposure/Potential Impact"]
ocsf_types = []
source = "s"

[[exposure]]
id = "on-the-wrong-type"
title = "t"
resource_type = "AWS::S3::Bucket"
all = ["internet-reachable", "internet-reachabel"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
unknown_key = 1

[[exposure]]
id = "also-on-the-wrong-type"
title = "t"
resource_type = "AWS::S3::Bucket"
all = ["internet-reachable", "internet-reachabel"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"

[[exposure]]
id = "requires-a-mitigation"
title = "t"
resource_type = "AWS::EC2::Instance"
all = ["instance-stopped"]
mitigated_by = [
    { mitigation = "internet-reachable", lowers = "impact" },
    { mitigation = "instance-stoped", lowers = "impact" },
    { mitigation = "instance-stopped", lowers = "awareness" },
]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#
    ));
}

/// Rules are compared with each other only if each rule is valid by itself.
#[test]
fn a_rule_that_never_matches_or_is_never_primary_is_reported() {
    insta::assert_snapshot!(problems(
        r#"
[[exposure]]
id = "excludes-what-it-requires"
title = "t"
resource_type = "AWS::EC2::Instance"
all = ["internet-reachable"]
none = ["internet-reachable"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"

[[exposure]]
id = "zz-always-shadowed"
title = "t"
resource_type = "AWS::EC2::Instance"
all = ["internet-reachable", "instance-profile-attached"]
mitigated_by = [
    { mitigation = "instance-stopped", lowers = "ease_of_exploit" },
    { mitigation = "no-public-address", lowers = "ease_of_discovery" },
    { mitigation = "imdsv2-required", lowers = "ease_of_exploit" },
    { mitigation = "permissions-limited", lowers = "impact" },
]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"

[[exposure]]
id = "zz-shadowed-by-alternatives"
title = "t"
resource_type = "AWS::RDS::DBInstance"
any = ["cluster-snapshot-unencrypted"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#
    ));
}

#[test]
fn a_rule_that_is_more_specific_or_less_mitigated_is_not_shadowed() {
    let catalog = compiled(
        r#"
[[exposure]]
id = "zz-more-specific"
title = "t"
resource_type = "AWS::EC2::Instance"
all = ["internet-reachable", "instance-profile-attached", "imds-v1-allowed"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#,
    );
    assert!(rule(&catalog, "zz-more-specific").is_some());
}

#[test]
fn every_problem_of_a_test_case_is_reported() {
    insta::assert_snapshot!(problems(
        r#"
[[test]]
name = "an exposure without a severity"
resource_type = "AWS::EC2::Instance"
traits = ["internet-reachable"]
exposure = "ec2-internet-reachable-with-instance-profile"

[[test]]
name = "unknown names"
resource_type = "AWS::EC2::Instance"
traits = ["internet-reachabel"]
epss = 2.0
exposure = "no-such-exposure"
severity = "LOW"
"#
    ));
}

#[test]
fn severities_and_thresholds_must_ascend() {
    insta::assert_snapshot!(problems(
        r#"
[severity]
epss = [0.5, 0.1, 2.0]
likelihood = { high = 3 }
matrix = { low = { high = "CRITICAL" }, moderate = { high = "LOW" } }
"#
    ));
}

#[test]
fn each_severity_key_overrides_the_earlier_layer() {
    let catalog = compiled(
        "[severity]\nlikelihood = { moderate = 3 }\nmatrix = { low = { unknown = \"MEDIUM\" } }\n",
    );
    let model = catalog.severity();
    assert_eq!(model.likelihood_thresholds(), [3, 6, 8]);
    assert_eq!(model.severity(Likelihood::Low, None), Severity::Medium);
    assert_eq!(model.severity(Likelihood::High, None), Severity::High);
}

#[test]
fn the_configuration_overrides_the_severity_of_catalog_files() {
    let text = "likelihood = { moderate = 2 }\n";
    let severity = toml::from_str(text).unwrap();
    let catalog = compile(&Layers {
        custom: vec![file(
            "[severity]\nlikelihood = { moderate = 3, high = 5 }\n",
        )],
        severity: Some(SeverityOverride {
            file: file(text),
            severity: Spanned::new(0..text.len(), severity),
        }),
        ..Layers::builtin()
    });
    assert_eq!(
        catalog.unwrap().severity().likelihood_thresholds(),
        [2, 5, 8]
    );
}

#[test]
fn a_custom_entry_replaces_a_builtin_one() {
    let catalog = compiled(
        r#"
[[exposure]]
id = "ec2-internet-reachable-with-instance-profile"
title = "Custom"
resource_type = "AWS::EC2::Instance"
all = ["internet-reachable", "instance-profile-attached", "imds-v1-allowed"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#,
    );
    let replaced = rule(&catalog, "ec2-internet-reachable-with-instance-profile").unwrap();
    assert_eq!(replaced.title, "Custom");
    assert_eq!(replaced.all.len(), 3);
    assert!(replaced.location.is_custom);
    assert_eq!(replaced.location.to_string(), "rules.toml:3");
}

#[test]
fn a_disabled_entry_is_removed_with_the_builtin_rules_that_require_it() {
    let catalog = compiled(
        r#"
[[trait]]
id = "instance-profile-attached"
enabled = false

[[exposure]]
id = "ec2-low-priority-vulnerability"
enabled = false
"#,
    );
    let id: TraitId = "instance-profile-attached".parse().unwrap();
    assert_eq!(catalog.index_of(&id), None);
    assert!(rule(&catalog, "ec2-low-priority-vulnerability").is_none());
    assert!(rule(&catalog, "ec2-internet-reachable-with-instance-profile").is_none());
    let disabled: Vec<&str> = catalog
        .disabled_entries()
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    assert_eq!(
        disabled,
        [
            "ec2-low-priority-vulnerability",
            "instance-profile-attached"
        ]
    );
}

#[test]
fn a_disabled_entry_must_exist_and_custom_rules_must_not_require_it() {
    insta::assert_snapshot!(problems(
        r#"
[[trait]]
id = "imds-v1-alowed"
enabled = false

[[trait]]
id = "internet-reachable"
enabled = false

[[exposure]]
id = "mine"
title = "t"
resource_type = "AWS::EC2::Instance"
all = ["internet-reachable", "imds-v1-allowed"]
description = "d"
asff_types = ["TTPs"]
ocsf_types = []
source = "s"
"#
    ));
}

#[test]
fn without_mitigations_their_controls_are_not_queried() {
    let with = compiled("");
    let without = compiled("[severity]\nmitigations = false\n");
    assert!(with.passed_controls().count() > 0);
    // A trait that raises no factor needs this control.
    assert!(without.passed_controls().eq(["DynamoDB.2"]));
    let instance = ResourceType::Ec2Instance;
    assert!(
        !with
            .only_mitigations(&with.applicable_traits(instance))
            .is_empty()
    );
    assert!(
        without
            .only_mitigations(&without.applicable_traits(instance))
            .is_empty()
    );
}
