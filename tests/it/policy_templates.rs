//! The templates in `deploy/` grant what `exposured policy` prints.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::aws::HOME;
use crate::policies::{list, policy};

/// A configuration, and the parameters of the templates that deploy it.
struct Deployment {
    config: &'static str,
    stack: Value,
    member: Option<Value>,
    member_role: &'static str,
}

fn deployments() -> [Deployment; 10] {
    let organization = "o-a1b2c3d4e5";
    let member = |more: Value| {
        let mut parameters = json!({"Publish": "member", "OrganizationId": organization});
        let more = more.as_object().unwrap().clone();
        parameters.as_object_mut().unwrap().extend(more);
        parameters
    };
    let deployment = |config, stack, member| Deployment {
        config,
        stack,
        member,
        member_role: "PublishRole",
    };
    [
        deployment("", json!({}), None),
        deployment(
            "[aws]\nregions = [\"eu-west-1\", \"us-east-1\"]\n[collect]\naccess_analyzer = true\n",
            json!({"Regions": "eu-west-1,us-east-1", "AccessAnalyzer": "true"}),
            None,
        ),
        deployment(
            "[publish.security_hub]\nenabled = false\nregion = \"eu-central-1\"\n",
            json!({"Publish": "none", "PublishRegion": "eu-central-1"}),
            None,
        ),
        deployment(
            "[aws]\nregions = [\"eu-west-1\", \"us-east-1\"]\n[collect]\nresources = \"security-hub\"\n",
            json!({"Regions": "eu-west-1,us-east-1", "Resources": "security-hub"}),
            None,
        ),
        deployment(
            "[collect]\nresources = \"config\"\n[publish.security_hub]\nregion = \"eu-central-1\"\n",
            json!({"Resources": "config", "PublishRegion": "eu-central-1"}),
            None,
        ),
        deployment(
            "[aws]\nregions = [\"eu-west-1\", \"us-east-1\"]\n[collect]\nresources = \"config\"\n\
             [collect.config]\naggregator = \"organization\"\n",
            json!({"Regions": "eu-west-1,us-east-1", "Resources": "config-aggregator"}),
            None,
        ),
        deployment(
            "[publish.security_hub]\nmode = \"member\"\n",
            member(json!({})),
            Some(json!({})),
        ),
        deployment(
            "[aws]\nregions = [\"eu-west-1\", \"us-east-1\"]\n[publish.security_hub]\nmode = \"member\"\n\
             region = \"eu-central-1\"\nexternal_id = \"an-id\"\n\
             member_role = \"arn:aws:iam::{account}:role/publisher\"\n",
            member(json!({
                "Regions": "eu-west-1,us-east-1",
                "PublishRegion": "eu-central-1",
                "MemberRoleName": "publisher",
            })),
            Some(json!({
                "Regions": "eu-west-1,us-east-1,eu-central-1",
                "ExternalId": "an-id",
                "PublishRoleName": "publisher",
            })),
        ),
        deployment("[collect]\niam = \"none\"\n", json!({"Iam": "none"}), None),
        Deployment {
            member_role: "ReadRole",
            ..deployment(
                "[publish.security_hub]\nenabled = false\n[collect]\n\
                 member_role = \"arn:aws:iam::{account}:role/reader\"\nexternal_id = \"an-id\"\n",
                json!({"Publish": "none", "ReadRoleName": "reader", "OrganizationId": organization}),
                Some(
                    json!({"PublishRoleName": "", "ReadRoleName": "reader", "ExternalId": "an-id"}),
                ),
            )
        },
    ]
}

/// The same policy with its statements and lists in a fixed order.
fn sorted(policy: &Value) -> Value {
    let sorted_list = |value: &mut Value| {
        let values: BTreeSet<String> = list(value).into_iter().collect();
        *value = json!(values);
    };
    let statements = policy["Statement"].as_array().unwrap().iter();
    let mut statements: Vec<Value> = statements
        .cloned()
        .map(|mut statement| {
            sorted_list(&mut statement["Action"]);
            let regions = statement.pointer_mut("/Condition/StringEquals/aws:RequestedRegion");
            if let Some(regions) = regions {
                sorted_list(regions);
            }
            statement
        })
        .collect();
    statements.sort_by_key(|statement| statement["Sid"].to_string());
    json!(statements)
}

/// The policies that the templates give, as `deploy/tests/stack.py` resolves them.
fn template_policies(python: &str, cases: &Value) -> Value {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/deploy/tests/print_policies.py"
    );
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(cases.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The templates are resolved by Python, which the gate installs with PyYAML and pytest.
#[test]
fn the_templates_grant_what_the_program_prints() {
    let Ok(python) = std::env::var("EXPOSURED_TEST_DEPLOY_PYTHON") else {
        return;
    };
    let task_role = "arn:aws:iam::111122223333:role/exposured-TaskRole-1";
    let organization = ["--organization", "o-a1b2c3d4e5"];
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for deployment in deployments() {
        let print = |arguments: &[&str]| {
            let arguments = [&["--account", HOME], &organization[..], arguments].concat();
            sorted(&policy(deployment.config, &arguments).expect(0).json())
        };
        cases.push(json!(["exposured.yaml", deployment.stack, "TaskRole"]));
        expected.push((deployment.config, print(&[]), None));
        if let Some(parameters) = &deployment.member {
            cases.push(json!([
                "member-role.yaml",
                parameters,
                deployment.member_role
            ]));
            let trust = print(&["--role", "trust", "--task-role", task_role]);
            expected.push((deployment.config, print(&["--role", "member"]), Some(trust)));
        }
    }
    let found = template_policies(&python, &json!(cases));
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, (config, permissions, trust)) in found.iter().zip(expected) {
        assert_eq!(sorted(&found["permissions"]), permissions, "{config}");
        if let Some(trust) = trust {
            assert_eq!(sorted(&found["trust"]), trust, "{config}");
        }
    }
}
