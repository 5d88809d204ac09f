//! What is not read anymore never lowers, archives, raises, reopens, or creates an exposure.

use serde_json::{Value, json};

use super::{REGION, finding, published, set_workflow};
use crate::aws::{Aws, HOME, Service};
use crate::findings::{control, ec2, reachable};
use crate::program::{Ran, concurrently, exposured_on, run};
use crate::relations::{item, resource};

/// The keys and values of tags.
type Tags<'a> = &'a [(&'a str, &'a str)];

/// How what a source showed is lost.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Denied,
    NotEnabled,
    NoRows,
    SwitchedOff,
}

/// Each loss of each inventory that is of a kind of its own.
const LOSSES: [(Inventory, Loss); 6] = [
    (Inventory::Config, Loss::Denied),
    (Inventory::Config, Loss::NotEnabled),
    (Inventory::Config, Loss::NoRows),
    (Inventory::Config, Loss::SwitchedOff),
    (Inventory::SecurityHub, Loss::NotEnabled),
    (Inventory::SecurityHub, Loss::NoRows),
];

/// A source of configuration, which lists relations, attributes, and tags.
#[derive(Clone, Copy, Debug)]
enum Inventory {
    Config,
    SecurityHub,
}

impl Inventory {
    fn setting(self) -> &'static str {
        match self {
            Self::Config => "[collect]\nresources = \"config\"\n",
            Self::SecurityHub => "[collect]\nresources = \"security-hub\"\n",
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Config => "config:SelectResourceConfig",
            Self::SecurityHub => "securityhub:GetResourcesV2",
        }
    }

    fn service(self) -> Service {
        match self {
            Self::Config => Service::Config,
            Self::SecurityHub => Service::SecurityHubV2,
        }
    }

    /// Lists a resource whose details are spelled as in CloudFormation.
    fn list(self, aws: &Aws, kind: &str, arn: &str, details: &Value, tags: Tags<'_>) {
        let region = aws.account(HOME).region(REGION);
        match self {
            Self::Config => {
                let name = arn.rsplit('/').next().unwrap();
                let mut item = item(kind, name, lower_camel_case(details), &[]);
                item["arn"] = json!(arn);
                item["tags"] = tags
                    .iter()
                    .map(|(key, value)| json!({"key": key, "value": value}))
                    .collect();
                region.config_items(vec![item]);
            }
            Self::SecurityHub => {
                let mut listed = resource(kind, arn, details.clone());
                listed["ResourceTags"] = tags
                    .iter()
                    .map(|(key, value)| json!({"Key": key, "Value": value}))
                    .collect();
                region.resources(vec![listed]);
            }
        }
    }
}

/// AWS Config spells names as the service's own API does, which for these resources begin with a lower-case letter.
fn lower_camel_case(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let (first, rest) = name.split_at(1);
                (first.to_lowercase() + rest, lower_camel_case(value))
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(values) => values.iter().map(lower_camel_case).collect(),
        other => other.clone(),
    }
}

struct World {
    aws: Aws,
    inventory: Inventory,
    /// The configuration besides the source of configuration.
    config: String,
    switched_off: bool,
}

impl World {
    fn new(inventory: Inventory, config: &str) -> Self {
        Self {
            aws: Aws::start(),
            inventory,
            config: config.to_owned(),
            switched_off: false,
        }
    }

    fn lose(&mut self, loss: Loss) {
        let region = self.aws.account(HOME).region(REGION);
        match loss {
            Loss::Denied => drop(region.deny(self.inventory.action())),
            Loss::NotEnabled => drop(region.disable(self.inventory.service())),
            Loss::NoRows => drop(region.forget_configuration()),
            Loss::SwitchedOff => self.switched_off = true,
        }
    }

    fn cycle(&self) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("rules.toml"), GROUP_RULE).unwrap();
        let setting = if self.switched_off {
            ""
        } else {
            self.inventory.setting()
        };
        let text = format!(
            "[catalog]\npaths = [\"rules.toml\"]\n{setting}{}",
            self.config
        );
        let path = crate::program::config(folder.path(), &text);
        run(exposured_on(&self.aws)
            .args(["once", "--publish", "--format", "json", "--config"])
            .arg(path))
    }

    /// The severity and the state of the published finding.
    fn published(&self, instance: &str) -> (String, String) {
        let finding = finding(&self.aws, HOME, instance);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&finding["FindingProviderFields"]["Severity"]["Label"]),
            text(&finding["RecordState"]),
        )
    }

    /// An instance that is reachable from the internet, whose findings report no tags.
    fn reachable(&self, instance: &str, profile: &str) {
        let mut finding = reachable(instance, Some(profile));
        finding["resources"][0]["tags"] = json!({});
        self.aws
            .account(HOME)
            .region(REGION)
            .inspector_findings(vec![finding]);
    }

    /// A role with this instance profile, whose findings report the rest of its configuration.
    fn role(&self, name: &str, details: Value) {
        let finding = control("KMS.2", "AwsIamRole", &role(name), details);
        self.aws
            .account(HOME)
            .region(REGION)
            .security_hub_findings(vec![finding]);
    }
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::{HOME}:role/{name}")
}

fn profiles(name: &str) -> Value {
    json!([{"Arn": format!("arn:aws:iam::{HOME}:instance-profile/{name}")}])
}

fn administrator() -> Value {
    json!([{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}])
}

fn held_reasons(ran: &Ran) -> Vec<String> {
    ran.events("exposure_held")
        .iter()
        .map(|event| event["reason"].as_str().unwrap().to_owned())
        .collect()
}

/// An open security group is enough, so that the exposure depends on a relation alone.
const GROUP_RULE: &str = r#"
[[exposure]]
id = "our-open-group"
title = "The instance has an open security group"
resource_type = "AWS::EC2::Instance"
all = ["open-security-group"]
description = "Anyone can connect to it."
asff_types = ["TTPs/Discovery"]
ocsf_types = ["Exposure/Potential Impact/Discovery"]
source = "our own incident 43"
"#;

#[test]
fn a_lost_relation_never_archives_an_exposure() {
    concurrently(LOSSES, |(inventory, loss)| {
        let mut world = World::new(inventory, "");
        let group = ec2("security-group", "sg-open");
        let finding = control("EC2.19", "AwsEc2SecurityGroup", &group, json!({}));
        world
            .aws
            .account(HOME)
            .region(REGION)
            .security_hub_findings(vec![finding]);
        let details = json!({"SecurityGroups": [{"GroupId": "sg-open"}]});
        let instance = ec2("instance", "i-1");
        inventory.list(&world.aws, "AWS::EC2::Instance", &instance, &details, &[]);
        assert_eq!(published(&world.cycle().expect(0), "created"), 1);
        world.lose(loss);
        for _ in 0..2 {
            let ran = world.cycle();
            let counts = (published(&ran, "archived"), published(&ran, "held"));
            assert_eq!(counts, (0, 1), "{inventory:?} {loss:?} {}", ran.stderr);
            assert_eq!(world.published("i-1").1, "ACTIVE");
        }
    });
}

#[test]
fn a_lost_relation_never_lowers_a_severity() {
    concurrently(LOSSES, |(inventory, loss)| {
        let mut world = World::new(inventory, "");
        world.reachable("i-1", "deploy");
        world.role(
            "deploy",
            json!({"AttachedManagedPolicies": administrator()}),
        );
        let details = json!({"InstanceProfileList": profiles("deploy")});
        inventory.list(&world.aws, "AWS::IAM::Role", &role("deploy"), &details, &[]);
        world.cycle().expect(0);
        let before = world.published("i-1");
        assert_eq!(before, ("HIGH".into(), "ACTIVE".into()), "{inventory:?}");
        world.lose(loss);
        let ran = world.cycle();
        assert_eq!(world.published("i-1"), before, "{inventory:?} {loss:?}");
        assert!(
            held_reasons(&ran)[0].contains("the severity fell from HIGH to"),
            "{}",
            ran.stderr
        );
        // What it is held for is not forgotten when its other evidence is gone.
        let inspector = reachable("i-1", Some("deploy"));
        let id = inspector["findingArn"].as_str().unwrap();
        world.aws.account(HOME).region(REGION).remove_finding(id);
        world.cycle();
        assert_eq!(world.published("i-1"), before, "{inventory:?} {loss:?}");
    });
}

/// A reachable instance that the inventory makes less severe: because its role has few permissions, or by its tags.
fn lowered(inventory: Inventory, config: &str, tags: Tags<'_>) -> World {
    let world = World::new(inventory, config);
    world.reachable("i-1", "deploy");
    if tags.is_empty() {
        let limited = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
        let details = json!({
            "InstanceProfileList": profiles("deploy"),
            "AttachedManagedPolicies": [{"PolicyArn": limited}],
        });
        inventory.list(&world.aws, "AWS::IAM::Role", &role("deploy"), &details, &[]);
        return world;
    }
    let details = json!({
        "InstanceProfileList": profiles("deploy"),
        "AttachedManagedPolicies": administrator(),
    });
    world.role("deploy", details);
    let instance = ec2("instance", "i-1");
    inventory.list(
        &world.aws,
        "AWS::EC2::Instance",
        &instance,
        &json!({}),
        tags,
    );
    world
}

/// Each kind of fact that makes an exposure less severe, as the configuration and the tags of the instance.
const LOWERING: [(&str, &str, Tags<'_>); 3] = [
    ("mitigation", "", &[]),
    (
        "criticality",
        "[severity]\nmitigations = false\n[criticality]\nlower = [{ key = \"stage\", value = \"lab\" }]\n",
        &[("stage", "lab")],
    ),
    (
        "mute",
        "[severity]\nmitigations = false\n[[mute]]\ntrait = \"administrative-access-policy\"\nreason = \"known\"\n\
         owner = \"team blue\"\nuntil = 2099-12-31\ntag = { key = \"stage\", value = \"lab\" }\n",
        &[("stage", "lab")],
    ),
];

#[test]
fn a_lost_mitigation_tag_or_mute_never_raises_a_severity() {
    concurrently(LOSSES, |(inventory, loss)| {
        for (kind, config, tags) in LOWERING {
            let mut world = lowered(inventory, config, tags);
            world.cycle().expect(0);
            let before = world.published("i-1");
            world.lose(loss);
            let ran = world.cycle();
            let reasons = held_reasons(&ran);
            assert!(
                reasons
                    .iter()
                    .any(|reason| reason.contains("the severity rose from")),
                "{inventory:?} {kind} {loss:?}: {before:?} {reasons:?} {}",
                ran.stdout
            );
            assert_eq!(world.published("i-1"), before, "{kind} {loss:?}");
        }
    });
}

#[test]
fn what_a_user_closed_is_not_reopened_because_a_mitigation_was_lost() {
    concurrently(LOSSES, |(inventory, loss)| {
        for status in ["RESOLVED", "SUPPRESSED"] {
            let (_, config, tags) = LOWERING[2];
            let mut world = lowered(inventory, config, tags);
            world.cycle().expect(0);
            set_workflow(&world.aws, "i-1", status);
            let before = finding(&world.aws, HOME, "i-1");
            world.lose(loss);
            let ran = world.cycle();
            assert_eq!(published(&ran, "reopened"), 0, "{loss:?} {}", ran.stderr);
            assert_eq!(finding(&world.aws, HOME, "i-1"), before, "{loss:?}");
        }
    });
}

#[test]
fn what_a_mute_by_tag_may_cover_is_not_created() {
    let mute = "[[mute]]\nexposure = \"*\"\nresource = \"*/i-1\"\nreason = \"known\"\nowner = \"team blue\"\n\
                until = 2099-12-31\ntag = { key = \"stage\", value = \"lab\" }\n";
    concurrently(LOSSES, |(inventory, loss)| {
        let mut world = lowered(inventory, mute, &[("stage", "lab")]);
        // Another exposure depends on the inventory, so that Security Hub shows that it was read.
        world.reachable("i-2", "web");
        let details = json!({"InstanceProfileList": profiles("web"), "AttachedManagedPolicies": administrator()});
        inventory.list(&world.aws, "AWS::IAM::Role", &role("web"), &details, &[]);
        assert_eq!(published(&world.cycle().expect(0), "created"), 1);
        world.lose(loss);
        let ran = world.cycle();
        assert_eq!(published(&ran, "created"), 0, "{inventory:?} {loss:?}");
        assert!(
            held_reasons(&ran)
                .iter()
                .any(|reason| reason.starts_with("a mute by tag may cover it")),
            "{inventory:?} {loss:?} {}",
            ran.stderr
        );
    });
}
