//! Writes a corpus to start with: the records of the sample, what is published of it, the built-in catalog, the shipped
//! configuration, and policies.

use std::path::Path;

use exposured::catalog::builtin_files;
use exposured::config::SHIPPED;
use exposured::evaluate::{Exposures, evaluate};
use exposured::model::{ActiveTriage, Coverage};
use exposured::records::parse_any;
use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut all = Vec::new();
    for (name, content) in exposured::sample::files() {
        let target = match name {
            "security-hub.json" => "asff",
            "inspector.json" => "inspector",
            _ => "macie",
        };
        let file: Value = serde_json::from_slice(content).map_err(std::io::Error::other)?;
        let records = file.as_object().into_iter().flat_map(|file| file.values());
        let lines: Vec<String> = records
            .filter_map(Value::as_array)
            .flatten()
            .map(ToString::to_string)
            .collect();
        for (index, line) in lines.iter().enumerate() {
            write(&corpus, target, &index.to_string(), line)?;
        }
        write(&corpus, target, "all", &lines.join("\n"))?;
        all.extend(lines.iter().cloned());
        write(&corpus, "files", name, &file.to_string())?;
        write(&corpus, "outputs", name, &lines.join("\n"))?;
        let pages = [page(&lines, "next"), page(&lines[..1], "")].join("\n");
        write(&corpus, "envelopes", name, &pages)?;
        write(&corpus, "files", &format!("{name}l"), &lines.join("\n"))?;
    }
    let all = all.join("\n");
    write(&corpus, "outputs", "all", &all)?;
    write(&corpus, "triage", "sample", &format!("{TRIAGE}\0{all}"))?;
    let published = published(&all).join("\n");
    write(
        &corpus,
        "published",
        "unchanged",
        &format!("{published}\n\n{all}"),
    )?;
    write(&corpus, "published", "gone", &format!("{published}\n\n"))?;
    write(&corpus, "published", "new", &format!("\n\n{all}"))?;
    write(
        &corpus,
        "names",
        "two",
        &format!("/a.json\n{all}\n/sub/b\u{1b}.json\n{all}"),
    )?;
    write(&corpus, "policies", "all", &POLICIES.join("\n"))?;
    for (index, policy) in POLICIES.iter().enumerate() {
        write(
            &corpus,
            "policies",
            &index.to_string(),
            &[*policy; 4].join("\n"),
        )?;
    }
    for (name, record) in resources() {
        write(&corpus, "resources", name, &record.to_string())?;
        write(&corpus, "files", name, &json!([record]).to_string())?;
    }
    for file in builtin_files() {
        let name = file.name.replace('/', "-");
        // The compiler rejects entries with the IDs of built-in ones, so the IDs are changed.
        let own = file.text.replace("id = \"", "id = \"own-");
        write(&corpus, "catalog", &name, &own)?;
        for (index, entry) in file.text.split("\n[[").skip(1).enumerate() {
            let entry = format!("[[{entry}").replace("id = \"", "id = \"own-");
            write(&corpus, "catalog", &format!("{name}-{index}"), &entry)?;
        }
    }
    write(&corpus, "config", "shipped", SHIPPED)?;
    let uncommented: Vec<&str> = SHIPPED
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.contains(" = "))
                .unwrap_or(line)
        })
        .collect();
    write(&corpus, "config", "uncommented", &uncommented.join("\n"))
}

const TRIAGE: &str = r#"
[[mute]]
trait = "imds-v1-allowed"
resource = "*"
tag = { key = "environment", value = "*" }
reason = "r"
owner = "o"
until = 2099-12-31
[[mute]]
exposure = "*"
account = "111122223333"
reason = "r"
owner = "o"
until = 2027-01-31
[criticality]
raise = [{ key = "environment", value = "prod*" }]
lower = [{ key = "environment", value = "sandbox" }]
"#;

const POLICIES: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","sts:*"],"Resource":"*"},{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:aws:s3:::data/*","Condition":{"StringNotLike":{"aws:PrincipalTag/team":"b*"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}/*","Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a*"}}}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"token.actions.githubusercontent.com","Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:o/r:*"},"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}}]}"#,
];

/// A page of a listing.
fn page(lines: &[String], token: &str) -> String {
    let records = lines.join(",");
    format!("{{\"Findings\":[{records}],\"NextToken\":\"{token}\"}}")
}

/// What is published of the findings.
fn published(findings: &str) -> Vec<String> {
    let store = exposured_fuzz::store(findings, parse_any, Coverage::Complete);
    let view = store.merge().with_iam_edges();
    let triage = ActiveTriage::default();
    let evaluation = evaluate(&view, exposured_fuzz::catalog(), &triage);
    let exposures = Exposures {
        view: &view,
        catalog: exposured_fuzz::catalog(),
        triage,
        evaluation: &evaluation,
    };
    let built = exposures
        .iter()
        .map(|exposure| exposured_fuzz::build(&exposure));
    built.map(|finding| finding.json).collect()
}

fn write(corpus: &Path, target: &str, name: &str, text: &str) -> std::io::Result<()> {
    let folder = corpus.join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), text)
}

fn resources() -> [(&'static str, Value); 3] {
    let role = json!({
        "roleName": "web",
        "attachedManagedPolicies": [{"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
        "rolePolicyList": [{
            "policyName": "inline",
            "policyDocument": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D",
        }],
        "assumeRolePolicyDocument": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22AWS%22%3A%22%2A%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D",
        "instanceProfileList": [{"arn": "arn:aws:iam::111122223333:instance-profile/web"}],
    });
    [
        (
            "inventory",
            json!({
                "ResourceId": "i-0a1b2c3d4e5f60001",
                "ResourceGuid": "1",
                "AccountId": "111122223333",
                "Region": "us-east-1",
                "ResourceType": "AWS::EC2::Instance",
                "ResourceConfig": {
                    "iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/web"},
                    "metadataOptions": {"httpTokens": "optional"},
                    "securityGroups": [{"groupId": "sg-1"}],
                    "state": {"name": "stopped"},
                },
                "ResourceTags": [{"Key": "environment", "Value": "production"}],
            }),
        ),
        (
            "config-role",
            json!({
                "arn": "arn:aws:iam::111122223333:role/web",
                "accountId": "111122223333",
                "awsRegion": "global",
                "resourceType": "AWS::IAM::Role",
                "resourceId": "AROAEXAMPLE",
                "configuration": role,
                "relationships": [],
            }),
        ),
        (
            "config-instance",
            json!({
                "arn": "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
                "accountId": "111122223333",
                "awsRegion": "us-east-1",
                "resourceType": "AWS::EC2::Instance",
                "resourceId": "i-1",
                "configurationItemCaptureTime": "2026-11-01T00:00:00Z",
                "configuration": {"metadataOptions": {"httpTokens": "required"}},
                "relationships": [
                    {"resourceType": "AWS::EC2::SecurityGroup", "resourceId": "sg-1", "relationshipName": "Is associated with SecurityGroup"},
                ],
            }),
        ),
    ]
}
