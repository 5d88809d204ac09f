use super::*;

fn problems(text: &str) -> String {
    parse(text, "exposured.toml").unwrap_err().to_string()
}

#[test]
fn every_key_has_a_default() {
    assert!(parse("", "empty").is_ok());
}

#[test]
fn the_shipped_file_is_valid_and_states_the_defaults() {
    let shipped =
        parse(SHIPPED, "config/exposured.toml").unwrap_or_else(|problems| panic!("{problems}"));
    let expected = Config {
        severity: shipped.severity.clone(),
        file: Arc::clone(&shipped.file),
        ..Config::default()
    };
    assert_eq!(shipped, expected);
}

#[test]
fn the_shipped_file_contains_every_key() {
    let table: toml::Table = toml::from_str(SHIPPED).unwrap();
    let keys = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&table),
        [
            "aws",
            "catalog",
            "collect",
            "criticality",
            "input",
            "metrics",
            "publish",
            "schedule",
            "severity"
        ]
    );
    assert_eq!(keys(table["catalog"].as_table().unwrap()), ["paths"]);
    assert_eq!(keys(table["severity"].as_table().unwrap()), ["mitigations"]);
    assert_eq!(
        keys(table["criticality"].as_table().unwrap()),
        ["lower", "raise"]
    );
    assert_eq!(
        keys(table["schedule"].as_table().unwrap()),
        ["cron", "deadline", "health_file", "run_on_start"]
    );
    // The Regions default to that of the environment, which has no value to show.
    assert!(table["aws"].as_table().unwrap().is_empty());
    assert!(SHIPPED.contains("# regions = "));
    assert_eq!(
        keys(table["input"].as_table().unwrap()),
        ["max_file_size", "max_record_size"]
    );
    assert_eq!(keys(table["metrics"].as_table().unwrap()), ["namespace"]);
    assert_eq!(
        keys(table["collect"].as_table().unwrap()),
        [
            "access_analyzer",
            "config",
            "iam",
            "inspector",
            "macie",
            "max_age",
            "resources",
            "security_hub"
        ]
    );
    // An aggregator has no default value to show; it is documented as a comment.
    assert!(table["collect"]["config"].as_table().unwrap().is_empty());
    assert!(SHIPPED.contains("# aggregator = "));
    let publish = table["publish"].as_table().unwrap();
    let expected = ["max_archive_percent", "security_hub", "settle_cycles"];
    assert_eq!(keys(publish), expected);
    // `region` has no default value to show; it is documented as a comment.
    let expected = ["enabled", "external_id", "member_role", "mode"];
    assert_eq!(keys(publish["security_hub"].as_table().unwrap()), expected);
    assert!(SHIPPED.contains("# region = "));
    // The table is a comment, so no OCSF files are written and the shipped file works on a read-only file system.
    assert!(SHIPPED.contains("# [publish.ocsf]") && SHIPPED.contains("# directory = "));
}

/// The examples in comments of the shipped file must be valid too.
#[test]
fn the_commented_examples_are_valid() {
    let examples: String = SHIPPED
        .lines()
        .filter_map(|line| {
            let code = line.strip_prefix("# ")?;
            let is_code = code.starts_with("[[mute]]")
                || code.split_once(" = ").is_some_and(|(key, _)| {
                    let keys = [
                        "trait", "resource", "account", "region", "tag", "reason", "owner", "until",
                    ];
                    keys.contains(&key)
                });
            // The comment with `region` of [publish.security_hub] comes before the mutes.
            is_code.then(|| format!("{code}\n"))
        })
        .collect();
    let mutes = &examples[examples.find("[[mute]]").unwrap()..];
    let config = parse(mutes, "examples").unwrap_or_else(|problems| panic!("{problems}"));
    let mute = &config.triaging.mutes[0].mute;
    assert_eq!(mute.owner, "platform team");
    assert!(mute.account.is_some() && mute.region.is_some() && mute.tag.is_some());
}

#[test]
fn a_metric_namespace_must_be_valid_in_cloudwatch() {
    let namespace = |name: &str| {
        let text = format!("[metrics]\nnamespace = \"{name}\"\n");
        parse(&text, "f").map(|config| config.metrics_namespace)
    };
    assert_eq!(Config::default().metrics_namespace, "exposured");
    for valid in ["a", "team/exposured-staging", "My App", "a:b#c"] {
        assert_eq!(namespace(valid).unwrap(), valid);
    }
    let long = "a".repeat(256);
    for invalid in ["", " ", ":a", "a\\n", "caf\u{e9}", "AWS/ECS", &long] {
        assert!(namespace(invalid).is_err(), "{invalid}");
    }
}

#[test]
fn every_problem_of_a_mute_is_reported() {
    insta::assert_snapshot!(problems(
        r#"
[[mute]]
trait = "imds-v1-allowed"
reason = " "
owner = "o"
until = 2026-12-31

[[mute]]
trait = "a"
exposure = "b"
resource = "*"
reason = "r"
owner = "o"
until = 2026-12-31

[[mute]]
exposure = "Not Kebab"
account = "1111"
reason = "r"
owner = "o"
until = "tomorrow"

[[mute]]
exposure = "*"
account = "1111"
region = "mars"
reason = "r"
owner = "o"
until = 2026-12-31T10:00:00Z

[[mute]]
trait = "imds-v1-allowed"
resource = "*"
reason = "r"
owner = "o"

[criticality]
raise = [{ key = "environment" }]

[catalog]
paths = [""]

[severity]
mitigations = "no"
"#
    ));
}

#[test]
fn every_problem_is_reported_with_its_location() {
    insta::assert_snapshot!(problems(
        r#"
[schedule]
cron = "0 0 25 * * *"
deadline = "soon"
health_file = ""
run_on_start = "yes"
run_at_start = true

[aws]
regions = ["us-east-1", "us-east", "us-east-1", "global"]

[input]
max_record_size = "16 potatoes"
max_file_size = "0"

[collect]
resources = "steampipe"

[collect.config]
aggregator = "the whole organization"

[publish]
settle_cycles = 1000
max_archive_percent = 101

[publish.security_hub]
mode = "member"
member_role = "arn:aws:iam::123456789012:role/exposured"
external_id = "x"
region = "mars"

[publish.ocsf]
directory = ""

[pubilsh]
"#
    ));
}

#[test]
fn a_syntax_error_is_reported_with_its_location() {
    insta::assert_snapshot!(problems("[schedule\ncron = \"0 0 */6 * * *\"\n"));
}

#[test]
fn a_configuration_without_sources_is_rejected() {
    insta::assert_snapshot!(problems(
        "[collect]\nsecurity_hub = false\ninspector = false\nmacie = false\n"
    ));
}

#[test]
fn relations_come_from_the_configured_source() {
    let collect = |text: &str| parse(text, "f").unwrap().collect;
    assert!(!collect("").sources.contains(&SourceKind::Config));
    assert!(
        collect("[collect]\nresources = \"security-hub\"\n")
            .sources
            .contains(&SourceKind::SecurityHubResources)
    );
    let from_config =
        collect("[collect]\nresources = \"config\"\n[collect.config]\naggregator = \"all\"\n");
    assert!(from_config.sources.contains(&SourceKind::Config));
    assert_eq!(from_config.aggregator.as_deref(), Some("all"));
}

#[test]
fn iam_is_read_by_default_and_in_other_accounts_with_a_role() {
    let collect = |text: &str| parse(text, "f").unwrap().collect;
    let reads_iam = |text: &str| collect(text).sources.contains(&SourceKind::Iam);
    for iam in [
        "",
        "iam = \"auto\"\n",
        "iam = \"account-authorization-details\"\n",
    ] {
        assert!(reads_iam(&format!("[collect]\n{iam}")), "{iam}");
    }
    assert!(!reads_iam("[collect]\niam = \"none\"\n"));
    assert!(!reads_iam(
        "[collect]\nresources = \"config\"\niam = \"config\"\n"
    ));
    assert_eq!(collect("").member_role, None);
    let role = "arn:aws:iam::{account}:role/exposured-read";
    let role_of = collect(&format!(
        "[collect]\nmember_role = \"{role}\"\nexternal_id = \"x1\"\n"
    ));
    let role_of = role_of.member_role.unwrap();
    assert_eq!(
        (role_of.template.as_str(), role_of.external_id.as_str()),
        (role, "x1")
    );
}

#[test]
fn settings_of_iam_that_cannot_work_are_rejected() {
    insta::assert_snapshot!(problems(
        "[collect]\niam = \"yes\"\nmember_role = \"arn:aws:iam::123456789012:role/r\"\n"
    ));
    insta::assert_snapshot!(problems(
        "[collect]\niam = \"config\"\nexternal_id = \"x1\"\n"
    ));
}

#[test]
fn an_unused_aggregator_is_rejected() {
    insta::assert_snapshot!(problems("[collect.config]\naggregator = \"all\"\n"));
}

#[test]
fn a_member_role_is_in_every_account_and_in_the_partition_of_the_regions() {
    let problem = |role: &str, regions: &str| {
        let text = format!(
            "[aws]\nregions = [{regions}]\n[publish.security_hub]\nmember_role = \"{role}\"\n"
        );
        parse(&text, "f").err().map(|problems| problems.to_string())
    };
    let rejected = |role, regions, why: &str| {
        let message = problem(role, regions).unwrap_or_default();
        assert!(message.contains(why), "{role}: {message}");
    };
    let fixed = "the account of the role ARN is not `{account}`";
    rejected("arn:aws:iam::123456789012:role/publish", "", fixed);
    rejected(
        "arn:aws:iam::123456789012:role/publish-{account}",
        "",
        fixed,
    );
    rejected("arn:aws:iam::{account}1:role/publish", "", fixed);
    let foreign = "the role is in the partition `aws`, and the Regions are in `aws-cn`";
    rejected(
        "arn:aws:iam::{account}:role/publish",
        "\"cn-north-1\"",
        foreign,
    );
    let accepted = [
        ("arn:aws:iam::{account}:role/publish", ""),
        (
            "arn:aws:iam::{account}:role/team/publish-{account}",
            "\"eu-west-1\"",
        ),
        ("arn:aws-cn:iam::{account}:role/publish", "\"cn-north-1\""),
        (
            "arn:aws-us-gov:iam::{account}:role/publish",
            "\"us-gov-west-1\"",
        ),
    ];
    for (role, regions) in accepted {
        assert_eq!(problem(role, regions), None, "{role}");
    }
}

#[test]
fn regions_of_several_partitions_are_rejected() {
    for text in [
        "[aws]\nregions = [\"us-east-1\", \"cn-north-1\"]\n",
        "[aws]\nregions = [\"us-east-1\"]\n[publish.security_hub]\nregion = \"cn-north-1\"\n",
    ] {
        let message = problems(text);
        let expected =
            "the Region `cn-north-1` is in the partition `aws-cn`, and the first one is in `aws`";
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_health_file_is_not_a_folder() {
    for path in ["/", "/tmp/", "/tmp/..", "."] {
        let message = problems(&format!("[schedule]\nhealth_file = \"{path}\"\n"));
        assert!(message.contains("is the path of a folder"), "{message}");
    }
}

#[test]
fn a_schedule_that_never_fires_is_rejected() {
    for cron in ["0 0 0 30 2 *", "0 0 0 31 4,6,9,11 *", "0 0 0 1 1 * 2020"] {
        let message = problems(&format!("[schedule]\ncron = \"{cron}\"\n"));
        assert!(message.contains("never fires"), "{message}");
    }
    assert!(parse("[schedule]\ncron = \"0 0 0 29 2 *\"\n", "f").is_ok());
}

#[test]
fn the_member_role_has_a_default() {
    let config = parse(
        "[aws]\nregions = [\"cn-north-1\"]\n[publish.security_hub]\nmode = \"member\"\n",
        "f",
    );
    let Some(SecurityHub {
        mode: Mode::Member(role),
        ..
    }) = config.unwrap().publish.security_hub
    else {
        panic!()
    };
    assert_eq!(
        role.template,
        "arn:aws-cn:iam::{account}:role/exposured-publish"
    );
}

#[test]
fn the_member_role_has_a_default_without_regions() {
    let config = parse("[publish.security_hub]\nmode = \"member\"\n", "f").unwrap();
    let Some(SecurityHub {
        mode: Mode::Member(role),
        ..
    }) = config.publish.security_hub
    else {
        panic!()
    };
    assert_eq!(
        role.template,
        "arn:aws:iam::{account}:role/exposured-publish"
    );
}
