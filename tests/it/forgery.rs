//! Attacks from a member account: whoever can import findings there, or name resources of others, must not change the
//! verdict about another account or where roles are assumed.

use serde_json::{Value, json};

use crate::aws::{Aws, HOME, Operation};
use crate::end_to_end::put;
use crate::findings::{REGION, control, ec2, reachable, seed, updated};
use crate::program::{Ran, config, exposured, exposured_on, exposures, run};

/// The account of the attacker: a member of the organization.
const MEMBER: &str = "210987654321";
/// An account that is not in the organization.
const STRANGER: &str = "666677778888";

const SECURITY_HUB: &str = "arn:aws:securityhub:us-east-1::product/aws/securityhub";
const PARTNER: &str = "arn:aws:securityhub:us-east-1::product/example/example-dspm";

fn custom_product(account: &str) -> String {
    format!("arn:aws:securityhub:us-east-1:{account}:product/{account}/default")
}

/// What makes an instance harmless: it is stopped, has no metadata service, and no public address.
fn harmless() -> Vec<Value> {
    let details = json!({
        "State": {"Name": "stopped"}, "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "disabled"},
    });
    let instances = ["i-admin", "i-modest"].into_iter();
    let findings = instances.flat_map(|instance| {
        let instance = ec2("instance", instance);
        ["EC2.8", "EC2.9", "EC2.4"]
            .map(|id| control(id, "AwsEc2Instance", &instance, details.clone()))
    });
    let findings = findings.map(|mut finding| {
        if finding["Compliance"]["SecurityControlId"] != "EC2.4" {
            finding["Compliance"]["Status"] = json!("PASSED");
        }
        finding["UpdatedAt"] = json!(updated(4));
        finding["Types"] = json!(["Sensitive Data Identifications/PII"]);
        finding
    });
    findings.collect()
}

/// The findings that make an instance harmless, as this account imports them under this product.
fn forged(product_arn: &str, account: &str) -> Vec<Value> {
    let forge = |mut finding: Value| {
        finding["ProductArn"] = json!(product_arn);
        finding["AwsAccountId"] = json!(account);
        let id = finding["Id"].as_str().unwrap().to_owned();
        finding["Id"] = json!(format!("{id}/{account}/forged"));
        finding
    };
    harmless().into_iter().map(forge).collect()
}

fn once(aws: &Aws) -> Value {
    run(exposured_on(aws).args(["once", "--format", "json"]))
        .expect(0)
        .json()
}

fn ignored(ran: &Ran, reason: &str) -> u64 {
    let events = ran.events("records_ignored").into_iter();
    events
        .filter(|event| event["reason"] == reason)
        .filter_map(|event| event["records"].as_u64())
        .sum()
}

#[test]
fn a_member_account_lowers_no_severity_of_another_account() {
    let aws = Aws::start();
    put(&aws, seed());
    let before = exposures(&once(&aws));
    assert!(!before.is_empty());
    for (product_arn, account, reason) in [
        // A custom integration with the names and types of Security Hub, of the attacker and, if AWS allowed it, of the
        // victim.
        (custom_product(MEMBER), MEMBER, "custom-integration"),
        (custom_product(HOME), HOME, "custom-integration"),
        // Security Hub's own product, about a resource of another account.
        (SECURITY_HUB.to_owned(), MEMBER, "other-account"),
        // A partner whose product the attacker can write to.
        (PARTNER.to_owned(), MEMBER, "other-account"),
        (
            format!("arn:aws:securityhub:us-east-1:{MEMBER}:product/aws/securityhub"),
            MEMBER,
            "other-product",
        ),
    ] {
        let attacked = Aws::start();
        put(&attacked, seed());
        let findings = forged(&product_arn, account);
        let count = findings.len() as u64;
        attacked
            .account(HOME)
            .region(REGION)
            .security_hub_findings(findings.clone());
        assert_eq!(exposures(&once(&attacked)), before, "{product_arn}");
        // The live query does not even ask for all of them, but a file has them all.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("forged.json");
        std::fs::write(&file, json!({"Findings": findings}).to_string()).unwrap();
        let ran = run(exposured()
            .args(["once", "--format", "json", "--input"])
            .arg(&file));
        assert_eq!(ignored(&ran, reason), count, "{product_arn}");
        let result = ran.expect(0).json();
        assert_eq!(result["coverage"][0]["ignored"][0]["reason"], reason);
        assert_eq!(result["coverage"][0]["ignored"][0]["records"], count);
    }
    // The same findings lower the severity if Security Hub made them for the account of the instance.
    aws.account(HOME)
        .region(REGION)
        .security_hub_findings(harmless());
    assert_ne!(exposures(&once(&aws)), before);
}

#[test]
fn a_member_account_forges_no_relation_of_another_account() {
    let aws = Aws::start();
    put(&aws, seed());
    let before = exposures(&once(&aws));
    // The attacker's network interface claims to be that of the instance, its role to be in the victim's profile.
    let interface = format!("arn:aws:ec2:{REGION}:{MEMBER}:network-interface/eni-1");
    let role = format!("arn:aws:iam::{MEMBER}:role/harmless");
    let mut findings = vec![
        control(
            "EC2.8",
            "AwsEc2NetworkInterface",
            &interface,
            json!({
                "Attachment": {"InstanceId": ec2("instance", "i-admin")},
                "SecurityGroups": [{"GroupId": "sg-closed"}],
            }),
        ),
        control(
            "KMS.2",
            "AwsIamRole",
            &role,
            json!({
                "InstanceProfileList": [{"Arn": format!("arn:aws:iam::{HOME}:instance-profile/deploy")}],
                "AttachedManagedPolicies": [],
            }),
        ),
    ];
    for finding in &mut findings {
        finding["AwsAccountId"] = json!(MEMBER);
    }
    aws.account(HOME)
        .region(REGION)
        .security_hub_findings(findings);
    let ran = run(exposured_on(&aws).args(["once", "--format", "json"])).expect(0);
    assert_eq!(exposures(&ran.json()), before);
    assert_eq!(ignored(&ran, "other-account"), 2);
    let warned = ran.events("records_ignored");
    assert!(
        warned.iter().any(|event| event["level"] == "WARN"),
        "{}",
        ran.stderr
    );
}

const EXTERNAL_ID: &str = "our-external-id";

/// Publishes into member accounts, with an external ID.
fn publish_in_members(aws: &Aws) -> Ran {
    publish_in_members_with(aws, "", "warn,exposured=info")
}

fn publish_in_members_with(aws: &Aws, settings: &str, log_filter: &str) -> Ran {
    for account in [MEMBER, STRANGER] {
        let role = format!("arn:aws:iam::{account}:role/exposured-publish");
        aws.role_with_external_id(&role, EXTERNAL_ID);
    }
    aws.account(MEMBER).region(REGION);
    aws.account(STRANGER).region(REGION);
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{settings}[publish.security_hub]\nmode = \"member\"\nexternal_id = \"{EXTERNAL_ID}\"\n"
    );
    let path = config(folder.path(), &text);
    run(exposured_on(aws)
        .env("EXPOSURED_LOG", log_filter)
        .args(["once", "--publish", "--format", "json", "--config"])
        .arg(path))
}

#[test]
fn no_log_has_the_body_of_a_finding_or_a_secret() {
    const BODY: &str = "body-that-is-not-logged";
    for filter in [
        "trace",
        "exposured=trace,aws_smithy_runtime=trace,aws_sdk_sts=trace,aws_config=trace,hyper=trace,h2=trace",
    ] {
        let aws = Aws::start();
        let text = reachable("i-member", Some("web")).to_string();
        let mut finding: Value = serde_json::from_str(&text.replace(HOME, MEMBER)).unwrap();
        finding["description"] = json!(BODY);
        finding["resources"][0]["tags"] = json!({"Secret": BODY});
        finding["resources"][0]["details"]["awsEc2Instance"]["keyName"] = json!(BODY);
        let mut malformed = reachable("i-malformed", None);
        malformed["networkReachabilityDetails"]["openPortRange"]["begin"] = json!(BODY);
        let mut listed = control("EC2.8", "AwsEc2Instance", BODY, json!({"State": BODY}));
        listed["Title"] = json!(BODY);
        listed["Severity"] = json!(BODY);
        aws.account(HOME)
            .region(REGION)
            .inspector_findings(vec![finding, malformed])
            .security_hub_findings(vec![listed]);
        let ran = publish_in_members_with(&aws, "", filter);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert_eq!(aws.imported(MEMBER, REGION).len(), 1);
        assert_eq!(ran.events("record_skipped").len(), 2, "{}", ran.stderr);
        for secret in [BODY, EXTERNAL_ID, "not-a-secret", "IQoJb3JpZ2lu"] {
            let mut lines = ran.stderr.lines();
            let line = lines.find(|line| line.contains(secret));
            assert_eq!(line, None, "{filter}: {secret}");
        }
    }
}

fn assumed_in(aws: &Aws, account: &str) -> usize {
    let requests = aws.requests_to(Operation::AssumeRole).into_iter();
    requests
        .filter(|request| request.body["RoleArn"].as_str().unwrap().contains(account))
        .count()
}

#[test]
fn no_role_is_assumed_in_an_account_that_only_a_resource_names() {
    let aws = Aws::start();
    put(&aws, seed());
    let mut evidence = reachable("i-stranger", Some("web"));
    evidence["resources"][0]["id"] = json!(format!(
        "arn:aws:ec2:{REGION}:{STRANGER}:instance/i-stranger"
    ));
    evidence["awsAccountId"] = json!(MEMBER);
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![evidence]);
    // A finding that looks like one of exposured names another account than that of its product.
    let mut published = control("x", "AwsEc2Instance", &ec2("instance", "i-x"), json!({}));
    published["ProductArn"] = json!(custom_product(MEMBER));
    published["ProductName"] = json!("exposured");
    published["GeneratorId"] = json!("exposured/x");
    published["AwsAccountId"] = json!(STRANGER);
    aws.account(HOME)
        .region(REGION)
        .security_hub_findings(vec![published]);
    publish_in_members(&aws).expect(0);
    assert_eq!(assumed_in(&aws, STRANGER), 0);
}

#[test]
fn the_exposure_of_an_unknown_account_is_published_in_that_of_the_caller() {
    let aws = Aws::start();
    let function = format!("arn:aws:lambda:{REGION}:{STRANGER}:function:theirs");
    let method = json!({
        "resourceType": "AWS::ApiGateway::Method", "resourceId": "api/method", "accountId": HOME, "awsRegion": REGION,
        "arn": format!("arn:aws:apigateway:{REGION}::/restapis/api/resources/r/methods/GET"),
        "configuration": {
            "authorizationType": "NONE",
            "methodIntegration": {"uri": format!(
                "arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
            )},
        },
    });
    aws.account(HOME).region(REGION).config_items(vec![method]);
    let settings = "[collect]\nresources = \"config\"\n";
    let ran = publish_in_members_with(&aws, settings, "warn,exposured=info").expect(0);
    assert_eq!(assumed_in(&aws, STRANGER), 0);
    let imported = aws.imported(HOME, REGION);
    assert_eq!(imported.len(), 1, "{}", ran.stderr);
    assert_eq!(imported[0]["Resources"][0]["Id"], function);
    let unknown = ran.events("account_unknown");
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0]["account"], STRANGER);
    assert_eq!(unknown[0]["exposures"], 1);
}

#[test]
fn each_session_of_a_role_allows_only_its_own_calls() {
    let aws = Aws::start();
    let text = reachable("i-member", Some("web")).to_string();
    let finding = serde_json::from_str(&text.replace(HOME, MEMBER)).unwrap();
    aws.account(HOME)
        .region(REGION)
        .inspector_findings(vec![finding]);
    publish_in_members(&aws).expect(0);
    assert_eq!(aws.imported(MEMBER, REGION).len(), 1);
    let requests = aws.requests_to(Operation::AssumeRole);
    assert_eq!(requests.len(), 1, "one session for all calls of the cycle");
    let policy = requests[0].body["Policy"]
        .as_str()
        .expect("a session policy");
    let policy: Value = serde_json::from_str(policy).unwrap();
    let only_here = json!({"StringEquals": {"aws:RequestedRegion": [REGION]}});
    let statement = |action: &str, resource: String| json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": only_here});
    let anywhere = |arn: String| arn.replace(REGION, "*");
    let hub = format!("arn:aws:securityhub:*:{MEMBER}:hub/default");
    let expected = json!([
        statement("securityhub:GetFindings", hub),
        statement(
            "securityhub:BatchImportFindings",
            anywhere(custom_product(MEMBER))
        ),
    ]);
    assert_eq!(policy["Statement"], expected);
}
